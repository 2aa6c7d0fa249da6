/** What must be true where a path leaves: the terminal's own row, the frame it pops, the registers, the tokens, the obligations. */
import type { GeneralRegister } from "../../machine/instruction.js";
import type { FrameRequirement } from "../../machine/terminals.js";
import type { TerminalNode } from "../../path/graph.js";
import type { SymbolicValue } from "../../path/location.js";
import { stackValue } from "../../path/symbolic.js";
import { fieldSaves, missingRegisters } from "../registers.js";
import type { Rule, Visit } from "../rule.js";
import { kernelOnlyStacks, stackOfRegion } from "../stacks.js";
import { registerBit, valueIndex, valueNameOf } from "../vector.js";
import { disproved, frameFacts } from "./frame-facts.js";

export const terminals: Rule = (visit) => {
  const { node, vector, report } = visit;
  if (node.kind !== "terminal") return;
  const { terminal } = node;
  if (vector.toUser ? !terminal.toUser : !terminal.toKernel) {
    const target = vector.toUser ? "user" : "kernel";
    const secondary = [{ span: vector.event.span, message: `\`${vector.event.name}\` may have come from ${target} mode` }];
    report({
      code: "EX5005",
      args: { terminal: terminal.name, target },
      details: {
        secondary,
        notes: [`it goes to ${vector.toUser ? "ring 0" : "ring 3"} whatever the frame says`],
        help: "choose the terminal by `when frame.user { … } else { … }`",
      },
    });
    return;
  }
  checkStates(visit, node);
  const missing = checkRegisters(visit, node);
  checkPoppedFrame(visit, node, missing);
  checkTokens(visit, node);
  checkObligations(visit, node);
  if (!vector.toUser) checkInterruptedObligations(visit, node);
  checkOwnStack(visit, node);
  frameFacts(visit, node);
};

function checkStates(visit: Visit, { terminal }: TerminalNode): void {
  const { context, vector, report } = visit;
  for (const [name, wanted, why] of vector.toUser ? terminal.requiresToUser : terminal.requiresToKernel) {
    const dimension = context.dimension(name);
    const actual = valueNameOf(vector, dimension);
    // Registers are asked for one by one; the stack is told by the words that are popped.
    if (name === "registers" || actual === wanted) continue;
    report({
      code: "EX5001",
      args: { terminal: terminal.name, dimension: name, wanted, actual },
      cause: { kind: "dimension", dimension },
      details: { notes: [why], help: `bring ${name} to \`${wanted}\` before \`${terminal.name}\`` },
    });
  }
  // A return to the kernel changes nothing that entry did not: without a token the kernel's own value stays.
  if (vector.toUser) return;
  if (vector.event.anyPoint) checkPageFaultAddress(visit, terminal);
  for (const name of ["gs", "cr3", "spec_ctrl"]) {
    const dimension = context.dimension(name);
    const actual = valueNameOf(vector, dimension);
    if (actual !== "user") continue;
    report({
      code: "EX5001",
      args: { terminal: terminal.name, dimension: name, wanted: "kernel", actual },
      cause: { kind: "dimension", dimension },
      details: {
        notes: ["the interrupted kernel code goes on with it (INV-40)"],
        help: "do this step only when the return is to user mode",
      },
    });
  }
}

/** A page fault that was interrupted before it read CR2 would handle the wrong address (INV-106). */
function checkPageFaultAddress({ context, vector, report }: Visit, terminal: TerminalNode["terminal"]): void {
  const dimension = context.dimension("cr2");
  if (valueNameOf(vector, dimension) !== "lost") return;
  report({
    code: "EX5001",
    args: { terminal: terminal.name, dimension: "cr2", wanted: "intact", actual: "lost" },
    cause: { kind: "dimension", dimension },
    details: {
      notes: [`\`${vector.event.name}\` may have interrupted a page fault between its vector and its read of CR2 (INV-106)`],
      help: "let entry save CR2 (`token old_cr2 in REGISTER restores cr2`) and restore it behind what may fault",
    },
  });
}

