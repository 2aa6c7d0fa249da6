/** The line of code executes what the structured path says: on the examples and on random paths, for random ways through them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { combinations, evaluateFeatures } from "../../src/compiler/model/features.js";
import type { Feature } from "../../src/compiler/model/model.js";
import { acts } from "../../src/compiler/path/flow.js";
import type { PathGraph, PathNode } from "../../src/compiler/path/graph.js";
import type { LinearInstruction } from "../../src/compiler/path/linear.js";
import { seed } from "../seed.js";
import { assembledItems, type Emitted, type Expected, emitExample, emitText, exampleNames } from "./specs.js";

/** Does the conditional jump with this index go to its label? */
type Decide = (index: number) => boolean;

const conditional = /^j(z|nz|c|nc)$/;

/** Runs the line of code: jumps are followed, nothing else is known. */
function runLine(items: readonly Expected[], entry: string, decide: Decide): number[] {
  const trace: number[] = [];
  let at = items.findIndex((item) => item.kind === "label" && item.name === entry);
  for (;;) {
    const item = items[at++];
    if (!item) throw new Error("ran off the end");
    if (item.kind === "label") continue;
    trace.push(item.index);
    if (item.role === "trap") throw new Error("ran into a trap");
    if (item.role === "terminal") return trace;
    const { mnemonic, operands } = item.instruction;
    if (mnemonic === "ud2") return trace;
    const [operand] = operands;
    if (operand?.kind !== "label" || (conditional.test(mnemonic) && !decide(item.index))) continue;
    const { label } = operand;
    const found = items.findIndex((other, i) => other.kind === "label" && other.name === label && (other.scope !== "step" || i >= at));
    if (found < 0) throw new Error(`no label ${label}`);
    at = found;
  }
}

/** Runs the path's nodes, with the instructions that each has been given. */
function runPath({ program }: Emitted, graph: PathGraph, on: ReadonlySet<Feature>, decide: Decide): number[] {
  const trace: number[] = [];
  const execute = (instructions: readonly (LinearInstruction | undefined)[]): void => {
    for (const instruction of instructions) if (instruction) trace.push(instruction.index);
  };
  const layout = (node: PathNode) => {
    const found = program.nodes.get(node);
    if (!found) throw new Error(`no layout for a ${node.kind}`);
    return found;
  };
  /** True when the path has left. */
  const block = (nodes: readonly PathNode[]): boolean => {
    for (const node of nodes) if (acts(node) && run(node)) return true;
    return false;
  };
  const run = (node: PathNode): boolean => {
    const { instructions, takenArm, afterThen, afterOtherwise } = layout(node);
    switch (node.kind) {
      case "branch": {
        execute(instructions);
        const last = instructions.at(-1);
        let arm: "then" | "otherwise";
        if (takenArm !== undefined && last) arm = decide(last.index) === (takenArm === "then") ? "then" : "otherwise";
        else if (node.reason === "feature") arm = evaluateFeatures(node.test, on) ? "then" : "otherwise";
        else arm = "then";
        if (block(node[arm])) return true;
        execute([arm === "then" ? afterThen : afterOtherwise]);
        return false;
      }
      case "instructions": {
        let next = 0;
        let skipTo: string | undefined;
        for (const { instruction } of node.instructions) {
          const [operand] = instruction.operands;
          const label = operand?.kind === "label" ? operand.label : undefined;
          if (instruction.mnemonic === ":") {
            if (label === skipTo) skipTo = undefined;
            continue;
          }
          const item = instructions[next++];
          if (skipTo !== undefined || !item) continue;
          execute([item]);
          if (instruction.mnemonic === "ud2") return true;
          if (label !== undefined && (!conditional.test(instruction.mnemonic) || decide(item.index))) skipTo = label;
        }
        return false;
      }
      case "jump":
        execute(instructions);
        return block(node.body);
      case "window":
        return block(node.body);
      case "terminal":
        execute(instructions);
        return true;
      default:
        execute(instructions);
        return false;
    }
  };
  execute(program.prologues.get(graph) ?? []);
  expect(block(graph.leave)).toBe(true);
  return trace;
}

function agree(emitted: Emitted, on: ReadonlySet<Feature>, bits: number): void {
  const decide: Decide = (index) => ((bits >>> (index % 29)) & 1) === 1;
  const items = emitted.program.routines.flatMap((routine) => assembledItems(routine.items, on));
  for (const graph of emitted.graphs) {
    const path = runPath(emitted, graph, on, decide);
    expect(runLine(items, graph.exit.name, decide), graph.exit.name).toEqual(path);
  }
}

