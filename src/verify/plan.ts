/**
 * What random cases of one path are made of: the feature combinations that its C side can tell apart, the flags words, the values,
 * and for each frame field that it tests the numbers that make those tests go either way. The C harness and the JavaScript
 * generator both read this plan and nothing else, so that they make the same cases.
 */
import { irqsAtStart } from "../compiler/emit/c/irqs.js";
import { calledFunctions, usesOf } from "../compiler/emit/c/uses.js";
import { combinations } from "../compiler/model/features.js";
import type { Constant, Feature, FrameField, Model, Operand, Step, Test, Work } from "../compiler/model/model.js";
import type { PathEvent } from "../compiler/path/events.js";
import { pathEvents } from "../compiler/path/events.js";
import type { PathGraph } from "../compiler/path/graph.js";
import { CannotEmbed } from "./limits.js";

/** A way to draw a 64-bit number: random bits where `mask` has ones, or-ed with `value`. */
export interface Draw {
  readonly mask: bigint;
  readonly value: bigint;
}

export interface PlannedField {
  /** Index into the frame's fields. */
  readonly field: number;
  /** Draws that make some test of the field hold. */
  readonly good: readonly Draw[];
  readonly all: readonly Draw[];
  /** The index in `Plan.fields` of an earlier field that this one is compared with; -1 for none. */
  readonly alike: number;
}

export interface PlannedValue {
  readonly name: string;
  readonly candidates: readonly number[];
  /** The index into the frame's fields of one that tests compare it with; -1 for none. */
  readonly field: number;
}

export interface PlannedWord {
  readonly name: string;
  /** All declared flags, and those that an interrupt may set. */
  readonly declared: number;
  readonly async: number;
  /** Bits that the path's C side looks at or changes. */
  readonly used: number;
}

/** A function of the kernel, as the harness plays it. */
export interface PlannedCall {
  readonly function: string;
  readonly item: Work | Step;
  /** For each flags word. */
  readonly clears: readonly number[];
  readonly maySet: readonly number[];
}

export interface Plan {
  readonly model: Model;
  readonly graph: PathGraph;
  /** The prepare function's name. */
  readonly name: string;
  /** Bit i: the feature with index i; admissible, and distinct in what the C side looks at. */
  readonly combinations: readonly number[];
  readonly words: readonly PlannedWord[];
  readonly values: readonly PlannedValue[];
  readonly fields: readonly PlannedField[];
  readonly calls: readonly PlannedCall[];
  readonly events: readonly PathEvent[];
  /** Fields (by index) that `leave` overwrites, when it pushes over what it has popped: they are not compared. */
  readonly hiddenFields: ReadonlySet<number>;
}

const all64 = (1n << 64n) - 1n;

/** @throws CannotEmbed when two items of the path call one function with different contracts, which a stub of C cannot tell apart */
export function planOf(graph: PathGraph): Plan {
  const { model } = graph;
  const uses = usesOf(model, [graph]);
  const calls = calledFunctions(uses).map(({ item, call }): PlannedCall => {
    const planned = plannedCall(model, item, call.function);
    for (const other of uses.items) {
      const otherCall = other.kind === "work" ? other.call : other.form.kind === "call" ? other.form.call : undefined;
      if (otherCall?.function !== call.function) continue;
      const second = plannedCall(model, other, call.function);
      if (`${second.clears}/${second.maySet}/${other.rewritesFrame}` !== `${planned.clears}/${planned.maySet}/${item.rewritesFrame}`) {
        throw new CannotEmbed(
          `\`${item.name}\` and \`${other.name}\` both call ${call.function}, with different contracts: a stub of C cannot tell which one it plays`,
        );
      }
    }
    return planned;
  });
  const fields = plannedFields(model, uses.comparisons);
  return {
    model,
    graph,
    name: graph.exit.prepare?.name ?? graph.exit.name,
    combinations: featureWords(model, uses.features),
    words: model.flagWords.map((w) => ({
      name: w.name,
      declared: bits(w.flags),
      async: bits(w.flags.filter((f) => f.async)),
      used: usedBits(graph, w),
    })),
    values: uses.values.map((v) => ({
      name: v.name,
      candidates: valueCandidates(uses.comparisons, v),
      field: fieldComparedWith(uses.comparisons, v),
    })),
    fields,
    calls,
    events: pathEvents(graph),
    hiddenFields: overwrittenFields(graph),
  };
}

