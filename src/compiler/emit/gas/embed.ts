/** `NAME-embed.inc`: what the embedding kernel gives to the assembly, each with what it must be. */
import { formatInstruction, type SymbolUse, symbolsOf } from "../../machine/instructions.js";
import { visitTest } from "../../model/expressions.js";
import type { Constant, Feature, Model, Test } from "../../model/model.js";
import { visitGraph } from "../../path/flow.js";
import type { PathGraph } from "../../path/graph.js";
import type { LinearInstruction, LinearProgram } from "../../path/linear.js";
import type { EmitOptions } from "../artefact.js";
import { fileHead } from "../c/frame.js";
import { commentLines, commentText, docParagraphs } from "../c/text.js";
import { featureExpression, featureSymbol, place, quoted } from "./text.js";

export function embedText(model: Model, graphs: readonly PathGraph[], program: LinearProgram, options: EmitOptions): string {
  const symbols = symbolsIn(program);
  const constants = model.constants.filter((constant) => symbols.has(constant.name));
  const what = [
    "What the kernel gives to the assembly. Set what differs from a default by `as --defsym NAME=VALUE`, or in a file that sets it with `.set` and then includes the .S file.",
  ];
  const lines = [
    ...fileHead(model, options, what),
    ...featureLines(featuresIn(program, constants)),
    ...constantLines(constants),
    ...symbolLines(
      model,
      [...symbols.values()].filter((use) => !constants.some((constant) => constant.name === use.symbol)),
    ),
    ...recoveryLines(model, graphs),
  ];
  return `${lines.join("\n")}\n`;
}

// ── Features ──

function featuresIn(program: LinearProgram, constants: readonly Constant[]): readonly Feature[] {
  const features = new Set<Feature>();
  const add = (test: Test): void => visitTest(test, (t) => void (t.kind === "feature" && features.add(t.feature)));
  for (const { items } of program.routines) for (const item of items) if (item.kind === "if" || item.kind === "elseif") add(item.test);
  for (const { arms } of constants) for (const { test } of arms) if (test) add(test);
  return [...features].sort((a, b) => a.index - b.index);
}

function featureLines(features: readonly Feature[]): string[] {
  if (features.length === 0) return [];
  const lines = ["", ...commentLines(["Features: 1 for a kernel that has it, 0 for one that has not. The C side must be told the same."])];
  for (const feature of features) {
    const sources = [...feature.config, ...feature.cpu].join(", ");
    lines.push(
      "",
      ...commentLines([...docParagraphs(feature.doc), ...(sources === "" ? [] : [`${sources}.`])]),
      ...defaulted(featureSymbol(feature), "0"),
    );
  }
  const constraints = features.flatMap((feature) => [
    ...feature.excludes
      .filter((other) => features.includes(other))
      .map((other) => forbidden(`${featureSymbol(feature)} && ${featureSymbol(other)}`, `${feature.name} excludes ${other.name}`)),
    ...feature.needs
      .filter((other) => features.includes(other))
      .map((other) => forbidden(`${featureSymbol(feature)} && !${featureSymbol(other)}`, `${feature.name} needs ${other.name}`)),
  ]);
  return constraints.length === 0 ? lines : [...lines, "", ...commentLines(["What the spec says of its features."]), ...constraints.flat()];
}

function defaulted(name: string, value: string): string[] {
  return [`\t.ifndef\t${name}`, `\t.set\t${name}, ${value}`, "\t.endif"];
}

function forbidden(expression: string, message: string): string[] {
  return [`\t.if\t${expression}`, `\t.error\t${quoted(message)}`, "\t.endif"];
}

// ── Constants of the spec that instructions name ──

