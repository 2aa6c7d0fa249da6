/** Walks over path graphs. */
import type { Test } from "../model/model.js";
import type { PathGraph, PathNode } from "./graph.js";

/** The blocks that a node holds: arms, bodies, a tail's copy. */
export function blocksOf(node: PathNode): readonly (readonly PathNode[])[] {
  switch (node.kind) {
    case "branch":
      return [node.then, node.otherwise];
    case "loop":
    case "window":
    case "jump":
      return [node.body];
    default:
      return [];
  }
}

/** Calls `visit` for all nodes of a block in program order, with the loops that hold them (outermost first). */
export function visitNodes(
  nodes: readonly PathNode[],
  visit: (node: PathNode, loops: readonly PathNode[]) => void,
  loops: readonly PathNode[] = [],
): void {
  for (const node of nodes) {
    visit(node, loops);
    const inner = node.kind === "loop" ? [...loops, node] : loops;
    for (const block of blocksOf(node)) visitNodes(block, visit, inner);
  }
}

/** Calls `visit` for all nodes of a path: `prepare`, then `leave`. */
export function visitGraph(graph: PathGraph, visit: (node: PathNode, loops: readonly PathNode[]) => void): void {
  visitNodes(graph.prepare, visit);
  visitNodes(graph.leave, visit);
}

/** The test that a node decides at run time or boot time, if it is a branch or a loop. */
export function testOf(node: PathNode): Test | undefined {
  return node.kind === "branch" || node.kind === "loop" ? node.test : undefined;
}

/** Does the node do anything when it runs? `waive`, `assume` and `evaluate` only say something. */
export function acts(node: PathNode): boolean {
  return node.kind !== "waive" && node.kind !== "assume" && node.kind !== "evaluate";
}

/** Does control never come out of the end of this block? */
export function leaves(nodes: readonly PathNode[]): boolean {
  const last = nodes.findLast(acts);
  if (!last) return false;
  switch (last.kind) {
    case "terminal":
    case "jump":
      return true;
    case "branch":
      return leaves(last.then) && leaves(last.otherwise);
    case "window":
      return leaves(last.body);
    default:
      return false;
  }
}

/** Does every way through a block pass a node that fits? */
export function waysPassing(nodes: readonly PathNode[], fits: (node: PathNode) => boolean): "always" | "sometimes" | "never" {
  let result: "always" | "sometimes" | "never" = "never";
  for (const node of nodes) {
    if (fits(node)) return "always";
    if (node.kind === "branch") {
      const arms = [waysPassing(node.then, fits), waysPassing(node.otherwise, fits)];
      if (arms.every((a) => a === "always")) return "always";
      if (arms.some((a) => a !== "never")) result = "sometimes";
    } else if (node.kind === "loop") {
      if (waysPassing(node.body, fits) !== "never") result = "sometimes";
    } else if (node.kind === "window") {
      const inner = waysPassing(node.body, fits);
      if (inner === "always") return "always";
      if (inner === "sometimes") result = "sometimes";
    }
  }
  return result;
}
