/** What the rules need to know of a path besides its nodes: numbered flags, conditions, tokens, and its feature combinations. */

import type { GeneralRegister } from "../machine/instruction.js";
import { readsFrame, visitTest } from "../model/expressions.js";
import type { Condition, Duty, Event, Feature, Flag, Model, Require, StateDimension, Test, Token, Value, Work } from "../model/model.js";
import { visitGraph } from "../path/flow.js";
import type { PathGraph, PathNode, PlacedInstruction, TerminalNode } from "../path/graph.js";
import { FeatureSpace, featuresOf, obligationFeatures } from "./feature-space.js";
import { type LiveArms, liveFlags } from "./flag-liveness.js";
import type { InstructionFacts } from "./instruction-facts.js";
import { terminalFeatures } from "./rules/terminal-kernels.js";
import { dimensionNamed } from "./vector.js";
import { flagsOf, type MarkedWork, markedWork } from "./work-marks.js";

/** A path that mentions more than this many of one thing is refused (EX2044) instead of taking hours. */
export const limits = { features: 16, flags: 31, conditions: 31 } as const;

/** A test that tells something of the frame: a named condition, one written out in a `when`, or what an event says of the frame that entry leaves. */
export type Fact = { readonly condition: Condition } | { readonly test: Test } | { readonly event: Event; readonly test: Test };

export interface PathContext {
  readonly graph: PathGraph;
  readonly model: Model;
  readonly features: FeatureSpace;
  /** Flag → bit in `FlagBox`. */
  readonly flagBit: ReadonlyMap<Flag, number>;
  /** All flags that the path mentions, as bits. */
  readonly allFlags: number;
  /** All async flags, as bits. */
  readonly asyncFlags: number;
  /**
   * The flags that must be clear at a terminal to user: what the path's loops wait for, what its one-shot work handles, and
   * what its final work clears (INV-8); and what every exit owes. `owing`: the combinations whose kernels have that work, or
   * that duty.
   */
  readonly oneShot: readonly { readonly flag: Flag; readonly owing: bigint }[];
  /** The work that the path owes. */
  readonly duties: readonly Duty[];
  /** What is remembered of work that has run. */
  readonly marks: MarkedWork & {
    readonly finalBits: number;
    readonly askingBits: number;
    /** `forgotten`: flags that nothing but the duty asks for. */
    readonly dutyBits: readonly {
      readonly bit: number;
      readonly work: Work;
      readonly flags: number;
      readonly again: boolean;
      readonly forgotten: number;
    }[];
  };
  readonly conditions: readonly Condition[];
  readonly facts: readonly Fact[];
  /** The facts, as bits, that no rewritten frame can change. */
  readonly constantFacts: number;
  /** Whether some terminal minds that the frame was rewritten. */
  readonly mindsRewriting: boolean;
  readonly tokens: readonly Token[];
  readonly requires: readonly Require[];
  /** Which flags still matter, after each branch and loop. */
  readonly live: ReadonlyMap<PathNode, LiveArms>;
  /** What `instruction-facts.ts` found, by instruction. */
  readonly instructions: WeakMap<PlacedInstruction, InstructionFacts>;
  dimension(name: string): StateDimension;
  flags(flags: readonly Flag[]): number;
}

export interface Excess {
  readonly what: string;
  readonly count: number;
  readonly limit: number;
}

/**
 * Collects the context, or says what there is too much of. `also` are tests of features that the path may come to mention; with `only`, the
 * other features are off.
 */
