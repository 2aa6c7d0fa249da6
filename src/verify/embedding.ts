/**
 * The bench machine as an embedding kernel: what `NAME-embed.h` and `NAME-embed.inc` ask for, and tables of the spec for machine.c.
 * Nothing of the emitted files is touched.
 */
import { generalRegisters } from "../compiler/machine/instruction.js";
import { symbolsOf } from "../compiler/machine/instructions.js";
import { evaluateFeatures } from "../compiler/model/features.js";
import type { CallArgument, Constant, Feature, Model, Test } from "../compiler/model/model.js";
import { visitGraph } from "../compiler/path/flow.js";
import type { PathGraph } from "../compiler/path/graph.js";
import type { LinearProgram } from "../compiler/path/linear.js";
import { CannotEmbed, refusePerCpuSymbols } from "./limits.js";
import type { Plan } from "./plan.js";
import type { SimulatorModule, Words } from "./simulator.js";
import { startsWith } from "./usual.js";

/** What is not an event: a function got a wrong argument; the argument's position is added. */
export const wrongArgument = 0xff00;
/** A clear of flags that the spec does not clear together. */
export const unknownEvent = 0xfeff;

/** Bytes that each per-CPU symbol has, and where the first is. */
const symbolSize = 256;

/** What the assembly asks the kernel for, with what the bench machine gives. */
export interface Symbols {
  /** Offsets from GS.base. */
  readonly perCpu: ReadonlyMap<string, number>;
  /** Absolute numbers. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly functions: readonly string[];
  readonly data: readonly string[];
  /** For `--defsym`. */
  readonly offsets: ReadonlyMap<string, number>;
}

export function symbolsFor(model: Model, program: LinearProgram): Symbols {
  const uses = new Map<string, string>();
  for (const item of program.instructions) {
    if (item.role === "prologue") continue;
    for (const { symbol, use } of symbolsOf(item.instruction)) if (!uses.has(symbol) || use === "offset") uses.set(symbol, use);
  }
  const given = (kind: string) =>
    [...uses].filter(([s, use]) => use === kind && !model.constants.some((c) => c.name === s)).map(([s]) => s);
  const numbered = (kind: string, first: number, step: number) => new Map(given(kind).map((s, i) => [s, first + i * step]));
  refusePerCpuSymbols(given("per-cpu"));
  return {
    perCpu: numbered("per-cpu", symbolSize, symbolSize),
    numbers: numbered("constant", 0x1357_9bd0, 0x0101),
    functions: given("function"),
    data: given("relative"),
    offsets: numbered("offset", 8, 8),
  };
}

/** The assembly source that defines the symbols. */
export function symbolsText({ perCpu, numbers, functions, data }: Symbols): string {
  const set = (name: string, value: string) => [`\t.globl\t${name}`, `\t.set\t${name}, ${value}`];
  return `${[
    ...[...perCpu, ...numbers].flatMap(([name, value]) => set(name, String(value))),
    "\t.text",
    ...functions.filter((name) => name !== "xen_iret").flatMap((name) => [`\t.globl\t${name}`, `${name}:\tjmp\tmachine_called`]),
    '\t.section .shared.data, "aw"',
    // The operand of VERW is a data selector; what else is read there is whatever the case says.
    ...data.flatMap((name) => [`\t.globl\t${name}`, "\t.balign\t8", `${name}:`, "\t.quad\t0x18"]),
    '\t.section .note.GNU-stack, "", @progbits',
  ].join("\n")}\n`;
}

/** What `-DEXITDSL_KERNEL_HEADER` names. Features that only C asks for can differ from case to case, so all are read at run time. */
export function headerText(model: Model): string {
  const lines = [
    '#include "machine.h"',
    "void exitdsl_irq_enable(void);",
    "void exitdsl_irq_disable(void);",
    "#define exitdsl_irq_enable exitdsl_irq_enable",
    "#define exitdsl_irq_disable exitdsl_irq_disable",
    ...model.features.map((f) => `#define EXITDSL_${f.name} ((uint32_t)(machine_case->features >> ${f.index}) & 1U)`),
  ];
  for (const { name } of model.flagWords) {
    lines.push(`uint32_t exitdsl_read_${name}(void);`, `uint32_t exitdsl_take_${name}(void);`, `void exitdsl_clear_${name}(uint32_t);`);
    for (const verb of ["read", "take", "clear"]) lines.push(`#define exitdsl_${verb}_${name} exitdsl_${verb}_${name}`);
  }
  return `${lines.join("\n")}\n`;
}

