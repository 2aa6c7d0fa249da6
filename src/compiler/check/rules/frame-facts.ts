/** The facts about the saved frame that a terminal needs (SYSRET's conditions), and whether the path has proved them. */
import type { GeneralRegister } from "../../machine/instruction.js";
import type { FrameRequirement } from "../../machine/terminals.js";
import { readsFrame, visitTest } from "../../model/expressions.js";
import { closure, hasFiveLevels } from "../../model/features.js";
import type { Comparison, Condition, Constant, Operand, Test } from "../../model/model.js";
import type { TerminalNode } from "../../path/graph.js";
import type { PathContext } from "../context.js";
import { fieldSaves } from "../registers.js";
import type { Rule, Visit } from "../rule.js";
import { factBit } from "../transfer.js";
import type { Vector } from "../vector.js";

/** User addresses end one page below the canonical hole: 47 bits with 4-level paging, 56 with 5-level (INV-88). */
const highest47 = (1n << 47n) - 4096n;
const highest56 = (1n << 56n) - 4096n;
/** With all of these bits clear an address is canonical, and the user's. */
const notCanonical = (1n << 64n) - (1n << 47n);

export function frameFacts({ context, vector, report }: Visit, node: TerminalNode): void {
  const { name, frameRequirements } = node.terminal;
  const all = clauses(context, vector);
  const known = all.filter((c) => !c.stale);
  const stale = all.filter((c) => c.stale);
  // As long as the saved RCX is the one that SYSCALL overwrote, what is loaded needs no comparison.
  const loaded = (requirement: FrameRequirement) => provedByRegisters(context, node, requirement);
  // What user mode does not see need not be the same.
  const unseen = (r: FrameRequirement) =>
    r.kind === "equal" && (r.seen === "never" || (r.seen === "unless lost" && vector.event.loses.includes(r.left)));
  const unproved = frameRequirements.filter((r) => !unseen(r) && !proved(known, r) && (vector.rewritten || !loaded(r)));
  for (const requirement of unproved) {
    const outdated = stale.find((c) => c.condition && proved([...known, c], requirement));
    if (!outdated?.condition) continue;
    const condition = outdated.condition.name;
    report({
      code: "EX3007",
      args: { condition },
      cause: { kind: "stale", fact: outdated.fact },
      details: {
        label: `\`${name}\` relies on it here`,
        notes: [`${requirement.why} (INV-86)`],
        help: `decide \`${condition}\` after the last work that may rewrite the frame`,
      },
    });
    return;
  }
  // What faults in ring 0 is told before what is only lost.
  const worst = unproved.find((r) => r.kind === "canonical") ?? unproved[0];
  if (!worst) return;
  const fact = factText(context, worst);
  const others = unproved.filter((r) => r !== worst).map((r) => factText(context, r));
  const notes = [worst.why];
  const selector = worst.kind === "selector" ? wrongSelector(known, worst) : undefined;
  const outdated = stale.find((c) => proved([...known, c], worst));
  if (selector !== undefined) notes.push(selector);
  else if (worst.kind === "canonical" && highBound(known, worst))
    notes.push(
      "the bound is above 47 bits in kernels that may have four levels of page tables: only the `if` of a feature with " +
        "`cpu X86_FEATURE_LA57` allows that",
    );
  else if (outdated)
    notes.push("it was so when entry had saved the frame; a signal or a tracer may have changed any word of it since (INV-86)");
  else if (vector.rewritten && loaded(worst))
    notes.push("whoever rewrote the frame may have chosen both, and user mode is to get both (INV-86)");
  if (others.length > 0) notes.push(`nor is it proved that ${others.map((o) => o.text).join(", that ")}`);
  const clausesToAdd = [fact, ...others].map((f) => f.clause).join(" and ");
  report({
    code: "EX5004",
    args: { fact: fact.text, terminal: name },
    cause: outdated ? { kind: "stale", fact: outdated.fact } : vector.rewritten && loaded(worst) ? { kind: "rewritten" } : undefined,
    details: {
      notes,
      help: `add \`${clausesToAdd}\` to the condition under which \`${name}\` is chosen, and leave by \`iretq\` otherwise`,
    },
  });
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

type Compare = Extract<Test, { kind: "compare" }>;

/** A comparison that holds of the frame, or held of it before it was rewritten. */
interface Clause {
  readonly test: Compare;
  /** Undefined where the test was written out, or said by the event. */
  readonly condition: Condition | undefined;
  readonly fact: number;
  readonly stale: boolean;
}

/** What is known of the frame, clause by clause: by tests that held, and by those that did not. */
function clauses(context: PathContext, vector: Vector): Clause[] {
  return context.facts.flatMap((fact, i) => {
    const bit = 1 << i;
    const holds = (vector.facts & bit) !== 0;
    if (!holds && (vector.denied & bit) === 0) return [];
    const condition = "condition" in fact ? fact.condition : undefined;
    const test = "condition" in fact ? fact.condition.test : fact.test;
    // The kernel's integers stay what they are, whoever rewrites the frame.
    const stale = (vector.stale & bit) !== 0;
    return compared(test, holds).map((t) => ({ test: t, condition, fact: bit, stale: stale && readsFrame(t) }));
  });
}

/** Is it known that a test of the frame does not hold? */
export function disproved(context: PathContext, vector: Vector, test: Test): boolean {
  const known = clauses(context, vector).filter((c) => !c.stale);
  const never = (t: Test, outcome: boolean): boolean => {
    switch (t.kind) {
      case "and":
      case "or":
        return (t.kind === "and") === outcome ? t.operands.some((o) => never(o, outcome)) : t.operands.every((o) => never(o, outcome));
      case "not":
        return never(t.operand, !outcome);
      case "condition":
        return never(t.condition.test, outcome);
      case "frame-user":
        return vector.toUser !== outcome;
      case "compare":
        return known.some((c) => excludes(c.test, upright(outcome ? t : { ...t, operator: opposite[t.operator] })));
      default:
        return false;
    }
  };
  return never(test, true);
}

/** Cannot both hold: `ss lacks TI | RPL` and `ss has TI`. */
function excludes(known: Compare, test: Compare): boolean {
  const about = subject(test.left);
  if (about === undefined || subject(known.left) !== about) return false;
  if (known.right.kind !== "number" || test.right.kind !== "number")
    return known.operator === opposite[test.operator] && subject(known.right) !== undefined && subject(known.right) === subject(test.right);
  const [a, b] = [smallest(known.right), smallest(test.right)];
  if (known.operator === "lacks") return (test.operator === "has" && (b & ~a) === 0n) || (test.operator === "==" && (a & b) !== 0n);
  if (known.operator === "==")
    return test.operator === "has" ? (a & b) === 0n : test.operator === "==" ? a !== b : test.operator === "!=" && a === b;
  return known.operator === opposite[test.operator] && a === b;
}

/** The comparisons that all hold when a test came out as `outcome`. */
function compared(test: Test, outcome: boolean): Compare[] {
  switch (test.kind) {
    case "and":
    case "or":
      return (test.kind === "and") === outcome ? test.operands.flatMap((t) => compared(t, outcome)) : [];
    case "not":
      return compared(test.operand, !outcome);
    case "condition":
      return compared(test.condition.test, outcome);
    case "compare":
      return [upright(outcome ? test : { ...test, operator: opposite[test.operator] })];
    default:
      return [];
  }
}

const opposite: Readonly<Record<Comparison, Comparison>> = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
  has: "lacks",
  lacks: "has",
};

