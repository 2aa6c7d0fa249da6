/**
 * The model: a spec with every name resolved and every type checked. Everything after `model/` reads this and never the
 * syntax tree. All lists are in declaration order (imports first), so that nothing that is emitted depends on a hash.
 */

import type { Instruction } from "../machine/instruction.js";
import type { Span } from "../text/source.js";

interface Declared {
  readonly name: string;
  readonly span: Span;
  readonly doc: string;
}

/** A boot-constant fact. `index` is its bit in a `FeatureSet`. */
export interface Feature extends Declared {
  readonly index: number;
  readonly config: readonly string[];
  readonly cpu: readonly string[];
  readonly excludes: readonly Feature[];
  readonly needs: readonly Feature[];
  /** Names of terminals that these kernels do not have. */
  readonly lacks: readonly string[];
  /** Mnemonics of instructions that these kernels do not have. */
  readonly lacksInstructions: readonly string[];
}

export interface Constant extends Declared {
  /** The first arm whose test holds (`undefined`: always) gives the value; unsigned 64 bits. */
  readonly arms: readonly { readonly value: bigint; readonly test: Test | undefined }[];
  readonly because: string | undefined;
}

/** A dimension of the state vector. The built-in ones come from `machine/states.ts`. */
export interface StateDimension {
  readonly name: string;
  /** Position in the vector. */
  readonly index: number;
  readonly values: readonly string[];
  /** The value (index) with which an exit starts when its event does not say. */
  readonly usual: number;
  readonly builtIn: boolean;
  /** The 64-bit name of the register that it tells of, or `frame`: whatever writes that brings the state back to its first value. */
  readonly register?: string | undefined;
  readonly span: Span | undefined;
  readonly doc: string;
}

export interface FlagWord extends Declared {
  readonly location: string;
  readonly flags: readonly Flag[];
  /** Position among the spec's flag words. */
  readonly index: number;
}

export interface Flag extends Declared {
  readonly word: FlagWord;
  readonly bit: number;
  readonly async: boolean;
  /** Position among all flags of the spec. */
  readonly index: number;
}

export interface Mask extends Declared {
  readonly word: FlagWord;
  readonly flags: readonly Flag[];
}

export interface Value extends Declared {
  readonly location: string;
}

export interface FrameField extends Declared {
  /** Bytes from the frame's start. */
  readonly offset: number;
  /** `rax` … `r15`, `rip`, `cs`, `rflags`, `rsp`, `ss`, or undefined for a field that no register is saved in. */
  readonly saves: string | undefined;
}

export interface Frame extends Declared {
  readonly fields: readonly FrameField[];
  /** Bytes. */
  readonly size: number;
  readonly user: Test | undefined;
}

export interface StateSetting {
  readonly dimension: StateDimension;
  /** Index into `dimension.values`. */
  readonly value: number;
  /** `registers user except rdi`: 64-bit register names. */
  readonly except: readonly string[];
  readonly span: Span;
}

export interface Token extends Declared {
  /** 64-bit register name. */
  readonly register: string;
  readonly restores: StateDimension;
}

export interface Event extends Declared {
  readonly fromUser: boolean;
  readonly fromKernel: boolean;
  readonly anyPoint: boolean;
  /** The terminal that raises it when it faults. */
  readonly faultOf: string | undefined;
  /** The state in which the processor enters the kernel, where it is not the interrupted one. */
  readonly arrives: readonly StateSetting[];
  /** The state after entry, in which the exit starts. */
  readonly starts: readonly StateSetting[];
  readonly frameComplete: boolean;
  readonly frameFacts: readonly Test[];
  /** Registers whose user value the entry itself destroyed, as the ABI says (`rcx`, `r11` of SYSCALL). */
  readonly loses: readonly string[];
  /** Fields of which entry left copies right above the frame, lowest address first (an NMI's frame for IRET). */
  readonly above: readonly FrameField[];
  readonly tokens: readonly Token[];
}

export interface Condition extends Declared {
  readonly test: Test;
  /** Does it read the frame, directly or through other conditions? */
  readonly readsFrame: boolean;
}

// ── Tests: expressions after names are resolved ──

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "has" | "lacks";

