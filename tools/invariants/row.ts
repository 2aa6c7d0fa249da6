/** What a row of the table of invariants is made of, and how one is written. */
import type { Change } from "../linux/spec.js";

/** A spec that breaks the rule. */
export type Shown =
  /** A spec of this repository that passes, with a mistake made in it. */
  | { readonly kind: "change"; readonly base: string; readonly changes: readonly Change[] }
  /** A spec of `test/ui`, without its ending. */
  | { readonly kind: "ui"; readonly name: string }
  /** A bug of `test/bugs`. */
  | { readonly kind: "bug"; readonly id: string };

export interface Invariant {
  readonly number: number;
  readonly rule: string;
  /** The diagnostics that refuse the spec, in their order; none where nothing does. */
  readonly codes: readonly string[];
  readonly shown: Shown | undefined;
  /** What is not held, and why; or what else is to be said. Needed where nothing is shown. */
  readonly note: string | undefined;
}

export const linux = "test/linux-6.12/linux-6.12.exitdsl";
export const files = {
  example: "examples/linux-6.12.exitdsl",
  syscalls: "test/linux-6.12/syscalls.exitdsl",
  interrupts: "test/linux-6.12/interrupts.exitdsl",
  anyPoint: "test/linux-6.12/any-point.exitdsl",
  tails: "test/linux-6.12/tails.exitdsl",
  kernel: "test/invariants/kernel.exitdsl",
} as const;
type File = keyof typeof files;

/** `[from, to]`, made in a file that is its own spec, or in one of the set of Linux 6.12. */
export function made(file: File, ...edits: readonly (readonly [from: string, to: string])[]): Shown {
  const base = file === "example" || file === "kernel" ? files[file] : linux;
  return { kind: "change", base, changes: edits.map(([from, to]) => ({ file: files[file], from, to })) };
}

/** A change of a profile that the base imports. */
export function madeIn(base: string, profile: string, from: string, to: string): Shown {
  return { kind: "change", base, changes: [{ file: `profiles/${profile}.exitdsl`, from, to }] };
}

export const ui = (name: string): Shown => ({ kind: "ui", name });
export const bug = (id: string): Shown => ({ kind: "bug", id });

/** `codes` are written with blanks between them. */
export function held(number: number, rule: string, codes: string, shown: Shown, note?: string): Invariant {
  return { number, rule, codes: codes.split(" "), shown, note };
}

export function open(number: number, rule: string, note: string): Invariant {
  return { number, rule, codes: [], shown: undefined, note };
}
