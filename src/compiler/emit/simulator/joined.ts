/**
 * Where two ways meet with different stacks, the location analysis gives the stack a region of its own, which holds the words
 * that both have at the same distance from RSP. The simulator copies them there at the end of each way.
 */
import { blocksOf } from "../../path/flow.js";
import type { PathNode } from "../../path/graph.js";
import type { Location } from "../../path/location.js";
import type { Module } from "./module.js";
import type { Doc } from "./print.js";

/** The copies at the end of a way that is known to be `from` and goes on where `to` is known. */
export function joinCopies(module: Module, from: Location, to: Location): readonly Doc[] {
  const joined = to.registers.rsp;
  const rsp = from.registers.rsp;
  if (joined.kind !== "pointer" || joined.region !== "stack:joined" || rsp.kind !== "pointer") return [];
  const words = to.slots.get(joined.region);
  if (!words || (rsp.region === joined.region && from.slots.get(rsp.region) === words)) return [];
  return [...words.keys()].map((offset) => {
    const target = module.words.slot(joined.region, offset).word;
    const source = module.words.slot(rsp.region, rsp.offset + offset - joined.offset).word;
    return module.statement("copy", ["w", target, source]);
  });
}

/** What is known after the last instruction of a block. */
export function lastLocation(nodes: readonly PathNode[]): Location | undefined {
  for (const node of nodes.toReversed()) {
    if (node.kind === "instructions") return node.after;
    for (const block of blocksOf(node).toReversed()) {
      const inner = lastLocation(block);
      if (inner) return inner;
    }
  }
  return undefined;
}
