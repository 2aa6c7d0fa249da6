/**
 * Kernel code that ran with IRQs off relies on it: it may hold a lock that the handler of an interrupt takes, or be half done. So the way back to
 * it turns them on only where its saved RFLAGS have IF (INV-28, INV-35).
 */
import type { Test } from "../../model/model.js";
import type { Rule } from "../rule.js";
import { valueIndex, valueNameOf } from "../vector.js";
import { turnsIrqsOn } from "./at-interrupts.js";
import { disproved } from "./frame-facts.js";

const interruptFlag = 1n << 9n;

export const interruptedIrqs: Rule = (visit) => {
  const { context, node, vector, report } = visit;
  const irqs = context.dimension("irqs");
  // An event that may strike anywhere never turns them on (EX6001). Where the exit starts with them on, entry has seen to it.
  if (vector.toUser || vector.event.anyPoint || !turnsIrqsOn(visit) || valueNameOf(vector, irqs) === "on") return;
  if (vector.event.starts.some((s) => s.dimension === irqs && s.value !== valueIndex(vector, irqs))) return;
  const field = context.model.frame?.fields.find((f) => f.saves === "rflags");
  if (!field) return;
  const { span } = node;
  const lacksIf: Test = {
    kind: "compare",
    operator: "lacks",
    left: { kind: "field", field, span },
    right: { kind: "number", constants: [], literal: interruptFlag, span },
    span,
    because: undefined,
  };
  if (disproved(context, vector, lacksIf)) return;
  report({
    code: "EX3012",
    args: { event: vector.event.name },
    details: {
      secondary: [{ span: vector.event.span, message: `\`${vector.event.name}\` may have come from kernel mode` }],
      notes: [
        "it may hold a lock that an interrupt's handler waits for: the CPU would stand still; exceptions, unlike interrupts, also come with IRQs off (INV-28, INV-35)",
      ],
      help: `turn them on only on the way to user mode, or behind \`when frame.${field.name} has IF\``,
    },
  });
};
