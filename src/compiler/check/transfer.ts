/** How a node moves the state vector (the design's section 4): pure functions from a vector to the next. */
import type { Effect, Instruction } from "../machine/instruction.js";
import { generalRegisters } from "../machine/instruction.js";
import { effectsOf } from "../machine/instructions.js";
import type { Contract, StateSetting } from "../model/model.js";
import type { CallNode, ClearNode, EvaluateNode, InstructionsNode, IrqsNode, ReadNode } from "../path/graph.js";
import type { Location } from "../path/location.js";
import type { PathContext } from "./context.js";
import { type Vector, valueOf, withValue } from "./vector.js";

/** While IRQs are on, an interrupt may set every async flag, and no snapshot tells what they are. */
export function settle(context: PathContext, vector: Vector): Vector {
  if (valueOf(vector, context.dimension("irqs")) === "off") return vector;
  const { asyncFlags } = context;
  if ((vector.maybe & asyncFlags) === asyncFlags && (vector.fresh & asyncFlags) === 0) return vector;
  return vector.with({ maybe: vector.maybe | asyncFlags, fresh: vector.fresh & ~asyncFlags });
}

export function afterIrqs(context: PathContext, vector: Vector, node: IrqsNode): Vector {
  return settle(context, set(context, vector, "irqs", node.on ? "on" : "off"));
}

export function afterRead(context: PathContext, vector: Vector, node: ReadNode): Vector {
  const flags = context.flags(node.word.flags.filter((f) => context.flagBit.has(f)));
  const maybe = node.take ? vector.maybe & ~flags : vector.maybe;
  return settle(context, vector.with({ fresh: vector.fresh | flags, maybe }));
}

export function afterClear(context: PathContext, vector: Vector, node: ClearNode): Vector {
  return settle(context, vector.with({ maybe: vector.maybe & ~context.flags(node.flags) }));
}

export function afterEvaluate(context: PathContext, vector: Vector, node: EvaluateNode): Vector {
  const bit = factBit(context, (fact) => "condition" in fact && fact.condition === node.condition);
  return vector.with({ decided: vector.decided | bit, stale: vector.stale & ~bit, facts: vector.facts & ~bit });
}

export function afterCall(context: PathContext, vector: Vector, node: CallNode): Vector {
  return settle(context, afterContract(context, vector, node.item));
}

/** What every contract does: flags, the frame's version, and what it ensures. */
function afterContract(context: PathContext, vector: Vector, item: Contract): Vector {
  const cleared = context.flags(item.clears);
  const set = context.flags(item.maySet);
  let next = vector.with({ maybe: (vector.maybe & ~cleared) | set, fresh: vector.fresh & ~set });
  if (item.rewritesFrame) next = next.with({ stale: next.stale | next.decided | next.facts, facts: next.facts & next.decided });
  return item.ensures.reduce((v, setting) => ensured(context, v, setting), next);
}

function ensured(context: PathContext, vector: Vector, setting: StateSetting): Vector {
  return setting.dimension === context.dimension("registers") ? vector : withValue(vector, setting.dimension, setting.value);
}

/** After instruction `index` of a step; `location` is what is known then. */
export function afterInstruction(context: PathContext, vector: Vector, node: InstructionsNode, index: number): Vector {
  const placed = node.instructions[index];
  if (!placed) return vector;
  const after = node.instructions[index + 1]?.before ?? node.after;
  let next = effectsOf(placed.instruction).reduce((v, effect) => afterEffect(context, v, effect), vector);
  const before = userRegisters(context, placed.before);
  const now = userRegisters(context, after);
  next = next.with({ registers: (next.registers & ~(before & ~now)) | (now & ~before) });
  const rsp = after.registers.rsp;
  if (rsp.kind === "pointer" && rsp.region.startsWith("stack:")) next = set(context, next, "stack", rsp.region.slice("stack:".length));
  if (rsp.kind === "field" && fieldSaves(context, rsp.field) === "rsp") next = set(context, next, "stack", "user");
  return settle(context, next);
}

/** After all instructions of a step: its contract. */
export function afterStep(context: PathContext, vector: Vector, node: InstructionsNode): Vector {
  let next = afterContract(context, vector, node.step);
  const { restores } = node.step;
  if (restores) next = withToken(context, next, restores.token);
  return settle(context, next);
}

function withToken(context: PathContext, vector: Vector, name: string): Vector {
  const index = context.tokens.findIndex((t) => t.name === name);
  if (index < 0) return vector;
  const token = context.tokens[index];
  const used = vector.with({ tokens: vector.tokens | (1 << index) });
  return token ? set(context, used, token.restores.name, "saved") : used;
}

function afterEffect(context: PathContext, vector: Vector, effect: Effect): Vector {
  if (effect.kind === "swapgs") {
    const gs = valueOf(vector, context.dimension("gs"));
    return set(context, vector, "gs", gs === "kernel" ? "user" : "kernel");
  }
  if (effect.kind === "rflags-bit") {
    return effect.bit === "if"
      ? set(context, vector, "irqs", effect.set ? "on" : "off")
      : set(context, vector, effect.bit, effect.set ? "set" : "clear");
  }
  return vector;
}

/** Sets a dimension by names; a value that the dimension does not have changes nothing. */
function set(context: PathContext, vector: Vector, name: string, value: string): Vector {
  const dimension = context.dimension(name);
  const index = dimension.values.indexOf(value);
  return index < 0 ? vector : withValue(vector, dimension, index);
}

/** The general registers that hold what the frame saved of them, as bits by encoding. */
export function userRegisters(context: PathContext, location: Location): number {
  let bits = 0;
  generalRegisters.forEach((register, i) => {
    const value = location.registers[register];
    if (value.kind === "field" && fieldSaves(context, value.field) === register) bits |= 1 << i;
  });
  return bits;
}

export function fieldSaves(context: PathContext, field: string): string | undefined {
  return context.model.frame?.fields.find((f) => f.name === field)?.saves;
}

/** The bit of the first fact that fits, or 0. */
export function factBit(context: PathContext, fits: (fact: PathContext["facts"][number]) => boolean): number {
  const index = context.facts.findIndex(fits);
  return index < 0 ? 0 : 1 << index;
}

/** Which dimensions an instruction writes in a way that only its step's contract can tell the meaning of. */
export function opaqueWrites(instruction: Instruction): readonly ("cr3" | "spec_ctrl" | "gs")[] {
  return effectsOf(instruction).flatMap((effect) => {
    if (effect.kind !== "write") return [];
    if (effect.place.kind === "control") return effect.place.register === "cr3" ? (["cr3"] as const) : [];
    if (effect.place.kind === "gs-base") return ["gs"] as const;
    return [];
  });
}
