/**
 * What model checkers are given of one path: its control points, and how each moves IRQs, work flags, snapshots and decisions.
 * It comes from the path graph alone and shares nothing with `check/`, so that agreement between the two means something.
 * What moves none of these variables is left out, and ways that go on alike are one.
 *
 * Sets of flags are bits: bit `i` is `flags[i]`.
 */
import type { Condition, Feature, Flag, FlagWord } from "../model/model.js";
import type { PathGraph } from "../path/graph.js";
import type { Span } from "../text/source.js";

/** One flag, or several of one word that the path always treats alike: it is set when some of them is. */
export interface ModelFlag {
  readonly members: readonly Flag[];
  readonly word: FlagWord;
  /** An interrupt may set it. */
  readonly async: boolean;
}

/** A test; `unknown` may come out either way (what a saved register or a value of the kernel holds). */
export type ModelTest =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "unknown" }
  | { readonly kind: "to-user" }
  /** By `Feature.index`. */
  | { readonly kind: "feature"; readonly feature: number }
  /** Some of the flags is set in the last snapshot. */
  | { readonly kind: "seen"; readonly flags: number }
  /** What was decided, or `test` now where nothing was decided yet; undefined: something was, on every way. */
  | { readonly kind: "decision"; readonly decision: number; readonly test: ModelTest | undefined }
  | { readonly kind: "and" | "or"; readonly operands: readonly ModelTest[] }
  | { readonly kind: "not"; readonly operand: ModelTest };

/** Flags that must be clear where the path goes to user mode, in the kernels where `when` holds. */
export interface Duty {
  readonly flags: number;
  /** Of features only; undefined: all kernels. */
  readonly when: ModelTest | undefined;
}

interface PointBase {
  /** Position in `ModelProgram.points`. */
  id: number;
  /** The spec lines that it stands for. */
  readonly spans: Span[];
}

/** `irqs on|off`, `sti`, `cli`. */
export interface IrqsPoint extends PointBase {
  readonly kind: "irqs";
  readonly on: boolean;
  readonly next: Point;
}

/** A snapshot of `flags` is taken; `take` clears them. */
export interface ReadPoint extends PointBase {
  readonly kind: "read";
  readonly flags: number;
  readonly take: boolean;
  next: Point;
}

/** Work or a step: clears flags, then may set any of `maySet`. */
export interface ChangePoint extends PointBase {
  readonly kind: "change";
  /** What does it: a work, a step, or undefined for a statement of the spec's own. */
  readonly item: string | undefined;
  readonly clears: number;
  readonly maySet: number;
  /** Every decision about the saved registers is old from here on. */
  readonly rewrites: boolean;
  /** How it leaves IRQs; undefined: as they were. */
  readonly irqs: boolean | undefined;
  readonly next: Point;
}

export interface DecidePoint extends PointBase {
  readonly kind: "decide";
  readonly decision: number;
  test: ModelTest;
  readonly next: Point;
}

export interface TestPoint extends PointBase {
  readonly kind: "test";
  test: ModelTest;
  /** The decisions (as bits) that it uses and that must not be old. */
  readonly relies: number;
  readonly then: Point;
  readonly otherwise: Point;
}

/** The path leaves. */
export interface TerminalPoint extends PointBase {
  readonly kind: "terminal";
  readonly terminals: string[];
  /** IRQs must be off when it goes to user mode / to the kernel. */
  readonly irqsOffToUser: boolean;
  readonly irqsOffToKernel: boolean;
  /** Hold when it goes to user mode. */
  readonly duties: readonly Duty[];
  /** The decisions (as bits) by which this way was chosen and that must not be old. */
  readonly relies: number;
}

export type Point = IrqsPoint | ReadPoint | ChangePoint | DecidePoint | TestPoint | TerminalPoint;

export interface Start {
  readonly toUser: boolean;
  readonly irqs: boolean;
}

/** What of the variables still matters at a point. */
export interface Live {
  /** Flags whose snapshot will be tested. */
  readonly seen: number;
  /** Decisions that will be used, as bits. */
  readonly decisions: number;
}

export interface ModelProgram {
  readonly graph: PathGraph;
  /** The features that some test of the program reads. */
  readonly features: readonly Feature[];
  /** The combinations of them that a kernel can have. */
  readonly combinations: readonly ReadonlySet<Feature>[];
  readonly flags: readonly ModelFlag[];
  readonly asyncFlags: number;
  readonly decisions: readonly Condition[];
  /** Decisions that read saved registers, as bits: only these can get old. */
  readonly aging: number;
  readonly starts: readonly Start[];
  /** In program order; the first is where the path starts. */
  readonly points: readonly Point[];
  /** By point. Where a variable does not matter it is reset, which keeps the search small and changes no verdict. */
  readonly live: readonly Live[];
}

/** A decision's values, in this order: not made; holds; fails; held, before the frame was rewritten; failed, before that. */
export const decisionValues = ["undecided", "holds", "fails", "held", "failed"] as const;
export const undecided = 0;

/** What can go wrong at a point. */
export type Violation = "irqs" | "pending" | "stale";

/** Where a point goes on. */
export function successorsOf(point: Point): readonly Point[] {
  switch (point.kind) {
    case "terminal":
      return [];
    case "test":
      return [point.then, point.otherwise];
    default:
      return [point.next];
  }
}