/** @returns the registers that the terminal leaves with and that do not hold what was saved of them, told in one finding */
function checkRegisters({ context, vector, report }: Visit, node: TerminalNode): readonly string[] {
  const { terminal } = node;
  // What the ABI takes from user mode need not come back: the terminal loads it, or a constant is in it, which tells nothing.
  const constant = (register: string) => node.before.registers[register as GeneralRegister].kind === "constant";
  const lost = vector.event.loses.filter((r) => terminal.loads.includes(r) || constant(r));
  const unloaded = terminal.frameRequirements.filter((r) => r.kind === "equal").filter((r) => !isLoaded(context, node, r));
  const missing = [...missingRegisters(vector, [...terminal.loads, ...lost]), ...unloaded.map((r) => r.left)];
  // A terminal that pops no frame leaves with RSP as it is. That the stack is not the user's at all is told apart (EX5001).
  const { rsp } = node.before.registers;
  const loadsStack = terminal.popsFrame || valueNameOf(vector, context.dimension("stack")) !== "user";
  if (!loadsStack && !(rsp.kind === "field" && fieldSaves(context, rsp.field) === "rsp")) missing.push("rsp");
  if (missing.length === 0) return missing;
  const values = missing.map((register) => node.before.registers[register as GeneralRegister]);
  const [first, value] = [missing[0] as string, values[0] as SymbolicValue];
  const own = values.every((v) => v.kind === "kernel")
    ? "they hold values of the kernel's"
    : "they do not hold what the frame saved of them";
  report({
    code: "EX5003",
    args: { registers: listed(missing), terminal: terminal.name },
    cause: { kind: "registers", registers: missing.reduce((bits, name) => bits | registerBit(name), 0) },
    details: {
      label: missing.length === 1 ? `${first} holds ${described(context, value)}` : own,
      notes: [
        vector.toUser
          ? "user mode would lose what it had there, and could read what the kernel left there (INV-80)"
          : "the interrupted code would go on with another value",
        ...unloaded.map((r) => r.why),
      ],
      help: missing.every((register) => vector.event.loses.includes(register))
        ? `clear ${missing.join(", ")}, as \`${vector.event.name}\` need not give them back`
        : missing.length > 2
          ? "load them from the frame before it, as `do restore_registers` does"
          : `load ${missing.join(" and ")} from the frame after the last step that uses ${missing.length === 1 ? "it" : "them"}`,
    },
  });
  return missing;
}

/** A register that the terminal loads from must hold one of the two saved words that are to be equal; the second, where they need not be. */
function isLoaded(context: Visit["context"], node: TerminalNode, requirement: Extract<FrameRequirement, { kind: "equal" }>): boolean {
  const value = node.before.registers[requirement.left as GeneralRegister];
  const saved = value.kind === "field" ? fieldSaves(context, value.field) : undefined;
  return (saved === requirement.left && requirement.seen === undefined) || saved === requirement.right;
}

/** `rdi`, `rdi and rsi`, `rax, rcx, rdx and 12 more registers`. */
function listed(registers: readonly string[]): string {
  const shown = registers.length <= 4 ? registers : registers.slice(0, 3);
  if (shown.length < registers.length) return `${shown.join(", ")} and ${registers.length - shown.length} more registers`;
  return [shown.slice(0, -1).join(", "), ...shown.slice(-1)].filter((part) => part !== "").join(" and ");
}

function described(context: Visit["context"], value: SymbolicValue): string {
  switch (value.kind) {
    case "field":
      return `what the frame saved of ${fieldSaves(context, value.field) ?? `\`${value.field}\``}`;
    case "token":
      return `the token \`${value.token}\``;
    case "constant":
      return `0x${value.value.toString(16)}`;
    case "pointer":
      return "the address of a kernel stack";
    case "rflags":
      return value.field === undefined ? "RFLAGS of the kernel's" : "the saved RFLAGS, with other bits";
    case "returned":
      return "what `prepare` returned";
    case "kernel":
      return "a value of the kernel's";
  }
}

const poppedWords = ["rip", "cs", "rflags", "rsp", "ss"];