function plannedCall(model: Model, item: Work | Step, name: string): PlannedCall {
  const byWord = (flags: Work["clears"]) => model.flagWords.map((w) => bits(flags.filter((f) => f.word === w)));
  return { function: name, item, clears: byWord(item.clears), maySet: byWord(item.maySet) };
}

function bits(flags: readonly { readonly bit: number }[]): number {
  return flags.reduce((all, f) => all | (1 << f.bit), 0) >>> 0;
}

/** Admissible combinations of the features that matter here, the others taken as needed. */
function featureWords(model: Model, features: readonly Feature[]): number[] {
  if (model.features.length > 32) throw new CannotEmbed("the harness has 32 bits for features");
  return combinations(features).map((on) => [...on].reduce((word, f) => word | (1 << f.index), 0) >>> 0);
}

function overwrittenFields(graph: PathGraph): ReadonlySet<number> {
  const fields = new Set<number>();
  for (const node of graph.nodes) {
    if (node.kind !== "instructions" || node.side !== "leave") continue;
    for (const offset of node.after.slots.get("frame")?.keys() ?? []) fields.add(Math.floor(offset / 8));
  }
  return fields;
}

function usedBits(graph: PathGraph, word: Model["flagWords"][number]): number {
  let used = 0;
  const inTest = (test: Test): void => {
    if (test.kind === "flags" && test.word === word) used |= bits(test.flags);
    else if (test.kind === "condition") inTest(test.condition.test);
    else if (test.kind === "not") inTest(test.operand);
    else if (test.kind === "and" || test.kind === "or") test.operands.forEach(inTest);
  };
  for (const node of graph.nodes) {
    if (node.side !== "prepare") continue;
    if (node.kind === "branch" || node.kind === "loop") inTest(node.test);
    else if (node.kind === "evaluate") inTest(node.condition.test);
    else if (node.kind === "clear" && node.word === word) used |= bits(node.flags);
  }
  return used >>> 0;
}

/** Every value that a number has in some kernel. */
function numbers(operand: Operand): bigint[] {
  if (operand.kind !== "number") return [];
  return operand.constants.reduce<bigint[]>(
    (values, c: Constant) => values.flatMap((v) => c.arms.map((a) => v | a.value)),
    [operand.literal],
  );
}

type Comparison = Extract<Test, { readonly kind: "compare" }>;

function plannedFields(model: Model, comparisons: readonly Comparison[]): PlannedField[] {
  const tested = (model.frame?.fields ?? []).filter((f) => comparisons.some((c) => fieldOf(c.left) === f || fieldOf(c.right) === f));
  // Something must be there for handlers to rewrite.
  const listed = tested.length > 0 ? tested : (model.frame?.fields ?? []).slice(0, 1);
  return listed.map((field, position) => {
    const good: Draw[] = [];
    const bad: Draw[] = [{ mask: all64, value: 0n }];
    // What one field is compared with, fields that should equal it are, too.
    const group = equalTo(field, comparisons);
    const alike = listed.findIndex((f, earlier) => earlier < position && group.has(f));
    for (const { operator, left, right } of comparisons) {
      const [a, b] = [fieldOf(left), fieldOf(right)];
      if (a && group.has(a)) for (const n of numbers(right)) drawsFor(operator, n, good, bad);
      if (b && group.has(b)) for (const n of numbers(left)) drawsFor(mirrored[operator], n, good, bad);
    }
    return { field: field.offset / 8, good: good.length > 0 ? good : bad, all: [...good, ...bad], alike };
  });
}

/** A field and all that tests compare with it, and with those, for equality. */
function equalTo(field: FrameField, comparisons: readonly Comparison[]): ReadonlySet<FrameField> {
  const group = new Set([field]);
  for (const member of group) {
    for (const { operator, left, right } of comparisons) {
      const [a, b] = [fieldOf(left), fieldOf(right)];
      if (operator !== "==" || !a || !b) continue;
      if (a === member) group.add(b);
      if (b === member) group.add(a);
    }
  }
  return group;
}

const mirrored = { "==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<=", has: "has", lacks: "lacks" } as const;

function fieldOf(operand: Operand) {
  return operand.kind === "field" ? operand.field : undefined;
}