/** All events of a spec's paths by their texts; a position in this list is the event's number on the machine. */
export function eventTexts(plans: readonly Plan[]): readonly string[] {
  return [...new Set(plans.flatMap((plan) => plan.events.map((event) => event.text)))];
}

/** The recoveries that terminals name, by the label of the instruction that may fault; a position plus 1 is the number. */
export function recoveries(graphs: readonly PathGraph[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const graph of graphs) {
    visitGraph(graph, (node) => {
      if (node.kind === "terminal" && node.label !== undefined && node.recovery !== undefined) found.set(node.label, node.recovery);
    });
  }
  return found;
}

export interface SourceInput {
  readonly stem: string;
  readonly model: Model;
  readonly graphs: readonly PathGraph[];
  readonly plans: readonly Plan[];
  readonly module: SimulatorModule;
  readonly symbols: Symbols;
  /** The features of this image's assembly, for constants that depend on them. */
  readonly on: ReadonlySet<Feature>;
  /** Labels that the assembly has with these features. */
  readonly labels: ReadonlySet<string>;
}

/** The C source with the spec's tables and the functions that the prepare side calls. */
export function sourceText(input: SourceInput): string {
  const { stem, model, plans } = input;
  const texts = eventTexts(plans);
  const number = (text: string) => texts.indexOf(text);
  const lines = [
    `#include "${stem}.h"`,
    `void exitdsl_irq_enable(void) { machine_event(${number("irqs on")}); __asm__ __volatile__("sti; nop" : : : "memory"); machine_after_event(); }`,
    `void exitdsl_irq_disable(void) { machine_event(${number("irqs off")}); __asm__ __volatile__("cli" : : : "memory"); machine_after_event(); }`,
  ];
  model.flagWords.forEach((word, i) => {
    const look = (verb: string, effect: string) =>
      `uint32_t exitdsl_${verb}_${word.name}(void) { machine_event(${number(`${verb} ${word.name}`)}); machine_snapshot[${i}] = machine_flags[${i}];${effect} machine_after_event(); return machine_snapshot[${i}]; }`;
    lines.push(look("read", ""), look("take", ` machine_flags[${i}] = 0;`));
    lines.push(`void exitdsl_clear_${word.name}(uint32_t flags)`, "{", `\tunsigned number = ${unknownEvent};`);
    for (const [text, bits] of clears(plans, i)) lines.push(`\tif (flags == ${hex(bits)}) number = ${number(text)};`);
    lines.push("\tmachine_event(number);", `\tmachine_flags[${i}] &= ~flags;`, "\tmachine_after_event();", "}");
  });
  for (const { name } of model.values)
    lines.push(
      `uint32_t exitdsl_value_${name}(void);`,
      `uint32_t exitdsl_value_${name}(void) { return (uint32_t)machine_case->words[${wordOf(input.module.value, name)}]; }`,
    );
  const calls = [...new Map(plans.flatMap((p) => p.calls).map((c) => [c.function, c])).values()];
  for (const call of calls) lines.push(...stub(call, number(`call ${call.function}`), model));
  lines.push(...tables(input));
  return `${lines.join("\n")}\n`;
}

function clears(plans: readonly Plan[], word: number): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { graph } of plans) {
    for (const node of graph.nodes) {
      if (node.kind !== "clear" || node.word.index !== word) continue;
      found.set(`clear ${node.flags.map((f) => f.name).join(" | ")}`, node.flags.reduce((b, f) => b | (1 << f.bit), 0) >>> 0);
    }
  }
  return found;
}

