/**
 * Checks the entry of an event: from every state in which the processor can hand over, to the one in which its exit starts.
 * From user mode that is what every exit to user mode guarantees; from the kernel what kernel code runs with; and an event that may
 * come at any point finds what any path of the spec, entries included, can be in between two instructions (INV-21, INV-43, INV-63).
 */
import { diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic, Label } from "../diagnostics/diagnostic.js";
import { visitTest } from "../model/expressions.js";
import type { Action, Entry, Event, Model, Require, StateDimension, StateSetting, Test } from "../model/model.js";
import { buildEntry } from "../path/build.js";
import { waysPassing } from "../path/flow.js";
import type { PathNode } from "../path/graph.js";
import { arrivalLocation } from "../path/symbolic.js";
import { type CheckResult, type EndRule, examine, type Start } from "./check.js";
import type { PathContext } from "./context.js";
import type { FeatureSpace } from "./feature-space.js";
import { unknownFlags } from "./flag-box.js";
import type { Boundaries, Interrupted } from "./interruption.js";
import { userRegisters } from "./registers.js";
import { Vector, valueIndex, valueNameOf } from "./vector.js";

export interface CheckedEntry extends Pick<CheckResult, "diagnostics" | "statistics"> {
  readonly entry: Entry;
  /** One for each of its events that arrives or starts in a way of its own. */
  readonly boundaries: readonly Boundaries[];
}

/** The checks of all entries of a spec: first those that interrupt nothing, then those that may interrupt them too. */
export function checkEntries(model: Model, exits: readonly Boundaries[]): readonly CheckedEntry[] {
  const boundaries = [...exits];
  const anywhere = (entry: Entry) => entry.events.some((event) => event.anyPoint);
  const ordered = [...model.entries.filter((e) => !anywhere(e)), ...model.entries.filter(anywhere)];
  return ordered.map((entry) => {
    const interrupted = anywhere(entry) ? boundaries.flatMap((b) => (returnsFrom(model, b, entry) ? [] : b.whole())) : [];
    const different = new Map<string, readonly [event: Event, found: readonly Interrupted[]]>();
    for (const event of entry.events) {
      const faults = exits.flatMap((b) => b.faults(event));
      const key = faults.length > 0 ? event.name : alike(event);
      if (!different.has(key)) different.set(key, [event, [...interrupted, ...faults]]);
    }
    const results = [...different.values()].map(([event, found]) => checkEntry(model, entry, event, found));
    for (const { boundaries: own } of results) boundaries.push(...own);
    const total = { states: 0, featureCombinations: 0 };
    for (const { statistics } of results) {
      total.states += statistics.states;
      total.featureCombinations = Math.max(total.featureCombinations, statistics.featureCombinations);
    }
    return {
      entry,
      diagnostics: results.flatMap((r) => r.diagnostics),
      boundaries: results.flatMap((r) => r.boundaries),
      statistics: total,
    };
  });
}

/** Events for which this is the same arrive and start alike: what holds for one holds for all. */
function alike({ fromUser, fromKernel, anyPoint, arrives, starts, tokens, loses }: Event): string {
  const settings = (list: readonly StateSetting[]) => list.map(({ dimension, value, except }) => [dimension.name, value, except]);
  const saved = tokens.map(({ name, register }) => [name, register]);
  return JSON.stringify([fromUser, fromKernel, anyPoint, settings(arrives), settings(starts), saved, loses]);
}

/** An event is not taken to interrupt its own exit: its vector's stack is in use then, and what happens is that vector's protocol. */
function returnsFrom(model: Model, { path }: Boundaries, entry: Entry): boolean {
  return model.exits.some((exit) => exit.name === path && exit.events.some((event) => entry.events.includes(event)));
}

function checkEntry(model: Model, entry: Entry, event: Event, interrupted: readonly Interrupted[]): CheckResult {
  const { graph, diagnostics } = buildEntry(model, entry, event);
  if (!graph)
    return { diagnostics: diagnostics as readonly Diagnostic[], boundaries: [], statistics: { states: 0, featureCombinations: 0 } };
  const saves = (node: PathNode) =>
    node.kind === "instructions" && node.step.form.kind === "built-in" && node.step.form.name === "save_registers";
  if (event.frameComplete && waysPassing(graph.leave, saves) !== "always") {
    const problem = `leaves a frame without the registers on some way, and that of \`${event.name}\` is to be complete`;
    const secondary = [{ span: event.span, message: "its exit restores them from there" }];
    const help = "do `save_registers` where every way comes by, or declare the event with `frame partial`";
    return {
      diagnostics: [diagnostic("EX6010", entry.span, { entry: entry.name, problem }, { secondary, help })],
      boundaries: [],
      statistics: { states: 0, featureCombinations: 0 },
    };
  }
  const owed = owedBefore(model, entry, event);
  const also: Test[] = owed.flatMap((r) => (r.condition ? [r.condition] : []));
  return examine(graph, (context) => arrivals(context, event, interrupted, owed), endRule(entry, event, interrupted), also);
}

