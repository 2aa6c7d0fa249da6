/**
 * SMT-LIB: for each SYSRET of an exit, whether the tests on the way there imply that it does not fault, and that it gives user mode
 * what IRET would give: over all values of the saved registers, not over examples. `unsat` is a proof; a model is a counterexample.
 */

import type { GeneralRegister } from "../../machine/instruction.js";
import { visitTest } from "../../model/expressions.js";
import { hasFiveLevels } from "../../model/features.js";
import type { Model, Operand, Test } from "../../model/model.js";
import { blocksOf, leaves } from "../../path/flow.js";
import type { PathGraph, PathNode, TerminalNode } from "../../path/graph.js";
import { type Artefact, type BackEnd, type EmitOptions, headerLines } from "../artefact.js";
import { specLine } from "../c/text.js";
import { plainText } from "../model/names.js";
import { Terms, word } from "./terms.js";

/** What SYSRET loads of R11; the other bits are cleared, bit 1 is set (SDM Vol. 2B, SYSRET). */
const sysretMask = 0x3c7fd7n;
/** What IRETQ to user mode loads of the popped RFLAGS: RF, too; VM is not loaded in 64-bit mode (SDM Vol. 2A, IRET). */
const iretMask = 0x3d7fd7n;
const trapFlag = 1n << 8n;

export function emitSmtlib(model: Model, graphs: readonly PathGraph[], options: EmitOptions): readonly Artefact[] {
  const header = [...(options.spdx ? [`SPDX-License-Identifier: ${options.spdx}`] : []), ...headerLines(model, options)];
  return graphs.flatMap((graph) => {
    const text = smtlibText(graph, header);
    return text === undefined ? [] : [{ name: `${options.stem}-${graph.exit.name}.smt2`, text }];
  });
}

export const smtlib: BackEnd = { name: "smtlib", check: () => [], emit: emitSmtlib };

