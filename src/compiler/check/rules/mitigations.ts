/** Orders among mitigations that a state alone does not tell. */
import { instructionFacts } from "../instruction-facts.js";
import type { Rule } from "../rule.js";
import { valueNameOf } from "../vector.js";
import { isEntry } from "./entry-frame.js";

/** INV-71, INV-72: without the kernel's speculation controls, a RET may be predicted to where user code chose. */
export const returnsAfterControls: Rule = ({ context, node, vector, instruction, report }) => {
  if (node.kind !== "instructions" || instruction !== undefined) return;
  const { step } = node;
  const calls =
    step.containsReturn || node.instructions.some((_, i) => instructionFacts(context, node, i)?.effects.some((e) => e.kind === "call"));
  if (!calls) return;
  const dimension = context.dimension("spec_ctrl");
  const actual = valueNameOf(vector, dimension);
  if (actual === "kernel") return;
  const entering = isEntry(context);
  report({
    code: "EX8002",
    args: { item: step.name, actual },
    cause: { kind: "dimension", dimension },
    details: {
      label: "there is a RET in it",
      notes: [
        entering
          ? "what user mode taught the predictor decides where the RET is predicted to, until the kernel's value of IA32_SPEC_CTRL is set (INV-72)"
          : "until user mode is reached the kernel's returns need the protection that its value of IA32_SPEC_CTRL gives (INV-71)",
      ],
      help: entering
        ? "do it after the speculation controls are set, or write it without a call"
        : "do it before the speculation controls are given back",
    },
  });
};
