/**
 * From the cheapest plans of each class of kernels to one tail for all of them.
 *
 * One order of steps, from which each kernel's features drop what it does not have, is enough where it costs no kernel an
 * instruction; otherwise a feature splits the tail. What is guaranteed:
 *
 * - Each kernel gets exactly as many instructions as its own cheapest plan has.
 * - Whether one order serves a set of classes is decided exactly: `oneOrder` walks through the cheapest plans of all of them at once.
 * - Of all decision trees over single features, the tail is one with the fewest leaves (`fewestVariants` tries them all).
 * - Among orders that serve, it is the one with the fewest instructions run while GS, CR3 or the stack are not the kernel's, summed
 *   over the classes; then the one whose steps are declared first. So the result depends on the spec alone.
 *
 * The walk gives up after `maximumPoints` points and takes that for "no order serves"; no spec that is known comes near it.
 */
import type { FeatureSpace } from "../check/feature-space.js";
import type { Feature } from "../model/model.js";
import { Buckets } from "./containers.js";
import type { PlannedStep, Point } from "./machine.js";
import type { CheapestPlans, Edge } from "./search.js";

/** Kernels that plan alike: the same steps at hand, the same vectors, the same goal. */
export interface PlanClass {
  readonly combinations: bigint;
  readonly plans: CheapestPlans;
  /** Does the kernel do a step that stands in the tail, or do its features drop it? */
  has(step: PlannedStep): boolean;
}

/** A tail: steps in order, then, where that is not the end, one tail for kernels with a feature and one for those without. */
export interface Variant {
  readonly steps: readonly PlannedStep[];
  readonly split?: { readonly feature: Feature; readonly on: Variant; readonly off: Variant };
}

/** More variants than this are no tail that anybody could read (EX5014). */
export const maximumVariants = 8;
const maximumPoints = 50_000;

/** The tail with the fewest variants; undefined where it would have more than `maximumVariants`. */
export function fewestVariants(classes: readonly PlanClass[], features: FeatureSpace): Variant | undefined {
  const orders = new Map<string, readonly PlannedStep[] | undefined>();
  const name = (set: readonly PlanClass[]) => set.map((c) => classes.indexOf(c)).join();
  const order = (set: readonly PlanClass[]) => {
    const key = name(set);
    if (!orders.has(key)) orders.set(key, oneOrder(set));
    return orders.get(key);
  };
  /** A tree with at most `limit` leaves. */
  const within = (set: readonly PlanClass[], limit: number): Variant | undefined => {
    const steps = order(set);
    if (steps) return { steps };
    if (limit < 2) return undefined;
    let best: Variant | undefined;
    for (const feature of features.features) {
      const set1 = set.filter((c) => (c.combinations & features.with(feature)) !== 0n);
      const set2 = set.filter((c) => (c.combinations & ~features.with(feature)) !== 0n);
      // A class that has both kinds of kernels stands in both arms.
      if (set1.length === set.length || set2.length === set.length) continue;
      const most = best ? countVariants(best) - 1 : limit;
      const on = within(set1, most - 1);
      const off = on && within(set2, most - countVariants(on));
      if (on && off) best = hoisted(feature, on, off);
    }
    return best;
  };
  return within(classes, maximumVariants);
}

export function countVariants({ split }: Variant): number {
  return split ? countVariants(split.on) + countVariants(split.off) : 1;
}

/** What both arms begin with stands before the split. */
function hoisted(feature: Feature, on: Variant, off: Variant): Variant {
  let common = 0;
  while (common < Math.min(on.steps.length, off.steps.length) && on.steps[common] === off.steps[common]) common++;
  const rest = (variant: Variant): Variant => ({ ...variant, steps: variant.steps.slice(common) });
  return { steps: on.steps.slice(0, common), split: { feature, on: rest(on), off: rest(off) } };
}

interface Walk {
  readonly at: readonly Point[];
  readonly exposed: number;
  readonly last: { readonly before: Walk; readonly step: PlannedStep } | undefined;
}

/** One order that is a cheapest plan of every class, as far as the class has its steps; undefined where there is none. */
export function oneOrder(classes: readonly PlanClass[]): readonly PlannedStep[] | undefined {
  const open = new Buckets<Walk>();
  const closed = new Set<string>();
  const add = (walk: Walk) => {
    const left = walk.at.reduce((sum, point, i) => sum + (classes[i]?.plans.exposure.get(point) ?? 0), 0);
    open.put(walk.exposed + left, walk);
  };
  add({ at: classes.map((c) => c.plans.start), exposed: 0, last: undefined });
  do {
    for (let walk = open.take(); walk; walk = open.take()) {
      const { at } = walk;
      const key = at.map((point) => point.id).join();
      if (closed.has(key)) continue;
      closed.add(key);
      if (closed.size > maximumPoints) return undefined;
      if (at.every((point, i) => classes[i]?.plans.goals.has(point))) return stepsOf(walk);
      // What is pushed last is looked at first: the steps that are declared first.
      for (const step of stepsFrom(classes, at).reverse()) {
        const next = together(classes, at, step);
        if (next) add({ at: next.at, exposed: walk.exposed + next.exposed, last: { before: walk, step } });
      }
    }
  } while (open.next());
  return undefined;
}

function stepsFrom(classes: readonly PlanClass[], at: readonly Point[]): PlannedStep[] {
  const steps = new Set<PlannedStep>();
  at.forEach((point, i) => {
    for (const edge of classes[i]?.plans.edges.get(point) ?? []) steps.add(edge.step);
  });
  return [...steps].sort((a, b) => a.index - b.index);
}

/** Each class that has the step does it, and it must be a step of one of its cheapest plans. */
function together(classes: readonly PlanClass[], at: readonly Point[], step: PlannedStep) {
  const next: Point[] = [];
  let exposed = 0;
  for (const [i, point] of at.entries()) {
    const one = classes[i] as PlanClass;
    if (!one.has(step)) {
      next.push(point);
      continue;
    }
    const edge: Edge | undefined = one.plans.edges.get(point)?.find((e) => e.step === step);
    if (!edge) return undefined;
    exposed += edge.exposed;
    next.push(edge.to);
  }
  return { at: next, exposed };
}

function stepsOf(walk: Walk): readonly PlannedStep[] {
  const steps: PlannedStep[] = [];
  for (let { last } = walk; last; last = last.before.last) steps.push(last.step);
  return steps.reverse();
}
