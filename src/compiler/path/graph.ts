/**
 * The path graph: what every back end and every check reads. A path is structured (sequences, branches, one loop form) and
 * stays so: emitters walk the structure, the checker walks the successor edges that `flow.ts` derives from it.
 * No back end decides anything that the graph does not say: implicit reads, the place where the returned condition is decided,
 * guards of work, feature guards of steps and the concrete instructions are all nodes here.
 */

import type { Instruction } from "../machine/instruction.js";
import type { Terminal } from "../machine/terminals.js";
import type { Condition, Exit, Flag, FlagWord, Model, StateSetting, Step, Tail, Test, Waiver, Work } from "../model/model.js";
import type { Span } from "../text/source.js";
import type { Location } from "./location.js";

interface NodeBase {
  /** Index into `PathGraph.nodes`; ids grow in program order. */
  readonly id: number;
  /** The spec line that asked for it. */
  readonly span: Span;
  /** `prepare` (C) or `leave` (assembly). */
  readonly side: "prepare" | "leave";
}

export type PathNode =
  | IrqsNode
  | ReadNode
  | ClearNode
  | CallNode
  | InstructionsNode
  | EvaluateNode
  | BranchNode
  | LoopNode
  | AssumeNode
  | WaiveNode
  | WindowNode
  | TerminalNode
  | JumpNode;

/** `irqs on|off`. In `leave` it is `sti`/`cli`. */
export interface IrqsNode extends NodeBase {
  readonly kind: "irqs";
  readonly on: boolean;
}

/** Takes the snapshot of a flags word; `take` also clears the word. */
export interface ReadNode extends NodeBase {
  readonly kind: "read";
  readonly word: FlagWord;
  readonly take: boolean;
  /** Why it is there: written, the head of a loop, or the first `run` that needs it. */
  readonly reason: "written" | "loop" | "implicit";
}

export interface ClearNode extends NodeBase {
  readonly kind: "clear";
  readonly word: FlagWord;
  readonly flags: readonly Flag[];
}

/** A C function is called: a work's handler or a step's. Its guard is a `branch` around it. */
export interface CallNode extends NodeBase {
  readonly kind: "call";
  readonly item: Work | Step;
}

/** A step's instructions, operands resolved against the layout at this point. */
export interface InstructionsNode extends NodeBase {
  readonly kind: "instructions";
  readonly step: Step;
  readonly instructions: readonly PlacedInstruction[];
  /** What is known after the last of them. */
  readonly after: Location;
}

export interface PlacedInstruction {
  /** No `frame-field` or `token` operand is left. */
  readonly instruction: Instruction;
  readonly span: Span;
  /** What each register and stack slot holds before it, as far as it is known. */
  readonly before: Location;
  /** A frame field, where the instruction moves one (for comments). */
  readonly comment: string | undefined;
}

/** The named condition is decided here; later tests of it use this decision. */
export interface EvaluateNode extends NodeBase {
  readonly kind: "evaluate";
  readonly condition: Condition;
  /** It is the value that `prepare` returns. */
  readonly returned: boolean;
}

export interface BranchNode extends NodeBase {
  readonly kind: "branch";
  readonly test: Test;
  /** A `when` of the spec, the guard of a work, or the `if` of a step. */
  readonly reason: "when" | "guard" | "feature";
  readonly then: readonly PathNode[];
  readonly otherwise: readonly PathNode[];
  /** In `leave`: the instructions that set ZF for it (`testb %al,%al`); the jump is the emitter's. Empty for features. */
  readonly condition: readonly PlacedInstruction[];
  /** In `leave`: the `then` arm is taken when ZF is … */
  readonly whenZero: boolean;
}

/** `repeat while pending MASK`: `read`, then while any flag of the mask is in the snapshot: body, `read` again. */
export interface LoopNode extends NodeBase {
  readonly kind: "loop";
  readonly read: ReadNode;
  readonly test: Test;
  readonly body: readonly PathNode[];
}

export interface AssumeNode extends NodeBase {
  readonly kind: "assume";
  readonly setting: StateSetting;
  readonly because: string;
}

export interface WaiveNode extends NodeBase {
  readonly kind: "waive";
  readonly waiver: Waiver;
}

export interface WindowNode extends NodeBase {
  readonly kind: "window";
  readonly name: string;
  readonly body: readonly PathNode[];
}

export interface TerminalNode extends NodeBase {
  readonly kind: "terminal";
  readonly terminal: Terminal;
  readonly label: string | undefined;
  readonly recovery: string | undefined;
  readonly before: Location;
}

/** Goes on in a shared tail, whose nodes are this path's own copy: `body` is checked and simulated here, emitted once for all. */
export interface JumpNode extends NodeBase {
  readonly kind: "jump";
  readonly tail: Tail;
  readonly before: Location;
  readonly body: readonly PathNode[];
}

export interface PathGraph {
  readonly model: Model;
  readonly exit: Exit;
  readonly prepare: readonly PathNode[];
  readonly leave: readonly PathNode[];
  /** All nodes, by id. */
  readonly nodes: readonly PathNode[];
  /** Does `leave` begin with a call of the prepare function? */
  readonly callsPrepare: boolean;
}
