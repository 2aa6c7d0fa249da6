/** Contracts of calls and steps, C's own demands on the machine, and the states that tails ask for. */
import type { Contract, StateSetting, Test } from "../../model/model.js";
import type { InstructionsNode } from "../../path/graph.js";
import type { PathContext } from "../context.js";
import { instructionFacts } from "../instruction-facts.js";
import { missingRegisters } from "../registers.js";
import type { Rule, Visit } from "../rule.js";
import { afterInstruction } from "../transfer.js";
import { registerBit, type Vector, valueIndex, valueNameOf } from "../vector.js";
import { disproved } from "./frame-facts.js";

/** What compiled C takes for granted (System V ABI AMD64 3.2.1; INV-41, INV-118, INV-119). */
const callRequires = [
  ["gs", "kernel", "compiled code finds the current thread and its per-CPU data through GS (INV-41)"],
  ["cr3", "kernel", "the user's page tables map hardly anything of the kernel (INV-62)"],
  [
    "df",
    "clear",
    "compiled code copies upwards, as the ABI lets it: with DF set it would write below its buffers (System V ABI, AMD64, 3.2.1; INV-118)",
  ],
  ["ac", "clear", "with AC set, SMAP is off: a stray access to user memory would go through (INV-119)"],
  ["tf", "clear", "every instruction of it would raise #DB, whose handler excuses the first few of an entry only (SDM Vol. 2B, SYSENTER)"],
] as const;

/** Does a setting hold? `registers user except …` is asked register by register. */
export function holds(context: PathContext, vector: Vector, setting: StateSetting): boolean {
  if (setting.dimension !== context.dimension("registers")) return valueIndex(vector, setting.dimension) === setting.value;
  return missingRegisters(vector, setting.except).length === 0 || setting.dimension.values[setting.value] !== "user";
}

export function actualValue(context: PathContext, vector: Vector, setting: StateSetting): string {
  if (setting.dimension !== context.dimension("registers")) return valueNameOf(vector, setting.dimension);
  return missingRegisters(vector, setting.except).join(", ").concat(" not restored");
}

export const contracts: Rule = (visit) => {
  const { context, node, vector, instruction, report } = visit;
  if (instruction !== undefined) {
    if (node.kind !== "instructions" || node.step.form.kind === "call") return;
    const calls = instructionFacts(context, node, instruction)?.effects.some((e) => e.kind === "call");
    if (calls) checkCall(visit, node.step);
    return;
  }
  if (node.kind === "jump") {
    for (const setting of node.tail.requires) {
      if (holds(context, vector, setting)) continue;
      const { dimension } = setting;
      report({
        code: "EX5008",
        args: {
          tail: node.tail.name,
          dimension: dimension.name,
          wanted: dimension.values[setting.value] as string,
          actual: actualValue(context, vector, setting),
        },
        cause: causeOf(context, vector, setting),
        details: {
          secondary: [{ span: setting.span, message: "the tail says so here" }],
          help: helpFor(dimension.name, dimension.values[setting.value] as string),
        },
      });
    }
  }
  if (node.kind !== "call" && node.kind !== "instructions") return;
  const item = node.kind === "call" ? node.item : node.step;
  // Where no work may run at all, that is told (EX6004).
  if (item.kind === "work" && vector.event.anyPoint) return;
  for (const setting of item.requires) {
    const { dimension } = setting;
    if (holds(context, vector, setting) || (node.kind === "call" && dimension.name === "irqs")) continue;
    const wanted = dimension.values[setting.value] as string;
    const actual = actualValue(context, vector, setting);
    const secondary = [{ span: setting.span, message: "its contract says so here" }];
    const cause = causeOf(context, vector, setting);
    if (dimension.name === "irqs") report({ code: "EX3005", args: { item: item.name, wanted, actual }, cause, details: { secondary } });
    else
      report({
        code: "EX4001",
        args: { item: item.name, dimension: dimension.name, wanted, actual },
        cause,
        details: {
          secondary,
          notes: item.doc === "" ? [] : [`\`${item.name}\`: ${item.doc.replaceAll("\n", " ")}`],
          help: helpFor(dimension.name, wanted),
        },
      });
  }
  if (item.given && !disproved(context, vector, { kind: "not", operand: item.given, span: item.given.span }))
    checkGiven(visit, item, item.given);
  if (node.kind === "call" || node.step.form.kind === "call") checkCall(visit, item);
};

