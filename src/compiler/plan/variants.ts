/**
 * From the cheapest plans of each class of kernels to one tail for all of them.
 *
 * One order of steps, from which each kernel's features drop what it does not have, is enough where it costs no kernel an
 * instruction; otherwise a feature splits the tail. What is guaranteed:
 *
 * - Each kernel gets exactly as many instructions as its own cheapest plan has.
 * - Whether one order serves a set of classes is decided exactly: `oneOrder` walks through the cheapest plans of all of them at once,
 *   and through what the line of code knows of registers and stack where some classes do a step and others drop it.
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
import { type CheapestPlans, lacks, type Problem } from "./search.js";

/** Kernels that plan alike: the same steps at hand, the same vectors, the same goal. */
export interface PlanClass {
  readonly combinations: bigint;
  readonly problem: Problem;
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
  /** Where each class is. */
  readonly at: readonly Point[];
  /** What the line of code, which is one for all of them, knows of registers and stack: behind a step that some drop, what both ways share. */
  readonly line: Point;
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
  const [first] = classes;
  if (!first) return [];
  const { machine, start } = first.problem;
  add({ at: classes.map((c) => c.plans.start), line: machine.point(start.location, []), exposed: 0, last: undefined });
  do {
    for (let walk = open.take(); walk; walk = open.take()) {
      const { at, line } = walk;
      const key = [line, ...at].map((point) => point.id).join();
      if (closed.has(key)) continue;
      closed.add(key);
      if (closed.size > maximumPoints) return undefined;
      if (at.every((point, i) => arrives(classes[i] as PlanClass, point, line))) return stepsOf(walk);
      // What is pushed last is looked at first: the steps that are declared first.
      for (const step of stepsFrom(classes, at).reverse()) {
        const next = together(classes, walk, step);
        if (next) add({ ...next, exposed: walk.exposed + next.exposed, last: { before: walk, step } });
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

/** Is this a goal of the class, and does the line of code still know there what it takes? */
function arrives({ plans, problem }: PlanClass, point: Point, line: Point): boolean {
  if (!plans.goals.has(point)) return false;
  if (line.locationId === point.locationId) return true;
  const vectors = point.vectors.map(({ vector }) => vector);
  return lacks(problem, problem.machine.point(line.location, vectors)).length === 0;
}

/** Each class that has the step does it, and it must be a step of one of its cheapest plans, which costs as much in the one line. */
function together(classes: readonly PlanClass[], { at, line }: Walk, step: PlannedStep): Pick<Walk, "at" | "line" | "exposed"> | undefined {
  const { machine } = (classes[0] as PlanClass).problem;
  const onLine = machine.apply(line, step);
  if (!onLine) return undefined;
  const next: Point[] = [];
  let exposed = 0;
  let dropped = false;
  for (const [i, point] of at.entries()) {
    const one = classes[i] as PlanClass;
    if (!one.has(step)) {
      next.push(point);
      dropped = true;
      continue;
    }
    const edge = one.plans.edges.get(point)?.find((e) => e.step === step);
    if (!edge || machine.apply(point, step)?.cost !== onLine.cost) return undefined;
    exposed += edge.exposed;
    next.push(edge.to);
  }
  return { at: next, line: dropped ? machine.joined(line, onLine.to) : onLine.to, exposed };
}

function stepsOf(walk: Walk): readonly PlannedStep[] {
  const steps: PlannedStep[] = [];
  for (let { last } = walk; last; last = last.before.last) steps.push(last.step);
  return steps.reverse();
}
