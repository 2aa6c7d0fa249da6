/**
 * How far pushes and pops have moved RSP since the module last wrote it: a row of them changes the word once. It is written before
 * anything can look at it: an instruction that reads RSP, a branch, a terminal.
 */
import type { Effect, Place, ValueExpression } from "../../machine/instruction.js";
import type { Module } from "./module.js";
import type { Doc } from "./print.js";

export class StackPointer {
  private moved = 0;

  /** RSP moves by a number of bytes. */
  move(bytes: number): void {
    this.moved += bytes;
  }

  /** RSP gets another value: how far it moved no longer matters. */
  forget(): void {
    this.moved = 0;
  }

  /** The statement that brings the word up to date, if it is behind. */
  flush(module: Module): readonly Doc[] {
    if (this.moved === 0) return [];
    const rsp = module.words.register("rsp");
    const docs = [[module.statement("advance", ["w", rsp, rsp, String(this.moved)]), " // pushed and popped"]];
    this.moved = 0;
    return docs;
  }
}

/** Does an effect look at the value of RSP? Memory operands are words of their own and do not. */
export function readsStackPointer(effect: Effect): boolean {
  switch (effect.kind) {
    case "write":
      return inValue(effect.value) || (isStackPointer(effect.place) && effect.place.kind === "register" && effect.place.width < 32);
    case "push":
      return inValue(effect.value);
    case "flags":
      return inValue(effect.source.left) || inValue(effect.source.right);
    default:
      return false;
  }
}

function isStackPointer(place: Place): boolean {
  return place.kind === "register" && place.register === "rsp";
}

function inValue(value: ValueExpression): boolean {
  switch (value.kind) {
    case "read":
      return isStackPointer(value.place);
    case "address-of":
      return value.address.base === "rsp";
    case "binary":
      return inValue(value.left) || inValue(value.right);
    default:
      return false;
  }
}

/** `addq $8, %rsp`: by how many bytes an effect moves RSP; undefined when it does something else. */
export function stackMove(effect: Effect): number | undefined {
  if (effect.kind !== "write" || !isStackPointer(effect.place) || effect.place.kind !== "register" || effect.place.width !== 64)
    return undefined;
  const { value } = effect;
  if (value.kind === "address-of") {
    const { base, displacement, symbol } = value.address;
    return base === "rsp" && symbol === "" ? displacement : undefined;
  }
  if (value.kind !== "binary" || (value.operator !== "add" && value.operator !== "sub")) return undefined;
  if (value.left.kind !== "read" || !isStackPointer(value.left.place) || value.right.kind !== "immediate") return undefined;
  const bytes = Number(BigInt.asIntN(64, value.right.value));
  return value.operator === "add" ? bytes : -bytes;
}

/** Does an effect give RSP a value that does not depend on the old one? */
export function setsStackPointer(effect: Effect): boolean {
  return (
    (effect.kind === "write" || effect.kind === "pop") &&
    isStackPointer(effect.place) &&
    effect.place.kind === "register" &&
    effect.place.width >= 32
  );
}