/** What an item takes for granted of the frame and of the kernel's integers, told clause by clause (INV-27, INV-28, INV-35). */
function checkGiven({ context, vector, report }: Visit, item: Contract, given: Test): void {
  const unproved = clausesOf(given).filter((t) => !disproved(context, vector, { kind: "not", operand: t, span: t.span }));
  const text = (t: Test) => `\`${t.span.source.text.slice(t.span.start, t.span.end)}\``;
  report({
    code: "EX4011",
    args: { item: item.name, test: unproved.map(text).join(" and ") },
    details: {
      secondary: [{ span: given.span, message: "its contract says so here" }],
      notes: item.doc === "" ? [] : [`\`${item.name}\`: ${item.doc.replaceAll("\n", " ")}`],
      help: "do it behind a `when` that tests it, on the way where it holds",
    },
  });
}

function clausesOf(test: Test): readonly Test[] {
  if (test.kind === "condition") return clausesOf(test.condition.test);
  return test.kind === "and" ? test.operands.flatMap(clausesOf) : [test];
}

/**
 * What a step says it ensures must be what its own instructions do, as far as they tell. What they do is known exactly: a wrong
 * contract would let everything behind the step be checked against a state that the machine is not in.
 */
export const stepContracts: Rule = ({ context, node, vector, instruction, report }) => {
  if (node.kind !== "instructions" || instruction === undefined || instruction !== node.instructions.length - 1) return;
  if (node.step.ensures.length === 0) return;
  const after = afterInstruction(context, vector, node, instruction);
  const decided = decidedByInstructions(context, node);
  for (const setting of node.step.ensures) {
    const { dimension } = setting;
    if (!decided.has(dimension.name) || holds(context, after, setting)) continue;
    const wanted = dimension.values[setting.value] as string;
    report({
      code: "EX4008",
      args: { item: node.step.name, dimension: dimension.name, wanted, actual: actualValue(context, after, setting) },
      span: setting.span,
      details: {
        label: "it says so here",
        secondary: [{ span: node.span, message: "this is where it is done" }],
        notes: ["all steps behind it would be checked against a state that the machine is not in"],
        help: "correct the instructions or the contract",
      },
    });
  }
};

/** The dimensions whose value after the step its instructions tell. Behind a jump SWAPGS and the like may not have been done. */
function decidedByInstructions(context: PathContext, node: InstructionsNode): ReadonlySet<string> {
  const known = decidedBy.get(node) ?? findDecided(context, node);
  decidedBy.set(node, known);
  return known;
}

const decidedBy = new WeakMap<InstructionsNode, ReadonlySet<string>>();

function findDecided(context: PathContext, node: InstructionsNode): ReadonlySet<string> {
  const facts = node.instructions.flatMap((_, i) => instructionFacts(context, node, i) ?? []);
  const effects = facts.flatMap((f) => f.effects);
  const decided = new Set(["registers"]);
  const { rsp } = node.after.registers;
  if (rsp.kind === "field" || (rsp.kind === "pointer" && rsp.region !== "stack:joined")) decided.add("stack");
  if (effects.some((e) => e.kind === "jump")) return decided;
  if (effects.some((e) => e.kind === "swapgs")) decided.add("gs");
  for (const [dimension] of facts.flatMap((f) => f.rflags)) decided.add(dimension);
  if (effects.some((e) => e.kind === "write" && (e.place.kind === "gs-base" || e.place.kind === "msr"))) decided.delete("gs");
  return decided;
}

function checkCall({ context, vector, report }: Visit, item: Contract): void {
  for (const [name, wanted, why] of callRequires) {
    const dimension = context.dimension(name);
    const actual = valueNameOf(vector, dimension);
    // What the contract asks for itself was told already.
    if (actual === wanted || item.requires.some((r) => r.dimension === dimension)) continue;
    report({
      code: "EX4007",
      args: { item: item.name, dimension: name, wanted, actual },
      cause: { kind: "dimension", dimension },
      details: { notes: [why], help: helpFor(name, wanted) },
    });
  }
}

export function causeOf(context: PathContext, vector: Vector, setting: StateSetting) {
  if (setting.dimension !== context.dimension("registers")) return { kind: "dimension", dimension: setting.dimension } as const;
  const registers = missingRegisters(vector, setting.except).reduce((bits, name) => bits | registerBit(name), 0);
  return { kind: "registers", registers } as const;
}

function helpFor(dimension: string, wanted: string): string {
  return `bring ${dimension} to \`${wanted}\` before it, or move it to where that holds`;
}