function checkPoppedFrame({ context, report, vector }: Visit, node: TerminalNode, missing: readonly string[]): void {
  if (node.terminal.popsFrame) {
    const frame = context.model.frame;
    if (!frame) return;
    const wrong = poppedWords.flatMap((register, i) => {
      const value = stackValue(node.before, node.terminal.wordsAt + i * 8, frame);
      // Of the saved RFLAGS the kernel may have changed bits on purpose.
      if (register === "rflags" && value.kind === "rflags" && value.field !== undefined) return [];
      return value.kind === "field" && fieldSaves(context, value.field) === register ? [] : [{ register: register.toUpperCase(), value }];
    });
    const [first, ...rest] = wrong;
    // Where nothing was restored, RSP is still at the frame's first word: that was told.
    if (first && !(missing.length > 4 && inFrame(node))) {
      const notes = ["it pops RIP, CS, RFLAGS, RSP and SS, in this order, from where RSP points (SDM Vol. 2A, IRET)"];
      if (rest.length > 0)
        notes.push(`${listed(rest.map((w) => w.register))} would not be the saved ${rest.length === 1 ? "one" : "ones"} either`);
      report({
        code: "EX5002",
        args: { terminal: node.terminal.name, register: first.register, actual: described(context, first.value) },
        details: { notes, help: "let RSP point at the five saved words: restore the other registers first, and drop what lies between" },
      });
    }
    const cr3 = context.dimension("cr3");
    const { rsp } = node.before.registers;
    const kernelOnly = rsp.kind === "pointer" && kernelOnlyStacks.includes(stackOfRegion(context, vector, rsp.region));
    if (valueNameOf(vector, cr3) !== "kernel" && kernelOnly) {
      report({
        code: "EX4004",
        args: { instruction: node.terminal.mnemonic, region: `${valueNameOf(vector, context.dimension("stack"))} stack` },
        cause: { kind: "dimension", dimension: cr3 },
        details: {
          notes: ["the first access to it would fault, with no stack to take the fault on (INV-50, INV-51)"],
          help: "copy the five words to the trampoline stack before CR3 is switched",
        },
      });
    }
  }
}

function inFrame({ before }: TerminalNode): boolean {
  const { rsp } = before.registers;
  return rsp.kind === "pointer" && rsp.region === "frame";
}

function checkTokens({ context, vector, combinations, report }: Visit, node: TerminalNode): void {
  context.tokens.forEach((token, i) => {
    if (!vector.event.tokens.some((t) => t.name === token.name) || (vector.tokens & (1 << i)) !== 0) return;
    const owing = combinations & restorable(context, token.name);
    if (owing === 0n) return;
    report({
      combinations: owing,
      code: "EX6002",
      args: { token: token.name, terminal: node.terminal.name },
      details: {
        secondary: [{ span: token.span, message: `entry saved ${token.restores.name} in ${token.register} here` }],
        notes: [`the interrupted code would go on with the kernel's ${token.restores.name} (INV-43, INV-63, INV-73)`],
        help: `write \`restore ${token.restores.name} from ${token.name}\` before the registers are restored`,
      },
    });
  });
}

/** The kernels that have a way to restore a token: in the others entry had no need to save it. */
function restorable(context: Visit["context"], token: string): bigint {
  const steps = context.model.steps.filter((step) => step.restores?.token === token);
  if (steps.length === 0) return context.features.all;
  return steps.reduce((set, { condition }) => set | (condition ? (context.features.where(condition) ?? 0n) : context.features.all), 0n);
}

/** Who may have interrupted the way to user mode leaves its obligations as paid as they were (INV-77). */
function checkInterruptedObligations({ context, vector, combinations, report }: Visit, node: TerminalNode): void {
  const buffers = context.dimension("buffers");
  const actual = valueNameOf(vector, buffers);
  if (actual === "clean" && !vector.event.anyPoint) {
    report({
      code: "EX8004",
      args: { terminal: node.terminal.name },
      cause: { kind: "dimension", dimension: buffers },
      details: {
        notes: ["the kernel may see its own data; the way to user mode clears the buffers itself (INV-77)"],
        help: "leave the step out here",
      },
    });
  }
  if (actual === "clean" || !vector.event.anyPoint || !context.model.exits.some((exit) => exit.toUser)) return;
  for (const require of context.requires) {
    const { dimension, value } = require.setting;
    if (require.target !== "user" || dimension !== buffers || valueIndex(vector, dimension) === value) continue;
    const owing =
      combinations & (require.condition ? (context.features.where(require.condition) ?? context.features.all) : context.features.all);
    if (owing === 0n) continue;
    report({
      code: "EX8003",
      args: { event: vector.event.name, dimension: dimension.name, wanted: dimension.values[value] as string, actual },
      cause: { kind: "dimension", dimension },
      combinations: owing,
      obligation: { dimension, value },
      details: {
        secondary: [{ span: require.span, message: "the obligation is declared here" }],
        notes: ["it may have come between the step that paid it and the terminal to user mode, and that path does not pay twice (INV-77)"],
        help: `do that step here, too, or \`waive ${dimension.name} ${dimension.values[value]} because "…"\``,
      },
    });
  }
}

