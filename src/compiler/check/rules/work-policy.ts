/** How work may run: sleeping work with IRQs on, final work with IRQs off, once-only work outside of loops, masks that end. */

import { visitTest } from "../../model/expressions.js";
import type { Work } from "../../model/model.js";
import { visitNodes } from "../../path/flow.js";
import type { PathNode } from "../../path/graph.js";
import type { PathContext } from "../context.js";
import type { Rule } from "../rule.js";
import { valueNameOf } from "../vector.js";

/** INV-2: what may sleep runs with IRQs on. INV-6, INV-7: final work is atomic and runs with IRQs off. */
export const workIrqs: Rule = ({ context, node, vector, instruction, report }) => {
  const item = node.kind === "call" ? node.item : node.kind === "instructions" && instruction === undefined ? node.step : undefined;
  if (!item || (item.kind === "work" && vector.event.anyPoint)) return;
  const irqs = context.dimension("irqs");
  const actual = valueNameOf(vector, irqs);
  const cause = { kind: "dimension", dimension: irqs } as const;
  // What a step of `leave` requires is `contracts.ts`'s.
  const requirement = node.kind === "call" ? item.requires.find((r) => r.dimension === irqs) : undefined;
  if (requirement && irqs.values[requirement.value] !== actual) {
    const wanted = irqs.values[requirement.value] as string;
    report({
      code: "EX3005",
      args: { item: item.name, wanted, actual },
      cause,
      details: {
        secondary: [{ span: requirement.span, message: "its contract says so here" }],
        notes: [
          wanted === "on"
            ? "it may wait for what only an interrupt can bring, or work for so long that interrupts must not be kept waiting (INV-2)"
            : "it relies on nothing coming in between: an interrupt would find its work half-done, or the task be moved to another CPU (INV-7)",
        ],
        help:
          wanted === "on" ? "put `irqs on` before it, inside the loop that reads the flags again afterwards" : "put `irqs off` before it",
      },
    });
  } else if (item.maySleep && !["thread", "user"].includes(valueNameOf(vector, context.dimension("stack")))) {
    const stack = context.dimension("stack");
    if (item.requires.some((r) => r.dimension === stack)) return;
    report({
      code: "EX3002",
      args: { item: item.name, why: `RSP is on the ${valueNameOf(vector, stack)} stack` },
      cause: { kind: "dimension", dimension: stack },
      details: {
        secondary: [{ span: item.span, message: "`may sleep` is declared here" }],
        notes: ["that stack is the CPU's: the next task that runs here would use it while this one still does (INV-55)"],
        help: "do it on the thread's stack: switch to it first, or leave the work to an exit that runs there",
      },
    });
  } else if (item.maySleep && actual === "off") {
    report({
      code: "EX3002",
      args: { item: item.name, why: "IRQs are off here" },
      cause,
      details: {
        secondary: [{ span: item.span, message: "`may sleep` is declared here" }],
        notes: ["the scheduler would switch to another task with IRQs off, and this CPU would stop answering interrupts (INV-2)"],
        help: "put `irqs on` before it, inside the loop that reads the flags again afterwards",
      },
    });
  } else if (item.kind === "work" && item.policy === "final" && actual === "on") {
    report({
      code: "EX3003",
      args: { item: item.name },
      cause,
      details: {
        secondary: [{ span: item.span, message: "declared as `final` here" }],
        notes: [
          "final work acts on the last value of the flags; with IRQs on the task can be preempted and the CPU changed under it (INV-6, INV-7)",
        ],
        help: "run it after the loop, where IRQs are off",
      },
    });
  }
};

/** INV-10: work that is to run once has not run already. In a loop it is refused anyway, see `checkLoops`. */
export const onceWork: Rule = ({ context, node, vector, report }) => {
  if (node.kind !== "call" || node.item.kind !== "work" || vector.ran === 0) return;
  const { item } = node;
  if ((vector.ran & (1 << context.marks.once.indexOf(item))) === 0 || item.policy !== "once" || isInLoop(context, node)) return;
  const before: PathNode[] = [];
  visitNodes(context.graph.prepare, (other) => {
    if (other.kind === "call" && other.item === item && other.id < node.id) before.push(other);
  });
  report({
    code: "EX3004",
    args: { item: item.name, why: "it may have run before" },
    details: {
      secondary: [
        ...before.slice(0, 1).map(({ span }) => ({ span, message: "it runs here already" })),
        { span: item.span, message: "declared as `once` here" },
      ],
      notes: ["it belongs to the event, not to the state of a flag; running it again reports one system call twice (INV-10)"],
      help: "run it in one place that every way comes by",
    },
  });
};

function isInLoop({ graph }: PathContext, node: PathNode): boolean {
  let result = false;
  visitNodes(graph.prepare, (other, loops) => {
    result ||= other === node && loops.length > 0;
  });
  return result;
}

/** Static rules of loops, told once a loop. */
export function checkLoops(
  nodes: readonly PathNode[],
  report: (work: Work | undefined, node: PathNode, flag: string | undefined) => void,
): void {
  visitNodes(nodes, (node, loops) => {
    if (node.kind === "call" && node.item.kind === "work" && node.item.policy === "once" && loops.length > 0)
      report(node.item, node, undefined);
    if (node.kind !== "loop") return;
    const cleared = new Set<string>();
    visitNodes(node.body, (inner) => {
      if (inner.kind === "call") for (const flag of inner.item.clears) cleared.add(flag.name);
      if (inner.kind === "clear") for (const flag of inner.flags) cleared.add(flag.name);
      if (inner.kind === "read" && inner.take) for (const flag of inner.word.flags) cleared.add(flag.name);
    });
    visitTest(node.test, (test) => {
      if (test.kind === "flags") for (const flag of test.flags) if (!cleared.has(flag.name)) report(undefined, node, flag.name);
    });
  });
}
