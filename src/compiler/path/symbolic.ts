/**
 * The location analysis: where the saved registers are at each instruction of a `leave`. It follows RSP, the pointers to the
 * frame, pushes, pops and moves, and so turns `{frame.sp}` into an address and knows which register holds whose value.
 * It reads only the instruction table's effects. A store through a pointer that it does not know is taken to miss the frame
 * and the stack in use: kernel data is elsewhere.
 */

import type { Address, Instruction } from "../machine/instruction.js";
import {
  type Effect,
  type GeneralRegister,
  generalRegisters,
  type Place,
  type ValueExpression,
  type Width,
} from "../machine/instruction.js";
import { effectsOf } from "../machine/instructions.js";
import { argumentRegisters, callerSavedRegisters, isGeneralRegister } from "../machine/registers.js";
import type { Event, Frame, Token } from "../model/model.js";
import type { Location, Region, SymbolicValue } from "./location.js";

/** What an instruction's effect on the location depends on beside the location. */
export interface LocationContext {
  readonly frame: Frame;
  /** The step says `ensures stack X`: an unknown value that it loads into RSP points there. */
  readonly ensuresStack?: string | undefined;
  /** The step says `touches X`, a stack: a pointer that it loads from per-CPU data points to where that stack begins. */
  readonly touchesStack?: string | undefined;
}

export const kernelValue: SymbolicValue = { kind: "kernel" };

/**
 * At an exit's label: RSP points at the frame's first field, tokens are in their registers, the rest is the kernel's. Above the
 * frame lie the copies of saved words that the events declare, where all of them declare the same.
 */
export function startLocation(tokens: readonly Token[], frame: Frame, events: readonly Event[]): Location {
  const registers = allRegisters(() => kernelValue);
  for (const token of tokens) if (isGeneralRegister(token.register)) registers[token.register] = { kind: "token", token: token.name };
  registers.rsp = { kind: "pointer", region: "frame", offset: 0 };
  const [above = [], ...others] = events.map((event) => event.above);
  const common = others.every((other) => other.map((f) => f.name).join() === above.map((f) => f.name).join()) ? above : [];
  const words = common.map((field, i): [number, SymbolicValue] => [frame.size + 8 * i, { kind: "field", field: field.name }]);
  return { registers, slots: new Map(words.length > 0 ? [["frame", new Map(words)]] : []), flags: undefined };
}

/**
 * At an event's vector: the general registers are the interrupted code's. The processor has pushed the five words on the stack
 * that it chose, except for SYSCALL, which leaves RSP alone.
 */
export function arrivalLocation(frame: Frame, stack: string): Location {
  const saved = (register: string): SymbolicValue => {
    const field = frame.fields.find((f) => f.saves === register);
    return field ? { kind: "field", field: field.name } : kernelValue;
  };
  const registers = allRegisters(saved);
  if (stack === "user") return { registers, slots: new Map(), flags: undefined };
  const region: Region = `stack:${stack}`;
  registers.rsp = { kind: "pointer", region, offset: 0 };
  const words = new Map(["rip", "cs", "rflags", "rsp", "ss"].map((register, i) => [i * 8, saved(register)]));
  return { registers, slots: new Map([[region, words]]), flags: undefined };
}

/** After the C function has returned: RAX holds what it decided (if it decides), callee-saved registers are kept. */
export function afterPrepare(before: Location, returns: boolean): Location {
  const after = afterCall(before);
  return returns ? { ...after, registers: { ...after.registers, rax: { kind: "returned" } } } : after;
}

/** The instructions that hand the frame to a C function and call it. */
export function callInstructions(name: string, passesFrame: boolean): readonly Instruction[] {
  const call: Instruction = { mnemonic: "call", operands: [{ kind: "symbol-immediate", symbol: name }] };
  const [first] = argumentRegisters;
  if (!passesFrame || first === undefined) return [call];
  return [
    {
      mnemonic: "movq",
      operands: [
        { kind: "register", register: "rsp", width: 64 },
        { kind: "register", register: first, width: 64 },
      ],
    },
    call,
  ];
}

/** The location after a resolved instruction. Jumps and labels are `place.ts`'s: here they change nothing. */
export function applyInstruction(before: Location, instruction: Instruction, context: LocationContext): Location {
  let location = before;
  for (const effect of effectsOf(instruction)) location = applyEffect(location, effect, context);
  return location;
}

