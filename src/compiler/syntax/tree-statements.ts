/** Statements of `prepare`, `leave`, tails and entries. */
import type { Located, Name, StringLiteral } from "./tree-base.js";
import type { StateSetting } from "./tree-clauses.js";
import type { Expression } from "./tree-expressions.js";

export interface Block extends Located {
  readonly statements: readonly Statement[];
}

export type Statement =
  | RunStatement
  | DoStatement
  | IrqsStatement
  | ReadStatement
  | ClearStatement
  | RepeatStatement
  | WhenStatement
  | EvaluateStatement
  | RestoreStatement
  | WindowStatement
  | WaiveStatement
  | AssumeStatement
  | JumpStatement
  | TerminalStatement;

/** `run a, b`: work items, each behind its guard, which tests the last snapshot of its flags word. */
export interface RunStatement extends Located {
  readonly kind: "run";
  readonly works: readonly Name[];
}

/** `do a, b`: steps. */
export interface DoStatement extends Located {
  readonly kind: "do";
  readonly steps: readonly Name[];
  /** `do restore_registers except rdi`. */
  readonly except: readonly Name[];
}

/** `irqs on` · `irqs off`. */
export interface IrqsStatement extends Located {
  readonly kind: "irqs";
  readonly on: boolean;
}

/** `read thread_flags` takes a snapshot; `take thread_flags` reads and clears all in one atomic step. */
export interface ReadStatement extends Located {
  readonly kind: "read";
  readonly word: Name;
  readonly take: boolean;
}

/** `clear TIF_X | TIF_Y`. */
export interface ClearStatement extends Located {
  readonly kind: "clear";
  readonly flags: readonly Name[];
}

/** `repeat while pending user_work { … }`: the flags are read before each round, and once more at the end. */
export interface RepeatStatement extends Located {
  readonly kind: "repeat";
  readonly mask: Name;
  readonly body: Block;
}

export interface WhenStatement extends Located {
  readonly kind: "when";
  readonly test: Expression;
  readonly then: Block;
  /** A block, or the `when` of an `else if`. */
  readonly otherwise: Block | WhenStatement | undefined;
}

/** `evaluate sysret_applies`: decides the condition here instead of at the end of `prepare`. */
export interface EvaluateStatement extends Located {
  readonly kind: "evaluate";
  readonly condition: Name;
}

/** `restore gs from old_gs`. */
export interface RestoreStatement extends Located {
  readonly kind: "restore";
  readonly state: Name;
  readonly token: Name;
}

/** `window nmi_unlatched { … }`: a range that other paths can recognise; its labels are exported. */
export interface WindowStatement extends Located {
  readonly kind: "window";
  readonly name: Name;
  readonly body: Block;
}

/** `waive buffers clean because "…"` (an obligation) or `waive EX3101 because "…"` (a rule). */
export interface WaiveStatement extends Located {
  readonly kind: "waive";
  readonly rule: Name | StateSetting;
  readonly because: StringLiteral | undefined;
}

/** `assume gs kernel because "…"`: from here on the state is taken to be so. */
export interface AssumeStatement extends Located {
  readonly kind: "assume-state";
  readonly setting: StateSetting;
  readonly because: StringLiteral | undefined;
}

/** `jump return_to_user`: goes on in a shared tail. */
export interface JumpStatement extends Located {
  readonly kind: "jump";
  readonly tail: Name;
}

/** `sysretq when sysret_applies` · `iretq at native_irq_return_iret on fault bad_iret`. */
export interface TerminalStatement extends Located {
  readonly kind: "terminal";
  readonly terminal: Name;
  readonly test: Expression | undefined;
  /** A global label that the emitted instruction carries. */
  readonly label: Name | undefined;
  /** The recovery that the kernel's fault handler goes to. */
  readonly recovery: Name | undefined;
}
