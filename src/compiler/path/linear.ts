/**
 * The line of code: how the structured `leave` of all paths, and the tails that they share, become instructions one after
 * another: which jump each branch takes, which jumps are dropped because their target follows, where labels stand.
 * The assembly printer writes it down; the simulator takes from it which instructions a run executes. Feature tests become
 * assembly-time conditions, so they take no jump.
 */

import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Instruction } from "../machine/instruction.js";
import type { Model, Test } from "../model/model.js";
import type { Span } from "../text/source.js";
import type { PathGraph, PathNode } from "./graph.js";
import { Layout } from "./layout.js";

export interface LinearProgram {
  /** Exits in declaration order, each followed by the tails that it falls into; then the tails that nobody falls into. */
  readonly routines: readonly LinearRoutine[];
  /** All instructions by `index`. */
  readonly instructions: readonly LinearInstruction[];
  /** What each `leave` node of each graph executes; nodes of a tail's copies share the tail's one set of instructions. */
  readonly nodes: ReadonlyMap<PathNode, NodeLayout>;
  /** The instructions that call the prepare function, per graph; none where it has no prepare function. */
  readonly prologues: ReadonlyMap<PathGraph, readonly LinearInstruction[]>;
  /** Paths that cannot share a tail, names that would mean two things. The program is not fit to be emitted when there are any. */
  readonly diagnostics: readonly Diagnostic[];
}

/** An exit or a tail. It begins with its global label, which is the first item. */
export interface LinearRoutine {
  readonly kind: "exit" | "tail";
  readonly name: string;
  readonly doc: string;
  readonly span: Span;
  /** The routine before it falls into it, so nothing may stand between them. */
  readonly fallenInto: boolean;
  readonly items: readonly LinearItem[];
}

export type LinearItem =
  | LinearInstruction
  | LinearLabel
  /** `.if`, `.elseif`: what follows is assembled only for kernels with these features. The test holds nothing but features. */
  | { readonly kind: "if" | "elseif"; readonly test: Test }
  | { readonly kind: "else" }
  | { readonly kind: "endif" };

export interface LinearLabel {
  readonly kind: "label";
  /** As it is written, without the colon. */
  readonly name: string;
  /** `step`: a numeric label, which the step that has it refers to as `1f`. */
  readonly scope: "global" | "local" | "step";
  readonly role: "exit" | "tail" | "terminal" | "window-start" | "window-end" | "branch" | "step";
  readonly span: Span;
}

export interface LinearInstruction {
  readonly kind: "instruction";
  /** Position in `LinearProgram.instructions`. */
  readonly index: number;
  readonly instruction: Instruction;
  /** The spec line of the instruction itself: the step's `asm` line, or the statement. */
  readonly span: Span;
  /** The frame field that it moves, or another short remark. */
  readonly comment: string | undefined;
  /** `trap`: behind a terminal, never executed. */
  readonly role: "prologue" | "step" | "irqs" | "condition" | "branch" | "jump" | "terminal" | "trap";
  /** The statement that asked for it; undefined for the prologue. */
  readonly node: PathNode | undefined;
}

export interface NodeLayout {
  /**
   * Executed when the node is, in order. For `instructions` one for each placed instruction that is not a label; for a branch
   * its condition and then the conditional jump; for a jump the `jmp`, or none where its target follows or a branch goes there.
   */
  readonly instructions: readonly LinearInstruction[];
  /** Branches only: the arm that the conditional jump goes to; undefined where there is none (features, empty arms). */
  readonly takenArm: "then" | "otherwise" | undefined;
  /** Branches only: the `jmp` that is executed when control comes to the end of this arm, if there is one. */
  readonly afterThen: LinearInstruction | undefined;
  readonly afterOtherwise: LinearInstruction | undefined;
}

/** Lays out the assembly side of all paths. `graphs` are in the order of their exits' declaration. */
export function linearProgram(model: Model, graphs: readonly PathGraph[]): LinearProgram {
  return new Layout(model).program(graphs);
}
