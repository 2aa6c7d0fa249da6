/**
 * The syntax tree: what a file says, before names are looked up. Offsets are into the file's text.
 * The parser fills it, the resolver (`model/`) and the formatter (`format/`) read it.
 */

/** Common to all nodes: the half-open range `[start, end)` of the text. */
export interface Located {
  readonly start: number;
  readonly end: number;
}

/** An identifier as written. */
export interface Name extends Located {
  readonly text: string;
}

/** A string literal; `value` has its escapes (`\"`, `\\`) undone. */
export interface StringLiteral extends Located {
  readonly value: string;
}

/** A whole-number literal, decimal or `0x…`, with `_` between digits allowed. */
export interface IntegerLiteral extends Located {
  readonly value: bigint;
}

/** A `//` or `///` comment, without its line end. */
export interface Comment extends Located {
  /** The text as written, slashes included. */
  readonly text: string;
  readonly doc: boolean;
}

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

/** `state context { kernel, user }`. */
export interface StateDeclaration extends DeclarationBase {
  readonly kind: "state";
  readonly name: Name;
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
  readonly target: "user" | "kernel";
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

export interface Target extends Located {
  readonly user: boolean;
  readonly kernel: boolean;
}

/** `prepare NAME returns CONDITION { … }`: becomes one C function. */
export interface Prepare extends Located {
  readonly name: Name;
  readonly returns: Name | undefined;
  readonly body: Block;
}

// ── Clauses: one line of a declaration's block; which declaration takes which is checked by the resolver ──

export type Clause =
  | NamesClause
  | OriginClause
  | StatesClause
  | FrameClause
  | TokenClause
  | GuardClause
  | CallClause
  | AsmClause
  | MayClause
  | RestoresClause;

/** `config A` · `cpu A, B` · `excludes …` · `needs …` · `loses rcx, r11` · `clears A | B` · `clobbers rax, eflags.zf` · `touches kernel_data`. */
export interface NamesClause extends Located {
  readonly kind: "names";
  readonly word: "config" | "cpu" | "excludes" | "needs" | "loses" | "clears" | "clobbers" | "touches";
  /** `eflags.zf` is one name with a dot in its text. */
  readonly names: readonly Name[];
}

/** `origin user or kernel, any point`. */
export interface OriginClause extends Located {
  readonly kind: "origin";
  readonly target: Target;
  readonly anyPoint: boolean;
}

/** `starts …` · `requires …` · `ensures …`. */
export interface StatesClause extends Located {
  readonly kind: "states";
  readonly word: "starts" | "requires" | "ensures";
  readonly settings: readonly StateSetting[];
}

/** `irqs on`, `registers user except rdi rsp`. */
export interface StateSetting extends Located {
  readonly state: Name;
  readonly value: Name;
  readonly except: readonly Name[];
}

/** `frame complete, orig_ax == -1` (event). */
export interface FrameClause extends Located {
  readonly kind: "frame";
  readonly complete: boolean;
  readonly facts: readonly Expression[];
}

/** `token old_gs in rbx restores gs` (event). */
export interface TokenClause extends Located {
  readonly kind: "token";
  readonly name: Name;
  readonly register: Name;
  readonly restores: Name;
}

/** `one-shot when E` · `once when E` · `final when E` · `always`. */
export interface GuardClause extends Located {
  readonly kind: "guard";
  readonly policy: "one-shot" | "once" | "final" | "always";
  readonly test: Expression | undefined;
}

/** `call do_signal(frame)`; an argument is `frame`, `flags` (the snapshot) or a constant's name. */
export interface CallClause extends Located {
  readonly kind: "call";
  readonly function: Name;
  readonly arguments: readonly Name[];
}

/** `asm "swapgs" "lfence"`: one string an instruction (AT&T); `{frame.sp}` is the address of that field there and then. */
export interface AsmClause extends Located {
  readonly kind: "asm";
  readonly lines: readonly StringLiteral[];
}

/** `may sleep, fault, rewrite frame, set TIF_X | user_work`. */
export interface MayClause extends Located {
  readonly kind: "may";
  readonly effects: readonly MayEffect[];
}

export type MayEffect =
  | (Located & { readonly kind: "sleep" | "fault" | "rewrite-frame" | "return" })
  | (Located & { readonly kind: "set"; readonly flags: readonly Name[] });

/** `restores gs from old_gs` (step): how `restore gs from old_gs` is done. */
export interface RestoresClause extends Located {
  readonly kind: "restores";
  readonly state: Name;
  readonly token: Name;
}

// ── Statements ──

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

// ── Expressions ──

export type Expression = BinaryExpression | NotExpression | NameExpression | IntegerExpression | BecauseExpression;

export type BinaryOperator = "or" | "and" | "|" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "has" | "lacks";

/** `has`: some of the bits is set; `lacks`: none is. `|` joins bits. Binding, loosest first: or, and, because, not, comparisons, `|`. */
export interface BinaryExpression extends Located {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface NotExpression extends Located {
  readonly kind: "not";
  readonly operand: Expression;
}

/** `PTI`, `frame.cx`, `token.old_gs`. */
export interface NameExpression extends Located {
  readonly kind: "name";
  readonly path: readonly Name[];
}

/** `-1` is an integer too. */
export interface IntegerExpression extends Located {
  readonly kind: "integer";
  readonly value: bigint;
}

/** `clause because "reason"`. */
export interface BecauseExpression extends Located {
  readonly kind: "because";
  readonly operand: Expression;
  readonly reason: StringLiteral;
}
