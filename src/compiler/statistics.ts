/** How much there is of a path, for people who like to see what was done. */
import type { PathGraph, PathNode } from "./path/graph.js";

export interface PathStatistics {
  /** The exit. */
  readonly name: string;
  /** Nodes of the path graph: statements, guards, loops, terminals. */
  readonly steps: number;
  /** State vectors that the checker met. */
  readonly states: number;
  /** Combinations of features that the declared constraints admit for this path. */
  readonly featureCombinations: number;
  /** Machine instructions of its `leave`, jumps aside. */
  readonly instructions: number;
  /** For building and checking the path. */
  readonly milliseconds: number;
}

export function countPath(graph: PathGraph): Pick<PathStatistics, "name" | "steps" | "instructions"> {
  return {
    name: graph.exit.name,
    steps: graph.nodes.length,
    instructions: graph.nodes.reduce((sum, node) => sum + instructionsOf(node), 0),
  };
}

function instructionsOf(node: PathNode): number {
  switch (node.kind) {
    case "instructions":
      return node.instructions.filter(({ instruction }) => instruction.mnemonic !== ":").length;
    case "branch":
      return node.condition.length;
    case "irqs":
      return node.side === "leave" ? 1 : 0;
    case "terminal":
      return 1;
    default:
      return 0;
  }
}
