/** Which kernels plan alike: they have the same steps, arrive in the same states, and owe the same. */
import type { PathContext } from "../check/context.js";
import type { Reached } from "../check/explore.js";
import { unknownFlags } from "../check/flag-box.js";
import { type Vector, valueIndex, withValue } from "../check/vector.js";
import { evaluateFeatures } from "../model/features.js";
import type { Action, Feature, StateDimension, Step, Tail, Test, Waiver } from "../model/model.js";
import { achievements, type Demand, demandText, type Goal, goalDemands, plainTerminal, type State, usefulSteps } from "./goal.js";

export interface KernelClass {
  /** Bits of the path's feature space. */
  readonly combinations: bigint;
  /** One of them. */
  readonly features: ReadonlySet<Feature>;
  /** All that arrive, without what cannot matter. */
  readonly vectors: readonly Vector[];
  readonly demands: readonly Demand[];
  /** Dimensions of obligations that hold from the start on, and that no step of use can change. */
  readonly settled: ReadonlySet<StateDimension>;
  /** In the order of declaration. */
  readonly useful: readonly Step[];
  has(step: Step): boolean;
}

export interface Arrival {
  readonly context: PathContext;
  readonly goal: Goal;
  readonly arrived: readonly Reached[];
  readonly waivers: readonly Waiver[];
}

/** The classes of the kernels that arrive, in the order of their first combination. */
export function kernelClasses({ context, goal, arrived, waivers }: Arrival): KernelClass[] {
  const { model, features: space } = context;
  const targets = new Set(arrived.map((r) => r.vector.toUser));
  const tokens = new Set(context.tokens.map((t) => t.name));
  const conceivable = usefulSomewhere({ context, goal, arrived, waivers }, targets, tokens);
  // A tail is followed to its end, with the steps that it does itself.
  const relevant = relevantDimensions(context, [...conceivable, ...(goal.kind === "tail" ? stepsOf(goal.tail.body, [goal.tail]) : [])]);
  // Work flags are the business of `prepare`, and what is known of the frame cannot change any more: no step of a tail asks for them.
  const flags = unknownFlags(context.allFlags);
  const known = { flags, facts: 0, decided: 0, denied: 0, stale: 0, rewritten: false, done: -1 };
  const without = (vector: Vector, settled: ReadonlySet<StateDimension>) =>
    [...settled].reduce((v, d) => withValue(v, d, 0), vector.with(known));

  const classes = new Map<string, KernelClass>();
  for (const cell of cells(context, arrived, conceivable)) {
    const index = space.first(cell) ?? 0;
    const bits = space.combinations[index] ?? 0;
    const features = new Set(space.features.filter((_, i) => (bits & (1 << i)) !== 0));
    const reached = arrived.filter((r) => (r.combinations & cell) !== 0n).map((r) => r.vector);
    const all = goalDemands(model, goal, targets, features, waivers);
    const settled = new Set(
      model.dimensions.filter(
        (d) => !relevant.has(d) && all.every((demand) => demand.dimension !== d || reached.every((v) => meets(v, demand))),
      ),
    );
    const demands = all.filter((d) => !settled.has(d.dimension));
    const vectors = [...new Map(reached.map((v) => without(v, settled)).map((v) => [v.key, v])).values()];
    const has = new Set(conceivable.filter((step) => !step.condition || evaluateFeatures(step.condition, features) === true));
    const key = [
      plainTerminal(goal, features)?.name,
      vectors
        .map((v) => v.key)
        .sort()
        .join(),
      demands.map(demandText).join(),
      conceivable.map((s) => (has.has(s) ? 1 : 0)).join(""),
    ].join("|");
    const alike = classes.get(key);
    if (alike) {
      classes.set(key, { ...alike, combinations: alike.combinations | cell });
      continue;
    }
    const has1 = (test: Test) => evaluateFeatures(test, features) === true;
    const useful = usefulSteps(model, {
      ...sorted(demands, (d) => reached.every((v) => meets(v, d))),
      tokens,
      has: has1,
      holdsAtStart: allHold(reached),
    });
    classes.set(key, { combinations: cell, features, vectors, demands, settled, useful, has: (step) => has.has(step) });
  }
  return [...classes.values()];
}

/** Does a vector meet a demand, or is it not asked to? */
function meets(vector: Vector, { dimension, value, toUser }: Demand): boolean {
  return valueIndex(vector, dimension) === value || (toUser ?? vector.toUser) !== vector.toUser;
}

const allHold = (vectors: readonly Vector[]) => (state: State) => vectors.every((v) => valueIndex(v, state.dimension) === state.value);

function sorted(demands: readonly Demand[], isHeld: (demand: Demand) => boolean) {
  return { missing: demands.filter((d) => !isHeld(d)), held: demands.filter(isHeld) };
}

/** The steps that are of use in some kernel. */
function usefulSomewhere({ context, goal, arrived, waivers }: Arrival, targets: ReadonlySet<boolean>, tokens: ReadonlySet<string>): Step[] {
  const { model, features: space } = context;
  const owing = (demand: Demand) => {
    const require = model.requires.find((r) => r.span === demand.span);
    return require?.condition ? (space.where(require.condition) ?? space.all) : space.all;
  };
  const own = goalDemands(model, goal, targets, new Set(), waivers, () => true);
  const isHeld = (demand: Demand) => arrived.every((r) => (r.combinations & owing(demand)) === 0n || meets(r.vector, demand));
  return usefulSteps(model, { ...sorted(own, isHeld), tokens, has: () => true, holdsAtStart: allHold(arrived.map((r) => r.vector)) });
}

/** The dimensions that every kernel has, and those that a step of use asks for or changes. */
function relevantDimensions({ model }: PathContext, steps: readonly Step[]): ReadonlySet<StateDimension> {
  const named = new Set(
    steps.flatMap((step) => [...achievements(step), ...step.requires.map(demandText)]).map((state) => state.split(" ")[0]),
  );
  return new Set(model.dimensions.filter((d) => d.builtIn || named.has(d.name)));
}

/** The steps of a block and of the tails that it jumps to. */
function stepsOf(actions: readonly Action[], open: readonly Tail[]): Step[] {
  return actions.flatMap((action): readonly Step[] => {
    switch (action.kind) {
      case "do":
        return [action.step];
      case "restore":
        return action.steps;
      case "when":
        return [...stepsOf(action.then, open), ...stepsOf(action.otherwise, open)];
      case "window":
        return stepsOf(action.body, open);
      case "jump":
        return open.includes(action.tail) ? [] : stepsOf(action.tail.body, [...open, action.tail]);
      default:
        return [];
    }
  });
}

/** Sets of combinations that cannot differ in anything that a class goes by. */
function cells(context: PathContext, arrived: readonly Reached[], steps: readonly Step[]): bigint[] {
  const { features: space, model } = context;
  const conditions = [...steps, ...model.requires].flatMap(({ condition }) => (condition ? [condition] : []));
  const splits = new Set([...arrived.map((r) => r.combinations), ...conditions.map((test) => space.where(test) ?? space.all)]);
  let result = [arrived.reduce((all, { combinations }) => all | combinations, 0n)];
  for (const split of splits) result = result.flatMap((set) => [set & split, set & ~split].filter((part) => part !== 0n));
  return result;
}
