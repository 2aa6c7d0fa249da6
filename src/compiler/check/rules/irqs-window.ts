/** IRQs may be on only while the kernel's own GS, page tables, stack and speculation controls are loaded (INV-42, INV-52, INV-72), and never in any-context paths and NMIs (INV-37, INV-100). */
import { instructionFacts } from "../instruction-facts.js";
import type { Rule } from "../rule.js";
import { valueNameOf } from "../vector.js";

const kernelOwn = [
  ["gs", ["kernel"]],
  ["cr3", ["kernel"]],
  ["stack", ["thread", "irq"]],
  ["spec_ctrl", ["kernel"]],
  ["nmi", ["unmasked"]],
] as const;

export const irqsWindow: Rule = ({ context, node, vector, instruction, report }) => {
  const irqs = context.dimension("irqs");
  let turnsOn = node.kind === "irqs" && node.on;
  let swaps = false;
  if (node.kind === "instructions" && instruction !== undefined) {
    const facts = instructionFacts(context, node, instruction);
    turnsOn ||= facts?.rflags.some(([name, value]) => name === "irqs" && value === "on") ?? false;
    swaps = facts?.effects.some((e) => e.kind === "swapgs") ?? false;
  }
  if (turnsOn && vector.event.anyPoint) {
    report({
      code: "EX6001",
      args: { event: vector.event.name },
      details: {
        secondary: [{ span: vector.event.span, message: "`any point` is declared here" }],
        notes: [
          "the interrupted code may hold locks, or be in the middle of an entry or exit; an interrupt now would find that half-done (INV-37, INV-100)",
        ],
        help: "leave IRQs off; what needs them on must be deferred to a path that interrupted nothing",
      },
    });
    return;
  }
  const on = valueNameOf(vector, irqs) === "on";
  if (on && swaps) {
    report({
      code: "EX4005",
      args: { irqs: "are on", dimension: "gs", actual: "about to be swapped" },
      cause: { kind: "dimension", dimension: irqs },
      details: {
        notes: ["an interrupt between SWAPGS and the terminal would run the kernel on the user's GS base (INV-42)"],
        help: "put `irqs off` before it",
      },
    });
  } else if (turnsOn || (on && !vector.event.anyPoint && node.kind !== "terminal")) {
    for (const [name, allowed] of kernelOwn) {
      const dimension = context.dimension(name);
      const actual = valueNameOf(vector, dimension);
      if ((allowed as readonly string[]).includes(actual)) continue;
      report({
        code: "EX4005",
        args: { irqs: turnsOn ? "go on" : "are on", dimension: name, actual },
        cause: { kind: "dimension", dimension },
        details: {
          notes: [
            name === "nmi"
              ? "the IRET of the interrupt's handler unblocks NMIs while this one is not done: the next one comes on top of it (INV-100, INV-107)"
              : "an interrupt that comes from kernel mode takes the kernel's GS, page tables, stack and speculation controls for granted (INV-42, INV-52, INV-72)",
          ],
          help:
            name === "nmi"
              ? "leave IRQs off until the terminal; work waits for the next way to user mode"
              : turnsOn
                ? `turn them on where ${name} is the kernel's: on the way out the terminal loads the interrupted code's own RFLAGS, with IF`
                : `turn IRQs off before ${name} becomes \`${actual}\`; on the way in, let the event arrive with them off`,
        },
      });
    }
  }
};

export const anyPointWork: Rule = ({ node, vector, report }) => {
  if (node.kind !== "call" || node.item.kind !== "work" || !vector.event.anyPoint) return;
  report({
    code: "EX6004",
    args: { item: node.item.name, event: vector.event.name },
    details: {
      secondary: [{ span: vector.event.span, message: "`any point` is declared here" }],
      notes: ["nobody knows what was interrupted, so nothing but the way back can be done (INV-37)"],
      help: "leave the work to the next exit that interrupted nothing: its flag stays set",
    },
  });
};
