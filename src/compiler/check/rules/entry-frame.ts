/**
 * What an entry saves of the interrupted code: the general registers, before they are used for something else, and RSP where the processor
 * leaves it alone. `save_registers` makes the frame of what the registers hold then.
 */
import type { Effect } from "../../machine/instruction.js";
import { visitNodes } from "../../path/flow.js";
import type { InstructionsNode } from "../../path/graph.js";
import type { PathContext } from "../context.js";
import { instructionFacts } from "../instruction-facts.js";
import { fieldSaves, missingRegisters } from "../registers.js";
import type { Rule, Visit } from "../rule.js";
import { kernelOnlyStacks } from "../stacks.js";
import { registerBit, valueNameOf } from "../vector.js";

export const entryFrame: Rule = (visit) => {
  const { context, node, instruction } = visit;
  if (node.kind !== "instructions" || !isEntry(context)) return;
  if (instruction !== undefined) checkStackPointer(visit, node, instruction);
  else if (node.step.form.kind === "built-in" && node.step.form.name === "save_registers") {
    checkSaved(visit, node);
    checkStack(visit);
  }
};

export function isEntry({ graph, model }: PathContext): boolean {
  return model.entries.some((entry) => entry.body === graph.exit.leave);
}

/** Each register holds what the interrupted code had in it, or some word that was pushed does. */
function checkSaved({ context, vector, report }: Visit, { after }: InstructionsNode): void {
  const kept = new Set<string | undefined>();
  for (const value of [...Object.values(after.registers), ...[...after.slots.values()].flatMap((words) => [...words.values()])])
    if (value.kind === "field") kept.add(fieldSaves(context, value.field));
  const lost = missingRegisters(vector, vector.event.loses).filter((register) => !kept.has(register));
  if (lost.length === 0) return;
  const names = lost.length > 3 ? `${lost.slice(0, 3).join(", ")} and others` : lost.join(", ");
  report({
    code: "EX6010",
    args: {
      entry: context.graph.exit.name,
      problem: `saves ${names} when ${lost.length > 1 ? "they hold" : "it holds"} values of the kernel's`,
    },
    cause: { kind: "registers", registers: lost.reduce((bits, name) => bits | registerBit(name), 0) },
    details: {
      notes: ["the interrupted code gets back what the frame holds"],
      help: "save the registers before a step that uses them, or push those that it uses",
    },
  });
}

/** It pushes: RSP must be the kernel's, on a stack that is mapped. In the kernel the processor has just pushed there itself. */
function checkStack({ context, vector, report }: Visit): void {
  const [stack, cr3] = [context.dimension("stack"), context.dimension("cr3")];
  const on = valueNameOf(vector, stack);
  if (on === "user") {
    report({
      code: "EX4006",
      args: { instruction: "save_registers" },
      cause: { kind: "dimension", dimension: stack },
      details: {
        notes: ["user mode chose that address: the kernel would write wherever it points, with the rights of ring 0 (INV-52)"],
        help: "switch to the thread's stack before it",
      },
    });
  } else if (vector.toUser && valueNameOf(vector, cr3) !== "kernel" && kernelOnlyStacks.includes(on)) {
    report({
      code: "EX4004",
      args: { instruction: "save_registers", region: `${on} stack` },
      cause: { kind: "dimension", dimension: cr3 },
      details: {
        notes: ["the first push would fault, with no stack to take the fault on (INV-50)"],
        help: "switch CR3 before the stack that only the kernel's page tables map",
      },
    });
  }
}

/** SYSCALL leaves the user's RSP in RSP: who loads another one has kept it. */
function checkStackPointer({ context, vector, report }: Visit, node: InstructionsNode, index: number): void {
  const facts = instructionFacts(context, node, index);
  const rsp = registerBit("rsp");
  // Pushes are told by EX4006.
  if (!facts || facts.usesStack || (facts.lost & vector.registers & rsp) === 0 || isKept(context, node, index)) return;
  report({
    code: "EX6010",
    args: { entry: context.graph.exit.name, problem: "overwrites the user's RSP, of which there is no copy" },
    details: {
      notes: ["SYSCALL does not save RSP, and the frame needs it (SDM Vol. 2B, SYSCALL)"],
      help: "store it first, in per-CPU data that the user's page tables map, or in a register that user mode does not have",
    },
  });
}

function isKept(context: PathContext, node: InstructionsNode, index: number): boolean {
  let kept = false;
  visitNodes(context.graph.leave, (other) => {
    if (other.kind !== "instructions" || other.id > node.id) return;
    const before = other === node ? other.instructions.slice(0, index) : other.instructions;
    kept ||= before.some((_, i) => instructionFacts(context, other, i)?.effects.some(copiesStackPointer));
  });
  return kept;
}

function copiesStackPointer(effect: Effect): boolean {
  if (effect.kind !== "write" && effect.kind !== "push") return false;
  const { value } = effect;
  const { kind } = effect.kind === "write" ? effect.place : { kind: "memory" };
  return (
    (kind === "memory" || kind === "register") && value.kind === "read" && value.place.kind === "register" && value.place.register === "rsp"
  );
}
