/**
 * What is remembered of work that has run, beside the flags: final work acts on its flag and need not clear it, a flag that was taken still asks for
 * its work, and once-only work has run or has not.
 */
import { visitTest } from "../model/expressions.js";
import type { Flag, Model, Test, Work } from "../model/model.js";
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
  /** Branches on features around final work: the kernels without it have nothing to wait for. */
  readonly absent: ReadonlyMap<PathNode, readonly Flag[]>;
}

/** The work of a path of which something has to be remembered. */
export function markedWork(graph: PathGraph): MarkedWork {
  const final = new Map<Flag, Work>();
  const otherwise = new Set<Flag>();
  const cleared = new Set<Flag>();
  const once = new Map<Work, number>();
  const absent = new Map<PathNode, Flag[]>();
  visitGraph(graph, (node) => {
    if (node.kind === "branch" && node.reason === "feature") absent.set(node, finalFlags(node.then));
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
    absent: new Map([...absent].filter(([, flags]) => flags.length > 0)),
  };
}

/** The flags that final work of a block acts on. */
function finalFlags(nodes: readonly PathNode[]): Flag[] {
  const result: Flag[] = [];
  visitNodes(nodes, (node) => {
    if (node.kind !== "call" || node.item.kind !== "work") return;
    const { policy, guard } = node.item;
    if (policy === "final" && guard) result.push(...flagsOf(guard));
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
export function withSet(vector: Vector, flags: number): Vector {
  const box = maySet(vector.flags, flags);
  const handled = vector.handled & ~flags;
  return box === vector.flags && handled === vector.handled ? vector : vector.with({ flags: box, handled });
}

/** Work has run, behind its guard. */
export function afterWork(context: PathContext, vector: Vector, work: Work): Vector {
  const { marks } = context;
  const once = marks.once.indexOf(work);
  const flags = work.guard ? context.flags(flagsOf(work.guard).filter((flag) => context.flagBit.has(flag))) : 0;
  const handled = vector.handled | (flags & (marks.finalBits | marks.askingBits));
  const taken = vector.taken & ~flags;
  const ran = once < 0 ? vector.ran : vector.ran | (1 << once);
  if (handled === vector.handled && taken === vector.taken && ran === vector.ran) return vector;
  return vector.with({ handled, taken, ran, flags: forgetValues(vector.flags, flags & marks.finalBits) });
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

/** In kernels that do not have the final work behind this branch. */
export function withoutWork(context: PathContext, vector: Vector, node: PathNode): Vector {
  const flags = context.marks.absent.get(node);
  const bits = flags ? context.flags(flags.filter((flag) => context.flagBit.has(flag))) & context.marks.finalBits : 0;
  return bits === 0 ? vector : vector.with({ handled: vector.handled | bits, flags: forgetValues(vector.flags, bits) });
}

/** A test of `flags` in the snapshot came out as `box` tells: what is seen clear asks for nothing, and what is clear needs no final work. */
export function withTested(context: PathContext, vector: Vector, flags: number, box: FlagBox): Vector {
  const seen = box.clearSeenSet | box.setSeenSet;
  const idle = flags & context.marks.finalBits & ~maybeSet(box);
  return vector.with({
    flags: idle === 0 ? box : forgetValues(box, idle),
    taken: vector.taken & ~(flags & ~seen),
    handled: vector.handled | idle,
  });
}

/** The flags of a word that still ask for work where they are looked at again, which forgets that they did. */
export function askingStill(context: PathContext, vector: Vector, { word }: ReadNode): number {
  return vector.taken === 0 ? 0 : vector.taken & context.flags(word.flags.filter((flag) => context.flagBit.has(flag)));
}
