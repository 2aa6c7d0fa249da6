/** The facts about the saved frame that a terminal needs (SYSRET's conditions), and whether the path has proved them. */
import type { GeneralRegister } from "../../machine/instruction.js";
import type { FrameRequirement } from "../../machine/terminals.js";
import { visitTest } from "../../model/expressions.js";
import type { Constant, Operand, Test } from "../../model/model.js";
import type { TerminalNode } from "../../path/graph.js";
import type { PathContext } from "../context.js";
import { fieldSaves } from "../registers.js";
import type { Rule, Visit } from "../rule.js";
import { factBit } from "../transfer.js";

/** User addresses end one page below the canonical hole: 47 bits with 4-level paging, 56 with 5-level (INV-88). */
const highest47 = (1n << 47n) - 4096n;
const highest56 = (1n << 56n) - 4096n;

export function frameFacts(visit: Visit, node: TerminalNode): void {
  const { context, vector, report } = visit;
  const known = clauses(context, vector.facts & ~vector.stale);
  const stale = clauses(context, vector.facts & vector.stale);
  for (const requirement of node.terminal.frameRequirements) {
    if (provedByRegisters(context, node, requirement) || known.some((c) => proves(context, c.test, requirement))) continue;
    const outdated = stale.find((c) => proves(context, c.test, requirement));
    if (outdated) {
      report({
        code: "EX3007",
        args: { condition: outdated.name },
        cause: { kind: "stale", fact: outdated.fact },
        details: {
          label: `\`${node.terminal.name}\` relies on it here`,
          notes: [`${requirement.why} (INV-86)`],
          help: `decide \`${outdated.name}\` after the last work that may rewrite the frame`,
        },
      });
      return;
    }
    const fact = factText(context, requirement);
    report({
      code: "EX5004",
      args: { fact: fact.text, terminal: node.terminal.name },
      details: {
        notes: [requirement.why],
        help: `add \`${fact.clause}\` to the condition under which \`${node.terminal.name}\` is chosen, and leave by \`iretq\` otherwise`,
      },
    });
  }
}

/** A decision about the frame that is used after the frame was rewritten (INV-86). */
export const staleDecisions: Rule = ({ context, node, vector, report }) => {
  if (node.kind !== "branch") return;
  visitTest(node.test, (test) => {
    if (test.kind !== "condition" || !readsFields(test.condition.test)) return;
    const bit = factBit(context, (fact) => "condition" in fact && fact.condition === test.condition);
    if ((vector.decided & vector.stale & bit) === 0) return;
    report({
      code: "EX3007",
      args: { condition: test.condition.name },
      cause: { kind: "stale", fact: bit },
      details: {
        label: "the old decision is used here",
        notes: ["a tracer or a signal may have changed any saved register since, and the decision does not know (INV-86)"],
        help: `decide \`${test.condition.name}\` after the last work that may rewrite the frame`,
      },
    });
  });
};

/** Beyond where the frame came from, which no work can change. */
function readsFields(test: Test): boolean {
  let result = false;
  visitTest(test, (t) => {
    if (t.kind === "compare" && (t.left.kind === "field" || t.right.kind === "field")) result = true;
  });
  return result;
}

interface Clause {
  readonly test: Test;
  readonly name: string;
  readonly fact: number;
}

/** What the facts in `bits` say, clause by clause. */
function clauses(context: PathContext, bits: number): Clause[] {
  return context.facts.flatMap((fact, i) => {
    if ((bits & (1 << i)) === 0) return [];
    const name = "condition" in fact ? fact.condition.name : "this test";
    const test = "condition" in fact ? fact.condition.test : fact.test;
    return conjuncts(test).map((t) => ({ test: t, name, fact: 1 << i }));
  });
}

function conjuncts(test: Test): Test[] {
  if (test.kind === "and") return test.operands.flatMap(conjuncts);
  if (test.kind === "condition") return conjuncts(test.condition.test);
  return [test];
}

/** RCX loaded straight from the saved RIP needs no comparison. */
function provedByRegisters(context: PathContext, node: TerminalNode, requirement: FrameRequirement): boolean {
  if (requirement.kind !== "equal") return false;
  const value = node.before.registers[requirement.left as GeneralRegister];
  const lost = context.graph.exit.events.every((event) => event.loses.includes(requirement.left));
  return lost && value.kind === "field" && fieldSaves(context, value.field) === requirement.right;
}

function proves(context: PathContext, test: Test, requirement: FrameRequirement): boolean {
  if (test.kind !== "compare") return false;
  const left = savedRegister(test.left);
  const right = savedRegister(test.right);
  const number = test.right.kind === "number" ? test.right : undefined;
  switch (requirement.kind) {
    case "equal":
      return (
        test.operator === "==" &&
        ((left === requirement.left && right === requirement.right) || (left === requirement.right && right === requirement.left))
      );
    case "selector":
      return test.operator === "==" && left === requirement.field && number !== undefined;
    case "canonical":
      return (
        (test.operator === "<" || test.operator === "<=") &&
        left === requirement.field &&
        number !== undefined &&
        bounded(number, test.operator)
      );
    case "lacks":
      return (
        test.operator === "lacks" &&
        left === requirement.field &&
        number !== undefined &&
        (smallest(number) & requirement.bits) === requirement.bits
      );
  }
}

function savedRegister(operand: Operand): string | undefined {
  return operand.kind === "field" ? operand.field.saves : undefined;
}

/** Is every value that the bound can have low enough? A bound above 47 bits must depend on a feature (5-level paging). */
function bounded(number: Extract<Operand, { kind: "number" }>, operator: "<" | "<="): boolean {
  const slack = operator === "<" ? 0n : 1n;
  if (number.constants.length === 0) return number.literal + slack <= highest47;
  const [constant] = number.constants as readonly [Constant];
  return number.constants.length === 1 && constant.arms.every((arm) => arm.value + slack <= (arm.test ? highest56 : highest47));
}

/** The bits that are set whichever arm each constant takes. */
function smallest(number: Extract<Operand, { kind: "number" }>): bigint {
  return number.constants.reduce((bits, c) => bits | c.arms.reduce((all, arm) => all & arm.value, (1n << 64n) - 1n), number.literal);
}

/** The requirement in words, and as a clause that would prove it. */
function factText(context: PathContext, requirement: FrameRequirement): { readonly text: string; readonly clause: string } {
  const field = (register: string) => `frame.${context.model.frame?.fields.find((f) => f.saves === register)?.name ?? register}`;
  switch (requirement.kind) {
    case "equal":
      return {
        text: `the saved ${requirement.left.toUpperCase()} equals the saved ${requirement.right.toUpperCase()}`,
        clause: `${field(requirement.left)} == ${field(requirement.right)}`,
      };
    case "selector":
      return { text: `the saved ${requirement.field.toUpperCase()} is the one that it sets`, clause: `${field(requirement.field)} == …` };
    case "canonical":
      return {
        text: `the saved ${requirement.field.toUpperCase()} is a user address at least one page below the canonical hole`,
        clause: `${field(requirement.field)} < TASK_SIZE_MAX`,
      };
    case "lacks":
      return {
        text: `none of ${requirement.bitNames} is set in the saved ${requirement.field.toUpperCase()}`,
        clause: `${field(requirement.field)} lacks ${requirement.bitNames}`,
      };
  }
}
