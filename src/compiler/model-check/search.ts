/**
 * Exhaustive search over a program, many states at a time: for each control state (point, context, snapshot) one bitset over all
 * values of the flags. Interrupts close such a set upwards. It is exact: every state is counted as a checker that takes them one
 * by one counts it.
 */
import { clearFlag, countValues, eachValue, fillAll, maySetFlag, wordsFor } from "./flag-sets.js";
import type { ModelProgram, Point, TerminalPoint, Violation } from "./program.js";
import { type Context, Layout } from "./states.js";
import { canFail, canHold, outcomes } from "./tests.js";

/** More flags than this have too many values to enumerate. */
export const maximumFlags = 16;

export interface SearchResult {
  /** Reachable states: point, IRQs, flags, snapshot, decisions, features and start. */
  readonly states: number;
  /** Sets that they were kept in. */
  readonly controlStates: number;
  /** What goes wrong, whether the faults are of the same path or not. */
  readonly violations: ReadonlySet<Violation>;
}

export function search(program: ModelProgram): SearchResult {
  if (program.flags.length > maximumFlags) throw new Error(`${program.flags.length} flags; at most ${maximumFlags} can be enumerated`);
  return new Search(program).run();
}

class Search {
  private readonly program: ModelProgram;
  private readonly layout: Layout;
  private readonly flags: number;
  private readonly words: number;
  private readonly asyncFlags: readonly number[];
  private readonly violations = new Set<Violation>();
  /** By point, then by context and snapshot: the number of the set. */
  private readonly index: Map<number, number>[];
  private readonly contexts: number[] = [];
  private readonly snapshots: number[] = [];
  private sets = new Int32Array(1 << 12);
  private count = 0;
  /** Sets that have grown since they were followed, by point. */
  private readonly open: number[][];
  private readonly isOpen: boolean[] = [];
  private readonly current: Int32Array;
  private readonly scratch: Int32Array;

  constructor(program: ModelProgram) {
    this.program = program;
    this.layout = new Layout(program);
    this.flags = program.flags.length;
    this.words = wordsFor(this.flags);
    this.asyncFlags = bitsOf(program.asyncFlags);
    this.index = program.points.map(() => new Map());
    this.open = program.points.map(() => []);
    this.current = new Int32Array(this.words);
    this.scratch = new Int32Array(this.words);
  }

  run(): SearchResult {
    const { program, layout } = this;
    const entry = program.points[0] as Point;
    fillAll(this.scratch, this.flags);
    for (const { toUser, irqs } of program.starts) {
      program.combinations.forEach((_, i) => {
        this.join(entry, layout.context(toUser, irqs, i), 0, this.scratch);
      });
    }
    // Round after round in program order, so that a set is followed when all of the round has come together in it.
    for (let more = true; more; ) {
      more = false;
      for (const point of program.points) {
        const open = this.open[point.id] as number[];
        if (open.length === 0) continue;
        more = true;
        this.open[point.id] = [];
        for (const set of open) this.follow(point, set);
      }
    }
    let states = 0;
    // In stretches: one of them alone has fewer than 2^53.
    states += countValues(this.sets, 0, this.count * this.words);
    return { states, controlStates: this.count, violations: this.violations };
  }

  /** Adds `values` to a control state. */
  private join(point: Point, context: Context, seen: number, values: Int32Array): void {
    const set = this.setOf(point, context, seen);
    const { sets, words } = this;
    const at = set * words;
    let grown = 0;
    for (let i = 0; i < words; i++) {
      const old = sets[at + i] as number;
      const now = old | (values[i] as number);
      grown |= now ^ old;
      sets[at + i] = now;
    }
    if (grown !== 0) this.reopen(point, set);
  }

  private reopen(point: Point, set: number): void {
    if (this.isOpen[set]) return;
    this.isOpen[set] = true;
    (this.open[point.id] as number[]).push(set);
  }

