/** Questions about a list of items of the line of code, and the sharing of a tail's. */

import { blocksOf } from "./flow.js";
import type { PathNode } from "./graph.js";
import type { LinearInstruction, LinearItem } from "./linear.js";

/** The label that a `jmp` goes to. */
export function jumpTarget(item: LinearInstruction): string | undefined {
  const [operand] = item.instruction.operands;
  return item.role === "jump" && operand?.kind === "label" ? operand.label : undefined;
}

/** The `endif` that closes the `if` at `start`. */
export function closingIndex(items: readonly LinearItem[], start: number): number {
  let depth = 0;
  for (let i = start; i < items.length; i++) {
    const kind = items[i]?.kind;
    if (kind === "if") depth++;
    if (kind === "endif" && --depth === 0) return i;
  }
  return -1;
}

/** The jumps behind which nothing is assembled, in any kernel: the last item, or the last of each arm of a last `.if`. */
export function trailingJumps(items: readonly LinearItem[], end = items.length): LinearInstruction[] {
  const last = items[end - 1];
  if (last?.kind === "instruction") return last.role === "jump" ? [last] : [];
  if (last?.kind !== "endif") return [];
  const jumps: LinearInstruction[] = [];
  let depth = 0;
  for (let i = end - 1; i >= 0; i--) {
    const kind = items[i]?.kind;
    if (kind === "endif") depth++;
    if (depth === 1 && (kind === "endif" || kind === "else" || kind === "elseif")) jumps.unshift(...trailingJumps(items, i));
    if (kind === "if" && --depth === 0) break;
  }
  return jumps;
}

/** `.else` and `.endif` with nothing between them. */
export function dropEmptyArms(items: LinearItem[]): void {
  for (let i = items.length - 2; i >= 0; i--) {
    if (items[i]?.kind === "else" && items[i + 1]?.kind === "endif") items.splice(i, 1);
  }
}

/** Gives the nodes of a tail's copy the layouts of the nodes that are emitted. What a jump leads to is shared at that jump. */
export function shareLayouts<T>(layouts: Map<PathNode, T>, owners: readonly PathNode[], copies: readonly PathNode[]): void {
  for (const [i, copy] of copies.entries()) {
    const owner = owners[i];
    const layout = owner && layouts.get(owner);
    if (!layout) continue;
    layouts.set(copy, layout);
    if (copy.kind === "jump") continue;
    const emitted = blocksOf(owner);
    for (const [k, block] of blocksOf(copy).entries()) shareLayouts(layouts, emitted[k] ?? [], block);
  }
}
