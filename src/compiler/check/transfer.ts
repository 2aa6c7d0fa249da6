/** How a node moves the state vector (the design's section 4): pure functions from a vector to the next. */
import type { Effect } from "../machine/instruction.js";
import type { Contract, Event, StateSetting } from "../model/model.js";
import type { CallNode, ClearNode, EvaluateNode, InstructionsNode, IrqsNode, ReadNode } from "../path/graph.js";
import type { PathContext } from "./context.js";
import { clearFlags, type FlagBox, snapshot } from "./flag-box.js";
import { instructionFacts } from "./instruction-facts.js";
import { afterWrites, writtenRegisters } from "./register-states.js";
import { type Vector, valueNameOf, withValue } from "./vector.js";
import { afterWork, withLook, withSet, withTaken } from "./work-marks.js";

/** While IRQs are on, an interrupt may set every async flag, and no snapshot tells what they are. */
export function settle(context: PathContext, vector: Vector): Vector {
  if (valueNameOf(vector, context.dimension("irqs")) === "off") return vector;
  return withSet(context, vector, context.asyncFlags);
}

function withFlags(vector: Vector, flags: FlagBox): Vector {
  return flags === vector.flags ? vector : vector.with({ flags });
}

export function afterIrqs(context: PathContext, vector: Vector, node: IrqsNode): Vector {
  return settle(context, set(context, vector, "irqs", node.on ? "on" : "off"));
}

export function afterRead(context: PathContext, vector: Vector, node: ReadNode): Vector {
  const word = context.flags(node.word.flags.filter((f) => context.flagBit.has(f)));
  const looked = withLook(withFlags(vector, snapshot(vector.flags, word)), word);
  if (!node.take) return settle(context, looked);
  const taken = withTaken(context, looked, word);
  return settle(context, withFlags(taken, clearFlags(taken.flags, word)));
}

export function afterClear(context: PathContext, vector: Vector, node: ClearNode): Vector {
  const flags = context.flags(node.flags);
  const taken = withTaken(context, vector, flags);
  return settle(context, withFlags(taken, clearFlags(taken.flags, flags)));
}

export function afterEvaluate(context: PathContext, vector: Vector, node: EvaluateNode): Vector {
  const bit = factBit(context, (fact) => "condition" in fact && fact.condition === node.condition);
  return vector.with({
    decided: vector.decided | bit,
    denied: vector.denied & ~bit,
    stale: vector.stale & ~bit,
    facts: vector.facts & ~bit,
  });
}

export function afterCall(context: PathContext, vector: Vector, node: CallNode): Vector {
  const { item } = node;
  const next = afterContract(context, dirtied(context, item.kind === "work" ? afterWork(context, vector, item) : vector), item);
  const done = context.duties.reduce(
    (bits, duty) => (duty.work === item ? bits | (1 << context.model.duties.indexOf(duty)) : bits),
    next.done,
  );
  return settle(context, done === next.done ? next : next.with({ done }));
}

/** What every contract does: flags, the frame's version, and what it ensures. */
function afterContract(context: PathContext, vector: Vector, item: Contract): Vector {
  let next = withSet(context, withFlags(vector, clearFlags(vector.flags, context.flags(item.clears))), context.flags(item.maySet));
  if (item.rewritesFrame) next = rewritten(context, next);
  if (item.touches.length > 0) next = dirtied(context, next);
  if (item.mayFault) next = faulted(context, next);
  next = afterWrites(context.model, next, item.clobbers);
  return item.ensures.reduce((v, setting) => ensured(context, v, setting), next);
}

/** What was decided of the frame tells of the old one; what was not decided is not known of the new one. */
function rewritten(context: PathContext, vector: Vector): Vector {
  const { facts, decided, denied, stale } = vector;
  const kept = decided | eventFacts(context) | context.constantFacts;
  return afterWrites(context.model, vector, ["frame"]).with({
    stale: stale | decided | facts,
    facts: facts & kept,
    denied: denied & (decided | context.constantFacts),
    rewritten: context.mindsRewriting,
  });
}

