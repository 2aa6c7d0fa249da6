/** Clauses: one line of a declaration's block; which declaration takes which is checked by the resolver. */
import type { Located, Name, StringLiteral } from "./tree-base.js";
import type { Expression } from "./tree-expressions.js";

export type Clause =
  | NamesClause
  | OriginClause
  | StatesClause
  | FrameClause
  | TokenClause
  | GuardClause
  | GivenClause
  | CallClause
  | AsmClause
  | MayClause
  | RestoresClause
  | SavesClause;

/** `config A` · `cpu A, B` · `excludes …` · `needs …` · `loses rcx, r11` · `above ip, cs` · `clears A | B` · `clobbers rax, eflags.zf` · `touches kernel_data`. */
export interface NamesClause extends Located {
  readonly kind: "names";
  readonly word: "config" | "cpu" | "excludes" | "needs" | "loses" | "above" | "clears" | "clobbers" | "touches";
  /** `eflags.zf` is one name with a dot in its text. */
  readonly names: readonly Name[];
}

/** `origin user or kernel, any point` · `origin user or kernel, iretq`. */
export interface OriginClause extends Located {
  readonly kind: "origin";
  readonly target: Target;
  readonly anyPoint: boolean;
  /** The terminal that raises it when it faults: one, or none. */
  readonly faultsOf: readonly Name[];
}

/** `starts …` · `arrives …` · `requires …` · `ensures …`. */
export interface StatesClause extends Located {
  readonly kind: "states";
  readonly word: "starts" | "arrives" | "requires" | "ensures";
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

/** `given preempt_count == 0`: what must be known where it runs. */
export interface GivenClause extends Located {
  readonly kind: "given";
  readonly test: Expression;
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

/** `saves gs in old_gs` (step): how entry keeps what was found, for the exit to restore. */
export interface SavesClause extends Located {
  readonly kind: "saves";
  readonly state: Name;
  readonly token: Name;
}

export interface Target extends Located {
  readonly user: boolean;
  readonly kernel: boolean;
}
