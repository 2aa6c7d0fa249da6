/** The ways through a `leave`, as a kernel with some features takes them. */
import { evaluateFeatures } from "../../src/compiler/model/features.js";
import type { Feature } from "../../src/compiler/model/model.js";
import type { PathGraph, PathNode } from "../../src/compiler/path/graph.js";

export interface Way {
  /** What was tested on it and how it came out, but for features: `sysret_applies`, `not compare`. */
  readonly tests: readonly string[];
  /** The steps, in order. */
  readonly steps: readonly string[];
  /** Of each step: its instructions, labels not counted. */
  readonly lengths: readonly number[];
  /** All of them, with the tests and the terminal. */
  readonly instructions: number;
  readonly terminal: string;
}

type Unfinished = Omit<Way, "terminal">;

export function waysOf(graph: PathGraph, features: ReadonlySet<Feature>): Way[] {
  const ended: Way[] = [];
  const walk = (nodes: readonly PathNode[], before: readonly Unfinished[]): readonly Unfinished[] => {
    let ways = before;
    for (const node of nodes) {
      if (node.kind === "instructions") {
        const count = node.instructions.filter(({ instruction }) => instruction.mnemonic !== ":").length;
        ways = ways.map((w) => ({
          ...w,
          steps: [...w.steps, node.step.name],
          lengths: [...w.lengths, count],
          instructions: w.instructions + count,
        }));
      } else if (node.kind === "terminal") {
        ended.push(...ways.map((w) => ({ ...w, terminal: node.terminal.name, instructions: w.instructions + 1 })));
        return [];
      } else if (node.kind === "jump" || node.kind === "window") ways = walk(node.body, ways);
      else if (node.kind === "branch") {
        const decided = evaluateFeatures(node.test, features);
        if (decided !== undefined) ways = walk(decided ? node.then : node.otherwise, ways);
        else {
          const name = node.test.kind === "condition" ? node.test.condition.name : node.test.kind;
          const entered = (test: string) =>
            ways.map((w) => ({ ...w, tests: [...w.tests, test], instructions: w.instructions + node.condition.length }));
          ways = [...walk(node.then, entered(name)), ...walk(node.otherwise, entered(`not ${name}`))];
        }
      }
    }
    return ways;
  };
  walk(graph.leave, [{ tests: [], steps: [], lengths: [], instructions: 0 }]);
  return ended;
}