/** What user mode guarantees to an entry, of the states that the entry or its event minds. */
function owedBefore(model: Model, { body }: Entry, { starts }: Event): readonly Require[] {
  const minded = new Set<StateDimension>(starts.map((s) => s.dimension));
  const visit = (actions: readonly Action[]): void => {
    for (const action of actions) {
      if (action.kind === "do") for (const { dimension } of [...action.step.requires, ...action.step.ensures]) minded.add(dimension);
      if (action.kind === "when") {
        visitTest(action.test, (t) => {
          if (t.kind === "state") minded.add(t.dimension);
        });
        visit([...action.then, ...action.otherwise]);
      }
      if (action.kind === "window") visit(action.body);
    }
  };
  visit(body);
  return model.requires.filter(({ target, test, setting: { dimension } }) => {
    return target === "user" && !test && (dimension.builtIn || minded.has(dimension));
  });
}

/** The vectors in which an event can arrive. */
function arrivals(context: PathContext, event: Event, interrupted: readonly Interrupted[], owed: readonly Require[]): Start[] {
  const { features, model } = context;
  const result: Start[] = [];
  const add = (toUser: boolean, values: readonly number[], combinations: bigint) => {
    if (combinations === 0n) return;
    const arrived = [...values];
    // Without a change of the privilege level the processor loads RSP only for a stack of the interrupt stack table (SDM Vol. 3A, 6.14.4).
    const stays = ({ dimension, value }: StateSetting) => !toUser && dimension.name === "stack" && dimension.values[value] !== "ist";
    for (const setting of event.arrives) if (!stays(setting)) arrived[setting.dimension.index] = setting.value;
    result.push({ vector: arrival(context, event, toUser, arrived), combinations });
  };
  const usual = model.dimensions.map((d) => d.usual);
  if (event.fromUser) {
    // User mode is what the exits to it guarantee: one vector for each set of obligations that some kernels have.
    let states: { values: number[]; combinations: bigint }[] = [
      { values: withValues(context, usual, userMode), combinations: features.all },
    ];
    for (const { setting, condition } of owed) {
      const owing = condition ? (features.where(condition) ?? features.all) : features.all;
      states = states.flatMap(({ values, combinations }) => [
        { values: settled(values, setting), combinations: combinations & owing },
        { values, combinations: combinations & ~owing },
      ]);
    }
    for (const { values, combinations } of states) add(true, values, combinations);
  }
  if (event.fromKernel) add(false, usual, features.all);
  for (const { values, occurs } of distinctStates(interrupted, features)) {
    let states: number[][] = [[...usual]];
    // What a path that was interrupted has put back as it had found it may be anything that is found.
    for (const [dimension, value] of values) {
      const possible = dimension.values[value] === "saved" ? dimension.values.flatMap((name, i) => (name === "saved" ? [] : [i])) : [value];
      states = states.flatMap((state) => possible.map((v) => state.with(dimension.index, v)));
    }
    for (const state of states) add(false, state, occurs);
  }
  return result;
}

/** Each state once, with the combinations of the entry's features in which some path can be in it. */
function distinctStates(interrupted: readonly Interrupted[], features: FeatureSpace) {
  const states = new Map<string, { readonly values: Interrupted["values"]; readonly occurs: Map<FeatureSpace, bigint> }>();
  for (const { values, features: theirs, combinations } of interrupted) {
    const key = values.map(([dimension, value]) => `${dimension.index}:${value}`).join();
    const state = states.get(key) ?? { values, occurs: new Map<FeatureSpace, bigint>() };
    states.set(key, state);
    state.occurs.set(theirs, (state.occurs.get(theirs) ?? 0n) | combinations);
  }
  return [...states.values()].map(({ values, occurs }) => ({
    values,
    occurs: [...occurs].reduce((set, [theirs, combinations]) => set | features.from(theirs, combinations), 0n),
  }));
}