export type Test =
  | { readonly kind: "constant"; readonly value: boolean; readonly span: Span }
  | { readonly kind: "feature"; readonly feature: Feature; readonly span: Span }
  /** Some flag of `flags` (all of one word) is set in the snapshot of that word. */
  | { readonly kind: "flags"; readonly word: FlagWord; readonly flags: readonly Flag[]; readonly span: Span }
  /** The frame came from user mode, as the frame's `user when` says. */
  | { readonly kind: "frame-user"; readonly span: Span }
  /** `gs is user`: what an entry finds the machine in. */
  | { readonly kind: "state"; readonly dimension: StateDimension; readonly value: number; readonly span: Span }
  | { readonly kind: "condition"; readonly condition: Condition; readonly span: Span }
  /** Unsigned 64-bit comparison; `has`: some bit of the right side is set in the left, `lacks`: none is. */
  | {
      readonly kind: "compare";
      readonly operator: Comparison;
      readonly left: Operand;
      readonly right: Operand;
      readonly span: Span;
      readonly because: string | undefined;
    }
  | { readonly kind: "and" | "or"; readonly operands: readonly Test[]; readonly span: Span; readonly because?: string | undefined }
  | { readonly kind: "not"; readonly operand: Test; readonly span: Span; readonly because?: string | undefined };

export type Operand =
  | { readonly kind: "field"; readonly field: FrameField; readonly span: Span }
  | { readonly kind: "token"; readonly token: Token; readonly span: Span }
  | { readonly kind: "value"; readonly value: Value; readonly span: Span }
  /** `TF | RF`: the or of constants and literals. */
  | { readonly kind: "number"; readonly constants: readonly Constant[]; readonly literal: bigint; readonly span: Span };

// ── Work and steps ──

export type CallArgument =
  | { readonly kind: "frame" }
  | { readonly kind: "flags"; readonly word: FlagWord }
  | { readonly kind: "constant"; readonly constant: Constant };

export interface Call {
  /** A C identifier. */
  readonly function: string;
  readonly arguments: readonly CallArgument[];
  readonly span: Span;
}

/** What work and steps have in common: the contract. */
export interface Contract extends Declared {
  /** The kernels that have it; undefined: all. Only features may occur. */
  readonly condition: Test | undefined;
  readonly requires: readonly StateSetting[];
  /** What must be known where it runs, of the frame and of the kernel's values. */
  readonly given: Test | undefined;
  readonly ensures: readonly StateSetting[];
  readonly clears: readonly Flag[];
  readonly maySet: readonly Flag[];
  readonly maySleep: boolean;
  readonly mayFault: boolean;
  readonly rewritesFrame: boolean;
  /** 64-bit register names and `rflags`. */
  readonly clobbers: readonly string[];
  readonly touches: readonly string[];
  readonly containsReturn: boolean;
}

export interface Work extends Contract {
  readonly kind: "work";
  /** `one-shot`: must not be pending at a terminal to user. `once`: not in a loop. `final`: after the last read, IRQs off. */
  readonly policy: "one-shot" | "once" | "final" | "always";
  /** Undefined for `always`. */
  readonly guard: Test | undefined;
  readonly call: Call;
}

export interface Step extends Contract {
  readonly kind: "step";
  readonly form: StepForm;
  /** Set when it is how `restore STATE from TOKEN` is done. */
  readonly restores: { readonly dimension: StateDimension; readonly token: string } | undefined;
  /** Set when it is how entry saves a token. */
  readonly saves: { readonly dimension: StateDimension; readonly token: string } | undefined;
}

export type StepForm =
  | { readonly kind: "call"; readonly call: Call }
  | { readonly kind: "asm"; readonly lines: readonly AsmLine[] }
  /** The compiler writes its instructions from the frame's layout. */
  | { readonly kind: "built-in"; readonly name: "restore_registers" | "save_registers" };

export interface AsmLine {
  readonly instruction: Instruction;
  readonly span: Span;
}

export interface Require extends Declared {
  readonly setting: StateSetting;
  /** `interrupts`: wherever IRQs are on. */
  readonly target: "user" | "kernel" | "interrupts";
  /** Owed only of the frames for which it holds. */
  readonly test: Test | undefined;
  readonly condition: Test | undefined;
  readonly because: string | undefined;
}

/** `require user_work clear at user`: flags that no exit to user mode may leave pending, whether or not it looks at them. */
export interface OwedFlags extends Declared {
  readonly flags: readonly Flag[];
  readonly condition: Test | undefined;
  readonly because: string | undefined;
}

