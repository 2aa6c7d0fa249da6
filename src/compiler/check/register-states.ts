/**
 * States that tell what a register holds (`state vcpu in rbx { unknown, current }`): whatever writes the register ends what was
 * known of it, until a step ensures it again. So an input of a tail that only some ways load, or that a step in between destroys, is seen.
 */
import type { Effect } from "../machine/instruction.js";
import { callerSavedRegisters } from "../machine/registers.js";
import type { Model } from "../model/model.js";
import { type Vector, withValue } from "./vector.js";

/** The general registers that an instruction's effects write, by their 64-bit names. */
export function writtenRegisters(effects: readonly Effect[]): readonly string[] {
  return effects.flatMap((effect): readonly string[] => {
    if (effect.kind === "call") return callerSavedRegisters;
    return (effect.kind === "write" || effect.kind === "pop") && effect.place.kind === "register" ? [effect.place.register] : [];
  });
}

/** Does a state tell of one of these registers? */
export function holdsState(model: Model, registers: readonly string[]): boolean {
  return model.dimensions.some(({ register }) => register !== undefined && registers.includes(register));
}

/** The vector after something wrote these registers. */
export function afterWrites(model: Model, vector: Vector, registers: readonly string[]): Vector {
  return model.dimensions.reduce((v, dimension) => {
    const { register, usual } = dimension;
    return register !== undefined && registers.includes(register) ? withValue(v, dimension, usual) : v;
  }, vector);
}
