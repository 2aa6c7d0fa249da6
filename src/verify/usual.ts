/** The machine that a run starts from unless something else is said: as entry would have left it, with values that are easy to recognise. */
import type { Event, Exit, Model } from "../compiler/model/model.js";
import type { SimulatedMachine, SimulatorModule } from "./simulator.js";

const userGsBase = 0x00007f1000000000n;

export function usualMachine(module: SimulatorModule, model: Model, exit: Exit, event: Event, fromUser: boolean): SimulatedMachine {
  const machine = new module.Machine();
  machine.set(module.system.kernel_gs_base as number, fromUser ? userGsBase : 0n);
  machine.irqs = startsWith(event, "irqs", "on");
  for (const [name, value] of Object.entries(usualFrame(model, exit, event, fromUser))) {
    // A field that no path reads has no word.
    const word = module.frame?.[name];
    if (word !== undefined) machine.set(word, value);
  }
  return machine;
}

/** A frame as the processor and entry would have saved it: user or kernel selectors, IRQs on, and values that are easy to recognise. */
function usualFrame(model: Model, exit: Exit, event: Event, fromUser: boolean): Record<string, bigint> {
  const rip = fromUser ? 0x401000n : 0xffffffff81000000n;
  const saved: Record<string, bigint> = fromUser
    ? { rip, cs: 0x33n, rflags: 0x202n, rsp: 0x00007ffffffde000n, ss: 0x2bn }
    : { rip, cs: 0x10n, rflags: 0x202n, rsp: 0xffffc90000003e00n, ss: 0x18n };
  // SYSCALL itself takes RCX for RIP and R11 for RFLAGS (SDM Vol. 2B, SYSCALL).
  const taken: Record<string, bigint> = { rcx: rip, r11: saved.rflags as bigint };
  const fields: Record<string, bigint> = {};
  for (const [index, { name, saves }] of (model.frame?.fields ?? []).entries()) {
    if (saves === undefined) continue;
    fields[name] = saved[saves] ?? (event.loses.includes(saves) ? taken[saves] : undefined) ?? 0x0101010101010101n * BigInt(index + 1);
  }
  for (const { frameFacts } of exit.events) {
    for (const fact of frameFacts) {
      if (fact.kind !== "compare" || fact.operator !== "==" || fact.left.kind !== "field" || fact.right.kind !== "number") continue;
      if (fact.right.constants.length === 0) fields[fact.left.field.name] = BigInt.asUintN(64, fact.right.literal);
    }
  }
  return fields;
}

/** Does the event say so of the state in which its paths begin? */
export function startsWith({ starts }: Event, state: string, value: string): boolean {
  return starts.some((s) => s.dimension.name === state && s.dimension.values[s.value] === value);
}
