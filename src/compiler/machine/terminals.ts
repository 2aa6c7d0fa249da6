/** The instructions that leave: one row each, read by the checker, the emitters, the simulator and the documentation. */

export interface Terminal {
  readonly name: string;
  /** The GAS mnemonic. */
  readonly mnemonic: string;
  readonly toUser: boolean;
  readonly toKernel: boolean;
  /** State that must hold, `dimension value`, when it goes to user mode / back to the kernel. */
  readonly requiresToUser: readonly (readonly [string, string])[];
  readonly requiresToKernel: readonly (readonly [string, string])[];
  /** General registers that it overwrites or reads as input, so that the user's value cannot be in them (SYSRET: RCX, R11). */
  readonly loads: readonly string[];
  /** RIP, CS, RFLAGS, RSP, SS come from the five words at RSP. */
  readonly popsFrame: boolean;
  /** Frame facts without which it does the wrong thing, each with its reason. */
  readonly frameRequirements: readonly FrameRequirement[];
  /** May fault because of what the frame holds. */
  readonly mayFault: boolean;
  /** Nothing falls through: the emitter puts a trap behind it against straight-line speculation where this is true. */
  readonly trapAfter: boolean;
  readonly summary: string;
  readonly source: string;
}

/** A fact about saved fields that a terminal needs; fields are named by the register that they save. */
export type FrameRequirement =
  | { readonly kind: "equal"; readonly left: string; readonly right: string; readonly why: string }
  | { readonly kind: "selector"; readonly field: "cs" | "ss"; readonly why: string }
  | { readonly kind: "canonical"; readonly field: string; readonly why: string }
  | { readonly kind: "lacks"; readonly field: string; readonly bits: bigint; readonly bitNames: string; readonly why: string };