function applyEffect(before: Location, effect: Effect, context: LocationContext): Location {
  switch (effect.kind) {
    case "write":
      return writePlace(before, effect.place, loadedPointer(effect, context) ?? evaluate(before, effect.value, context.frame), context);
    case "push": {
      // The value is taken before RSP moves (SDM Vol. 2B, PUSH).
      const value = evaluate(before, effect.value, context.frame);
      const moved = moveStackPointer(before, -8);
      const { rsp } = moved.registers;
      return rsp.kind === "pointer" ? writeSlot(moved, rsp.region, rsp.offset, value) : moved;
    }
    case "pop": {
      // RSP moves before the target is written, so `popq %rsp` leaves the popped value (SDM Vol. 2B, POP).
      const value = stackValue(before, 0, context.frame);
      return writePlace(moveStackPointer(before, 8), effect.place, value, context);
    }
    case "flags":
      return { ...before, flags: effect.source };
    case "flags-undefined":
      return { ...before, flags: undefined };
    case "call":
      return afterCall(before);
    default:
      return before;
  }
}

/** A pointer to a stack that is filled before it is switched to, through another mapping (espfix). */
function loadedPointer({ place, value }: Extract<Effect, { kind: "write" }>, context: LocationContext): SymbolicValue | undefined {
  if (context.touchesStack === undefined || place.kind !== "register" || place.register === "rsp" || place.width !== 64) return undefined;
  if (value.kind !== "read" || value.place.kind !== "memory" || value.place.address.segment !== "gs") return undefined;
  return { kind: "pointer", region: `stack:${context.touchesStack}`, offset: 0 };
}

function afterCall(before: Location): Location {
  const registers = { ...before.registers };
  for (const register of callerSavedRegisters) registers[register] = kernelValue;
  const { rsp } = before.registers;
  const after: Location = { registers, slots: before.slots, flags: undefined };
  if (rsp.kind !== "pointer") return after;
  // The callee's stack frame overwrites what was below RSP.
  const slots = before.slots.get(rsp.region);
  if (!slots) return after;
  const kept = new Map([...slots].map(([offset, value]) => [offset, offset < rsp.offset ? kernelValue : value]));
  return { ...after, slots: new Map(before.slots).set(rsp.region, kept) };
}

function moveStackPointer(before: Location, bytes: number): Location {
  const { rsp } = before.registers;
  const moved: SymbolicValue = rsp.kind === "pointer" ? { ...rsp, offset: rsp.offset + bytes } : kernelValue;
  return { ...before, registers: { ...before.registers, rsp: moved } };
}

function writePlace(before: Location, place: Place, value: SymbolicValue, context: LocationContext): Location {
  if (place.kind === "register") return writeRegister(before, place.register, place.width, value, context);
  if (place.kind !== "memory") return before;
  const target = pointed(before, place.address);
  if (!target) return before;
  const first = Math.floor(target.offset / 8) * 8;
  if (place.width === 64 && first === target.offset) return writeSlot(before, target.region, first, value);
  // The upper half of RFLAGS is clear (SDM Vol. 1, 3.4.3): a change of the lower one is one of the whole.
  if (place.width === 32 && first === target.offset && value.kind === "rflags") return writeSlot(before, target.region, first, value);
  // A part of a word, or two words, are changed: neither is a saved value any more.
  const last = Math.floor((target.offset + place.width / 8 - 1) / 8) * 8;
  const one = writeSlot(before, target.region, first, kernelValue);
  return last === first ? one : writeSlot(one, target.region, last, kernelValue);
}

function writeRegister(
  before: Location,
  register: GeneralRegister,
  width: Width,
  value: SymbolicValue,
  context: LocationContext,
): Location {
  let written = width === 64 || (width === 32 && (value.kind === "constant" || value.kind === "rflags")) ? value : kernelValue;
  let { slots } = before;
  if (register === "rsp" && written.kind === "kernel" && context.ensuresStack !== undefined) {
    const region: Region = `stack:${context.ensuresStack}`;
    written = { kind: "pointer", region, offset: 0 };
    // What was pushed there before is below RSP now, where an NMI may have written; what was stored above it is kept.
    slots = new Map(
      [...slots].map(([other, words]) => [other, other === region ? new Map([...words].filter(([offset]) => offset >= 0)) : words]),
    );
  }
  return { ...before, slots, registers: { ...before.registers, [register]: written } };
}

function writeSlot(before: Location, region: Region, offset: number, value: SymbolicValue): Location {
  return { ...before, slots: new Map(before.slots).set(region, new Map(before.slots.get(region)).set(offset, value)) };
}

// ── Values ──

