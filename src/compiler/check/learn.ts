/** What the outcome of a test tells of a state vector, and in which kernels it can have that outcome. */
import type { Test } from "../model/model.js";
import type { PathContext } from "./context.js";
import { seenNone, seenSome } from "./flag-box.js";
import { factBit } from "./transfer.js";
import { type Vector, valueIndex } from "./vector.js";
import { withTested } from "./work-marks.js";

/** A vector and the feature combinations in which it occurs. */
export interface Part {
  readonly vector: Vector;
  readonly combinations: bigint;
}

/** What `part` becomes when `test` came out as `outcome`: nothing when it cannot, several parts when it tells of one thing or another. */
export function learn(context: PathContext, part: Part, test: Test, outcome: boolean): readonly Part[] {
  const { vector } = part;
  const only = (holds: boolean) => (holds === outcome ? [part] : []);
  switch (test.kind) {
    case "constant":
      return only(test.value);
    case "feature":
      return within(part, outcome ? context.features.with(test.feature) : ~context.features.with(test.feature));
    case "frame-user":
      return only(vector.toUser);
    case "state":
      return only(valueIndex(vector, test.dimension) === test.value);
    case "flags": {
      const flags = context.flags(test.flags);
      const none = outcome ? undefined : seenNone(vector.flags, flags);
      const boxes = outcome ? seenSome(vector.flags, flags) : none ? [none] : [];
      return boxes.map((box) => ({ ...part, vector: withTested(context, vector, flags, box) }));
    }
    case "not":
      return learn(context, part, test.operand, !outcome);
    case "and":
    case "or": {
      if ((test.kind === "and") === outcome) {
        const all = test.operands.reduce<readonly Part[]>(
          (parts, operand) => parts.flatMap((p) => learn(context, p, operand, outcome)),
          [part],
        );
        return all.map((p) => note(context, p, test, outcome));
      }
      // One of them decides: the first that does, after those that do not.
      let before: readonly Part[] = [part];
      return test.operands.flatMap((operand) => {
        const deciding = before.flatMap((p) => learn(context, p, operand, outcome));
        before = before.flatMap((p) => learn(context, p, operand, !outcome));
        return deciding;
      });
    }
    case "condition":
      return learnCondition(context, part, test, outcome);
    case "compare":
      return [note(context, part, test, outcome)];
  }
}

function within(part: Part, kernels: bigint): readonly Part[] {
  const combinations = part.combinations & kernels;
  return combinations === 0n ? [] : [{ ...part, combinations }];
}

function learnCondition(context: PathContext, part: Part, test: Extract<Test, { kind: "condition" }>, outcome: boolean): readonly Part[] {
  const { vector } = part;
  const bit = factBit(context, (fact) => "condition" in fact && fact.condition === test.condition);
  // A condition that was decided earlier tells of the frame and the flags as they were then.
  const decided = (vector.decided & bit) !== 0;
  if (decided && ((outcome ? vector.denied : vector.facts) & bit) !== 0) return [];
  const parts = decided ? recall(context, part, test.condition.test, outcome) : learn(context, part, test.condition.test, outcome);
  return parts.map(({ vector: v, combinations }) => {
    const told = outcome ? { facts: v.facts | bit } : { denied: v.denied | bit };
    return { combinations, vector: v.with({ ...told, stale: decided ? v.stale : v.stale & ~bit }) };
  });
}

/** What a condition that was decided earlier still tells: of the kernel, and of where the frame came from, which no work changes. */
function recall(context: PathContext, part: Part, test: Test, outcome: boolean): readonly Part[] {
  if (test.kind === "feature" || test.kind === "frame-user") return learn(context, part, test, outcome);
  if (test.kind === "not") return recall(context, part, test.operand, !outcome);
  if ((test.kind === "and" && outcome) || (test.kind === "or" && !outcome)) {
    return test.operands.reduce<readonly Part[]>((parts, operand) => parts.flatMap((p) => recall(context, p, operand, outcome)), [part]);
  }
  return [part];
}

/** Keeps what a written-out test of the frame told. */
function note(context: PathContext, part: Part, test: Test, outcome: boolean): Part {
  const bit = factBit(context, (fact) => "test" in fact && fact.test === test);
  if (bit === 0) return part;
  const { facts, denied, stale } = part.vector;
  const told = outcome ? { facts: facts | bit, denied: denied & ~bit } : { facts: facts & ~bit, denied: denied | bit };
  return { ...part, vector: part.vector.with({ ...told, stale: stale & ~bit }) };
}
