/**
 * From the cheapest plan of each class of kernels to one tail for all: one order of steps, from which each kernel's features drop
 * what it does not have, is enough where it costs no kernel an instruction; otherwise a feature splits the tail in two variants.
 */
import type { Feature } from "../model/model.js";
import type { FeatureSpace } from "../check/feature-space.js";
import type { Plan, PlannedStep, Search, SearchStart } from "./search.js";

/** Kernels that plan alike: the same steps at hand, the same vectors, the same goal. */
export interface PlanClass {
  readonly combinations: bigint;
  readonly features: ReadonlySet<Feature>;
  readonly start: SearchStart;
  readonly search: Search;
  readonly available: readonly PlannedStep[];
  readonly plan: Plan;
}

/** A tail: steps in order, or one tail for kernels with a feature and one for those without. */
export type Variant =
  | { readonly kind: "order"; readonly steps: readonly PlannedStep[] }
  | { readonly kind: "split"; readonly feature: Feature; readonly on: Variant; readonly off: Variant };

/** Features in a row that may split a tail. */
const deepestSplit = 4;

/** The tail with the fewest variants that costs each class no more than its own cheapest plan. */
export function fewestVariants(classes: readonly PlanClass[], features: FeatureSpace): Variant | undefined {
  for (let depth = 0; depth <= deepestSplit; depth++) {
    const variant = within(classes, features, depth);
    if (variant) return variant;
  }
  return undefined;
}

export function countVariants(variant: Variant): number {
  return variant.kind === "order" ? 1 : countVariants(variant.on) + countVariants(variant.off);
}

function within(classes: readonly PlanClass[], features: FeatureSpace, depth: number): Variant | undefined {
  const order = oneOrder(classes);
  if (order) return { kind: "order", steps: order };
  if (depth === 0) return undefined;
  let best: Variant | undefined;
  for (const feature of features.features) {
    const on = classes.filter((c) => c.features.has(feature));
    const off = classes.filter((c) => !c.features.has(feature));
    if (on.length === 0 || off.length === 0) continue;
    const withFeature = within(on, features, depth - 1);
    const without = withFeature && within(off, features, depth - 1);
    if (!withFeature || !without) continue;
    const variant: Variant = { kind: "split", feature, on: withFeature, off: without };
    if (!best || countVariants(variant) < countVariants(best)) best = variant;
  }
  return best;
}

/** One order for all classes, or undefined where there is none, or where it would cost a class more than its own plan. */
function oneOrder(classes: readonly PlanClass[]): readonly PlannedStep[] | undefined {
  const order = merge(classes.map((c) => c.plan.steps));
  if (!order) return undefined;
  const serves = classes.every((c) => {
    const steps = order.filter((planned) => c.available.some((a) => sameStep(a, planned)));
    return c.search.cost(c.start, steps) === c.plan.cost;
  });
  return serves ? order : undefined;
}

function stepName({ step, except }: PlannedStep): string {
  return `${step.name} ${except.join(" ")}`;
}

function sameStep(a: PlannedStep, b: PlannedStep): boolean {
  return a.step === b.step && a.except.join() === b.except.join();
}

/** An order that keeps the order of each plan; undefined where two plans contradict each other. */
function merge(plans: readonly (readonly PlannedStep[])[]): readonly PlannedStep[] | undefined {
  const steps = new Map<string, PlannedStep>();
  const before = new Map<string, Set<string>>();
  for (const plan of plans) {
    plan.forEach((planned, i) => {
      const name = stepName(planned);
      if (!steps.has(name)) steps.set(name, planned);
      const earlier = before.get(name) ?? new Set();
      for (const other of plan.slice(0, i)) earlier.add(stepName(other));
      before.set(name, earlier);
    });
  }
  const result: PlannedStep[] = [];
  const left = new Set(steps.keys());
  while (left.size > 0) {
    const next = [...left].find((name) => [...(before.get(name) ?? [])].every((other) => !left.has(other)));
    if (next === undefined) return undefined;
    left.delete(next);
    result.push(steps.get(next) as PlannedStep);
  }
  return result;
}