/** The questions about one exit; undefined where it has no SYSRET. */
export function smtlibText(graph: PathGraph, header: readonly string[]): string | undefined {
  const terms = new Terms(graph);
  const sections = sysrets(graph).map(({ node, facts }) => section(graph, terms, node, facts));
  if (sections.length === 0) return undefined;
  return `${[
    ...header.map((line) => `; ${plainText(line)}`),
    ";",
    `; What SYSRET needs on the way out \`${graph.exit.name}\`: z3 dump_models=true FILE. Each answer follows its question: \`unsat\` proves it, \`sat\``,
    "; comes with the saved registers for which it is wrong. The first question alone wants `sat`: that the way is taken at all.",
    "; Conditions are taken as decided of the frame that is left with; the models for SPIN and rumur say whether they are.",
    "(set-option :print-success false)",
    "(set-logic QF_BV)",
    ...terms.declarations,
    ...sections.flat(),
  ].join("\n")}\n`;
}

interface Fact {
  readonly test: Test;
  readonly outcome: boolean;
}

/** Each SYSRET of an exit, with what the branches on the way there have told. */
function sysrets(graph: PathGraph): { readonly node: TerminalNode; readonly facts: readonly Fact[] }[] {
  const found: { node: TerminalNode; facts: readonly Fact[] }[] = [];
  const walk = (nodes: readonly PathNode[], outer: readonly Fact[]): void => {
    let facts = outer;
    for (const node of nodes) {
      if (node.kind === "terminal" && /^sysret[ql]$/.test(node.terminal.name)) found.push({ node, facts });
      if (node.kind === "branch") {
        const then: Fact = { test: node.test, outcome: true };
        const otherwise: Fact = { test: node.test, outcome: false };
        walk(node.then, [...facts, then]);
        walk(node.otherwise, [...facts, otherwise]);
        if (leaves(node.then)) facts = [...facts, otherwise];
        else if (leaves(node.otherwise)) facts = [...facts, then];
      } else for (const block of blocksOf(node)) walk(block, facts);
    }
  };
  walk(graph.leave, []);
  return found;
}

function section(graph: PathGraph, terms: Terms, node: TerminalNode, facts: readonly Fact[]): string[] {
  const short = node.terminal.name === "sysretl";
  const told = facts.map(({ test, outcome }) => `(assert ${outcome ? terms.test(test) : `(not ${terms.test(test)})`})`);
  const ask = (question: string, claim: string): string[] => [
    `(echo "${question}")`,
    "(push 1)",
    `(assert (not ${claim}))`,
    "(check-sat)",
    "(pop 1)",
  ];
  const rcx = register(terms, node, "rcx");
  const r11 = register(terms, node, "r11");
  const target = short ? `((_ zero_extend 32) ((_ extract 31 0) ${rcx}))` : rcx;
  const { cs, ss } = selectors(graph, terms, facts, short);
  const lost = (name: string) => graph.exit.events.every((e) => e.loses.includes(name));
  const kept = (["rcx", "r11"] as const).filter((name) => !lost(name) && graph.model.frame?.fields.some((f) => f.saves === name));
  const values = { rcx, r11 };
  return [
    "",
    `; ${plainText(specLine(node.span, graph.model.name))}`,
    "(push 1)",
    ...told,
    `(echo "${node.terminal.name} is reached")`,
    "(check-sat)",
    ...ask("RIP is canonical, so that SYSRET does not fault in ring 0", canonical(graph, terms, target)),
    ...ask("RIP is not in the last page below the canonical hole", belowLastPage(graph, terms, target)),
    ...ask("RIP is what IRET gives", `(= ${target} ${terms.saved("rip")})`),
    ...ask("CS is what IRET gives", `(= ${cs} ((_ extract 15 0) ${terms.saved("cs")}))`),
    ...ask("SS is what IRET gives", `(= ${ss} ((_ extract 15 0) ${terms.saved("ss")}))`),
    ...ask("RFLAGS is what IRET gives", `(= ${loaded(r11, sysretMask)} ${loaded(terms.saved("rflags"), iretMask)})`),
    ...ask("RSP is what IRET gives", `(= ${register(terms, node, "rsp")} ${terms.saved("rsp")})`),
    ...kept.flatMap((name) => ask(`${name.toUpperCase()} is what IRET leaves`, `(= ${values[name]} ${terms.saved(name)})`)),
    ...ask("no debug trap comes before the first instruction of user mode", `(= (bvand ${r11} ${word(trapFlag)}) ${word(0n)})`),
    "(pop 1)",
  ];
}

function loaded(value: string, mask: bigint): string {
  return `(bvor (bvand ${value} ${word(mask)}) ${word(2n)})`;
}

/** What a register holds at a terminal, as far as the compiler follows it. */
function register(terms: Terms, node: TerminalNode, name: GeneralRegister): string {
  const value = node.before.registers[name];
  if (value.kind === "field") return terms.field(value.field);
  return value.kind === "constant" ? word(value.value) : terms.unknownWord(name);
}

function byPaging(graph: PathGraph, terms: Terms, claim: (bits: number) => string): string {
  const feature = graph.model.features.find(hasFiveLevels);
  return feature ? `(ite ${terms.feature(feature)} ${claim(57)} ${claim(48)})` : claim(48);
}

/** All bits from the address's highest one up are alike. */
function canonical(graph: PathGraph, terms: Terms, address: string): string {
  return byPaging(graph, terms, (bits) => `(= ${address} ((_ sign_extend ${64 - bits}) ((_ extract ${bits - 1} 0) ${address})))`);
}

/** A SYSCALL in the last page would return to the hole (INV-88). */
function belowLastPage(graph: PathGraph, terms: Terms, address: string): string {
  return byPaging(graph, terms, (bits) => `(bvult ${address} ${word((1n << BigInt(bits - 1)) - 4096n)})`);
}

/**
 * CS and SS as SYSRET makes them from IA32_STAR. Its value is the boot code's: it is taken to be the one for which CS is what the spec
 * compares the saved CS with. Where the spec compares it with nothing, it may be any.
 */
function selectors(graph: PathGraph, terms: Terms, facts: readonly Fact[], short: boolean): { readonly cs: string; readonly ss: string } {
  const known = comparedSelector([...facts.map((f) => f.test), ...graph.model.conditions.map((c) => c.test)]);
  const user = known ? terms.operand(known) : terms.unknownWord("star");
  const low = (value: string) => `((_ extract 15 0) ${value})`;
  // SYSRETQ: CS is STAR[63:48] + 16, SS STAR[63:48] + 8; SYSRETL: CS is STAR[63:48].
  const stack = short ? `(bvadd ${user} ${word(8n)})` : `(bvsub ${user} ${word(8n)})`;
  return { cs: low(`(bvor ${user} ${word(3n)})`), ss: low(`(bvor ${stack} ${word(3n)})`) };
}

function comparedSelector(tests: readonly Test[]): Operand | undefined {
  let found: Operand | undefined;
  for (const test of tests) {
    visitTest(test, (t) => {
      if (t.kind !== "compare" || t.operator !== "==" || found) return;
      if (t.left.kind === "field" && t.left.field.saves === "cs" && t.right.kind === "number") found = t.right;
    });
  }
  return found;
}