/** Jumps to what follows anyway. */
function redundantJumps(items: readonly Expected[]): string[] {
  return items.flatMap((item, i) => {
    const target = item.kind === "instruction" ? item.instruction.operands[0] : undefined;
    if (target?.kind !== "label") return [];
    const next = items.findIndex((other, k) => k > i && other.kind === "instruction");
    const between = items.slice(i + 1, next < 0 ? items.length : next);
    return between.some((label) => label.kind === "label" && label.name === target.label) ? [target.label] : [];
  });
}

describe("every instruction of a way is executed once, in order", () => {
  for (const name of exampleNames) {
    test(`${name}`, () => {
      const emitted = emitExample(name);
      const admissible = combinations(emitted.model.features.slice(0, 12));
      for (const on of admissible) {
        const items = emitted.program.routines.flatMap((routine) => assembledItems(routine.items, on));
        expect(redundantJumps(items)).toEqual([]);
      }
      for (let i = 0; i < 2000; i++) agree(emitted, admissible[(i * 7919) % admissible.length] ?? new Set(), Math.imul(i + 1, 0x9e3779b1));
    });
  }

  test("random paths", () => {
    const simple = fc.constantFrom("do a", "do b", "do c if_needed", "irqs on", "irqs off", "do d").map((s) => s.replace(" if_needed", ""));
    const tests = fc.constantFrom("frame.cs has 1", "not frame.user", "A", "not B", "A and B", "A or C", "frame.ss == 0");
    const ends = (tails: readonly string[]) => fc.constantFrom("iretq", "iretq", ...tails.map((tail) => `jump ${tail}`));
    const blocks = (tails: readonly string[]) =>
      fc.letrec<{ statement: string; open: string; closed: string }>((tie) => ({
        statement: fc.oneof(
          { maxDepth: 4, withCrossShrink: true },
          simple,
          tie("open"),
          fc.tuple(tests, tie("closed")).map(([t, b]) => `when ${t} { ${b} }`),
        ),
        open: fc
          .tuple(
            tests,
            fc.array(tie("statement"), { maxLength: 2 }),
            fc.option(fc.array(tie("statement"), { maxLength: 2 }), { nil: undefined }),
          )
          .map(([t, then, otherwise]) => `when ${t} { ${then.join(" ")} }${otherwise ? ` else { ${otherwise.join(" ")} }` : ""}`),
        closed: fc.oneof(
          { maxDepth: 4, withCrossShrink: true },
          fc.tuple(fc.array(tie("statement"), { maxLength: 3 }), ends(tails)).map(([some, end]) => [...some, end].join(" ")),
          fc
            .tuple(fc.array(tie("statement"), { maxLength: 2 }), tests, tie("closed"), tie("closed"))
            .map(([some, t, x, y]) => `${some.join(" ")} when ${t} { ${x} } else { ${y} }`),
        ),
      })).closed;
    const specs = fc.tuple(blocks([]), blocks(["last"]), blocks(["last", "middle"]), blocks(["last", "middle"]), blocks(["middle"])).map(
      ([last, middle, one, two, three]) => `edition 2026
import "bare"
feature A feature B feature C
frame f { rax, rip, cs, rflags, rsp, ss, user when cs has RPL }
event e { origin user or kernel }
step a { asm "nop" }
step b if A { asm "cld" "std" }
step c if B and not C { asm "clac" }
step d { asm "testb $1, {frame.cs}" "jnz 1f" "lfence" "1:" }
tail last to user or kernel { ${last} }
tail middle to user or kernel { ${middle} }
exit one from e to user or kernel { leave { ${one} } }
exit two from e to user or kernel { leave { ${two} } }
exit three from e to user or kernel { leave { ${three} } }
`,
    );
    fc.assert(
      fc.property(specs, fc.array(fc.integer(), { minLength: 4, maxLength: 4 }), (spec, decisions) => {
        const emitted = emitText(spec);
        expect(emitted.diagnostics).toEqual([]);
        for (const on of combinations(emitted.model.features)) for (const bits of decisions) agree(emitted, on, bits);
      }),
      { seed, numRuns: 300 },
    );
  });
});
