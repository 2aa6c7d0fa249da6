/** Where a decision was certainly made, the test that it decides matters no more; it is taken out, so that what it reads can be forgotten. */
import type { ModelTest, Point } from "./program.js";
import { successorsOf } from "./program.js";

/** Points with the tests of decisions that were made on every way there taken out. Points keep their identity. */
export function dropDecidedTests(points: readonly Point[], decisions: number): void {
  const open = (1 << decisions) - 1;
  /** By point: the decisions that may not have been made, as bits. */
  const before = points.map((_, i) => (i === 0 ? open : 0));
  for (let changed = true; changed; ) {
    changed = false;
    for (const point of points) {
      const after = (before[point.id] as number) & ~(point.kind === "decide" ? 1 << point.decision : 0);
      for (const { id } of successorsOf(point)) {
        const known = before[id] as number;
        before[id] = known | after;
        changed ||= before[id] !== known;
      }
    }
  }
  for (const point of points) {
    if (point.kind === "test" || point.kind === "decide") point.test = reduced(point.test, before[point.id] as number);
  }
}

function reduced(test: ModelTest, open: number): ModelTest {
  switch (test.kind) {
    case "decision":
      return { ...test, test: (open & (1 << test.decision)) !== 0 && test.test ? reduced(test.test, open) : undefined };
    case "not":
      return { kind: "not", operand: reduced(test.operand, open) };
    case "and":
    case "or":
      return { kind: test.kind, operands: test.operands.map((o) => reduced(o, open)) };
    default:
      return test;
  }
}
