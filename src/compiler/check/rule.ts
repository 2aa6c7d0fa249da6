/** What a rule sees and says. A rule is asked at every point, for every vector that can be there. */
import type { Code, Details, MessageArguments } from "../diagnostics/catalogue.js";
import type { Flag, StateDimension, Work } from "../model/model.js";
import type { PathNode } from "../path/graph.js";
import type { Span } from "../text/source.js";
import type { PathContext } from "./context.js";
import type { Vector } from "./vector.js";

/** What a finding points back to: where the trace last did this. */
export type Cause =
  /** The dimension got its value. */
  | { readonly kind: "dimension"; readonly dimension: StateDimension }
  /** One of these flags (by the path's flag bits) may have been set; otherwise, this work was passed by. */
  | { readonly kind: "flags"; readonly flags: number; readonly work?: Work }
  /** One of these flags was cleared while it asked for work. */
  | { readonly kind: "taken"; readonly flags: number }
  /** One of these registers (bits of `Vector.registers`) lost its saved value. */
  | { readonly kind: "registers"; readonly registers: number }
  /** The frame was rewritten after a fact (bit of `Vector.facts`) was decided. */
  | { readonly kind: "stale"; readonly fact: number }
  /** The frame was rewritten. */
  | { readonly kind: "rewritten" };

export interface Finding<C extends Code = Code> {
  readonly code: C;
  readonly args: MessageArguments<C>;
  /** The node's own span where absent. */
  readonly span?: Span;
  readonly cause?: Cause | undefined;
  readonly details?: Details;
  /** The combinations in which it is a fault; all in which the vector occurs, where absent. */
  readonly combinations?: bigint;
  /** The obligation that a `waive` may name. */
  readonly obligation?: { readonly dimension: StateDimension; readonly value: number };
  /** It is owed only of some frames: no step but a branch can see to it. */
  readonly underTest?: boolean;
  /** The flags that are owed; a `waive` may name them. */
  readonly pending?: readonly Flag[];
}

export interface Visit {
  readonly context: PathContext;
  readonly node: PathNode;
  readonly vector: Vector;
  readonly combinations: bigint;
  /** Set when a single instruction of a step is asked about, not the step. */
  readonly instruction: number | undefined;
  report<C extends Code>(finding: Finding<C>): void;
}

/** One rule: asked at every point. */
export type Rule = (visit: Visit) => void;
