/** What is the same for an instruction whatever vector it meets; found once a path. */
import type { Address, Effect, Place, ValueExpression } from "../machine/instruction.js";
import { effectsOf } from "../machine/instructions.js";
import { msrNumbered } from "../machine/msr.js";
import type { InstructionsNode, PlacedInstruction } from "../path/graph.js";
import type { Location } from "../path/location.js";
import { rflagsOf, stackValue } from "../path/symbolic.js";
import type { PathContext } from "./context.js";
import { writtenRegisters } from "./register-states.js";
import { fieldSaves, userRegisters } from "./registers.js";
import { registerBit } from "./vector.js";

export type RflagsDimension = "irqs" | "df" | "ac" | "nt" | "tf";

const rflagsDimensions: readonly (readonly [dimension: RflagsDimension, bit: bigint])[] = [
  ["irqs", 1n << 9n],
  ["df", 1n << 10n],
  ["nt", 1n << 14n],
  ["ac", 1n << 18n],
  ["tf", 1n << 8n],
];

type OpaqueDimension = "cr2" | "cr3" | "gs" | "spec_ctrl" | "stack";

export interface InstructionFacts {
  readonly effects: readonly Effect[];
  /** Reads or writes memory through the GS segment. */
  readonly perCpu: boolean;
  /** Reads or writes data of the kernel's by its name. */
  readonly kernelData: boolean;
  /** What is behind it is not started on a guess: LFENCE, or a write to CR3 (SDM Vol. 3A, serializing instructions). */
  readonly fence: boolean;
  /** SWAPGS that a jump of the same step may have passed over. */
  readonly guessedSwap: boolean;
  /** Pushes, pops, calls, or accesses memory through RSP. */
  readonly usesStack: boolean;
  /** It pushes, calls, or writes memory through RSP. */
  readonly writesStack: boolean;
  /** It accesses data of the kernel's that is not per-CPU data, by its address. */
  readonly kernelMemory: boolean;
  /** The memory areas that it accesses through a pointer that is known. */
  readonly regions: readonly string[];
  /** Dimensions that it writes in a way that only its step's contract can tell the meaning of. */
  readonly opaque: readonly OpaqueDimension[];
  /** Registers that hold their saved value after it and not before, and the other way round. */
  readonly gained: number;
  readonly lost: number;
  /** What it makes of the dimensions that are bits of RFLAGS. */
  readonly rflags: readonly (readonly [dimension: RflagsDimension, value: string])[];
  /** RSP is on this stack after it, as far as the instruction tells. */
  readonly stack: string | undefined;
}

export function instructionFacts(context: PathContext, node: InstructionsNode, index: number): InstructionFacts | undefined {
  const placed = node.instructions[index];
  if (!placed) return undefined;
  const known = context.instructions.get(placed);
  if (known) return known;
  const jumped = node.instructions.slice(0, index).some(({ instruction }) => effectsOf(instruction).some((e) => e.kind === "jump"));
  const facts = findFacts(context, placed, node.instructions[index + 1]?.before ?? node.after, jumped);
  context.instructions.set(placed, facts);
  return facts;
}

function findFacts(context: PathContext, placed: PlacedInstruction, after: Location, jumped: boolean): InstructionFacts {
  const effects = effectsOf(placed.instruction);
  const addresses = effects.flatMap(addressesOf);
  const usesStack =
    effects.some((e) => e.kind === "push" || e.kind === "pop" || e.kind === "call") ||
    addresses.some((a) => a.base === "rsp" && a.segment === undefined);
  const regions = addresses.flatMap((a) => regionOf(placed.before, a) ?? []);
  const { rsp } = placed.before.registers;
  if (usesStack && rsp.kind === "pointer") regions.push(rsp.region);
  const before = userRegisters(context, placed.before);
  const now = userRegisters(context, after);
  const opaque = effects.flatMap((effect): readonly OpaqueDimension[] => {
    if (effect.kind !== "write") return [];
    if (effect.place.kind === "control")
      return effect.place.register === "cr3" || effect.place.register === "cr2" ? [effect.place.register] : [];
    if (effect.place.kind === "msr") return writtenMsr(placed.before);
    return effect.place.kind === "gs-base" ? (["gs"] as const) : [];
  });
  const loadsRsp = effects.some(
    (e) => (e.kind === "write" || e.kind === "pop") && e.place.kind === "register" && e.place.register === "rsp",
  );
  if (loadsRsp && isTracked(context, placed.before) && !isTracked(context, after)) opaque.push("stack");
  return {
    effects,
    perCpu: addresses.some((a) => a.segment === "gs"),
    kernelData: addresses.some((a) => a.segment === "gs" || a.base === "rip" || a.base === undefined),
    fence: effects.some(
      (e) => (e.kind === "nothing" && e.fence) || (e.kind === "write" && e.place.kind === "control" && e.place.register === "cr3"),
    ),
    guessedSwap: jumped && effects.some((e) => e.kind === "swapgs"),
    usesStack,
    writesStack: effects.some(
      (e) =>
        e.kind === "push" ||
        e.kind === "call" ||
        ((e.kind === "write" || e.kind === "pop") && placeAddress(e.place).some((a) => a.base === "rsp" && a.segment === undefined)),
    ),
    kernelMemory: addresses.some((a) => a.segment === undefined && (a.base === "rip" || a.base === undefined)),
    regions,
    opaque,
    gained: now & ~before,
    // Also of a register that only some ways here have restored.
    lost: (before | registersAsBits(writtenRegisters(effects))) & ~now,
    rflags: effects.flatMap((effect) => rflagsAfter(context, placed.before, effect)),
    stack: stackOf(context, after),
  };
}