/** `USER_RIP_END > frame.rip` says the same as `frame.rip < USER_RIP_END`. */
function upright(test: Compare): Compare {
  const operator = mirrored[test.operator];
  return test.left.kind === "number" && operator ? { ...test, left: test.right, operator, right: test.left } : test;
}

const mirrored: Partial<Readonly<Record<Comparison, Comparison>>> = {
  "==": "==",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

/** The saved registers that are known to equal one, itself included. */
function equals(known: readonly Clause[], register: string): ReadonlySet<string> {
  const result = new Set([register]);
  for (let size = 0; size < result.size; ) {
    size = result.size;
    for (const { test } of known) {
      const [left, right] = [savedRegister(test.left), savedRegister(test.right)];
      if (test.operator !== "==" || left === undefined || right === undefined) continue;
      if (result.has(left)) result.add(right);
      if (result.has(right)) result.add(left);
    }
  }
  return result;
}

/** RCX loaded straight from the saved RIP needs no comparison. */
function provedByRegisters(context: PathContext, node: TerminalNode, requirement: FrameRequirement): boolean {
  if (requirement.kind !== "equal") return false;
  const value = node.before.registers[requirement.left as GeneralRegister];
  const lost = context.graph.exit.events.every((event) => event.loses.includes(requirement.left));
  return lost && value.kind === "field" && fieldSaves(context, value.field) === requirement.right;
}

function proved(known: readonly Clause[], requirement: FrameRequirement): boolean {
  switch (requirement.kind) {
    case "equal":
      return equals(known, requirement.left).has(requirement.right);
    case "selector": {
      const selector = selectorOf(known, requirement.field);
      return selector !== undefined && (selector & 3n) === 3n;
    }
    case "canonical": {
      const same = equals(known, requirement.field);
      return (
        (bitsClear(known, requirement.field) & notCanonical) === notCanonical ||
        known.some(({ test: { left, operator, right } }) => {
          if (!same.has(savedRegister(left) ?? "") || right.kind !== "number") return false;
          return (operator === "<" || operator === "<=") && bounded(right, operator);
        })
      );
    }
    case "lacks":
      return (bitsClear(known, requirement.field) & requirement.bits) === requirement.bits;
  }
}

/** The bits of a saved register that are known to be clear, by one test or by several. */
function bitsClear(known: readonly Clause[], register: string): bigint {
  const same = equals(known, register);
  return known.reduce((bits, { test: { left, operator, right } }) => {
    return operator === "lacks" && same.has(savedRegister(left) ?? "") && right.kind === "number" ? bits | smallest(right) : bits;
  }, 0n);
}

/** What a saved selector was found to equal. */
function selectorOf(known: readonly Clause[], field: string): bigint | undefined {
  const clause = known.find(({ test }) => test.operator === "==" && savedRegister(test.left) === field && test.right.kind === "number");
  return clause?.test.right.kind === "number" ? smallest(clause.test.right) : undefined;
}

/** Why the selector that was tested for cannot be the one that the terminal sets. */
function wrongSelector(known: readonly Clause[], { field }: { readonly field: "cs" | "ss" }): string | undefined {
  const selector = selectorOf(known, field);
  if (selector === undefined) return undefined;
  return `0x${selector.toString(16)} is no selector of user mode: its RPL is ${selector & 3n}, and an IRET to user mode with it faults`;
}

/** What a comparison is about: a saved word, or an integer of the kernel's. */
function subject(operand: Operand): string | undefined {
  if (operand.kind === "field") return `frame.${operand.field.name}`;
  return operand.kind === "value" ? operand.value.name : undefined;
}

function savedRegister(operand: Operand): string | undefined {
  return operand.kind === "field" ? operand.field.saves : undefined;
}

/** Is every value that the bound can have low enough? One above 47 bits must be that of kernels with five levels of page tables only. */
function bounded(number: Extract<Operand, { kind: "number" }>, operator: "<" | "<="): boolean {
  const slack = operator === "<" ? 0n : 1n;
  if (number.constants.length === 0) return number.literal + slack <= highest47;
  const [constant] = number.constants as readonly [Constant];
  return (
    number.constants.length === 1 &&
    constant.arms.every((arm) => arm.value + slack <= (arm.test && onlyWithFiveLevels(arm.test) ? highest56 : highest47))
  );
}

/** Does the test hold in kernels with five levels of page tables only? "No" where that takes more than a look. */
function onlyWithFiveLevels(test: Test): boolean {
  if (test.kind === "feature") return [...closure([test.feature])].some(hasFiveLevels);
  if (test.kind === "and") return test.operands.some(onlyWithFiveLevels);
  return test.kind === "or" && test.operands.every(onlyWithFiveLevels);
}

/** Is the register compared with a bound that would do with five levels of page tables, and does not in all kernels? */
function highBound(known: readonly Clause[], { field }: { readonly field: string }): boolean {
  const same = equals(known, field);
  return known.some(({ test: { left, operator, right } }) => {
    if (!same.has(savedRegister(left) ?? "") || right.kind !== "number" || (operator !== "<" && operator !== "<=")) return false;
    return right.constants.some((c) => c.arms.some((arm) => arm.value > highest47 && arm.value <= highest56));
  });
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
