/** Which general registers hold what the frame saved of them. */
import { generalRegisters } from "../machine/instruction.js";
import type { Location } from "../path/location.js";
import type { PathContext } from "./context.js";
import { registerBit, type Vector } from "./vector.js";

/** The register that a field of the frame saves. */
export function fieldSaves(context: PathContext, field: string): string | undefined {
  return context.model.frame?.fields.find((f) => f.name === field)?.saves;
}

/** The general registers that hold what the frame saved of them, as bits by encoding. */
export function userRegisters(context: PathContext, location: Location): number {
  let bits = 0;
  for (const register of generalRegisters) {
    const value = location.registers[register];
    if (value.kind === "field" && fieldSaves(context, value.field) === register) bits |= registerBit(register);
  }
  return bits;
}

const restorable = generalRegisters.filter((register) => register !== "rsp");

/** The general registers, except RSP and `except`, that do not hold their saved value. */
export function missingRegisters(vector: Vector, except: readonly string[]): string[] {
  return restorable.filter((name) => !except.includes(name) && (vector.registers & registerBit(name)) === 0);
}