/** Where POPFQ loads what is not known, a bit that may be set is taken to be set: user mode chooses most of them. */
function rflagsAfter(context: PathContext, before: Location, effect: Effect): (readonly [RflagsDimension, string])[] {
  if (effect.kind === "rflags-bit") return [rflagsValue(effect.bit === "if" ? "irqs" : effect.bit, effect.set)];
  if (effect.kind !== "pop" || effect.place.kind !== "rflags" || !context.model.frame) return [];
  const popped = stackValue(before, 0, context.model.frame);
  const flags = rflagsOf(popped, context.model.frame);
  return rflagsDimensions.flatMap(([dimension, bit]) => {
    if (popped.kind === "constant") return [rflagsValue(dimension, (popped.value & bit) !== 0n)];
    if (flags && (flags.clear & bit) !== 0n) return [rflagsValue(dimension, false)];
    // RFLAGS that PUSHFQ pushed have the other bits as they are.
    return flags && flags.field === undefined && (flags.set & bit) === 0n ? [] : [rflagsValue(dimension, true)];
  });
}

function registersAsBits(registers: readonly string[]): number {
  return registers.reduce((bits, register) => bits | registerBit(register), 0);
}

function rflagsValue(dimension: RflagsDimension, set: boolean): readonly [RflagsDimension, string] {
  return [dimension, dimension === "irqs" ? (set ? "on" : "off") : set ? "set" : "clear"];
}

/** The dimension of the register that WRMSR writes, where ECX is known. */
function writtenMsr({ registers: { rcx } }: Location): readonly OpaqueDimension[] {
  const msr = rcx.kind === "constant" ? msrNumbered(Number(BigInt.asUintN(32, rcx.value))) : undefined;
  if (msr?.name === "IA32_SPEC_CTRL") return ["spec_ctrl"];
  return msr?.name === "IA32_GS_BASE" || msr?.name === "IA32_KERNEL_GS_BASE" ? ["gs"] : [];
}

/** Is it known what RSP points to, or that it is the user's? */
function isTracked(context: PathContext, { registers: { rsp } }: Location): boolean {
  return rsp.kind === "pointer" || (rsp.kind === "field" && fieldSaves(context, rsp.field) === "rsp");
}

function stackOf(context: PathContext, after: Location): string | undefined {
  const { rsp } = after.registers;
  if (rsp.kind === "pointer" && rsp.region.startsWith("stack:")) return rsp.region.slice("stack:".length);
  return rsp.kind === "field" && fieldSaves(context, rsp.field) === "rsp" ? "user" : undefined;
}

function regionOf(location: Location, address: Address): string | undefined {
  if (address.segment !== undefined || address.base === undefined || address.base === "rip") return undefined;
  const base = location.registers[address.base];
  return base.kind === "pointer" ? base.region : undefined;
}

function addressesOf(effect: Effect): Address[] {
  switch (effect.kind) {
    case "write":
      return [...placeAddress(effect.place), ...valueAddresses(effect.value)];
    case "push":
      return valueAddresses(effect.value);
    case "pop":
      return placeAddress(effect.place);
    case "flags":
      return [...valueAddresses(effect.source.left), ...valueAddresses(effect.source.right)];
    default:
      return [];
  }
}

function placeAddress(place: Place): Address[] {
  return place.kind === "memory" ? [place.address] : [];
}

function valueAddresses(value: ValueExpression): Address[] {
  if (value.kind === "read") return placeAddress(value.place);
  return value.kind === "binary" ? [...valueAddresses(value.left), ...valueAddresses(value.right)] : [];
}
