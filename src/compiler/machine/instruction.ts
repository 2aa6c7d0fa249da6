/**
 * x86-64 instructions as data. An `asm "…"` line of a spec is parsed into an `Instruction`; `instructions.ts` (the table)
 * says for each mnemonic which operands it takes and what it does, as `Effect`s. The GAS printer, the location analysis,
 * the checker and the simulator's emitter all read that one row.
 */

/** 64-bit general registers, in the encoding's order (SDM Vol. 2A, table 2-2). */
export const generalRegisters = [
  "rax",
  "rcx",
  "rdx",
  "rbx",
  "rsp",
  "rbp",
  "rsi",
  "rdi",
  "r8",
  "r9",
  "r10",
  "r11",
  "r12",
  "r13",
  "r14",
  "r15",
] as const;
export type GeneralRegister = (typeof generalRegisters)[number];

/** Operand width in bits. */
export type Width = 8 | 16 | 32 | 64;

export type InstructionOperand =
  | { readonly kind: "register"; readonly register: GeneralRegister; readonly width: Width }
  | { readonly kind: "control"; readonly register: "cr2" | "cr3" | "cr4" | "dr7" }
  | { readonly kind: "immediate"; readonly value: bigint }
  /** `$TSS_sp0`: an absolute symbol that the embedding kernel defines. The operand of `call` is one too, written without `$`. */
  | { readonly kind: "symbol-immediate"; readonly symbol: string }
  | { readonly kind: "memory"; readonly address: Address }
  /** `{frame.sp}`: becomes a `memory` operand when the path's layout is known. */
  | { readonly kind: "frame-field"; readonly field: string }
  /** `{token.old_gs}` becomes the token's register, at this width. */
  | { readonly kind: "token"; readonly token: string; readonly width: Width }
  /** `1f`: a local label further on in the same step; branches go forwards only. In emitted code also a whole label name. */
  | { readonly kind: "label"; readonly label: string };

export interface Address {
  readonly segment: "gs" | undefined;
  /** `cpu_tss_rw+TSS_sp0`: a sum of symbols; "" when there is none. */
  readonly symbol: string;
  readonly displacement: number;
  readonly base: GeneralRegister | "rip" | undefined;
}

/** One instruction, or a local label (`mnemonic` is ":" and `operands[0]` the label). */
export interface Instruction {
  readonly mnemonic: string;
  /** In AT&T order: source first. */
  readonly operands: readonly InstructionOperand[];
}

// ── What an instruction does ──
// Effects happen in their order. `flags` stand before the write of the same instruction: they are of the values before it.

/** Where a value is read from or written to. Widths below 64 keep the upper bits, 32 zeroes them (SDM Vol. 1, 3.4.1.1). */
export type Place =
  | { readonly kind: "register"; readonly register: GeneralRegister; readonly width: Width }
  | { readonly kind: "memory"; readonly address: Address; readonly width: Width }
  | { readonly kind: "control"; readonly register: "cr2" | "cr3" | "cr4" | "dr7" }
  /** A model-specific register, by the ECX value that the analysis proves; see `MSR` in `msr.ts`. */
  | { readonly kind: "msr" }
  | { readonly kind: "gs-base" }
  /** RFLAGS as a whole: PUSHFQ and POPFQ. */
  | { readonly kind: "rflags" };

export type ValueExpression =
  | { readonly kind: "read"; readonly place: Place }
  | { readonly kind: "immediate"; readonly value: bigint }
  | { readonly kind: "symbol"; readonly symbol: string }
  | { readonly kind: "address-of"; readonly address: Address }
  | {
      readonly kind: "binary";
      readonly operator: "add" | "sub" | "and" | "or" | "xor" | "shl" | "shr" | "bit-set" | "bit-reset" | "concat32";
      readonly left: ValueExpression;
      readonly right: ValueExpression;
      readonly width: Width;
    };

/** What decides a conditional jump: the flag and how the last flag-setting instruction made it. */
export type FlagSource = {
  readonly kind: "test" | "compare" | "bit";
  readonly left: ValueExpression;
  readonly right: ValueExpression;
  readonly width: Width;
};

export type Effect =
  | { readonly kind: "write"; readonly place: Place; readonly value: ValueExpression }
  | { readonly kind: "push"; readonly value: ValueExpression }
  | { readonly kind: "pop"; readonly place: Place }
  | { readonly kind: "flags"; readonly source: FlagSource }
  /** ZF, CF … hold nothing that a later jump may use. */
  | { readonly kind: "flags-undefined" }
  | { readonly kind: "rflags-bit"; readonly bit: "if" | "df" | "ac"; readonly set: boolean }
  | { readonly kind: "swapgs" }
  | { readonly kind: "jump"; readonly label: string; readonly when: "z" | "nz" | "c" | "nc" | "always" }
  | { readonly kind: "label"; readonly label: string }
  | { readonly kind: "call"; readonly symbol: string }
  /** An exception on purpose (an assertion that failed): nothing falls through. */
  | { readonly kind: "trap" }
  /** `fence`: nothing behind it starts before all before it is done. */
  | { readonly kind: "nothing"; readonly fence?: true };
