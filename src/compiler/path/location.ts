/**
 * What is known, without running it, of where things are at one instruction of a `leave`: the symbolic value of each register
 * and stack slot. It resolves `{frame.sp}`, proves that registers hold the user's values, and names the simulator's slots.
 */
import type { FlagSource, GeneralRegister } from "../machine/instruction.js";

/** A memory area that RSP or a pointer can be in. `frame` starts at the frame's first byte. */
export type Region = "frame" | `stack:${string}`;

export type SymbolicValue =
  /** The saved value of a frame's field (by the field's name). */
  | { readonly kind: "field"; readonly field: string }
  /** The event's token. */
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "constant"; readonly value: bigint }
  | { readonly kind: "pointer"; readonly region: Region; readonly offset: number }
  /** RFLAGS as this field saves them, or (undefined) as PUSHFQ found them, with bits that were cleared and set since. */
  | { readonly kind: "rflags"; readonly field: string | undefined; readonly clear: bigint; readonly set: bigint }
  /** What `prepare` returned, in RAX. */
  | { readonly kind: "returned" }
  /** Something of the kernel's. */
  | { readonly kind: "kernel" };

export interface Location {
  readonly registers: { readonly [R in GeneralRegister]: SymbolicValue };
  /** Slots written by this path, `region` → byte offset → value; 8 bytes each. */
  readonly slots: ReadonlyMap<Region, ReadonlyMap<number, SymbolicValue>>;
  /** What a conditional jump here would test; undefined when the flags hold nothing useful. */
  readonly flags: FlagSource | undefined;
}
