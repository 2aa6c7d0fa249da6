/** Forward jumps within a step become blocks: `if` where they nest, labelled blocks where they do not. */
import { flagTest } from "./flag.js";
import type { Module } from "./module.js";
import type { Doc } from "./print.js";
import { block, conditional } from "./print.js";
import type { Flag } from "./values.js";

/** A jump is taken when the flag is set, or when it is not. */
export interface StepTest {
  readonly flag: Flag;
  readonly holds: boolean;
}

export interface StepEntry {
  readonly docs: readonly Doc[];
  /** It is this local label. */
  readonly label: string | undefined;
  /** It jumps there; `test` is undefined where it always does. */
  readonly jump: { readonly label: string; readonly test: StepTest | undefined } | undefined;
  /** Nothing falls through, and it is no jump. */
  readonly ends: boolean;
}

export function structure(module: Module, entries: readonly StepEntry[]): readonly Doc[] {
  /** For each jump, where its label is: the first of that name behind it. */
  const targets = entries.map(({ jump }, i) => (jump ? entries.findIndex((e, j) => j > i && e.label === jump.label) : -1));
  return nested(module, entries, targets, 0, entries.length) ?? labelled(module, entries, targets);
}

/** The range as nested `if`s, or undefined if its jumps cross. */
function nested(
  module: Module,
  entries: readonly StepEntry[],
  targets: readonly number[],
  from: number,
  to: number,
): readonly Doc[] | undefined {
  const docs: Doc[] = [];
  for (let i = from; i < to; i++) {
    const entry = entries[i] as StepEntry;
    docs.push(...entry.docs);
    if (entry.ends && i + 1 < to) return undefined;
    if (!entry.jump) continue;
    const target = targets[i] as number;
    const { test } = entry.jump;
    if (test === undefined || target > to || !isClosed(targets, i, target)) return undefined;
    // `jz 1f; A; jmp 2f; 1: B; 2:` is an `if` with an `else`.
    const last = target - 1;
    const end = targets[last] as number;
    const diamond = last > i && entries[last]?.jump !== undefined && entries[last]?.jump?.test === undefined;
    if (diamond) {
      if (end > to || !isClosed(targets, i, end, last)) return undefined;
      const then = nested(module, entries, targets, i + 1, last);
      const otherwise = nested(module, entries, targets, target, end);
      if (!then || !otherwise) return undefined;
      docs.push(conditional(flagTest(module, test.flag, !test.holds), [...then, ...(entries[last] as StepEntry).docs], otherwise));
      i = end - 1;
      continue;
    }
    const inner =
      entries[last]?.ends === true ? withEnd(module, entries, targets, i + 1, target) : nested(module, entries, targets, i + 1, target);
    if (!inner) return undefined;
    if (inner.length > 0) docs.push(conditional(flagTest(module, test.flag, !test.holds), inner, []));
    i = target - 1;
  }
  return docs;
}

/** A range whose last entry is a trap. */
function withEnd(
  module: Module,
  entries: readonly StepEntry[],
  targets: readonly number[],
  from: number,
  to: number,
): readonly Doc[] | undefined {
  const before = nested(module, entries, targets, from, to - 1);
  return before && [...before, ...(entries[to - 1] as StepEntry).docs];
}

/** Does no jump between `at` and `target` leave the range, `except` one, and none come into it from before? */
function isClosed(targets: readonly number[], at: number, target: number, except = -1): boolean {
  return targets.every((t, j) => {
    if (t < 0 || j === at || j === except) return true;
    if (j > at && j < target) return t <= target;
    return j > at || t <= at || t >= target;
  });
}

/** A labelled block for each label, the last one outermost; a jump leaves its block. */
function labelled(module: Module, entries: readonly StepEntry[], targets: readonly number[]): readonly Doc[] {
  const used = [...new Set(targets.filter((t) => t >= 0))].sort((a, b) => a - b);
  const name = (target: number) => `to_${target}`;
  let docs: Doc[] = [];
  let reachable = true;
  entries.forEach((entry, i) => {
    if (used.includes(i)) {
      docs = [block(`${name(i)}:`, docs)];
      reachable = true;
    }
    if (!reachable) return;
    docs.push(...entry.docs);
    if (entry.ends) reachable = false;
    if (!entry.jump) return;
    const leave = `break ${name(targets[i] as number)};`;
    docs.push(
      entry.jump.test === undefined ? leave : conditional(flagTest(module, entry.jump.test.flag, entry.jump.test.holds), [leave], []),
    );
    if (entry.jump.test === undefined) reachable = false;
  });
  return docs;
}