export function pathContext(graph: PathGraph, also: readonly Test[] = [], only?: ReadonlySet<Feature>): PathContext | Excess {
  const { model, exit } = graph;
  const mentioned = new Set<Flag>();
  /** Each with the features of the work that handles it. */
  const oneShot = new Map<Flag, (Test | undefined)[]>();
  const owe = (flag: Flag, condition: Test | undefined) => oneShot.set(flag, [...(oneShot.get(flag) ?? []), condition]);
  const features = new Set<Feature>();
  const required = new Set<Flag>();
  const conditions = new Set<Condition>();
  const inline: Test[] = [];
  const given = new Set<Value>();
  let mindsRewriting = false;
  const note = (test: Test, owes: (flag: Flag) => void = () => {}) => {
    featuresOf(test, features);
    visitTest(test, (t) => {
      if (t.kind === "flags") {
        for (const flag of t.flags) {
          mentioned.add(flag);
          owes(flag);
        }
      }
      if (t.kind === "condition") conditions.add(t.condition);
    });
  };
  for (const test of also) featuresOf(test, features);
  visitGraph(graph, (node) => {
    const item = node.kind === "call" ? node.item : node.kind === "instructions" ? node.step : undefined;
    if (item?.given) for (const value of valuesIn(item.given)) given.add(value);
    switch (node.kind) {
      case "loop":
        note(node.test, (flag) => owe(flag, undefined));
        break;
      case "branch":
        note(node.test);
        if (node.test.kind !== "condition") inline.push(...comparisons(node.test));
        break;
      case "call":
        for (const flag of [...node.item.clears, ...node.item.maySet]) mentioned.add(flag);
        if (node.item.kind === "work" && node.item.guard) {
          const { guard, policy, clears, condition } = node.item;
          note(guard, (flag) => {
            if (policy === "one-shot" || (policy === "final" && clears.includes(flag))) owe(flag, condition);
          });
        }
        break;
      case "clear":
        for (const flag of node.flags) mentioned.add(flag);
        break;
      case "read":
        if (node.take) for (const flag of node.word.flags) mentioned.add(flag);
        break;
      case "evaluate":
        conditions.add(node.condition);
        featuresOf(node.condition.test, features);
        break;
      case "terminal":
        for (const feature of terminalFeatures(model, node.terminal)) features.add(feature);
        mindsRewriting ||= (node.terminal.mayFault && node.recovery === undefined) || loadsOtherWord(node, model);
        break;
      default:
        break;
    }
  });
  for (const target of [exit.toUser ? "user" : undefined, exit.toKernel ? "kernel" : undefined] as const) {
    if (target) obligationFeatures(model, target, features);
  }
  // Who may have interrupted the way to user mode leaves the buffers as they were (EX8003).
  if (exit.toKernel && exit.events.some((e) => e.anyPoint) && model.exits.some((e) => e.toUser)) {
    for (const { condition, setting, target } of model.requires) {
      if (condition && target === "user" && setting.dimension.name === "buffers") featuresOf(condition, features);
    }
  }
  // Which kernels can restore a token tells which must.
  const tokens = new Set(exit.events.flatMap((e) => e.tokens.map((t) => t.name)));
  for (const { condition, restores } of model.steps)
    if (condition && restores && tokens.has(restores.token)) featuresOf(condition, features);
  if (exit.toUser) {
    for (const { flags, condition } of model.owed) {
      if (condition) featuresOf(condition, features);
      for (const flag of flags) {
        mentioned.add(flag);
        owe(flag, condition);
        required.add(flag);
      }
    }
  }
  const owing = exit.toUser ? dutiesOf(model, exit.events) : [];
  for (const { test, condition, work } of owing) {
    if (test) note(test);
    for (const present of [condition, work.condition]) if (present) featuresOf(present, features);
  }
  if (only) for (const feature of features) if (!only.has(feature)) features.delete(feature);
  const flagBit = new Map([...mentioned].sort((a, b) => a.index - b.index).map((f, i) => [f, i]));
  const left = exit.events.flatMap((event) => event.frameFacts.filter(ofProcessorWords).map((test) => ({ event, test })));
  // A test of the kernel's integers tells something where a contract asks for it.
  const minded = inline.filter((test) => readsFrame(test) || valuesIn(test).some((value) => given.has(value)));
  const facts: Fact[] = [...[...conditions].map((condition) => ({ condition })), ...minded.map((test) => ({ test })), ...left];
  const space = features.size <= limits.features ? spaceOf(model, features) : undefined;
  if (!space || space.features.length > limits.features)
    return { what: "features", count: space?.features.length ?? features.size, limit: limits.features };
  if (flagBit.size > limits.flags) return { what: "work flags", count: flagBit.size, limit: limits.flags };
  if (facts.length > limits.conditions) return { what: "conditions", count: facts.length, limit: limits.conditions };
  const dimensions = new Map(model.dimensions.map((d) => [d.name, d]));
  const found = markedWork(graph, owing);
  const marks = { ...found, final: found.final.filter(({ flag }) => !required.has(flag)) };
  const flags = (list: readonly Flag[]) => list.reduce((bits, f) => bits | (1 << (flagBit.get(f) ?? 31)), 0) & 0x7fffffff;
  return {
    graph,
    model,
    features: space,
    flagBit,
    allFlags: flags([...mentioned]),
    asyncFlags: flags([...mentioned].filter((f) => f.async)),
    oneShot: [...oneShot]
      .map(([flag, conditions]) => ({
        flag,
        owing: conditions.reduce((set, c) => set | (c === undefined ? space.all : (space.where(c) ?? space.all)), 0n),
      }))
      .sort((a, b) => a.flag.index - b.flag.index),
    duties: owing,
    marks: {
      ...marks,
      finalBits: flags(marks.final.map(({ flag }) => flag)),
      askingBits: flags(marks.asking.map(({ flag }) => flag)),
      dutyBits: marks.duties.map((duty) => ({
        ...duty,
        flags: flags(duty.flags),
        forgotten: flags(
          duty.flags.filter((flag) => !oneShot.has(flag) && !marks.duties.some((d) => d.work !== duty.work && d.flags.includes(flag))),
        ),
      })),
    },
    conditions: [...conditions],
    facts,
    constantFacts: facts.reduce(
      (bits, fact, i) => ("test" in fact && !("event" in fact) && !readsFrame(fact.test) ? bits | (1 << i) : bits),
      0,
    ),
    mindsRewriting,
    tokens: [...new Map(exit.events.flatMap((e) => e.tokens).map((t) => [t.name, t])).values()],
    requires: model.requires,
    live: liveFlags([graph.prepare, graph.leave], {
      flags,
      word: (word) => flags(word.flags.filter((f) => flagBit.has(f))),
      final: flags(marks.final.map(({ flag }) => flag)),
      asking: flags(marks.asking.map(({ flag }) => flag)),
      owed: flags([...oneShot.keys(), ...marks.final.map(({ flag }) => flag), ...owing.flatMap(({ test }) => (test ? flagsOf(test) : []))]),
    }),
    instructions: factsOf(graph),
    dimension: (name) => dimensions.get(name) ?? dimensionNamed(model, name),
    flags,
  };
}

