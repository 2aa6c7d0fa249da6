/** Tests with unknown parts: what they can come out as, and what they read. */
import type { ModelTest } from "./program.js";

/** What a test reads. */
export interface Readings {
  readonly feature: (index: number) => boolean;
  /** Bits. */
  readonly seen: number;
  readonly toUser: boolean;
  /** An index into `decisionValues`. */
  readonly decision: (index: number) => number;
}

/** The outcomes of a test, as bits. */
export const canFail = 1;
export const canHold = 2;

/** Which outcomes a test can have: `canFail`, `canHold` or both. */
export function outcomes(test: ModelTest, readings: Readings): number {
  switch (test.kind) {
    case "constant":
      return test.value ? canHold : canFail;
    case "unknown":
      return canHold | canFail;
    case "to-user":
      return readings.toUser ? canHold : canFail;
    case "feature":
      return readings.feature(test.feature) ? canHold : canFail;
    case "seen":
      return (readings.seen & test.flags) !== 0 ? canHold : canFail;
    case "decision": {
      const value = readings.decision(test.decision);
      if (value === 0) return test.test ? outcomes(test.test, readings) : canFail;
      return value === 1 || value === 3 ? canHold : canFail;
    }
    case "not":
      return swapped(outcomes(test.operand, readings));
    case "and":
      return test.operands.reduce((all, operand) => both(all, outcomes(operand, readings)), canHold);
    case "or":
      return swapped(test.operands.reduce((all, operand) => both(all, swapped(outcomes(operand, readings))), canHold));
  }
}

/** A conjunction holds when both can; it fails when one can. */
function both(a: number, b: number): number {
  return (a & b & canHold) | ((a | b) & canFail);
}

function swapped(result: number): number {
  return ((result & canHold) >> 1) | ((result & canFail) << 1);
}

export function visitModelTest(test: ModelTest, visit: (test: ModelTest) => void): void {
  visit(test);
  if (test.kind === "and" || test.kind === "or") for (const operand of test.operands) visitModelTest(operand, visit);
  if (test.kind === "not") visitModelTest(test.operand, visit);
  if (test.kind === "decision" && test.test) visitModelTest(test.test, visit);
}

/** The flags whose snapshot a test reads, and the decisions that it uses, as bits. */
export function readBy(test: ModelTest): { readonly seen: number; readonly decisions: number } {
  let seen = 0;
  let decisions = 0;
  visitModelTest(test, (t) => {
    if (t.kind === "seen") seen |= t.flags;
    if (t.kind === "decision") decisions |= 1 << t.decision;
  });
  return { seen, decisions };
}

const always: ModelTest = { kind: "constant", value: true };
const never: ModelTest = { kind: "constant", value: false };

/** `test` without the parts that constants decide. */
export function simplified(test: ModelTest): ModelTest {
  switch (test.kind) {
    case "not": {
      const operand = simplified(test.operand);
      if (operand.kind === "constant") return operand.value ? never : always;
      return operand.kind === "not" ? operand.operand : { kind: "not", operand };
    }
    case "and":
    case "or": {
      const decisive = test.kind === "or";
      const operands = test.operands.map(simplified).filter((o) => o.kind !== "constant" || o.value === decisive);
      if (operands.some((o) => o.kind === "constant")) return decisive ? always : never;
      if (operands.length === 0) return decisive ? never : always;
      return operands.length === 1 ? (operands[0] as ModelTest) : { kind: test.kind, operands };
    }
    default:
      return test;
  }
}