  private setOf(point: Point, context: Context, seen: number): number {
    const live = this.program.live[point.id] as ModelProgram["live"][number];
    const livingContext = this.layout.living(context, live);
    const livingSeen = seen & live.seen;
    const key = livingContext * 2 ** this.flags + livingSeen;
    const sets = this.index[point.id] as Map<number, number>;
    const known = sets.get(key);
    if (known !== undefined) return known;
    const set = this.count++;
    sets.set(key, set);
    this.contexts.push(livingContext);
    this.snapshots.push(livingSeen);
    this.isOpen.push(false);
    if (this.count * this.words > this.sets.length) {
      const larger = new Int32Array(this.sets.length * 2);
      larger.set(this.sets);
      this.sets = larger;
    }
    return set;
  }

  private follow(point: Point, set: number): void {
    const { layout, words, current, scratch } = this;
    const context = this.contexts[set] as number;
    const seen = this.snapshots[set] as number;
    const at = set * words;
    this.isOpen[set] = false;
    if (layout.irqs(context)) for (const flag of this.asyncFlags) maySetFlag(this.sets, flag, at, words);
    current.set(this.sets.subarray(at, at + words));
    switch (point.kind) {
      case "irqs":
        return this.join(point.next, layout.withIrqs(context, point.on), seen, current);
      case "read":
        return this.read(point, context, seen);
      case "change": {
        for (const flag of bitsOf(point.clears)) clearFlag(current, flag);
        for (const flag of bitsOf(point.maySet)) maySetFlag(current, flag);
        const aged = point.rewrites ? layout.aged(context) : context;
        return this.join(point.next, point.irqs === undefined ? aged : layout.withIrqs(aged, point.irqs), seen, current);
      }
      case "decide": {
        const result = outcomes(point.test, layout.readings(context, seen));
        scratch.set(current);
        if (result & canHold) this.join(point.next, layout.withDecision(context, point.decision, 1), seen, scratch);
        if (result & canFail) this.join(point.next, layout.withDecision(context, point.decision, 2), seen, scratch);
        return;
      }
      case "test": {
        if (layout.stale(context, point.relies)) this.violations.add("stale");
        const { test } = point;
        const result = test.kind === "seen" ? ((seen & test.flags) !== 0 ? canHold : canFail) : outcomes(test, layout.readings(context, seen));
        if (result & canHold) this.join(point.then, context, seen, current);
        if (result & canFail) this.join(point.otherwise, context, seen, current);
        return;
      }
      case "terminal":
        return this.leave(point, context);
    }
  }

  /** Takes the values apart by what the snapshot will be, as far as it matters. */
  private read(point: Extract<Point, { kind: "read" }>, context: Context, seen: number): void {
    const { next } = point;
    const live = this.program.live[next.id] as ModelProgram["live"][number];
    const taken = point.flags & live.seen;
    const kept = seen & ~point.flags;
    const values = this.current.slice();
    eachValue(values, (value) => {
      const set = this.setOf(next, context, kept | (value & taken));
      const now = point.take ? value & ~point.flags : value;
      const at = set * this.words + (now >>> 5);
      const bit = 1 << (now & 31);
      const old = this.sets[at] as number;
      if ((old & bit) !== 0) return;
      this.sets[at] = old | bit;
      this.reopen(next, set);
    });
  }

  private leave(point: TerminalPoint, context: Context): void {
    const { layout, violations } = this;
    const toUser = layout.toUser(context);
    if (layout.irqs(context) && (toUser ? point.irqsOffToUser : point.irqsOffToKernel)) violations.add("irqs");
    if (layout.stale(context, point.relies)) violations.add("stale");
    if (!toUser) return;
    const owed = owedAt(point, layout, context);
    if (owed === 0 || violations.has("pending")) return;
    eachValue(this.current, (value) => {
      if ((value & owed) !== 0) violations.add("pending");
    });
  }
}

/** The flags that must be clear at a terminal to user mode, in the kernel of this context. */
export function owedAt(point: TerminalPoint, layout: Layout, context: Context): number {
  const readings = layout.readings(context, 0);
  return point.duties.reduce((bits, { flags, when }) => (when === undefined || outcomes(when, readings) & canHold ? bits | flags : bits), 0);
}

export function bitsOf(flags: number): readonly number[] {
  const result: number[] = [];
  for (let rest = flags; rest !== 0; rest &= rest - 1) result.push(31 - Math.clz32(rest & -rest));
  return result;
}
