/** How a script of events acts: each event takes one entry, first its own effect, then that of interrupts. */
import { describe, expect, test } from "vitest";
import { load, type ScriptEntry, type SimulatorModule, simulateText } from "./specs.js";

const spec = `
edition 2026
flags a in cpu.a { A bit 0 async  B bit 1 async  C bit 31 }
flags b in cpu.b { D bit 4  E bit 5 async }
mask loop = A | B
frame f { rax, rip, cs, rflags, rsp, ss }
event e { origin user  starts irqs on }
work one { one-shot when A  call one(frame)  clears A  may set B | D, rewrite frame }
work two { one-shot when B  call two()  clears B }
work three { once when D  call three() }
condition done = frame.rax == 7
exit out from e to user {
  prepare p returns done {
    irqs off
    repeat while pending loop { irqs on  run one, two  irqs off }
    take b
    run three
    clear C
  }
  leave { do restore_registers  iretq }
}
exit looks from e to user {
  prepare r { read a  run two  read a  run two }
  leave { do restore_registers  iretq }
}
exit stuck from e to user {
  prepare q { irqs off  repeat while pending loop { irqs on  run two  irqs off } }
  leave { do restore_registers  iretq }
}
`;
const module: SimulatorModule = await load(simulateText(spec));
const [A, B, C, D, E] = ["A", "B", "C", "D", "E"].map((name) => module.flag[name] as number) as [number, number, number, number, number];

function run(a: number, b: number, script: readonly ScriptEntry[], path = "out", irqs = true) {
  const machine = new module.Machine();
  machine.irqs = irqs;
  machine.set(module.flags.a as number, BigInt(a >>> 0));
  machine.set(module.flags.b as number, BigInt(b >>> 0));
  const trace: number[] = [];
  const outcome = module.paths[path]?.run(machine, {}, script, trace);
  const events = trace.filter((code) => code < (module.paths[path]?.events ?? 0)).map((code) => module.describe(path, code));
  const word = (name: string) => Number(machine.get(module.flags[name] as number));
  return { events, outcome, a: word("a"), b: word("b"), irqs: machine.irqs, machine };
}

const none: ScriptEntry = {};

describe("a script", () => {
  test("without entries nothing happens but what the path does", () => {
    const { events, a, b } = run(A | C, D, []);
    expect(events).toEqual(["irqs off", "read a", "irqs on", "call one", "irqs off", "read a", "take b", "call three", "clear C"]);
    expect([a, b]).toEqual([0, 0]);
  });

  test("what a function sets is limited to what it may set, in each word", () => {
    // Entry 3 is that of `call one`: it may set B and D.
    const { events, a, b } = run(A, 0, [none, none, none, { set: { a: 0xffff_ffff, b: 0xffff_ffff } }]);
    expect(events).toEqual([
      "irqs off",
      "read a",
      "irqs on",
      "call one",
      "irqs off",
      "read a",
      "irqs on",
      "call two",
      "irqs off",
      "read a",
      "take b",
      "call three",
      "clear C",
    ]);
    expect([a, b]).toEqual([0, 0]);
  });

  test("`set` of an event that is no call does nothing", () => {
    expect(run(0, 0, [{ set: { a: A } }, { set: { a: A } }]).events).toEqual(["irqs off", "read a", "take b", "clear C"]);
  });

  test("interrupts set async flags only, and only while IRQs are on after the event", () => {
    const all: ScriptEntry = { async: { a: 0xffff_ffff, b: 0xffff_ffff } };
    // After `irqs off` nothing comes, so the loop is not entered.
    expect(run(0, 0, [all, all]).events).toEqual(["irqs off", "read a", "take b", "clear C"]);
    // After `irqs on` it does: D is not async, E is.
    const { events, b } = run(A, 0, [none, none, all]);
    expect(events.slice(2, 8)).toEqual(["irqs on", "call one", "irqs off", "read a", "irqs on", "call two"]);
    expect(events).not.toContain("call three");
    expect(b).toBe(0);
  });

  test("an interrupt in the event that turns IRQs off is too late", () => {
    expect(run(A, 0, [none, none, none, none, { async: { a: B } }]).events).not.toContain("call two");
  });

  test("a flag is set after the function's own clearing, and by interrupts after that", () => {
    const { events } = run(A, 0, [none, none, none, { async: { a: A } }]);
    expect(events.filter((e) => e === "call one")).toHaveLength(2);
  });

  test("the work that runs is decided by the snapshot, not by the word", () => {
    // B comes between the read and the calls: it waits for the next round.
    const { events } = run(A, 0, [none, none, { async: { a: B } }]);
    expect(events.slice(2, 9)).toEqual(["irqs on", "call one", "irqs off", "read a", "irqs on", "call two", "irqs off"]);
  });

  test("a function that may rewrite the frame writes the fields that the entry gives", () => {
    const { outcome, machine } = run(A, 0, [none, none, none, { frame: { rax: 7n } }]);
    expect(outcome?.result).toBe(true);
    expect(machine.get(module.register.rax as number)).toBe(7n);
    // `call two` may not.
    expect(run(B, 0, [none, none, none, { frame: { rax: 7n } }]).outcome?.result).toBe(false);
  });

  test("bits of a word that no flag names are kept", () => {
    expect(run(A | 0x100, E | 0x8000_0000, []).a).toBe(0x100);
  });

  test("until the path says so, IRQs are as the machine has them", () => {
    const entry: ScriptEntry = { async: { a: B } };
    expect(run(0, 0, [entry], "looks", true).events).toEqual(["read a", "read a", "call two"]);
    expect(run(0, 0, [entry], "looks", false).events).toEqual(["read a", "read a"]);
  });

  test("a step knows every line of the spec that asks for it", () => {
    const steps = new Map(module.paths.out?.steps);
    expect(steps.get("irqs off")).toBe("spec.exitdsl:14,15");
    expect(steps.get("call one")).toBe("spec.exitdsl:15");
    expect(steps.get("iretq")).toBe("spec.exitdsl:20");
  });

  test("a loop that nothing can end is an error that names it", () => {
    expect(() => run(A, 0, [], "stuck")).toThrow(/^repeat while pending loop never ends/);
    expect(run(B, 0, [], "stuck").a).toBe(0);
  });
});