/** `require audit_leave done at user from syscall`: work that every return to user mode owes where its guard asks for it. */
export interface Duty extends Declared {
  readonly work: Work;
  /** When it is owed: the work's guard where nothing else is said; undefined: always. */
  readonly test: Test | undefined;
  readonly condition: Test | undefined;
  /** Empty: all events. */
  readonly events: readonly Event[];
  readonly because: string | undefined;
}

export interface Assumption {
  readonly fact: string;
  readonly because: string;
  readonly span: Span;
}

export interface Waiver {
  /** A rule's code (`EX3001`) or the obligation that is waived. */
  readonly rule:
    | { readonly kind: "code"; readonly code: string }
    | { readonly kind: "state"; readonly setting: StateSetting }
    | { readonly kind: "flags"; readonly flags: readonly Flag[] };
  readonly because: string;
  readonly span: Span;
}

// ── Paths ──

export interface Tail extends Declared {
  readonly toUser: boolean;
  readonly toKernel: boolean;
  readonly requires: readonly StateSetting[];
  readonly body: readonly Action[];
}

/** What is done between the processor's entry and C: from the state in which an event arrives to the one in which its exit starts. */
export interface Entry extends Declared {
  readonly events: readonly Event[];
  readonly body: readonly Action[];
}

export interface Exit extends Declared {
  readonly events: readonly Event[];
  readonly toUser: boolean;
  readonly toKernel: boolean;
  readonly prepare:
    | { readonly name: string; readonly returns: Condition | undefined; readonly body: readonly Action[]; readonly span: Span }
    | undefined;
  readonly leave: readonly Action[];
  readonly waivers: readonly Waiver[];
}

/** A resolved statement. */
export type Action =
  | { readonly kind: "run"; readonly work: Work; readonly span: Span }
  | { readonly kind: "do"; readonly step: Step; readonly except: readonly string[]; readonly span: Span }
  | { readonly kind: "irqs"; readonly on: boolean; readonly span: Span }
  | { readonly kind: "read"; readonly word: FlagWord; readonly take: boolean; readonly span: Span }
  | { readonly kind: "clear"; readonly flags: readonly Flag[]; readonly span: Span }
  | { readonly kind: "repeat"; readonly mask: Mask; readonly body: readonly Action[]; readonly span: Span }
  | {
      readonly kind: "when";
      readonly test: Test;
      readonly then: readonly Action[];
      readonly otherwise: readonly Action[];
      readonly span: Span;
    }
  | { readonly kind: "evaluate"; readonly condition: Condition; readonly span: Span }
  /** One of `steps` by feature (`step … if`), each of which `restores` the dimension. */
  | {
      readonly kind: "restore";
      readonly dimension: StateDimension;
      readonly token: string;
      readonly steps: readonly Step[];
      readonly span: Span;
    }
  | { readonly kind: "window"; readonly name: string; readonly body: readonly Action[]; readonly span: Span }
  | { readonly kind: "waive"; readonly waiver: Waiver; readonly span: Span }
  | { readonly kind: "assume"; readonly setting: StateSetting; readonly because: string; readonly span: Span }
  | { readonly kind: "jump"; readonly tail: Tail; readonly span: Span }
  | {
      readonly kind: "terminal";
      readonly terminal: string;
      readonly label: string | undefined;
      readonly recovery: string | undefined;
      readonly span: Span;
    };

export interface Model {
  readonly edition: number;
  /** The file that was compiled, as the user named it. */
  readonly name: string;
  readonly features: readonly Feature[];
  readonly constants: readonly Constant[];
  readonly dimensions: readonly StateDimension[];
  readonly flagWords: readonly FlagWord[];
  readonly flags: readonly Flag[];
  readonly masks: readonly Mask[];
  readonly values: readonly Value[];
  /** The frame that paths save registers in; undefined only where no exit is declared. */
  readonly frame: Frame | undefined;
  readonly events: readonly Event[];
  readonly conditions: readonly Condition[];
  readonly works: readonly Work[];
  readonly steps: readonly Step[];
  readonly requires: readonly Require[];
  readonly owed: readonly OwedFlags[];
  readonly duties: readonly Duty[];
  readonly assumptions: readonly Assumption[];
  readonly tails: readonly Tail[];
  readonly entries: readonly Entry[];
  readonly exits: readonly Exit[];
}