/** What 8 bytes of a region hold: what the path wrote there, else the frame's own field. */
export function valueAt(location: Location, region: Region, offset: number, frame: Frame): SymbolicValue {
  const written = location.slots.get(region)?.get(offset);
  if (written) return written;
  const field = region === "frame" ? frame.fields.find((f) => f.offset === offset) : undefined;
  return field ? { kind: "field", field: field.name } : kernelValue;
}

/** What the word at `offset(%rsp)` holds: for terminals that pop a frame, the five words from 0 on. */
export function stackValue(location: Location, offset: number, frame: Frame): SymbolicValue {
  const { rsp } = location.registers;
  return rsp.kind === "pointer" ? valueAt(location, rsp.region, rsp.offset + offset, frame) : kernelValue;
}

function pointed(location: Location, address: Address): { readonly region: Region; readonly offset: number } | undefined {
  if (address.segment !== undefined || address.symbol !== "" || address.base === undefined || address.base === "rip") return undefined;
  const base = location.registers[address.base];
  return base.kind === "pointer" ? { region: base.region, offset: base.offset + address.displacement } : undefined;
}

function evaluate(location: Location, expression: ValueExpression, frame: Frame): SymbolicValue {
  switch (expression.kind) {
    case "immediate":
      return { kind: "constant", value: expression.value };
    case "symbol":
      return kernelValue;
    case "address-of": {
      const target = pointed(location, expression.address);
      return target ? { kind: "pointer", ...target } : kernelValue;
    }
    case "read":
      return readPlace(location, expression.place, frame);
    case "binary":
      return evaluateBinary(location, expression, frame);
  }
}

function readPlace(location: Location, place: Place, frame: Frame): SymbolicValue {
  if (place.kind === "register") return narrow(location.registers[place.register], place.width, frame);
  if (place.kind === "rflags") return { kind: "rflags", field: undefined, clear: 0n, set: 0n };
  if (place.kind !== "memory") return kernelValue;
  const target = pointed(location, place.address);
  if (!target || target.offset % 8 !== 0) return kernelValue;
  return narrow(valueAt(location, target.region, target.offset, frame), place.width, frame);
}

/** The low bits of a value: known of constants, and of RFLAGS, whose upper half is clear. */
function narrow(value: SymbolicValue, width: Width, frame: Frame): SymbolicValue {
  if (width === 64) return value;
  if (width === 32) {
    const flags = rflagsOf(value, frame);
    if (flags) return flags;
  }
  return value.kind === "constant" ? { kind: "constant", value: BigInt.asUintN(width, value.value) } : kernelValue;
}

/** A value as RFLAGS of which some bits may have been changed; undefined when it is something else. */
export function rflagsOf(value: SymbolicValue, frame: Frame): Extract<SymbolicValue, { kind: "rflags" }> | undefined {
  if (value.kind === "rflags") return value;
  if (value.kind === "constant") return undefined;
  const saved = value.kind === "field" && frame.fields.find((f) => f.name === value.field)?.saves === "rflags";
  return saved ? { kind: "rflags", field: value.field, clear: 0n, set: 0n } : undefined;
}

/** RFLAGS of which AND clears bits and OR sets some. */
function changedRflags(flags: Extract<SymbolicValue, { kind: "rflags" }>, operator: "and" | "or", mask: bigint): SymbolicValue {
  const low = BigInt.asUintN(32, mask);
  const bits = operator === "and" ? low ^ 0xffff_ffffn : low;
  return operator === "and"
    ? { ...flags, clear: flags.clear | bits, set: flags.set & ~bits }
    : { ...flags, clear: flags.clear & ~bits, set: flags.set | bits };
}

function evaluateBinary(location: Location, expression: Extract<ValueExpression, { kind: "binary" }>, frame: Frame): SymbolicValue {
  const { operator, width } = expression;
  const left = evaluate(location, expression.left, frame);
  const right = evaluate(location, expression.right, frame);
  if (left.kind === "pointer" && right.kind === "constant" && width === 64 && (operator === "add" || operator === "sub")) {
    const change = Number(BigInt.asIntN(64, right.value));
    return { ...left, offset: operator === "add" ? left.offset + change : left.offset - change };
  }
  if ((operator === "and" || operator === "or") && right.kind === "constant") {
    const flags = rflagsOf(left, frame);
    if (flags) return changedRflags(flags, operator, right.value);
  }
  if (operator === "xor" && sameRegister(expression.left, expression.right)) return { kind: "constant", value: 0n };
  if (left.kind !== "constant" || right.kind !== "constant") return kernelValue;
  const result = calculate(operator, left.value, right.value, width);
  return result === undefined ? kernelValue : { kind: "constant", value: BigInt.asUintN(width, result) };
}