/** A function of the kernel: it does what its contract and the script say. */
function stub({ item, function: name, clears: cleared, maySet }: Plan["calls"][number], number: number, model: Model): string[] {
  const form = item.kind === "work" ? item.call : item.form.kind === "call" ? item.form.call : undefined;
  const args: readonly CallArgument[] = form?.arguments ?? [];
  const frame = model.frame?.name ?? "";
  const frameAt = args.findIndex((a) => a.kind === "frame");
  const parameters = args.map((a, i) =>
    a.kind === "frame" ? `struct ${frame} *a${i}` : a.kind === "flags" ? `uint32_t a${i}` : `uint64_t a${i}`,
  );
  const expected = args.map((a) =>
    a.kind === "frame" ? "machine_frame()" : a.kind === "flags" ? `machine_snapshot[${a.word.index}]` : constantText(a.constant),
  );
  const lines = [`void ${name}(${parameters.join(", ") || "void"})`, "{", `\tmachine_event(${number});`];
  expected.forEach((value, i) => {
    lines.push(`\tif ((uint64_t)a${i} != (uint64_t)${value}) machine_note(${wrongArgument + i});`);
  });
  model.flagWords.forEach((_, w) => {
    if (cleared[w]) lines.push(`\tmachine_flags[${w}] &= ~${hex(cleared[w])};`);
    if (maySet[w]) lines.push(`\tmachine_set_flags(${w}, ${hex(maySet[w])});`);
  });
  if (item.rewritesFrame) lines.push(`\tmachine_rewrite_frame(${frameAt < 0 ? "machine_frame()" : `(uint64_t *)a${frameAt}`});`);
  return [...lines, "\tmachine_after_event();", "}"];
}

function constantText(constant: Constant): string {
  const arms = constant.arms.map(({ test, value }) => `${test ? `${featureText(test)} ? ` : ""}0x${value.toString(16)}ULL`);
  return `(${arms.join(" : ")})`;
}

function featureText(test: Test): string {
  switch (test.kind) {
    case "feature":
      return `EXITDSL_${test.feature.name}`;
    case "not":
      return `!${featureText(test.operand)}`;
    case "and":
    case "or":
      return `(${test.operands.map(featureText).join(test.kind === "and" ? " && " : " || ")})`;
    case "condition":
      return featureText(test.condition.test);
    default:
      throw new Error(`a constant cannot depend on a test of kind ${test.kind}`);
  }
}

// ── Tables ──

function tables({ graphs, labels, model, module, on, plans, symbols }: SourceInput): string[] {
  const { frame, system } = module;
  const size = new module.Machine().words.length / 2;
  const flags = Object.values(module.flags ?? {});
  const fields = Object.values(frame);
  const word = (words: Words | undefined, name: string) => wordOf(words, name);
  const cells = cellsOf(model, module, symbols, on);
  const above = aboveOf(module);
  const faults = [...recoveries(graphs).keys()].map((label, i) => ({ label, number: i + 1 })).filter(({ label }) => labels.has(label));
  const externals = [...symbols.data, ...faults.map((f) => f.label)];
  return [
    "extern uint64_t machine_per_cpu[];",
    ...externals.map((name) => `extern char ${name}[];`),
    ...graphs.map((g) => `extern void ${g.exit.name}(void);`),
    "const struct path spec_paths[] = {",
    ...graphs.map((g) => `\t{ ${g.exit.name}, ${startsOnEventStack(g) ? 1 : 0}, ${nests(g) ? 1 : 0} },`),
    "};",
    "const struct cell spec_cells[] = {",
    ...cells.flatMap(({ index, address }) => (address === undefined ? [] : [`\t{ ${index / 2}, ${address} },`])),
    "\t{ 0, 0 },",
    "};",
    `const uint64_t spec_cell_count = ${cells.filter((c) => c.address !== undefined).length};`,
    "const struct above spec_above[] = {",
    ...above.map(({ index, offset }) => `\t{ ${index / 2}, ${offset} },`),
    "\t{ 0, 0 },",
    "};",
    `const uint64_t spec_above_count = ${above.length};`,
    "const struct recovery spec_recoveries[] = {",
    ...faults.map((f) => `\t{ ${f.label}, ${f.number} },`),
    "\t{ 0, 0 },",
    "};",
    `const uint64_t spec_recovery_count = ${faults.length};`,
    `const struct system_words spec_system = { ${["rip", "cs", "rflags", "ss", "gs_base", "kernel_gs_base", "cr3"].map((n) => word(system, n)).join(", ")} };`,
    `const uint64_t spec_words = ${size}, spec_frame = ${(fields[0] ?? 0) / 2}, spec_frame_fields = ${fields.length};`,
    `const uint64_t spec_flags = ${(flags[0] ?? 0) / 2}, spec_flag_words = ${flags.length};`,
    `const uint8_t spec_saved[] = { ${[...(model.frame?.fields ?? []).map((f) => savedNumber(f.saves)), "0"].join(", ")} };`,
    `const uint32_t spec_async_flags[] = { ${[...(plans[0]?.words.map((w) => hex(w.async)) ?? []), "0"].join(", ")} };`,
  ];
}

