/** The state vector: one point of the machine and of the kernel's work, as far as the rules ask for it. Values, never changed in place. */

import { type GeneralRegister, generalRegisters } from "../machine/instruction.js";
import type { Event, Model, StateDimension } from "../model/model.js";
import { boxKey, type FlagBox } from "./flag-box.js";

/** What a register index is in `Vector.registers`. */
export function registerBit(register: string): number {
  return 1 << generalRegisters.indexOf(register as GeneralRegister);
}

export interface VectorFields {
  /** The mode that the exit returns to: where the event came from. */
  readonly toUser: boolean;
  readonly event: Event;
  /** The value index of each dimension, as a character each; that of `registers` is not used, see `registers` here. */
  readonly values: string;
  /** The work flags, and what the last snapshot says of them. */
  readonly flags: FlagBox;
  /** Bit by encoding: the register holds what the frame saved of it. */
  readonly registers: number;
  /** Bit `i`: token `i` of the event was used. */
  readonly tokens: number;
  /** Bit `i`: condition `i` of the path is known to hold. */
  readonly facts: number;
  /** Bit `i`: condition `i` was decided (by `evaluate`). */
  readonly decided: number;
  /** Bit `i`: condition `i` was decided, and it does not hold. */
  readonly denied: number;
  /** Bit `i`: the frame was rewritten after condition `i` was decided. */
  readonly stale: number;
  /** The frame is not what entry saved any more: user mode, by a signal or a tracer, may have chosen every word of it. */
  readonly rewritten: boolean;
  /** Bit `i`: the work of duty `i` of the spec has run. None where nothing is said. */
  readonly done?: number;
  /** Flags (by the path's bits) whose work has run since they may have been set: see `work-marks.ts`. */
  readonly handled?: number;
  /** Flags that were cleared while they asked for work, which has not run yet. */
  readonly taken?: number;
  /** Bit `i`: once-only work `i` of the path has run. */
  readonly ran?: number;
}

export class Vector implements VectorFields {
  readonly toUser: boolean;
  readonly event: Event;
  readonly values: string;
  readonly flags: FlagBox;
  readonly registers: number;
  readonly tokens: number;
  readonly facts: number;
  readonly decided: number;
  readonly denied: number;
  readonly stale: number;
  readonly rewritten: boolean;
  readonly done: number;
  readonly handled: number;
  readonly taken: number;
  readonly ran: number;
  private cachedKey: string | undefined;

  constructor(fields: VectorFields) {
    this.toUser = fields.toUser;
    this.event = fields.event;
    this.values = fields.values;
    this.flags = fields.flags;
    this.registers = fields.registers;
    this.tokens = fields.tokens;
    this.facts = fields.facts;
    this.decided = fields.decided;
    this.denied = fields.denied;
    this.stale = fields.stale;
    this.rewritten = fields.rewritten;
    this.done = fields.done ?? 0;
    this.handled = fields.handled ?? 0;
    this.taken = fields.taken ?? 0;
    this.ran = fields.ran ?? 0;
  }

  /** This vector with some fields changed. */
  with(changes: Partial<Omit<VectorFields, "toUser" | "event">>): Vector {
    return new Vector({
      toUser: this.toUser,
      event: this.event,
      values: changes.values ?? this.values,
      flags: changes.flags ?? this.flags,
      registers: changes.registers ?? this.registers,
      tokens: changes.tokens ?? this.tokens,
      facts: changes.facts ?? this.facts,
      decided: changes.decided ?? this.decided,
      denied: changes.denied ?? this.denied,
      stale: changes.stale ?? this.stale,
      rewritten: changes.rewritten ?? this.rewritten,
      done: changes.done ?? this.done,
      handled: changes.handled ?? this.handled,
      taken: changes.taken ?? this.taken,
      ran: changes.ran ?? this.ran,
    });
  }

  /** Two vectors with the same key are the same. */
  get key(): string {
    this.cachedKey ??= `${this.values}${this.toUser ? "u" : "k"}${this.rewritten ? "r" : ""}${boxKey(this.flags)},${this.registers},${this.tokens},${this.facts},${this.decided},${this.denied},${this.stale},${this.done},${this.handled},${this.taken},${this.ran}${this.event.name}`;
    return this.cachedKey;
  }
}

/** The vector's value of a dimension, by name. */
export function valueNameOf(vector: Vector, dimension: StateDimension): string {
  return dimension.values[valueIndex(vector, dimension)] as string;
}

/** The index of the vector's value of a dimension. */
export function valueIndex(vector: Vector, dimension: StateDimension): number {
  return vector.values.charCodeAt(dimension.index);
}

/** The vector with one dimension set. */
export function withValue(vector: Vector, dimension: StateDimension, value: number): Vector {
  if (valueIndex(vector, dimension) === value) return vector;
  const { values } = vector;
  return vector.with({ values: values.slice(0, dimension.index) + String.fromCharCode(value) + values.slice(dimension.index + 1) });
}

/** A dimension of every model, by its name in `machine/states.ts`. */
export function dimensionNamed(model: Model, name: string): StateDimension {
  const dimension = model.dimensions.find((d) => d.name === name);
  if (!dimension) throw new Error(`no built-in state ${name}`);
  return dimension;
}