/** Built-in dimensions are mitigations (family 8), the kernel's own are context and instrumentation (family 7). */
function checkObligations({ context, vector, combinations, report }: Visit, node: TerminalNode): void {
  const target = vector.toUser ? "user" : "kernel";
  for (const require of context.requires) {
    const { dimension, value } = require.setting;
    if (require.target !== target || valueIndex(vector, dimension) === value) continue;
    if (require.test && disproved(context, vector, require.test)) continue;
    const owing = require.condition ? (context.features.where(require.condition) ?? context.features.all) : context.features.all;
    if ((combinations & owing) === 0n) continue;
    report({
      code: dimension.builtIn ? "EX8001" : "EX7001",
      args: {
        target,
        dimension: dimension.name,
        wanted: dimension.values[value] as string,
        terminal: node.terminal.name,
        actual: valueNameOf(vector, dimension),
      },
      // Where a branch is missing, the state has no cause.
      cause: require.test ? undefined : { kind: "dimension", dimension },
      combinations: combinations & owing,
      obligation: { dimension, value },
      underTest: require.test !== undefined,
      details: {
        secondary: [{ span: require.span, message: "the obligation is declared here" }],
        notes: require.because !== undefined ? [require.because] : [],
        help: `do a step that ensures ${dimension.name} ${dimension.values[value]} behind the last one that undoes it, or \`waive ${dimension.name} ${dimension.values[value]} because "…"\``,
      },
    });
  }
}

/**
 * The stack of an NMI is the next NMI's, too: from where NMIs may be unmasked again, by the IRET of a fault, it is not this one's
 * any more (INV-101, INV-107). A terminal that may fault itself does not leave from there; only copies of the frame are safe.
 */
function checkOwnStack({ context, vector, report }: Visit, { terminal, before }: TerminalNode): void {
  const nmi = context.dimension("nmi");
  const masked = vector.event.starts.some((s) => s.dimension === nmi && nmi.values[s.value] === "masked");
  if (!masked || !terminal.popsFrame || valueNameOf(vector, context.dimension("stack")) !== "ist") return;
  const { rsp } = before.registers;
  const first = context.model.frame?.fields.find((f) => f.saves === "rip")?.offset;
  const unmasked = valueNameOf(vector, nmi) === "unmasked" && rsp.kind === "pointer" && rsp.region === "frame" && rsp.offset === first;
  const fallible = vector.toUser && terminal.mayFault;
  if (!unmasked && !fallible) return;
  report({
    code: "EX6009",
    args: {
      terminal: terminal.name,
      event: vector.event.name,
      why: unmasked ? "another NMI may have overwritten it" : `\`${terminal.name}\` may fault there`,
    },
    cause: unmasked ? { kind: "dimension", dimension: nmi } : undefined,
    details: {
      notes: [
        unmasked
          ? "a fault's handler returns by IRET, which unmasks NMIs: the next one is pushed to the top of the same stack (SDM Vol. 3A, handling multiple NMIs; INV-107)"
          : "the fault's handler would run on that stack, and its IRET lets the next NMI in, which starts from the top of it (INV-92, INV-107)",
      ],
      help: unmasked
        ? "leave by a copy of the frame that entry keeps for it (`above rip, cs, rflags, rsp, ss`), or do what may fault on the thread's stack"
        : "switch to the thread's stack in the entry: from user mode there is nothing on it that is in use",
    },
  });
}
