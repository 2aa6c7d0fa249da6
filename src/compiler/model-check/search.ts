/**
 * Exhaustive search over a program, many states at a time: for each point and context (see `states.ts`) a slab of bitsets over all
 * values of the flags, one row for each snapshot that can still matter. Interrupts close such a set upwards. It is exact: it counts
 * what a checker that takes states one by one counts.
 */
import { clearFlags, countValues, eachValue, fullWord, isEmpty, join, maySetFlags, wordsFor } from "./flag-sets.js";
import type { ModelProgram, ModelTest, Point, TerminalPoint, Violation } from "./program.js";
import { type Context, Layout } from "./states.js";
import { canFail, canHold, outcomes, readBy } from "./tests.js";

/** A slab has a bit for each pair of flags and snapshot: more bits than 2 to this power are too many. */
const maximumBits = 30;

export interface SearchResult {
  /** Reachable states: point, IRQs, flags, snapshot, decisions, features and start. */
  readonly states: number;
  /** Sets that they were kept in. */
  readonly controlStates: number;
  /** What goes wrong, whether the faults are of the same path or not. */
  readonly violations: ReadonlySet<Violation>;
}

/** @throws when the path has so many flags that their values cannot be enumerated */
export function search(program: ModelProgram): SearchResult {
  return new Search(program).run();
}

interface Slab {
  readonly point: Point;
  readonly context: Context;
  readonly sets: Int32Array;
  /** It has grown since it was followed. */
  open: boolean;
  /** What interrupts may set is set. */
  closed: boolean;
}

/** How the rows of a point go on in the next one. */
interface Edge {
  readonly to: Point;
  /** By row: the row there. */
  readonly rows: Int32Array;
  /** Each row is the same one there. */
  readonly same: boolean;
}

class Search {
  private readonly program: ModelProgram;
  private readonly layout: Layout;
  private readonly words: number;
  private readonly violations = new Set<Violation>();
  private readonly slabs: Map<Context, Slab>[];
  /** By point: the snapshots that matter, in the order of their rows. */
  private readonly snapshots: readonly Int32Array[];
  private readonly edges = new Map<number, Edge>();

  constructor(program: ModelProgram) {
    this.program = program;
    this.layout = new Layout(program);
    this.words = wordsFor(program.flags.length);
    this.slabs = program.points.map(() => new Map());
    const widest = Math.max(...program.live.map(({ seen }) => bitsOf(seen).length));
    if (program.flags.length + widest > maximumBits) throw new Error(`${program.flags.length} flags have too many values to enumerate`);
    this.snapshots = program.live.map(({ seen }) => subsetsOf(seen));
  }

  run(): SearchResult {
    const { program, layout } = this;
    const entry = program.points[0] as Point;
    const all = new Int32Array(this.words).fill(fullWord(program.flags.length));
    for (const { toUser, irqs } of program.starts) {
      program.combinations.forEach((_, i) => {
        const slab = this.slab(entry, layout.context(toUser, irqs, i));
        join(slab.sets, 0, all, 0, this.words);
        slab.open = true;
      });
    }
    // Round after round in program order, so that a slab is followed when all of the round has come together in it.
    for (let more = true; more; ) {
      more = false;
      for (const slabs of this.slabs) {
        for (const slab of slabs.values()) {
          if (!slab.open) continue;
          more = true;
          this.follow(slab);
        }
      }
    }
    let states = 0;
    let controlStates = 0;
    for (const slab of this.slabs.flatMap((slabs) => [...slabs.values()])) {
      states += countValues(slab.sets);
      for (let at = 0; at < slab.sets.length; at += this.words) if (!isEmpty(slab.sets, at, this.words)) controlStates++;
    }
    return { states, controlStates, violations: this.violations };
  }

  private slab(point: Point, context: Context): Slab {
    const living = this.layout.living(context, this.program.live[point.id] as ModelProgram["live"][number]);
    const slabs = this.slabs[point.id] as Map<Context, Slab>;
    const known = slabs.get(living);
    if (known) return known;
    const sets = new Int32Array((this.snapshots[point.id] as Int32Array).length * this.words);
    const slab: Slab = { point, context: living, sets, open: false, closed: true };
    slabs.set(living, slab);
    return slab;
  }

  private edge(from: Point, to: Point): Edge {
    const key = from.id * this.program.points.length + to.id;
    let edge = this.edges.get(key);
    if (!edge) {
      const kept = this.program.live[to.id]?.seen ?? 0;
      const rows = (this.snapshots[from.id] as Int32Array).map((seen) => rowOf(seen, kept));
      edge = { to, rows, same: rows.length === (this.snapshots[to.id] as Int32Array).length && rows.every((row, i) => row === i) };
      this.edges.set(key, edge);
    }
    return edge;
  }

  private follow(slab: Slab): void {
    const { layout } = this;
    const { point, context, sets } = slab;
    slab.open = false;
    if (!slab.closed) {
      if (layout.irqs(context)) maySetFlags(sets, this.program.asyncFlags);
      slab.closed = true;
    }
    switch (point.kind) {
      case "irqs":
        this.send(slab, sets, point.next, layout.withIrqs(context, point.on));
        break;
      case "read":
        this.read(slab, point);
        break;
      case "change": {
        const aged = point.rewrites ? layout.aged(context) : context;
        const after = point.irqs === undefined ? aged : layout.withIrqs(aged, point.irqs);
        const changed = point.clears === 0 && point.maySet === 0 ? sets : sets.slice();
        clearFlags(changed, point.clears);
        maySetFlags(changed, point.maySet);
        this.send(slab, changed, point.next, after);
        break;
      }
      case "decide":
        this.split(slab, point.test, canHold, point.next, layout.withDecision(context, point.decision, 1));
        this.split(slab, point.test, canFail, point.next, layout.withDecision(context, point.decision, 2));
        break;
      case "test":
        if (layout.stale(context, point.relies)) this.violations.add("stale");
        this.split(slab, point.test, canHold, point.then, context);
        this.split(slab, point.test, canFail, point.otherwise, context);
        break;
      case "terminal":
        this.leave(slab, point);
        break;
    }
  }

