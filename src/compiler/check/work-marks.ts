/**
 * What is remembered of work that has run, beside the flags: final work acts on its flag and need not clear it, a flag that was taken still asks for
 * its work, and once-only work has run or has not.
 */
import { visitTest } from "../model/expressions.js";
import type { Duty, Flag, Model, Test, Work } from "../model/model.js";
import { visitGraph, visitNodes } from "../path/flow.js";
import type { PathGraph, PathNode, ReadNode } from "../path/graph.js";
import type { PathContext } from "./context.js";
import { type FlagBox, forgetValues, maybeSet, maySet } from "./flag-box.js";
import type { Vector } from "./vector.js";

export interface MarkedWork {
  /** Flags that only final work of the path acts on, and leaves as they are. */
  readonly final: readonly { readonly flag: Flag; readonly work: Work }[];
  /** Flags that the path clears itself and that ask for one-shot work. */
  readonly asking: readonly { readonly flag: Flag; readonly works: readonly Work[] }[];
  /** The once-only work of the path that stands in several places. */
  readonly once: readonly Work[];
  /** Duties of the path whose work waits for flags alone; `again`: it is owed again when they are set again. */
  readonly duties: readonly { readonly bit: number; readonly work: Work; readonly flags: readonly Flag[]; readonly again: boolean }[];
  /** Branches on features around work: the kernels without it have nothing to wait for. */
  readonly absent: ReadonlyMap<PathNode, readonly Work[]>;
}

/** The work of a path of which something has to be remembered. */
export function markedWork(graph: PathGraph, owed: readonly Duty[]): MarkedWork {
  const final = new Map<Flag, Work>();
  const otherwise = new Set<Flag>();
  const cleared = new Set<Flag>();
  const once = new Map<Work, number>();
  const absent = new Map<PathNode, Work[]>();
  const settable = new Set<Flag>();
  visitGraph(graph, (node) => {
    if (node.kind === "branch" && node.reason === "feature") absent.set(node, worksIn(node.then));
    if (node.kind === "call") for (const flag of node.item.maySet) settable.add(flag);
    if (node.kind === "instructions") for (const flag of node.step.maySet) settable.add(flag);
    if (node.kind === "loop") for (const flag of flagsOf(node.test)) otherwise.add(flag);
    if (node.kind === "clear") for (const flag of node.flags) cleared.add(flag);
    if (node.kind === "read" && node.take) for (const flag of node.word.flags) cleared.add(flag);
    if (node.kind !== "call" || node.item.kind !== "work") return;
    const { policy, guard, clears } = node.item;
    if (policy === "once") once.set(node.item, (once.get(node.item) ?? 0) + 1);
    for (const flag of guard ? flagsOf(guard) : []) {
      if (policy === "one-shot" || clears.includes(flag)) otherwise.add(flag);
      else if (policy === "final") final.set(flag, node.item);
    }
  });
  return {
    final: [...final].flatMap(([flag, work]) => (otherwise.has(flag) ? [] : [{ flag, work }])),
    asking: [...cleared].flatMap((flag) => {
      const works = worksFor(graph.model, flag);
      return works.length === 0 ? [] : [{ flag, works }];
    }),
    once: [...once].flatMap(([work, places]) => (places > 1 ? [work] : [])),
    duties: owed.flatMap((duty) => {
      const { work, test } = duty;
      if (test?.kind !== "flags" || test !== work.guard) return [];
      // Once-only work that has run is not owed again; only where nothing sets its flags is it the same as work that nobody asked for.
      const again = work.policy !== "once";
      if (!again && test.flags.some((flag) => flag.async || settable.has(flag))) return [];
      return [{ bit: 1 << graph.model.duties.indexOf(duty), work, flags: test.flags, again }];
    }),
    absent: new Map([...absent].filter(([, works]) => works.length > 0)),
  };
}

function worksIn(nodes: readonly PathNode[]): Work[] {
  const result: Work[] = [];
  visitNodes(nodes, (node) => {
    if (node.kind === "call" && node.item.kind === "work") result.push(node.item);
  });
  return result;
}

function worksFor(model: Model, flag: Flag): readonly Work[] {
  return model.works.filter(({ policy, guard }) => policy === "one-shot" && guard && flagsOf(guard).includes(flag));
}

export function flagsOf(test: Test): readonly Flag[] {
  const found: Flag[] = [];
  visitTest(test, (t) => {
    if (t.kind === "flags") found.push(...t.flags);
  });
  return found;
}