export function startsOnEventStack({ exit }: PathGraph): boolean {
  return exit.events.some((event) => startsWith(event, "stack", "ist"));
}

/** What IRET pops, in its order. */
export const popped = ["rip", "cs", "rflags", "rsp", "ss"];

/** Has the path's event the words above the frame with which NMIs nest (INV-102)? */
export function nests({ exit }: PathGraph): boolean {
  return exit.events.some((event) => event.above.map((field) => field.saves).join() === popped.join());
}

/** As `spec_saved` counts: registers in the encoding's order, then what the processor saves; 255 for anything else. */
function savedNumber(saves: string | undefined): number {
  const processors = popped.indexOf(saves ?? "");
  if (processors >= 0) return generalRegisters.length + processors;
  const register = (generalRegisters as readonly string[]).indexOf(saves ?? "");
  return register < 0 ? 255 : register;
}

export interface CellOf {
  readonly name: string;
  /** Of the first half in the simulator's words. */
  readonly index: number;
  /** A C expression; undefined for a symbol's own value. */
  readonly address: string | undefined;
  /** The value of `$symbol`. */
  readonly value: number | undefined;
}

/** Memory that instructions name, and where it is. */
export function cellsOf(model: Model, module: SimulatorModule, symbols: Symbols, on: ReadonlySet<Feature>): readonly CellOf[] {
  return Object.entries(module.memory ?? {}).map(([name, index]): CellOf => {
    const sum = (text: string): number =>
      text
        .replaceAll("-", "+-")
        .split("+")
        .filter((term) => term !== "")
        .reduce((total, term) => total + (term.startsWith("-") ? -termValue(term.slice(1)) : termValue(term)), 0);
    const termValue = (term: string): number => {
      if (/^\d/.test(term)) return Number(term);
      const constant = model.constants.find((c) => c.name === term);
      const arm = constant?.arms.find(({ test }) => test === undefined || evaluateFeatures(test, on) === true);
      const value = symbols.perCpu.get(term) ?? symbols.offsets.get(term) ?? symbols.numbers.get(term) ?? (arm && Number(arm.value));
      if (value === undefined)
        throw new CannotEmbed(`an instruction names memory at \`${name}\`, and the machine does not know what \`${term}\` is there`);
      return value;
    };
    if (name.startsWith("$")) return { name, index, address: undefined, value: termValue(name.slice(1)) };
    const perCpu = /^%gs:([^()]+)$/.exec(name)?.[1];
    if (perCpu !== undefined) return { name, index, address: `(char *)machine_per_cpu + ${sum(perCpu)}`, value: undefined };
    const [, data, more = ""] = /^([A-Za-z_]\w*)((?:[+-]\w+)*)\(%rip\)$/.exec(name) ?? [];
    if (data !== undefined) return { name, index, address: `${data} + ${sum(more)}`, value: undefined };
    throw new CannotEmbed(
      `an instruction names memory at \`${name}\`; the machine has memory for \`%gs:SYMBOL\`, \`SYMBOL(%rip)\` and what RSP points to`,
    );
  });
}

/** Words above the frame that paths read, with their distance from the frame's start. */
function aboveOf(module: SimulatorModule): readonly { readonly index: number; readonly offset: number }[] {
  return Object.entries(module.stack ?? {}).flatMap(([name, index]) => {
    const offset = /^frame\+(\d+)$/.exec(name)?.[1];
    return offset === undefined ? [] : [{ index, offset: Number(offset) }];
  });
}

function wordOf(words: Words | undefined, name: string): number {
  const index = words?.[name];
  if (index === undefined) throw new Error(`the simulator has no word ${name}`);
  return index / 2;
}

function hex(n: number): string {
  return `0x${(n >>> 0).toString(16)}U`;
}
