/** What `build-program.ts` needs to know of a path before it makes points, and of the points when they are made. */
import { effectsOf } from "../machine/instructions.js";
import { visitTest } from "../model/expressions.js";
import type { Condition, Frame, Test } from "../model/model.js";
import { visitGraph } from "../path/flow.js";
import type { PathGraph, PlacedInstruction } from "../path/graph.js";
import { stackValue } from "../path/symbolic.js";
import { type ModelTest, type Point, type Start, successorsOf } from "./program.js";
import { visitModelTest } from "./tests.js";

/** The conditions that are decided before they are tested, or while they are. */
export function usedDecisions(graph: PathGraph): readonly Condition[] {
  const decided = new Set<Condition>();
  const tested = new Set<Condition>();
  visitGraph(graph, (node) => {
    if (node.kind === "evaluate") decided.add(node.condition);
    if (node.kind !== "branch" && node.kind !== "evaluate") return;
    visitTest(node.kind === "branch" ? node.test : node.condition.test, (t) => {
      if (t.kind === "condition") tested.add(t.condition);
    });
  });
  return [...decided].filter((c) => tested.has(c));
}

/** Does a test read saved registers, beyond where the frame came from (which no work can change)? */
export function readsRegisters(test: Test): boolean {
  let result = false;
  visitTest(test, (t) => {
    if (t.kind === "compare" && (t.left.kind === "field" || t.right.kind === "field")) result = true;
  });
  return result;
}

/** How the path can start: to which mode it goes, and whether IRQs are on. */
export function startsOf({ exit, model }: PathGraph): readonly Start[] {
  const irqs = model.dimensions.find((d) => d.name === "irqs");
  const found = new Map<string, Start>();
  for (const event of exit.events) {
    const value = event.starts.findLast((s) => s.dimension === irqs)?.value ?? irqs?.usual ?? 0;
    for (const toUser of [true, false]) {
      if (toUser ? !(exit.toUser && event.fromUser) : !(exit.toKernel && event.fromKernel)) continue;
      const start = { toUser, irqs: irqs?.values[value] === "on" };
      found.set(JSON.stringify(start), start);
    }
  }
  return [...found.values()];
}

/** Gives the points their numbers, in program order. */
export function numbered(entry: Point): readonly Point[] {
  const points: Point[] = [];
  const seen = new Set<Point>();
  const open = [entry];
  while (open.length > 0) {
    const point = open.pop() as Point;
    if (seen.has(point)) continue;
    seen.add(point);
    points.push(point);
    open.push(...[...successorsOf(point)].reverse());
  }
  points.forEach((point, i) => {
    point.id = i;
  });
  return points;
}

/** The features that the model's tests read, by index. */
export function testedFeatures(points: readonly Point[]): ReadonlySet<number> {
  const found = new Set<number>();
  const note = (test: ModelTest) =>
    visitModelTest(test, (t) => {
      if (t.kind === "feature") found.add(t.feature);
    });
  for (const point of points) {
    if (point.kind === "test" || point.kind === "decide") note(point.test);
    if (point.kind === "terminal") for (const { when } of point.duties) if (when) note(when);
  }
  return found;
}

const interruptFlag = 1n << 9n;

/**
 * How an instruction leaves IRQs: on, off, or undefined for as they were. Where POPFQ loads a word that is not known they are taken to
 * be on; what PUSHFQ pushed brings back the flag as it was.
 */
export function irqsAfter({ instruction, before }: PlacedInstruction, frame: Frame | undefined): boolean | undefined {
  for (const effect of effectsOf(instruction)) {
    if (effect.kind === "rflags-bit" && effect.bit === "if") return effect.set;
    if (effect.kind !== "pop" || effect.place.kind !== "rflags" || !frame) continue;
    const popped = stackValue(before, 0, frame);
    if (popped.kind === "constant") return (popped.value & interruptFlag) !== 0n;
    if (popped.kind !== "rflags") return true;
    if ((popped.clear & interruptFlag) !== 0n) return false;
    return popped.field === undefined && (popped.set & interruptFlag) === 0n ? undefined : true;
  }
  return undefined;
}
