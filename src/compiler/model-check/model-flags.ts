/** The flags of a path's model, and which of them must be clear where it goes to user mode. */
import { visitTest } from "../model/expressions.js";
import type { Flag, FlagWord, Test } from "../model/model.js";
import { visitGraph } from "../path/flow.js";
import type { PathGraph } from "../path/graph.js";
import type { ModelFlag } from "./program.js";

/** A flag that must be clear, in kernels where one of `conditions` holds (`undefined`: in all). */
export interface Owed {
  readonly flag: Flag;
  readonly conditions: readonly (Test | undefined)[];
}

/**
 * The flags that a way to user mode owes: what the path's loops wait for, what its one-shot work handles, what its final work
 * clears, and what the spec requires of every exit (INV-1, INV-8).
 */
export function owedFlags(graph: PathGraph): readonly Owed[] {
  const owed = new Map<Flag, (Test | undefined)[]>();
  const owe = (flag: Flag, condition: Test | undefined) => owed.set(flag, [...(owed.get(flag) ?? []), condition]);
  visitGraph(graph, (node) => {
    if (node.kind === "loop") for (const flag of flagsIn(node.test)) owe(flag, undefined);
    if (node.kind !== "call" || node.item.kind !== "work" || !node.item.guard) return;
    const { guard, policy, clears, condition } = node.item;
    for (const flag of flagsIn(guard)) {
      if (policy === "one-shot" || (policy === "final" && clears.includes(flag))) owe(flag, condition);
    }
  });
  if (graph.exit.toUser) for (const { flags, condition } of graph.model.owed) for (const flag of flags) owe(flag, condition);
  return [...owed].map(([flag, conditions]) => ({ flag, conditions })).sort((a, b) => a.flag.index - b.flag.index);
}

function flagsIn(test: Test): ReadonlySet<Flag> {
  const flags = new Set<Flag>();
  visitTest(test, (t) => {
    if (t.kind === "flags") for (const flag of t.flags) flags.add(flag);
  });
  return flags;
}

/**
 * The flags that the model needs: those that are tested or owed. Flags of one word that every test, every clearing and every duty
 * treats alike become one, which is set when some of them is: that loses nothing, since nothing tells them apart.
 */
export function modelFlags(graph: PathGraph, owed: readonly Owed[]): readonly ModelFlag[] {
  const marks = new Map<Flag, string[]>();
  let occurrence = 0;
  const mark = (flags: Iterable<Flag>, matters: boolean): void => {
    occurrence++;
    for (const flag of flags) {
      const list = marks.get(flag) ?? [];
      list.push(`${occurrence}${matters ? "!" : ""}`);
      marks.set(flag, list);
    }
  };
  const tests = (test: Test) =>
    visitTest(test, (t) => {
      if (t.kind === "flags") mark(t.flags, true);
    });
  visitGraph(graph, (node) => {
    if (node.kind === "loop" || node.kind === "branch") tests(node.test);
    if (node.kind === "evaluate") tests(node.condition.test);
    if (node.kind === "clear") mark(node.flags, false);
    if (node.kind === "call") mark(node.item.clears, false);
    if (node.kind === "instructions") mark(node.step.clears, false);
  });
  for (const { flag, conditions } of owed) {
    const names = conditions.map((c) => (c ? c.span.source.name + c.span.start : "always")).sort();
    marks.set(flag, [...(marks.get(flag) ?? []), `owed! ${names.join()}`]);
  }
  for (const waiver of waivedFlags(graph)) mark(waiver, false);
  const groups = new Map<string, { word: FlagWord; members: Flag[] }>();
  for (const [flag, list] of [...marks].sort((a, b) => a[0].index - b[0].index)) {
    if (!list.some((m) => m.includes("!"))) continue;
    const key = `${flag.word.index} ${list.join(" ")}`;
    const group = groups.get(key) ?? { word: flag.word, members: [] };
    group.members.push(flag);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ word, members }) => ({ word, members, async: members.some((f) => f.async) }));
}

function waivedFlags(graph: PathGraph): (readonly Flag[])[] {
  const result: (readonly Flag[])[] = [];
  const add = (rule: (typeof graph.exit.waivers)[number]["rule"]) => {
    if (rule.kind === "flags") result.push(rule.flags);
  };
  for (const waiver of graph.exit.waivers) add(waiver.rule);
  visitGraph(graph, (node) => {
    if (node.kind === "waive") add(node.waiver.rule);
  });
  return result;
}
