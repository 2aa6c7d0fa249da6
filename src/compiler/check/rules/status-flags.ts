/** A jump tests flags that the instruction before it set on purpose: a call, or what changes them by the way, destroys them. */
import { effectsOf, formatInstruction } from "../../machine/instructions.js";
import type { Rule } from "../rule.js";

export const statusFlags: Rule = ({ node, instruction: index, report }) => {
  if (node.kind !== "instructions" || index === undefined) return;
  const placed = node.instructions[index];
  if (!placed || placed.before.flags !== undefined) return;
  if (!effectsOf(placed.instruction).some((e) => e.kind === "jump" && e.when !== "always")) return;
  const earlier = node.instructions.slice(0, index);
  const changer = earlier.findLast((p) => effectsOf(p.instruction).some((e) => e.kind === "call" || e.kind === "flags-undefined"));
  report({
    code: "EX4009",
    args: {
      instruction: textOf(placed.instruction),
      why: changer ? `\`${textOf(changer.instruction)}\` may have changed them` : "nothing has set them",
    },
    details: {
      secondary: changer ? [{ span: changer.span, message: "changed here" }] : [],
      notes: ["a function keeps no status flags, and neither does every instruction keep or set them (System V ABI, AMD64, 3.2.1)"],
      help: "test right before the jump, by `test`, `cmp` or `bt`",
    },
  });
};

function textOf(instruction: Parameters<typeof formatInstruction>[0]): string {
  return formatInstruction(instruction).replaceAll("\t", " ");
}