  /** All of `sets`, the rows of a slab, go on at `to`. */
  private send(from: Slab, sets: Int32Array, to: Point, context: Context): void {
    const { words } = this;
    const target = this.slab(to, context);
    const { rows, same } = this.edge(from.point, to);
    let grown = false;
    if (same) grown = join(target.sets, 0, sets, 0, sets.length);
    else
      for (let row = 0; row < rows.length; row++)
        grown = join(target.sets, (rows[row] as number) * words, sets, row * words, words) || grown;
    // Behind a test with IRQs on what came closed is closed still: the union of closed sets is.
    if (grown) this.grew(target, from.point.kind === "test" || from.point.kind === "decide");
  }

  private grew(target: Slab, closed: boolean): void {
    target.open = true;
    if (!closed) target.closed = false;
  }

  /** The rows for which a test can come out as `outcome` go on at `to`. */
  private split(from: Slab, test: ModelTest, outcome: number, to: Point, context: Context): void {
    const { words, layout } = this;
    const snapshots = this.snapshots[from.point.id] as Int32Array;
    if (readBy(test).seen === 0) {
      if (outcomes(test, layout.readings(from.context, 0)) & outcome) this.send(from, from.sets, to, context);
      return;
    }
    const target = this.slab(to, context);
    const { rows } = this.edge(from.point, to);
    const mask = test.kind === "seen" ? test.flags : undefined;
    let grown = false;
    for (let row = 0; row < rows.length; row++) {
      const seen = snapshots[row] as number;
      const holds = mask !== undefined ? ((seen & mask) !== 0 ? canHold : canFail) : outcomes(test, layout.readings(from.context, seen));
      if (holds & outcome) grown = join(target.sets, (rows[row] as number) * words, from.sets, row * words, words) || grown;
    }
    if (grown) this.grew(target, true);
  }

  /** Takes the values apart by what the snapshot will be, as far as it matters. */
  private read(from: Slab, point: Extract<Point, { kind: "read" }>): void {
    const { words } = this;
    const { next } = point;
    const target = this.slab(next, from.context);
    const kept = this.program.live[next.id]?.seen ?? 0;
    const rowsBySeen = new Int32Array(2 ** this.program.flags.length).fill(-1);
    let grown = false;
    (this.snapshots[point.id] as Int32Array).forEach((seen, row) => {
      eachValue(from.sets, row * words, words, (value) => {
        const now = (seen & ~point.flags & kept) | (value & point.flags & kept);
        if (rowsBySeen[now] === -1) rowsBySeen[now] = rowOf(now, kept);
        const after = point.take ? value & ~point.flags : value;
        const at = (rowsBySeen[now] as number) * words + (after >>> 5);
        const old = target.sets[at] as number;
        const bit = 1 << (after & 31);
        grown ||= (old & bit) === 0;
        target.sets[at] = old | bit;
      });
    });
    if (grown) this.grew(target, false);
  }

  private leave({ context, sets }: Slab, point: TerminalPoint): void {
    const { layout, violations, words } = this;
    const toUser = layout.toUser(context);
    if (layout.irqs(context) && (toUser ? point.irqsOffToUser : point.irqsOffToKernel)) violations.add("irqs");
    if (layout.stale(context, point.relies)) violations.add("stale");
    const owed = toUser ? owedAt(point, layout, context) : 0;
    if (owed === 0 || violations.has("pending")) return;
    for (let at = 0; at < sets.length; at += words) {
      eachValue(sets, at, words, (value) => {
        if ((value & owed) !== 0) violations.add("pending");
      });
    }
  }
}

/** The flags that must be clear at a terminal to user mode, in the kernel of this context. */
export function owedAt(point: TerminalPoint, layout: Layout, context: Context): number {
  const readings = layout.readings(context, 0);
  return point.duties.reduce(
    (bits, { flags, when }) => (when === undefined || outcomes(when, readings) & canHold ? bits | flags : bits),
    0,
  );
}

export function bitsOf(flags: number): readonly number[] {
  const result: number[] = [];
  for (let rest = flags; rest !== 0; rest &= rest - 1) result.push(31 - Math.clz32(rest & -rest));
  return result;
}

/** All subsets of `mask`, by row. */
function subsetsOf(mask: number): Int32Array {
  const bits = bitsOf(mask);
  const subsets = new Int32Array(2 ** bits.length);
  for (let row = 1; row < subsets.length; row++) {
    const lowest = 31 - Math.clz32(row & -row);
    subsets[row] = (subsets[row & (row - 1)] as number) | (1 << (bits[lowest] as number));
  }
  return subsets;
}

/** The row of a snapshot among those of `mask`. */
function rowOf(seen: number, mask: number): number {
  let row = 0;
  let bit = 1;
  for (let rest = mask; rest !== 0; rest &= rest - 1, bit <<= 1) if ((seen & rest & -rest) !== 0) row |= bit;
  return row;
}