function drawsFor(operator: Comparison["operator"], n: bigint, good: Draw[], bad: Draw[]): void {
  const exactly = (value: bigint): Draw => ({ mask: 0n, value: BigInt.asUintN(64, value) });
  const near = [exactly(n), exactly(n - 1n), exactly(n + 1n)];
  switch (operator) {
    case "has":
      // Often a frame's mark, such as the privilege level of CS: both ways are of interest.
      good.push({ mask: all64, value: n }, exactly(n), { mask: all64 & ~n, value: 0n });
      return;
    case "lacks":
      good.push({ mask: all64 & ~n, value: 0n });
      bad.push({ mask: n, value: 0n }, exactly(n));
      return;
    case "==":
      good.push(exactly(n));
      bad.push(...near);
      return;
    case "<":
      good.push(exactly(n - 1n), { mask: n > 0n ? (1n << BigInt(n.toString(2).length - 1)) - 1n : 0n, value: 0n });
      bad.push(...near);
      return;
    default:
      good.push(...near);
      bad.push(...near);
  }
}

function valueCandidates(comparisons: readonly Comparison[], value: Model["values"][number]): number[] {
  const found: number[] = [0xffffffff];
  for (const { left, right } of comparisons) {
    const other =
      left.kind === "value" && left.value === value ? right : right.kind === "value" && right.value === value ? left : undefined;
    if (!other) continue;
    // Tests ask for just one number, mostly.
    for (const n of numbers(other)) found.push(...[n, n, n, n, n - 1n, n + 1n].map((near) => Number(BigInt.asUintN(32, near))));
  }
  return found;
}

function fieldComparedWith(comparisons: readonly Comparison[], value: Model["values"][number]): number {
  const isValue = (operand: Operand) => operand.kind === "value" && operand.value === value;
  for (const { left, right } of comparisons) {
    const field = isValue(left) ? fieldOf(right) : isValue(right) ? fieldOf(left) : undefined;
    if (field) return field.offset / 8;
  }
  return -1;
}

/** A plan as plain data, for the program that runs the simulator. */
export interface PlainPlan {
  readonly exit: string;
  readonly features: readonly { readonly name: string; readonly index: number }[];
  readonly combinations: readonly number[];
  readonly words: readonly string[];
  readonly values: readonly PlannedValue[];
  readonly fields: readonly {
    readonly name: string;
    readonly field: number;
    readonly alike: number;
    readonly good: readonly number[];
    readonly all: readonly number[];
  }[];
  /** Names of all fields of the frame. */
  readonly frame: readonly string[];
  readonly hiddenFields: readonly number[];
  readonly flagBits: readonly FlagBit[];
  readonly irqsStartOn: boolean;
  readonly irqCodes: { readonly on: number; readonly off: number };
}

export interface FlagBit {
  /** Index into the spec's flags words. */
  readonly word: number;
  readonly bit: number;
}

export function plainPlan(plan: Plan): PlainPlan {
  const { model } = plan;
  const code = (text: string) => plan.events.find((e) => e.text === text)?.code ?? -1;
  const frame = (model.frame?.fields ?? []).map((f) => f.name);
  return {
    exit: plan.graph.exit.name,
    features: model.features.map(({ name, index }) => ({ name, index })),
    combinations: plan.combinations,
    words: plan.words.map((w) => w.name),
    values: plan.values,
    fields: plan.fields.map((f) => ({
      name: frame[f.field] ?? "",
      field: f.field,
      alike: f.alike,
      good: f.good.flatMap(halvesOf),
      all: f.all.flatMap(halvesOf),
    })),
    frame,
    hiddenFields: [...plan.hiddenFields],
    flagBits: flagBits(plan),
    irqsStartOn: irqsStartOn(plan),
    irqCodes: { on: code("irqs on"), off: code("irqs off") },
  };
}

/** Mask low, mask high, value low, value high. */
export function halvesOf({ mask, value }: Draw): number[] {
  return [mask & 0xffff_ffffn, mask >> 32n, value & 0xffff_ffffn, value >> 32n].map(Number);
}

/** Each flag that the path's C side looks at, for exhaustive runs. */
export function flagBits(plan: Plan): FlagBit[] {
  return plan.words.flatMap((w, word) => {
    const all = Array.from({ length: 32 }, (_, position) => 2 ** position);
    return all.filter((bit) => (w.used & bit) >>> 0 === bit).map((bit) => ({ word, bit }));
  });
}

/** Do all events of the exit start with IRQs on? */
export function irqsStartOn(plan: Plan): boolean {
  return irqsAtStart(plan.graph.exit.events) === "on";
}
