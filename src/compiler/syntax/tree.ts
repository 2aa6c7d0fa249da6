/**
 * The syntax tree: what a file says, before names are looked up. Offsets are into the file's text.
 * The parser fills it, the resolver (`model/`) and the formatter (`format/`) read it.
 */
import type { Comment, IntegerLiteral, Located, Name, StringLiteral } from "./tree-base.js";
import type { Clause, StateSetting, Target } from "./tree-clauses.js";
import type { Expression } from "./tree-expressions.js";
import type { Block, WaiveStatement } from "./tree-statements.js";

export type * from "./tree-base.js";
export type * from "./tree-clauses.js";
export type * from "./tree-expressions.js";
export type * from "./tree-statements.js";

export interface SpecFile extends Located {
  readonly edition: IntegerLiteral | undefined;
  readonly imports: readonly Import[];
  readonly declarations: readonly Declaration[];
  /** All comments of the file in order, doc comments included. */
  readonly comments: readonly Comment[];
}

/** `import "linux-4.0"` (a profile) or `import "./common.exitdsl"` (a file beside this one). */
export interface Import extends Located {
  readonly path: StringLiteral;
}

interface DeclarationBase extends Located {
  /** The `///` lines right above, joined by newlines, without slashes and one leading blank; "" when there are none. */
  readonly doc: string;
}

export type Declaration =
  | FeatureDeclaration
  | ConstantDeclaration
  | StateDeclaration
  | FlagsDeclaration
  | MaskDeclaration
  | ValueDeclaration
  | FrameDeclaration
  | EventDeclaration
  | ConditionDeclaration
  | WorkDeclaration
  | StepDeclaration
  | RequireDeclaration
  | AssumeDeclaration
  | TailDeclaration
  | EntryDeclaration
  | ExitDeclaration;

/** `feature PTI { config CONFIG_X  cpu X86_FEATURE_PTI  excludes XENPV  needs SMP }`; the block may be left out. */
export interface FeatureDeclaration extends DeclarationBase {
  readonly kind: "feature";
  readonly name: Name;
  readonly clauses: readonly Clause[];
}

/** `constant TASK_SIZE_MAX = 0x… if LA57 else 0x…  because "…"`: `if` arms are tried in order, the last value has none. */
export interface ConstantDeclaration extends DeclarationBase {
  readonly kind: "constant";
  readonly name: Name;
  readonly arms: readonly { readonly value: IntegerLiteral; readonly test: Expression | undefined }[];
  readonly because: StringLiteral | undefined;
}

/** `state context { kernel, user }`; `state vcpu in rbx { unknown, current }`: what the register holds. */
export interface StateDeclaration extends DeclarationBase {
  readonly kind: "state";
  readonly name: Name;
  readonly register: Name | undefined;
  readonly values: readonly Name[];
}

/** `flags thread_flags in thread_info.flags { TIF_X bit 0 async … }`; the location is for the reader and the C comment. */
export interface FlagsDeclaration extends DeclarationBase {
  readonly kind: "flags";
  readonly name: Name;
  readonly location: readonly Name[];
  readonly flags: readonly FlagDeclaration[];
}

export interface FlagDeclaration extends DeclarationBase {
  readonly name: Name;
  readonly bit: IntegerLiteral;
  /** An interrupt may set it at any instant at which IRQs are on. */
  readonly async: Located | undefined;
}

/** `mask user_work = A | B | other_mask`. */
export interface MaskDeclaration extends DeclarationBase {
  readonly kind: "mask";
  readonly name: Name;
  readonly members: readonly Name[];
}

/** `value preempt_count in pcpu_hot.preempt_count`: a kernel integer (32 bits) that conditions may read in C. */
export interface ValueDeclaration extends DeclarationBase {
  readonly kind: "value";
  readonly name: Name;
  readonly location: readonly Name[];
}

/** `frame pt_regs { r15, …, ax saves rax, …, orig_ax, ip saves rip, …  user when cs has 3 }`, in memory order, 8 bytes each. */
export interface FrameDeclaration extends DeclarationBase {
  readonly kind: "frame";
  readonly name: Name;
  readonly fields: readonly FrameField[];
  /** `user when EXPR`: how the frame tells that it came from user mode. */
  readonly user: Expression | undefined;
}

export interface FrameField extends DeclarationBase {
  readonly name: Name;
  /** The register that it saves; absent: the register of the same name, or none. */
  readonly saves: Name | undefined;
}

/** `event interrupt, exception { … }`: one declaration for each name. */
export interface EventDeclaration extends DeclarationBase {
  readonly kind: "event";
  readonly names: readonly Name[];
  readonly clauses: readonly Clause[];
}

/** `condition sysret_applies = …` */
export interface ConditionDeclaration extends DeclarationBase {
  readonly kind: "condition";
  readonly name: Name;
  readonly test: Expression;
}

export interface WorkDeclaration extends DeclarationBase {
  readonly kind: "work";
  readonly name: Name;
  /** `if FEATURE…`: which kernels have it. */
  readonly condition: Expression | undefined;
  readonly clauses: readonly Clause[];
}

export interface StepDeclaration extends DeclarationBase {
  readonly kind: "step";
  readonly name: Name;
  readonly condition: Expression | undefined;
  readonly clauses: readonly Clause[];
}

/** `require buffers clean at user if CPU_BUF because "…"`. */
export interface RequireDeclaration extends DeclarationBase {
  readonly kind: "require";
  readonly setting: StateSetting;
  readonly target: "user" | "kernel" | "interrupts";
  /** `require WORK done at user from syscall`: empty, all events. */
  readonly events: readonly Name[];
  /** `require WORK done at user when TEST`: in place of the work's own guard. */
  readonly test: Expression | undefined;
  readonly condition: Expression | undefined;
  readonly because: StringLiteral | undefined;
}

/** `assume "what" because "why"`: a fact that the spec relies on and the compiler cannot see. */
export interface AssumeDeclaration extends DeclarationBase {
  readonly kind: "assume";
  readonly fact: StringLiteral;
  readonly because: StringLiteral | undefined;
}

/** `tail return_to_user to user { requires …  statements }`: the end of several exits, emitted once. */
export interface TailDeclaration extends DeclarationBase {
  readonly kind: "tail";
  readonly name: Name;
  readonly target: Target;
  readonly requires: readonly Clause[];
  readonly body: Block;
}

/** `entry nmi_entry from nmi { … }`: what is done before C runs, from the state in which the event `arrives` to the one in which its exit `starts`. */
export interface EntryDeclaration extends DeclarationBase {
  readonly kind: "entry";
  readonly name: Name;
  readonly events: readonly Name[];
  readonly body: Block;
}

export interface ExitDeclaration extends DeclarationBase {
  readonly kind: "exit";
  readonly name: Name;
  readonly events: readonly Name[];
  readonly target: Target;
  readonly prepare: Prepare | undefined;
  readonly leave: Block | undefined;
  /** `waive …` lines that hold for the whole exit. */
  readonly waives: readonly WaiveStatement[];
}

/** `prepare NAME returns CONDITION { … }`: becomes one C function. */
export interface Prepare extends Located {
  readonly name: Name;
  readonly returns: Name | undefined;
  readonly body: Block;
}
