/**
 * The same search one state at a time, breadth first: slower than `search.ts`, but it finds the shortest way to a fault. It shares
 * only the meaning of tests with the other.
 */
import type { ModelProgram, Point, Violation } from "./program.js";
import { bitsOf, owedAt } from "./search.js";
import { type Context, Layout } from "./states.js";
import { canFail, canHold, outcomes } from "./tests.js";

export interface State {
  readonly point: Point;
  readonly context: Context;
  readonly seen: number;
  readonly flags: number;
}

/** What made a state of the one before: the point's own doing, or an interrupt that set a flag (by index). */
export type Cause =
  | { readonly kind: "start" }
  | { readonly kind: "point"; readonly point: Point }
  | { readonly kind: "interrupt"; readonly flag: number };

export interface TraceStep {
  readonly cause: Cause;
  readonly state: State;
}

export interface Enumeration {
  /** All of them, or those met before the first fault. */
  readonly states: number;
  readonly violation: Violation | undefined;
  /** The shortest way to a fault that was asked for; empty if there is none. */
  readonly trace: readonly TraceStep[];
}

/**
 * @param wanted stops at the first of these faults; none: takes all states
 * @param limit gives up (without a trace) beyond this many states
 */
export function enumerate(program: ModelProgram, wanted: readonly Violation[] = [], limit = Number.POSITIVE_INFINITY): Enumeration {
  const layout = new Layout(program);
  const states: State[] = [];
  const causes: Cause[] = [];
  const parents: number[] = [];
  const known = new Set<number>();
  const size = 2 ** program.flags.length;
  const add = (point: Point, context: Context, seen: number, flags: number, parent: number, cause: Cause): void => {
    const live = program.live[point.id] as ModelProgram["live"][number];
    const state = { point, context: layout.living(context, live), seen: seen & live.seen, flags };
    const key = ((state.context * size + state.seen) * size + flags) * program.points.length + point.id;
    if (known.has(key)) return;
    known.add(key);
    states.push(state);
    parents.push(parent);
    causes.push(cause);
  };
  const entry = program.points[0] as Point;
  for (const { toUser, irqs } of program.starts) {
    program.combinations.forEach((_, i) => {
      for (let flags = 0; flags < size; flags++) add(entry, layout.context(toUser, irqs, i), 0, flags, -1, { kind: "start" });
    });
  }
  for (let at = 0; at < states.length && states.length <= limit; at++) {
    const state = states[at] as State;
    const violation = violationsAt(layout, state).find((v) => wanted.includes(v));
    if (violation) return { states: states.length, violation, trace: traceTo(at, states, causes, parents) };
    const { point, context, seen, flags } = state;
    const cause: Cause = { kind: "point", point };
    step(layout, state, (next, c, s, f) => add(next, c, s, f, at, cause));
    if (!layout.irqs(context)) continue;
    for (const flag of bitsOf(program.asyncFlags & ~flags)) add(point, context, seen, flags | (1 << flag), at, { kind: "interrupt", flag });
  }
  return { states: states.length, violation: undefined, trace: [] };
}

function traceTo(at: number, states: readonly State[], causes: readonly Cause[], parents: readonly number[]): TraceStep[] {
  const trace: TraceStep[] = [];
  for (let i = at; i >= 0; i = parents[i] as number) trace.push({ cause: causes[i] as Cause, state: states[i] as State });
  return trace.reverse();
}

function violationsAt(layout: Layout, { point, context, flags }: State): Violation[] {
  const found: Violation[] = [];
  if (point.kind !== "terminal" && point.kind !== "test") return found;
  if (layout.stale(context, point.relies)) found.push("stale");
  if (point.kind === "test") return found;
  const toUser = layout.toUser(context);
  if (layout.irqs(context) && (toUser ? point.irqsOffToUser : point.irqsOffToKernel)) found.push("irqs");
  if (toUser && (flags & owedAt(point, layout, context)) !== 0) found.push("pending");
  return found;
}

function step(
  layout: Layout,
  { point, context, seen, flags }: State,
  go: (point: Point, context: Context, seen: number, flags: number) => void,
): void {
  switch (point.kind) {
    case "irqs":
      go(point.next, layout.withIrqs(context, point.on), seen, flags);
      break;
    case "read":
      go(point.next, context, (seen & ~point.flags) | (flags & point.flags), point.take ? flags & ~point.flags : flags);
      break;
    case "change": {
      const aged = point.rewrites ? layout.aged(context) : context;
      const after = point.irqs === undefined ? aged : layout.withIrqs(aged, point.irqs);
      // Every subset of what it may set.
      for (let set = point.maySet; ; set = (set - 1) & point.maySet) {
        go(point.next, after, seen, (flags & ~point.clears) | set);
        if (set === 0) break;
      }
      return;
    }
    case "decide": {
      const result = outcomes(point.test, layout.readings(context, seen));
      if (result & canHold) go(point.next, layout.withDecision(context, point.decision, 1), seen, flags);
      if (result & canFail) go(point.next, layout.withDecision(context, point.decision, 2), seen, flags);
      return;
    }
    case "test": {
      const result = outcomes(point.test, layout.readings(context, seen));
      if (result & canHold) go(point.then, context, seen, flags);
      if (result & canFail) go(point.otherwise, context, seen, flags);
      return;
    }
    case "terminal":
      return;
  }
}