function sameRegister(a: ValueExpression, b: ValueExpression): boolean {
  return (
    a.kind === "read" &&
    b.kind === "read" &&
    a.place.kind === "register" &&
    b.place.kind === "register" &&
    a.place.register === b.place.register
  );
}

function calculate(
  operator: Extract<ValueExpression, { kind: "binary" }>["operator"],
  left: bigint,
  right: bigint,
  width: Width,
): bigint | undefined {
  // Shift counts and bit numbers count modulo the width (SDM Vol. 2A, BTS): a register may hold any number.
  const bit = right % BigInt(width);
  switch (operator) {
    case "add":
      return left + right;
    case "sub":
      return left - right;
    case "and":
      return left & right;
    case "or":
      return left | right;
    case "xor":
      return left ^ right;
    case "shl":
      return left << bit;
    case "shr":
      return left >> bit;
    case "bit-set":
      return left | (1n << bit);
    case "bit-reset":
      return left & ~(1n << bit);
    case "concat32":
      return (left << 32n) | right;
  }
}

// ── Where two ways meet ──

export function sameValue(a: SymbolicValue, b: SymbolicValue): boolean {
  switch (a.kind) {
    case "field":
      return b.kind === "field" && a.field === b.field;
    case "token":
      return b.kind === "token" && a.token === b.token;
    case "constant":
      return b.kind === "constant" && a.value === b.value;
    case "pointer":
      return b.kind === "pointer" && a.region === b.region && a.offset === b.offset;
    case "rflags":
      return b.kind === "rflags" && a.field === b.field && a.clear === b.clear && a.set === b.set;
    default:
      return a.kind === b.kind;
  }
}

/** Of a stack that differs by the way that was taken, only what is the same above RSP is known. */
export const joinedStack: Region = "stack:joined";

/**
 * What is known where control comes from either location. Where RSP differs (one way has switched stacks, the other has not)
 * the stack becomes a region of its own, which holds the words that both have at the same distance from RSP.
 */
export function joinLocations(a: Location, b: Location, frame: Frame): Location {
  if (a === b) return a;
  const registers = allRegisters((register) =>
    sameValue(a.registers[register], b.registers[register]) ? a.registers[register] : kernelValue,
  );
  const slots = new Map<Region, ReadonlyMap<number, SymbolicValue>>();
  for (const region of new Set([...a.slots.keys(), ...b.slots.keys()])) {
    const offsets = new Set([...(a.slots.get(region)?.keys() ?? []), ...(b.slots.get(region)?.keys() ?? [])]);
    const common = new Map<number, SymbolicValue>();
    for (const offset of [...offsets].sort((x, y) => x - y)) {
      const value = valueAt(a, region, offset, frame);
      common.set(offset, sameValue(value, valueAt(b, region, offset, frame)) ? value : kernelValue);
    }
    slots.set(region, common);
  }
  const { rsp: rspA } = a.registers;
  const { rsp: rspB } = b.registers;
  if (rspA.kind === "pointer" && rspB.kind === "pointer" && !sameValue(rspA, rspB)) {
    const words = new Map<number, SymbolicValue>();
    const highest =
      Math.max(...[a, b].flatMap((l) => [frame.size, ...[...l.slots.values()].flatMap((s) => [...s.keys()])])) -
      Math.min(rspA.offset, rspB.offset);
    for (let offset = 0; offset <= highest; offset += 8) {
      const value = stackValue(a, offset, frame);
      if (value.kind !== "kernel" && sameValue(value, stackValue(b, offset, frame))) words.set(offset, value);
    }
    // A pointer into an earlier joined stack does not point into this one.
    for (const register of generalRegisters) {
      const value = registers[register];
      if (value.kind === "pointer" && value.region === joinedStack) registers[register] = kernelValue;
    }
    registers.rsp = { kind: "pointer", region: joinedStack, offset: 0 };
    slots.set(joinedStack, words);
  }
  return { registers, slots, flags: JSON.stringify(a.flags, bigintText) === JSON.stringify(b.flags, bigintText) ? a.flags : undefined };
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);

function allRegisters(value: (register: GeneralRegister) => SymbolicValue): Record<GeneralRegister, SymbolicValue> {
  return Object.fromEntries(generalRegisters.map((register) => [register, value(register)])) as Record<GeneralRegister, SymbolicValue>;
}