/** Data of the kernel's, or saved registers, went through the CPU's buffers (INV-74, INV-75). */
function dirtied(context: PathContext, vector: Vector): Vector {
  return set(context, vector, "buffers", "dirty");
}

/** A fault may be a page fault, and its handler returns by IRET, which lets the next NMI in (INV-106, INV-107). */
function faulted(context: PathContext, vector: Vector): Vector {
  return set(context, set(context, vector, "cr2", "lost"), "nmi", "unmasked");
}

/** At the start of an arm of a branch around SWAPGS: the processor may be in the other arm, too (INV-45). */
export function afterBranch(context: PathContext, vector: Vector): Vector {
  return set(context, vector, "speculation", "open");
}

function ensured(context: PathContext, vector: Vector, setting: StateSetting): Vector {
  return setting.dimension === context.dimension("registers") ? vector : withValue(vector, setting.dimension, setting.value);
}

/** After instruction `index` of a step. */
export function afterInstruction(context: PathContext, vector: Vector, node: InstructionsNode, index: number): Vector {
  const facts = instructionFacts(context, node, index);
  if (!facts) return vector;
  let next = facts.effects.reduce((v, effect) => afterEffect(context, v, effect), vector);
  for (const [name, value] of facts.rflags) next = set(context, next, name, value);
  if (facts.fence) next = set(context, next, "speculation", "fenced");
  else if (facts.guessedSwap) next = set(context, next, "speculation", "open");
  const registers = (next.registers & ~facts.lost) | facts.gained;
  if (registers !== next.registers) next = next.with({ registers });
  if (facts.stack !== undefined) next = set(context, next, "stack", facts.stack);
  // What the step says of CR3 is so from the instruction on that writes it.
  const tables = facts.opaque.includes("cr3") ? node.step.ensures.find((s) => s.dimension.name === "cr3") : undefined;
  if (tables) next = ensured(context, next, tables);
  next = afterWrites(context.model, next, writtenRegisters(facts.effects));
  if (facts.kernelData || facts.gained !== 0 || facts.effects.some((e) => e.kind === "call")) next = dirtied(context, next);
  return next === vector ? vector : settle(context, next);
}

/** After all instructions of a step: its contract. */
export function afterStep(context: PathContext, vector: Vector, node: InstructionsNode): Vector {
  let next = afterContract(context, vector, node.step);
  const { restores, saves } = node.step;
  if (restores) next = withToken(context, next, restores.token, true);
  // In an entry a token that was used is one that was saved.
  if (saves) next = withToken(context, next, saves.token, false);
  return settle(context, next);
}

function withToken(context: PathContext, vector: Vector, name: string, restored: boolean): Vector {
  const index = context.tokens.findIndex((t) => t.name === name);
  if (index < 0) return vector;
  const token = context.tokens[index];
  const used = vector.with({ tokens: vector.tokens | (1 << index) });
  return token && restored ? set(context, used, token.restores.name, "saved") : used;
}

function afterEffect(context: PathContext, vector: Vector, effect: Effect): Vector {
  if (effect.kind === "swapgs") {
    const gs = valueNameOf(vector, context.dimension("gs"));
    return set(context, vector, "gs", gs === "kernel" ? "user" : "kernel");
  }
  return vector;
}

/** Sets a dimension by names; a value that the dimension does not have changes nothing. */
function set(context: PathContext, vector: Vector, name: string, value: string): Vector {
  const dimension = context.dimension(name);
  const index = dimension.values.indexOf(value);
  return index < 0 ? vector : withValue(vector, dimension, index);
}

/** The bit of the first fact that fits, or 0. */
export function factBit(context: PathContext, fits: (fact: PathContext["facts"][number]) => boolean): number {
  const index = context.facts.findIndex(fits);
  return index < 0 ? 0 : 1 << index;
}

/** The bits of the facts that `event`, or any event, says of the frame that its entry leaves. */
export function eventFacts(context: PathContext, event?: Event): number {
  return context.facts.reduce(
    (bits, fact, i) => ("event" in fact && (event === undefined || fact.event === event) ? bits | (1 << i) : bits),
    0,
  );
}
