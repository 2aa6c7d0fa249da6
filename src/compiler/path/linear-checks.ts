/** What the line of code needs of the paths: tails that all who jump there can share, and labels that are given once. */
import { diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { formatInstruction } from "../machine/instructions.js";
import type { Model } from "../model/model.js";
import type { Span } from "../text/source.js";
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

/** Each global label once in every kernel: twice only in arms of `.if` that exclude each other. */
export function checkLabels(model: Model, routines: readonly LinearRoutine[]): readonly Diagnostic[] {
  const given = new Map<string, { readonly span: Span; readonly arms: readonly Arm[] }[]>();
  const diagnostics: Diagnostic[] = [];
  const functions = new Map<string, Span>();
  for (const { prepare } of model.exits) if (prepare) functions.set(prepare.name, prepare.span);
  for (const { call } of model.works) functions.set(call.function, call.span);
  let branches = 0;
  for (const routine of routines) {
    const arms: { branch: number; arm: number }[] = [];
    for (const item of routine.items) {
      const innermost = arms.at(-1);
      if (item.kind === "if") arms.push({ branch: branches++, arm: 0 });
      else if (item.kind === "endif") arms.pop();
      else if (item.kind === "else" || item.kind === "elseif") {
        if (innermost) arms[arms.length - 1] = { branch: innermost.branch, arm: innermost.arm + 1 };
      } else if (item.kind === "label" && item.scope === "global") {
        const others = given.get(item.name) ?? [];
        const other = others.find((o) => !excludes(o.arms, arms))?.span ?? functions.get(item.name);
        if (other) {
          diagnostics.push(
            diagnostic(
              "EX9102",
              item.span,
              { label: item.name },
              {
                label: "the label would stand here",
                secondary: [{ span: other, message: "the name is given here" }],
                help: "labels of exits, tails, terminals and windows, and the names of C functions, are one name space of the linker: rename one",
              },
            ),
          );
        }
        given.set(item.name, [...others, { span: item.span, arms: [...arms] }]);
      }
    }
  }
  return diagnostics;
}

interface Arm {
  readonly branch: number;
  readonly arm: number;
}

function excludes(a: readonly Arm[], b: readonly Arm[]): boolean {
  return a.some((x) => b.some((y) => x.branch === y.branch && x.arm !== y.arm));
}