const spaces = new WeakMap<Model, Map<string, FeatureSpace>>();

/** Many paths mention the same features. */
function spaceOf(model: Model, features: ReadonlySet<Feature>): FeatureSpace {
  const ofModel = spaces.get(model) ?? new Map<string, FeatureSpace>();
  spaces.set(model, ofModel);
  const key = [...features]
    .map((f) => f.index)
    .sort((a, b) => a - b)
    .join();
  const space = ofModel.get(key) ?? new FeatureSpace(features);
  ofModel.set(key, space);
  return space;
}

const known = new WeakMap<PathGraph, PathContext["instructions"]>();

/** What is found of a path's instructions is the same in every group of its features. */
function factsOf(graph: PathGraph): PathContext["instructions"] {
  const facts = known.get(graph) ?? new WeakMap();
  known.set(graph, facts);
  return facts;
}

const processorWords: ReadonlySet<string | undefined> = new Set(["rcx", "r11", "rip", "cs", "rflags", "ss"]);

/** Only these words can keep a terminal from restoring the frame. */
function ofProcessorWords(test: Test): boolean {
  return test.kind === "compare" && [test.left, test.right].some((o) => o.kind === "field" && processorWords.has(o.field.saves));
}

/** Does a terminal take a register's value from another saved word than the register's own (RCX from the saved RIP)? */
function loadsOtherWord({ terminal, before }: TerminalNode, { frame }: Model): boolean {
  return terminal.frameRequirements.some((requirement) => {
    if (requirement.kind !== "equal" || requirement.seen !== undefined) return false;
    const value = before.registers[requirement.left as GeneralRegister];
    return value.kind === "field" && frame?.fields.find((f) => f.name === value.field)?.saves === requirement.right;
  });
}

/** The work that a return to user mode from one of these events owes. */
export function dutiesOf(model: Model, events: readonly Event[]): readonly Duty[] {
  return model.duties.filter((duty) => duty.events.length === 0 || duty.events.some((event) => events.includes(event)));
}

/** The kernel's integers that a test reads. */
function valuesIn(test: Test): readonly Value[] {
  const result: Value[] = [];
  visitTest(test, (t) => {
    if (t.kind === "condition") result.push(...valuesIn(t.condition.test));
    if (t.kind === "compare") for (const operand of [t.left, t.right]) if (operand.kind === "value") result.push(operand.value);
  });
  return result;
}

/** The comparisons with the frame and with the kernel's integers that a written-out test is made of. */
function comparisons(test: Test): Test[] {
  const result: Test[] = [];
  visitTest(test, (t) => {
    if (t.kind === "compare" && (readsFrame(t) || valuesIn(t).length > 0)) result.push(t);
  });
  return result;
}
