/** Contracts of calls and steps, C's own demands on the machine, and the states that tails ask for. */
import type { StateSetting } from "../../model/model.js";
import type { PathNode } from "../../path/graph.js";
import type { PathContext } from "../context.js";
import { missingRegisters } from "../registers.js";
import type { Rule, Visit } from "../rule.js";
import { registerBit, type Vector, valueIndex, valueOf } from "../vector.js";

/** What compiled C takes for granted (System V ABI AMD64 3.2.1; INV-41, INV-118, INV-119). */
const callRequires = [
  ["gs", "kernel"],
  ["cr3", "kernel"],
  ["df", "clear"],
  ["ac", "clear"],
] as const;

/** Does a setting hold? `registers user except …` is asked register by register. */
export function holds(context: PathContext, vector: Vector, setting: StateSetting): boolean {
  if (setting.dimension !== context.dimension("registers")) return valueIndex(vector, setting.dimension) === setting.value;
  return missingRegisters(vector, setting.except).length === 0 || setting.dimension.values[setting.value] !== "user";
}

export function actualValue(context: PathContext, vector: Vector, setting: StateSetting): string {
  if (setting.dimension !== context.dimension("registers")) return valueOf(vector, setting.dimension);
  return missingRegisters(vector, setting.except).join(", ").concat(" not restored");
}

export const contracts: Rule = (visit) => {
  const { context, node, vector, instruction, report } = visit;
  if (instruction !== undefined) return;
  if (node.kind === "jump") {
    for (const setting of node.tail.requires) {
      if (holds(context, vector, setting)) continue;
      const { dimension } = setting;
      report({
        code: "EX5008",
        args: { tail: node.tail.name, dimension: dimension.name, wanted: dimension.values[setting.value] as string, actual: actualValue(context, vector, setting) },
        cause: causeOf(context, vector, setting),
        details: { secondary: [{ span: setting.span, message: "the tail says so here" }] },
      });
    }
  }
  if (node.kind !== "call" && node.kind !== "instructions") return;
  const item = node.kind === "call" ? node.item : node.step;
  for (const setting of item.requires) {
    const { dimension } = setting;
    if (holds(context, vector, setting) || (node.kind === "call" && dimension.name === "irqs")) continue;
    const wanted = dimension.values[setting.value] as string;
    const actual = actualValue(context, vector, setting);
    const secondary = [{ span: setting.span, message: "its contract says so here" }];
    const cause = causeOf(context, vector, setting);
    if (dimension.name === "irqs") report({ code: "EX3005", args: { item: item.name, wanted, actual }, cause, details: { secondary } });
    else report({ code: "EX4001", args: { item: item.name, dimension: dimension.name, wanted, actual }, cause, details: { secondary, help: helpFor(dimension.name, wanted) } });
  }
  if (node.kind === "call") checkCall(visit, node);
};

function checkCall({ context, vector, report }: Visit, node: Extract<PathNode, { kind: "call" }>): void {
  for (const [name, wanted] of callRequires) {
    const dimension = context.dimension(name);
    const actual = valueOf(vector, dimension);
    // What the contract asks for itself was told already.
    if (actual === wanted || node.item.requires.some((r) => r.dimension === dimension)) continue;
    report({ code: "EX4007", args: { item: node.item.name, dimension: name, wanted, actual }, cause: { kind: "dimension", dimension } });
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