function constantLines(constants: readonly Constant[]): string[] {
  if (constants.length === 0) return [];
  const lines = ["", ...commentLines(["Numbers, as the spec says them."])];
  for (const constant of constants) {
    lines.push("", ...commentLines([...docParagraphs(constant.doc), ...(constant.because === undefined ? [] : [constant.because])]));
    lines.push(`\t.ifndef\t${constant.name}`);
    let conditions = 0;
    for (const { value, test } of constant.arms) {
      if (test) lines.push(`\t${conditions++ === 0 ? ".if" : ".elseif"}\t${featureExpression(test)}`);
      else if (conditions > 0) lines.push("\t.else");
      lines.push(`\t.set\t${constant.name}, 0x${value.toString(16)}`);
    }
    lines.push(...(conditions > 0 ? ["\t.endif"] : []), "\t.endif");
  }
  return lines;
}

// ── Symbols ──

interface Used extends SymbolUse {
  readonly by: LinearInstruction;
}

/** What the instructions name and the file does not define, each with its first use. */
function symbolsIn(program: LinearProgram): ReadonlyMap<string, Used> {
  const found = new Map<string, Used>();
  for (const by of program.instructions) {
    for (const use of symbolsOf(by.instruction)) {
      // A symbol that is added somewhere is an offset everywhere.
      if (!found.has(use.symbol) || use.use === "offset") found.set(use.symbol, { ...use, by: found.get(use.symbol)?.by ?? by });
    }
    const target = by.node?.kind === "terminal" && by.role === "terminal" ? by.node.terminal.target : undefined;
    if (target !== undefined && !found.has(target)) found.set(target, { symbol: target, use: "function", by });
  }
  return found;
}

const groups: readonly { readonly use: SymbolUse["use"] | "prepare"; readonly meaning: string }[] = [
  { use: "prepare", meaning: "The C side of the exits, in the .c file. RDI is the frame; AL is what it returns." },
  { use: "function", meaning: "Code that is called or jumped to." },
  { use: "per-cpu", meaning: "Per-CPU variables: the symbol's value is the offset from GS.base." },
  { use: "relative", meaning: "Data within 2 GiB of the code, mapped in every page table with which the code runs." },
  { use: "constant", meaning: "Absolute numbers that fit in 32 bits, sign-extended." },
  { use: "offset", meaning: "Offsets in bytes: numbers that must be known when the file is assembled." },
];

function symbolLines(model: Model, used: readonly Used[]): string[] {
  return groups.flatMap(({ use, meaning }) => {
    const members = used.filter((member) => (member.by.role === "prologue" ? "prepare" : member.use) === use);
    if (members.length === 0) return [];
    const width = Math.max(...members.map((member) => member.symbol.length));
    const listed = members.map((member) => {
      const example = use === "prepare" ? "" : `${formatInstruction(member.by.instruction).replace("\t", " ")}, `;
      return ` *   ${member.symbol.padEnd(width)}  ${commentText(`${example}${place(member.by.span, model.name)}`)}`;
    });
    const unset =
      use === "offset"
        ? members.flatMap(({ symbol }) => [`\t.ifndef\t${symbol}`, `\t.error\t${quoted(`set ${symbol}: an offset in bytes`)}`, "\t.endif"])
        : [];
    return ["", "/*", ` * ${meaning}`, ...listed, " */", ...unset];
  });
}

/** Where a terminal's fault is to go on: the kernel's fault handler knows the instruction by its label. */
function recoveryLines(model: Model, graphs: readonly PathGraph[]): string[] {
  const found = new Map<string, string>();
  for (const graph of graphs) {
    visitGraph(graph, (node) => {
      if (node.kind !== "terminal" || node.recovery === undefined) return;
      const where =
        node.label === undefined
          ? `\`${node.terminal.name}\` at line ${place(node.span, model.name)}`
          : `\`${node.terminal.name}\` at ${node.label}`;
      found.set(where, node.recovery);
    });
  }
  if (found.size === 0) return [];
  const story = [
    "Faults: the kernel's handler of a fault whose saved RIP is at one of these goes on at the recovery, in the state in which the instruction was.",
  ];
  return ["", ...commentLines([...story, ...[...found].map(([where, recovery]) => `${where}: ${recovery}`)])];
}
