/** What single instructions may touch: per-CPU data, the stack, and memory that the active page tables map. */
import { formatInstruction } from "../../machine/instructions.js";
import { instructionFacts } from "../instruction-facts.js";
import type { Rule, Visit } from "../rule.js";
import { kernelOnlyStacks, stackOfRegion } from "../stacks.js";
import { valueNameOf } from "../vector.js";

export const memory: Rule = (visit) => {
  const { node, instruction: index } = visit;
  if (node.kind !== "instructions" || index === undefined) return;
  const placed = node.instructions[index];
  const facts = instructionFacts(visit.context, node, index);
  if (!placed || !facts) return;
  const text = () => formatInstruction(placed.instruction).replaceAll("\t", " ");
  if (facts.perCpu) checkPerCpu(visit, text);
  const { context, vector, report } = visit;
  const stack = context.dimension("stack");
  const cr3 = context.dimension("cr3");
  if (facts.usesStack && valueNameOf(vector, stack) === "user") {
    report({
      code: "EX4006",
      args: { instruction: text() },
      cause: { kind: "dimension", dimension: stack },
      details: {
        notes: ["user mode chose that address: the kernel would read or write wherever it points, with the rights of ring 0 (INV-52)"],
        help: "do it before RSP is loaded with the user's value",
      },
    });
  }
  if (valueNameOf(vector, cr3) !== "kernel" && facts.regions.some((region) => mappedOnlyInKernel(visit, region))) {
    report({
      code: "EX4004",
      args: { instruction: text(), region: `${valueNameOf(vector, stack)} stack` },
      cause: { kind: "dimension", dimension: cr3 },
      details: {
        notes: ["the first access to it would fault, with no stack to take the fault on (INV-50, INV-51)"],
        help: "copy what is still needed to the trampoline stack, or finish with this stack, before CR3 is switched",
      },
    });
  }
  // A step that says so reads what lies in the entry area, which both page tables map.
  if (facts.kernelMemory && valueNameOf(vector, cr3) === "user" && !node.step.touches.includes("cpu_entry_area")) {
    report({
      code: "EX4004",
      args: { instruction: text(), region: "kernel's data" },
      cause: { kind: "dimension", dimension: cr3 },
      details: {
        notes: ["of the kernel only the entry area is mapped: the access would fault (INV-62)"],
        help: "do it before CR3 is switched; if the data lies in the entry area, let the step say `touches cpu_entry_area`",
      },
    });
  }
  if (facts.writesStack && valueNameOf(vector, stack) === "espfix") {
    report({
      code: "EX4010",
      args: { instruction: text() },
      cause: { kind: "dimension", dimension: stack },
      details: {
        notes: ["the write would fault, and the fault's frame cannot be pushed there either: what comes is a double fault (INV-58)"],
        help: "do it before RSP is loaded with the read-only alias",
      },
    });
  }
  for (const written of facts.opaque) {
    const says = node.step.ensures.some((s) => s.dimension.name === written) || node.step.restores?.dimension.name === written;
    if (!says) {
      report({
        code: "EX4002",
        args: {
          item: node.step.name,
          what:
            written === "stack"
              ? "RSP"
              : written === "cr3"
                ? "CR3"
                : written === "cr2"
                  ? "CR2"
                  : written === "gs"
                    ? "the GS base"
                    : "IA32_SPEC_CTRL",
        },
        span: node.step.span,
        details: {
          label: "declared here",
          notes: ["the instructions alone do not tell what the value means to the kernel"],
          help: `add \`ensures ${written} …\` with the value that it has then`,
        },
      });
    }
  }
};

function checkPerCpu({ context, vector, report }: Visit, instruction: () => string): void {
  for (const [name, why] of [
    ["gs", "the address would be computed from a base that user mode chose (INV-41)"],
    ["cr3", "the per-CPU area is not in the user's page tables (INV-61)"],
    ["speculation", "the processor may have guessed the way around SWAPGS, and load through the other base ahead of time (INV-45)"],
  ] as const) {
    const dimension = context.dimension(name);
    const actual = valueNameOf(vector, dimension);
    if (actual === "kernel" || actual === "fenced") continue;
    // Not every kernel, and not every processor, needs the fence: its event says so.
    if (name === "speculation" && !vector.event.starts.some((s) => s.dimension === dimension)) continue;
    report({
      code: "EX4003",
      args: { instruction: instruction(), dimension: name, actual },
      cause: { kind: "dimension", dimension },
      details: {
        notes: [why],
        help: name === "speculation" ? "put an `lfence` before it, on both ways" : `move it to before ${name} is switched`,
      },
    });
  }
}

/** The thread and IRQ stacks are mapped for the kernel only; IST, trampoline and espfix stacks, in the entry area, in both. */
function mappedOnlyInKernel({ context, vector }: Visit, region: string): boolean {
  return kernelOnlyStacks.includes(stackOfRegion(context, vector, region));
}