/** `flags` may get set: whoever has acted on them has to look again. */
export function withSet(context: PathContext, vector: Vector, flags: number): Vector {
  const box = maySet(vector.flags, flags);
  const handled = vector.handled & ~flags;
  let { done } = vector;
  for (const duty of context.marks.dutyBits) if (duty.again && (duty.flags & flags) !== 0) done &= ~duty.bit;
  return box === vector.flags && handled === vector.handled && done === vector.done ? vector : vector.with({ flags: box, handled, done });
}

/** The duties to do this work are done, or there is nothing to do: what the flags are is not asked for any more. */
function withDone(context: PathContext, vector: Vector, works: readonly Work[]): Vector {
  let { done } = vector;
  let forgotten = 0;
  for (const duty of context.marks.dutyBits) {
    if (!works.includes(duty.work)) continue;
    done |= duty.bit;
    forgotten |= duty.forgotten;
  }
  return done === vector.done ? vector : vector.with({ done, flags: forgetValues(vector.flags, forgotten) });
}

/** Work has run, behind its guard. */
export function afterWork(context: PathContext, vector: Vector, work: Work): Vector {
  const { marks } = context;
  const once = marks.once.indexOf(work);
  const flags = work.guard ? context.flags(flagsOf(work.guard).filter((flag) => context.flagBit.has(flag))) : 0;
  const handled = vector.handled | (flags & (marks.finalBits | marks.askingBits));
  const taken = vector.taken & ~flags;
  const ran = once < 0 ? vector.ran : vector.ran | (1 << once);
  const next = withDone(context, vector, [work]);
  if (handled === vector.handled && taken === vector.taken && ran === vector.ran) return next;
  return next.with({ handled, taken, ran, flags: forgetValues(next.flags, flags & marks.finalBits) });
}

/** The flags of a word are looked at again: what they asked for before and did not get was told (EX3010). */
export function withLook(vector: Vector, flags: number): Vector {
  return (vector.taken & flags) === 0 ? vector : vector.with({ taken: vector.taken & ~flags });
}

/** `flags` are cleared, by `take` after a look at them, or by `clear`: where some may have been set since the look, that is told there. */
export function withTaken(context: PathContext, vector: Vector, flags: number): Vector {
  const { setSeenClear, setSeenSet } = vector.flags;
  const taken = vector.taken | (setSeenSet & ~setSeenClear & flags & context.marks.askingBits & ~vector.handled);
  return taken === vector.taken ? vector : vector.with({ taken });
}

/** In kernels that do not have the work behind this branch. */
export function withoutWork(context: PathContext, vector: Vector, node: PathNode): Vector {
  const works = context.marks.absent.get(node);
  if (!works) return vector;
  const flags = works.flatMap(({ policy, guard }) => (policy === "final" && guard ? flagsOf(guard) : []));
  const bits = context.flags(flags.filter((flag) => context.flagBit.has(flag))) & context.marks.finalBits;
  const next = withDone(context, vector, works);
  return bits === 0 ? next : next.with({ handled: next.handled | bits, flags: forgetValues(next.flags, bits) });
}

/** A test of `flags` in the snapshot came out as `box` tells: what is seen clear asks for nothing, and what is clear needs no final work. */
export function withTested(context: PathContext, vector: Vector, flags: number, box: FlagBox): Vector {
  const seen = box.clearSeenSet | box.setSeenSet;
  const idle = flags & context.marks.finalBits & ~maybeSet(box);
  const next = vector.with({
    flags: idle === 0 ? box : forgetValues(box, idle),
    taken: vector.taken & ~(flags & ~seen),
    handled: vector.handled | idle,
  });
  // Nobody asks for work whose flags are all clear.
  const works = context.marks.dutyBits.filter((d) => (d.flags & ~flags) === 0 && (d.flags & maybeSet(box) & ~next.handled) === 0);
  return works.length === 0
    ? next
    : withDone(
        context,
        next,
        works.map((d) => d.work),
      );
}

/** The flags of a word that still ask for work where they are looked at again, which forgets that they did. */
export function askingStill(context: PathContext, vector: Vector, { word }: ReadNode): number {
  return vector.taken === 0 ? 0 : vector.taken & context.flags(word.flags.filter((flag) => context.flagBit.has(flag)));
}
