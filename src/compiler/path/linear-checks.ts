/** What the line of code needs of the paths: tails that all who jump there can share, and names that mean one thing. */
import { diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { formatInstruction, symbolsOf } from "../machine/instructions.js";
import type { Model } from "../model/model.js";
import type { JumpNode, PathNode, PlacedInstruction } from "./graph.js";
import type { LinearRoutine } from "./linear.js";

/** A tail is emitted once, so what it needs must be at the same place whoever jumps there. */
export function checkTail(copy: JumpNode, exit: string, owner: JumpNode, ownerExit: string): Diagnostic | undefined {
  const here = placedIn(copy.body);
  const there = placedIn(owner.body);
  const length = Math.max(here.length, there.length);
  for (let i = 0; i < length; i++) {
    const [a, b] = [here[i], there[i]];
    const [written, emitted] = [text(a), text(b)];
    if (written === emitted) continue;
    return diagnostic(
      "EX9101",
      copy.span,
      { tail: copy.tail.name, first: ownerExit, second: exit },
      {
        label: `from here it needs \`${written}\``,
        secondary: [
          { span: owner.span, message: `from here it needs \`${emitted}\`` },
          ...(a ? [{ span: a.span, message: "this instruction differs" }] : []),
        ],
        notes: ["a tail is emitted once; its instructions address the frame from where RSP and the registers are when it begins"],
        help: "let both exits come with RSP and the frame's pointers at the same place, or write the steps out in one of them",
      },
    );
  }
  return undefined;
}

function text(placed: PlacedInstruction | undefined): string {
  return placed ? formatInstruction(placed.instruction).replace("\t", " ") : "nothing";
}

/** The instructions of a block in program order; a jump's own body is checked where that jump is. */
function placedIn(nodes: readonly PathNode[]): PlacedInstruction[] {
  return nodes.flatMap((node): readonly PlacedInstruction[] => {
    switch (node.kind) {
      case "instructions":
        return node.instructions;
      case "branch":
        return [...node.condition, ...placedIn(node.then), ...placedIn(node.otherwise)];
      case "window":
        return placedIn(node.body);
      default:
        return [];
    }
  });
}

/** A constant that an instruction names is set where the file is assembled, so it cannot be the name of a label too. */
export function checkConstants(model: Model, routines: readonly LinearRoutine[]): readonly Diagnostic[] {
  const items = routines.flatMap((routine) => routine.items);
  const used = new Set(items.flatMap((item) => (item.kind === "instruction" ? symbolsOf(item.instruction).map((use) => use.symbol) : [])));
  return items.flatMap((item): readonly Diagnostic[] => {
    const constant =
      item.kind === "label" && item.scope === "global" && used.has(item.name)
        ? model.constants.find((c) => c.name === item.name)
        : undefined;
    if (!constant || item.kind !== "label") return [];
    return [
      diagnostic(
        "EX9102",
        item.span,
        { name: item.name },
        {
          label: "the label would stand here",
          secondary: [{ span: constant.span, message: "instructions use this constant" }],
          help: "rename one of them",
        },
      ),
    ];
  });
}