const userMode = [
  ["gs", "user"],
  ["irqs", "on"],
  ["stack", "user"],
  ["registers", "user"],
] as const;

function withValues(context: PathContext, values: readonly number[], settings: readonly (readonly [string, string])[]): number[] {
  const result = [...values];
  for (const [name, value] of settings) {
    const dimension = context.dimension(name);
    result[dimension.index] = dimension.values.indexOf(value);
  }
  return result;
}

function settled(values: readonly number[], { dimension, value }: StateSetting): number[] {
  const result = [...values];
  result[dimension.index] = value;
  return result;
}

function arrival(context: PathContext, event: Event, toUser: boolean, values: readonly number[]): Vector {
  const { frame } = context.model;
  const stack = context.dimension("stack");
  const location = frame && arrivalLocation(frame, stack.values[values[stack.index] ?? stack.usual] ?? "");
  return new Vector({
    toUser,
    event,
    values: String.fromCharCode(...values),
    flags: unknownFlags(context.allFlags),
    registers: location ? userRegisters(context, location) : 0,
    tokens: 0,
    facts: 0,
    decided: 0,
    denied: 0,
    stale: 0,
    rewritten: false,
  });
}

/** What the machine has to be like when the exit starts, said or not. What C may find either way is asked for only where it is said. */
const machine = ["irqs", "gs", "cr3", "stack", "spec_ctrl", "nmi", "ac", "df", "nt", "tf"];

function startOf(context: PathContext, event: Event): readonly StateSetting[] {
  const unsaid = machine.filter((name) => !event.starts.some((s) => s.dimension.name === name)).map((name) => context.dimension(name));
  return [...event.starts, ...unsaid.map((dimension) => ({ dimension, value: dimension.usual, except: [], span: event.span }))];
}

/** Where another path has a dimension at the value that the entry ends with: what it found and did not change. */
function foundAt(interrupted: readonly Interrupted[], vector: Vector, dimension: StateDimension): Label[] {
  const value = valueIndex(vector, dimension);
  if (vector.toUser || value === dimension.usual) return [];
  const found = interrupted.find(({ values }) => values.some(([d, v]) => d === dimension && v === value));
  if (!found) return [];
  return [
    {
      span: found.span,
      message: `here \`${found.path}\` has ${dimension.name} at \`${dimension.values[value]}\`, and \`${vector.event.name}\` may come`,
    },
  ];
}

/** At its end an entry has to be where the exit of its event starts, with every token saved. */
function endRule(entry: Entry, event: Event, interrupted: readonly Interrupted[]): EndRule {
  return (context, { vector, combinations }, report) => {
    for (const { dimension, value, span } of startOf(context, event)) {
      if (dimension.name === "registers" || valueIndex(vector, dimension) === value) continue;
      // `dirty` says that kernel data may be in the buffers.
      if (dimension.name === "buffers" && dimension.values[value] === "dirty") continue;
      report({
        code: "EX6007",
        args: {
          entry: entry.name,
          event: event.name,
          dimension: dimension.name,
          actual: valueNameOf(vector, dimension),
          wanted: dimension.values[value] as string,
        },
        span: entry.span,
        cause: { kind: "dimension", dimension },
        details: {
          secondary: [
            {
              span,
              message:
                span === event.span
                  ? `its exit starts with ${dimension.name} ${dimension.values[value]}, as nothing else is said`
                  : "its exit starts like this",
            },
            ...foundAt(interrupted, vector, dimension),
          ],
          notes: ["C, and the exit behind it, run on what entry left"],
          help: `bring ${dimension.name} to \`${dimension.values[value]}\` on every way through the entry`,
        },
      });
    }
    context.tokens.forEach((token, i) => {
      if ((vector.tokens & (1 << i)) !== 0 || !event.tokens.some((t) => t.name === token.name)) return;
      const steps = context.model.steps.filter((step) => step.restores?.token === token.name);
      const owing = steps.reduce(
        (set, { condition }) => set | (condition ? (context.features.where(condition) ?? 0n) : context.features.all),
        0n,
      );
      if ((combinations & owing) === 0n) return;
      report({
        code: "EX6008",
        args: { entry: entry.name, event: event.name, token: token.name },
        span: entry.span,
        combinations: combinations & owing,
        details: {
          secondary: [{ span: token.span, message: "the exit restores it from here" }],
          notes: [`the exit would write whatever ${token.register} holds to ${token.restores.name}`],
          help: `do a step that \`saves ${token.restores.name} in ${token.name}\``,
        },
      });
    });
  };
}
