/** What the spec requires `at interrupts`: wherever IRQs are on, since the handler of an interrupt relies on it (INV-21, INV-42). */
import { instructionFacts } from "../instruction-facts.js";
import type { Rule, Visit } from "../rule.js";
import { valueIndex, valueNameOf } from "../vector.js";

export const atInterrupts: Rule = (visit) => {
  const { context, node, vector, combinations, report } = visit;
  if (vector.event.anyPoint) return;
  const goOn = turnsIrqsOn(visit);
  // Where they go off, and at a terminal, no more is done with them on.
  const areOn = valueNameOf(vector, context.dimension("irqs")) === "on" && node.kind !== "irqs" && node.kind !== "terminal";
  if (!goOn && !areOn) return;
  // IRQs go on in no NMI at all, which is told (EX4005).
  if (valueNameOf(vector, context.dimension("nmi")) === "masked") return;
  for (const { target, setting, condition, because, span } of context.requires) {
    const { dimension, value } = setting;
    if (target !== "interrupts" || valueIndex(vector, dimension) === value) continue;
    const owing = combinations & (condition ? (context.features.where(condition) ?? context.features.all) : context.features.all);
    if (owing === 0n) continue;
    const wanted = dimension.values[value] as string;
    report({
      code: "EX4005",
      args: { irqs: goOn ? "go on" : "are on", dimension: dimension.name, actual: valueNameOf(vector, dimension) },
      cause: { kind: "dimension", dimension },
      combinations: owing,
      details: {
        secondary: [{ span, message: "interrupts rely on it" }],
        notes: because === undefined ? [] : [because],
        help: goOn
          ? `turn them on where ${dimension.name} is \`${wanted}\``
          : `turn IRQs off before ${dimension.name} leaves \`${wanted}\``,
      },
    });
  }
};

/** Do IRQs go on here? */
export function turnsIrqsOn({ context, node, instruction }: Visit): boolean {
  if (node.kind === "irqs") return node.on;
  if (node.kind !== "instructions" || instruction === undefined) return false;
  return instructionFacts(context, node, instruction)?.rflags.some(([name, value]) => name === "irqs" && value === "on") ?? false;
}
