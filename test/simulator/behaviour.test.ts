/** What runs of the examples do to a machine, as a kernel developer would check it. */
import { beforeAll, describe, expect, test } from "vitest";
import { load, type Machine, type Outcome, type ScriptEntry, type SimulatorModule, simulateExample } from "./specs.js";

const modules = new Map<string, SimulatorModule>();
beforeAll(async () => {
  for (const name of ["four-paths-2015", "linux-6.12", "freebsd-ast"]) modules.set(name, await load(simulateExample(name)));
});

const saved = ["r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di"];
const registerOf = (field: string): string => (field.length === 2 && !/^r\d/.test(field) ? `r${field}` : field);
const kernelGs = 0xffff_8880_0000_0000n;
const userGs = 0x7000_1234_5678n;

/** One run of a path from a machine whose frame came from 64-bit user mode, with RCX and R11 as SYSCALL leaves them. */
class Run {
  readonly module: SimulatorModule;
  readonly machine: Machine;
  readonly trace: number[] = [];
  outcome: Outcome | undefined;

  constructor(example: string) {
    this.module = modules.get(example) as SimulatorModule;
    this.machine = new this.module.Machine();
    const { frame } = this.module;
    for (const [i, field] of saved.entries()) this.set("frame", field, 0x1111_0000_2222_0000n + BigInt(i));
    const values: Record<string, bigint> = {
      ip: 0x401000n,
      cx: 0x401000n,
      flags: 0x246n,
      r11: 0x246n,
      cs: 0x33n,
      ss: 0x2bn,
      sp: 0x7ffd_0000n,
    };
    for (const [field, value] of Object.entries(values)) if (frame[field] !== undefined) this.set("frame", field, value);
    this.set("system", "gs_base", kernelGs);
    this.set("system", "kernel_gs_base", userGs);
    this.set("system", "cr3", 0x1234_5000n);
  }

  set(group: "frame" | "system" | "register" | "flags" | "memory" | "stack" | "value", name: string, value: bigint): this {
    this.machine.set(this.module[group]?.[name] as number, value);
    return this;
  }

  get(group: "frame" | "system" | "register" | "flags" | "memory" | "msr" | "stack", name: string): bigint {
    return this.machine.get(this.module[group]?.[name] as number);
  }

  run(path: string, features: readonly string[] = [], script: readonly ScriptEntry[] = []): this {
    const on = Object.fromEntries(features.map((f) => [f, true]));
    this.outcome = this.module.paths[path]?.run(this.machine, on, script, this.trace);
    this.path = path;
    return this;
  }

  private path = "";

  /** The trace as text: events, then instructions. */
  get steps(): string[] {
    return this.trace.map((code) => this.module.describe(this.path, code));
  }

  get events(): string[] {
    const count = this.module.paths[this.path]?.events ?? 0;
    return this.trace.filter((code) => code < count).map((code) => this.module.describe(this.path, code));
  }

  /** Registers whose value is not the one that the frame had. */
  wrongRegisters(): string[] {
    return saved.filter((field) => this.get("register", registerOf(field)) !== this.get("frame", field));
  }

  /** The run as text: events stand at the margin, instructions are indented. */
  table(): string {
    const { events, steps } = this.module.paths[this.path] as SimulatorModule["paths"][string];
    const lines = this.trace.map((code) => `${code < events ? "" : "        "}${steps[code]?.[0]}`);
    const { fault, result, target, terminal } = this.outcome as Outcome;
    return `${lines.join("\n")}\n\nprepare returned ${result}; ${terminal} to ${target}${fault ? `, ${fault.vector} in ring ${fault.ring}` : ""}\n`;
  }
}

const flagsOf = (run: Run, ...names: string[]): bigint => BigInt(names.reduce((bits, name) => bits | (run.module.flag[name] as number), 0));

describe("a system call's return", () => {
  test("takes SYSRET when the frame is what SYSRET restores", () => {
    const run = new Run("four-paths-2015").run("syscall_return");
    expect(run.outcome).toEqual({ result: true, terminal: "sysretq", target: "user", fault: undefined });
    expect(run.wrongRegisters()).toEqual([]);
    expect(run.get("register", "rsp")).toBe(0x7ffd_0000n);
    expect(run.get("system", "rip")).toBe(0x401000n);
    expect(run.get("system", "rflags")).toBe(0x246n);
    expect(run.get("system", "cs")).toBe(0x33n);
    expect(run.get("system", "ss")).toBe(0x2bn);
    expect([run.get("system", "gs_base"), run.get("system", "kernel_gs_base")]).toEqual([userGs, kernelGs]);
  });

  test.each([
    ["RCX is not RIP", "cx", 0x401002n],
    ["R11 is not RFLAGS", "r11", 0x247n],
    ["CS is a 32-bit segment", "cs", 0x23n],
    ["SS is another segment", "ss", 0x53n],
  ] as const)("takes IRET when %s, and restores all", (_, field, value) => {
    const run = new Run("four-paths-2015").set("frame", field, value).run("syscall_return");
    expect(run.outcome).toEqual({ result: false, terminal: "iretq", target: "user", fault: undefined });
    expect(run.wrongRegisters()).toEqual([]);
    expect(run.get("system", "cs")).toBe(run.get("frame", "cs"));
    expect(run.get("system", "ss")).toBe(run.get("frame", "ss"));
    expect(run.get("system", "gs_base")).toBe(userGs);
  });

  test.each([
    ["RF", 0x1_0246n],
    ["TF", 0x346n],
  ] as const)("takes IRET when %s is set, and restores it", (_, flags) => {
    const run = new Run("four-paths-2015").set("frame", "flags", flags).set("frame", "r11", flags).run("syscall_return");
    expect(run.outcome?.terminal).toBe("iretq");
    expect(run.get("system", "rflags")).toBe(flags);
  });

  test("takes IRET at the last page of the lower half, which then is no fault", () => {
    const run = new Run("four-paths-2015")
      .set("frame", "ip", 0x7fff_ffff_f000n)
      .set("frame", "cx", 0x7fff_ffff_f000n)
      .run("syscall_return");
    expect(run.outcome).toMatchObject({ terminal: "iretq", fault: undefined });
  });

  test("an IRET to a RIP that is not canonical faults in ring 0 at its label's recovery, with the kernel's state", () => {
    const run = new Run("four-paths-2015").set("frame", "ip", 0x8000_0000_0000n).run("syscall_return");
    expect(run.outcome).toMatchObject({ terminal: "iretq", target: "kernel", fault: { vector: "#GP", ring: 0, recovery: "bad_iret" } });
    // RSP still points at the five words; CS is the kernel's.
    expect(run.get("register", "rsp")).toBe(0xffff_c900_0000_3f58n + 16n * 8n);
    expect(run.get("system", "cs")).toBe(0x10n);
  });

  test("a pending signal is delivered with IRQs on, and the flags are read again", () => {
    const run = new Run("four-paths-2015");
    run
      .set("flags", "thread_flags", flagsOf(run, "TIF_SIGPENDING"))
      .run("syscall_return", [], [{}, {}, {}, {}, { frame: { ip: 0x5000n } }]);
    expect(run.events).toEqual([
      "read thread_flags",
      "irqs off",
      "read thread_flags",
      "irqs on",
      "call do_signal",
      "irqs off",
      "read thread_flags",
    ]);
    expect(run.get("flags", "thread_flags")).toBe(0n);
    // The handler's frame replaced the saved one: RCX is not RIP any more.
    expect(run.outcome).toMatchObject({ result: false, terminal: "iretq" });
    expect(run.get("system", "rip")).toBe(0x5000n);
  });

  test("a flag that an interrupt sets while IRQs are on is seen by the next read", () => {
    const run = new Run("four-paths-2015");
    const resched = Number(flagsOf(run, "TIF_NEED_RESCHED"));
    run
      .set("flags", "thread_flags", flagsOf(run, "TIF_SIGPENDING"))
      .run("syscall_return", [], [{}, {}, {}, {}, { async: { thread_flags: resched } }]);
    expect(run.events.slice(4)).toEqual([
      "call do_signal",
      "irqs off",
      "read thread_flags",
      "irqs on",
      "call schedule_user",
      "irqs off",
      "read thread_flags",
    ]);
  });

  test("PTI: user page tables, and the trampoline stack holds what is popped last", () => {
    const run = new Run("linux-6.12").run("syscall_return", ["PTI"]);
    expect(run.outcome).toMatchObject({ terminal: "sysretq", fault: undefined });
    expect(run.get("system", "cr3")).toBe(0x1234_5000n | 0x1000n);
    expect(run.wrongRegisters()).toEqual([]);
    expect(run.get("register", "rsp")).toBe(0x7ffd_0000n);
    expect(run.get("stack", "trampoline-8")).toBe(0x7ffd_0000n);
    expect(run.get("stack", "trampoline-16")).toBe(run.get("frame", "di"));
    const without = new Run("linux-6.12").run("syscall_return");
    expect(without.get("system", "cr3")).toBe(0x1234_5000n);
  });

  test("PTI and PCID: a pending flush of the user's entries is taken, otherwise they are kept", () => {
    const mask = "%gs:cpu_tlbstate+TLB_STATE_user_pcid_flush_mask";
    const pending = new Run("linux-6.12")
      .set("system", "cr3", 0x1234_5005n)
      .set("memory", mask, 0x24n)
      .run("syscall_return", ["PTI", "PCID"]);
    expect(pending.get("system", "cr3")).toBe(0x1234_5005n | 0x1800n);
    expect(pending.get("memory", mask)).toBe(0x4n);
    expect(pending.steps.join("\n")).not.toContain("btsq $63, %rdi");
    const kept = new Run("linux-6.12").set("system", "cr3", 0x1234_5005n).set("memory", mask, 0x4n).run("syscall_return", ["PTI", "PCID"]);
    expect(kept.steps.join("\n")).toContain("btsq $63, %rdi");
    // Bit 63 is for the TLB only: CR3 never holds it.
    expect(kept.get("system", "cr3")).toBe(0x1234_5005n | 0x1800n);
    expect(kept.wrongRegisters()).toEqual([]);
  });

  test("IBRS: the value without the bit goes to the MSR, and no user register is lost", () => {
    const run = new Run("linux-6.12").set("memory", "%gs:x86_spec_ctrl_current", 0x5n).run("syscall_return", ["KERNEL_IBRS"]);
    expect(run.get("msr", "IA32_SPEC_CTRL")).toBe(4n);
    expect(run.wrongRegisters()).toEqual([]);
  });
});

describe("SYSRETQ itself", () => {
  /** FreeBSD's limit is checked on 4 levels; with the frame's RIP below it nothing faults, so the fault needs a wider bound. */
  test.each([
    ["intel", { target: "kernel", fault: { vector: "#GP", ring: 0, recovery: undefined } }, 0x10n],
    ["amd", { target: "user", fault: { vector: "#GP", ring: 3, recovery: undefined } }, 0x33n],
  ] as const)("%s: a RIP that is not canonical", async (vendor, expected, cs) => {
    const { simulateText } = await import("./specs.js");
    const module = await load(
      simulateText(`
edition 2026
frame f { rcx, r11, rip, cs, rflags, rsp, ss }
event syscall { origin user }
step load { asm "popq %rcx" "popq %r11" "movq {frame.rsp}, %rsp" }
exit out from syscall to user { leave { do load  sysretq } }
`),
    );
    const machine = new module.Machine();
    machine.vendor = vendor;
    machine.set(module.frame.rcx as number, 0x8000_0000_0000n);
    machine.set(module.frame.r11 as number, 0xffff_ffff_ffff_ffffn);
    machine.set(module.frame.rsp as number, 0x7ffd_0000n);
    expect(module.paths.out?.run(machine, {}, [])).toMatchObject(expected);
    expect(machine.get(module.system.cs as number)).toBe(cs);
    // In either case the stack is the user's already: on Intel, in ring 0.
    expect(machine.get(module.register.rsp as number)).toBe(0x7ffd_0000n);
    if (vendor === "amd") expect(machine.get(module.system.rflags as number)).toBe(0x3c7fd7n);
    machine.addressBits = 57;
    expect(module.paths.out?.run(machine, {}, [])).toMatchObject({ fault: undefined });
  });
});

describe("the other exits", () => {
  test("an interrupt's return to the kernel leaves GS alone and schedules only when preemption is allowed", () => {
    const kernel = () => {
      const run = new Run("four-paths-2015").set("frame", "cs", 0x10n).set("frame", "ss", 0x18n);
      return run.set("flags", "thread_flags", flagsOf(run, "TIF_NEED_RESCHED", "TIF_SIGPENDING"));
    };
    const preempted = kernel().run("interrupt_return", ["PREEMPT"]);
    expect(preempted.events).toEqual(["read thread_flags", "call preempt_schedule_irq"]);
    expect(preempted.outcome).toMatchObject({ result: false, target: "kernel", fault: undefined });
    expect(preempted.get("system", "gs_base")).toBe(kernelGs);
    expect(preempted.wrongRegisters()).toEqual([]);
    expect(kernel().set("value", "preempt_count", 1n).run("interrupt_return", ["PREEMPT"]).events).toEqual([]);
    expect(kernel().run("interrupt_return").events).toEqual([]);
  });

  test("an interrupt's return to user mode swaps GS once, with and without espfix", () => {
    const run = new Run("four-paths-2015").run("interrupt_return", ["ESPFIX64"]);
    expect(run.outcome).toMatchObject({ result: true, target: "user", fault: undefined });
    expect(run.steps.filter((s) => s === "swapgs")).toHaveLength(1);
    const sixteen = new Run("four-paths-2015")
      .set("frame", "ss", 0x7n)
      .set("memory", "%gs:espfix_stack", 0xffff_fe00_0000_1230n)
      .run("interrupt_return", ["ESPFIX64"]);
    expect(sixteen.steps.filter((s) => s === "swapgs")).toHaveLength(3);
    expect(sixteen.get("system", "gs_base")).toBe(userGs);
    expect(sixteen.wrongRegisters()).toEqual([]);
    expect(sixteen.get("register", "rsp")).toBe(0x7ffd_0000n);
  });

  test.each([
    [0n, ["testl %ebx, %ebx", "jnz 1f", "swapgs"], userGs],
    [1n, ["testl %ebx, %ebx", "jnz 1f", "popq %r15"], kernelGs],
  ] as const)("a paranoid return undoes what entry did: token %s", (token, first, gs) => {
    const run = new Run("four-paths-2015")
      .set("frame", "cs", 0x10n)
      .set("frame", "ss", 0x18n)
      .set("register", "rbx", token)
      .run("paranoid_return");
    expect(run.steps.slice(0, 3)).toEqual(first);
    expect(run.get("system", "gs_base")).toBe(gs);
    expect(run.outcome).toMatchObject({ result: undefined, terminal: "iretq", target: "kernel" });
    expect(run.wrongRegisters()).toEqual([]);
  });

  test("an NMI's return: DF marks the window, the executing word is cleared, IRET takes its own copy of the frame", () => {
    const run = new Run("four-paths-2015").set("register", "rbx", 1n).set("stack", "frame+208", 1n);
    const words = [0xffff_ffff_8100_0000n, 0x10n, 0x46n, 0xffff_c900_0000_0000n, 0x18n];
    for (const [i, value] of words.entries()) run.set("stack", `frame+${168 + 8 * i}`, value);
    run.run("nmi_return");
    expect(run.steps.slice(-3)).toEqual(["std", "movq $0, 40(%rsp)", "iretq"]);
    expect(run.get("stack", "frame+208")).toBe(0n);
    expect(run.get("system", "rip")).toBe(0xffff_ffff_8100_0000n);
    expect(run.get("system", "rflags")).toBe(0x46n);
  });

  test("IRET with NT set now is a fault", () => {
    const run = new Run("four-paths-2015").set("system", "rflags", 0x4002n).set("register", "rbx", 1n).run("paranoid_return");
    expect(run.outcome?.fault).toEqual({ vector: "#GP", ring: 0, recovery: undefined });
  });

  test("FreeBSD: taken flags are clear at once, and a debugger's change of the frame forces IRET", () => {
    const fields: Record<string, bigint> = { tf_rip: 0x401000n, tf_cs: 0x43n, tf_rflags: 0x246n, tf_rsp: 0x7ffd_0000n, tf_ss: 0x3bn };
    const run = new Run("freebsd-ast");
    for (const [field, value] of Object.entries(fields)) run.set("frame", field, value);
    run.set("flags", "td_ast", flagsOf(run, "TDA_SIG", "TDA_SCHED"));
    const full = Number(flagsOf(run, "PCB_FULL_IRET"));
    const script = Array.from({ length: 30 }, () => ({ set: { pcb_flags: full } }));
    run.run("fast_syscall_return", [], script);
    expect(run.events).toEqual([
      "call userret",
      "irqs off",
      "read td_ast",
      "irqs on",
      "take td_ast",
      "call ast_scheduler",
      "call ast_sig",
      "call userret",
      "irqs off",
      "read td_ast",
      "read pcb_flags",
    ]);
    expect(run.outcome).toMatchObject({ result: false, terminal: "iretq", target: "user", fault: undefined });
    expect(run.get("flags", "td_ast")).toBe(0n);
  });
});

describe("traces that a reviewer can read", () => {
  test.each([
    ["syscall-signal", "four-paths-2015", "syscall_return", ["CONTEXT_TRACKING"], "TIF_SIGPENDING"],
    ["interrupt-user", "four-paths-2015", "interrupt_return", [], "TIF_NEED_RESCHED"],
    ["syscall-pti", "linux-6.12", "syscall_return", ["PTI", "PCID", "CLEAR_CPU_BUF"], undefined],
  ] as const)("%s", async (name, example, path, features, flag) => {
    const run = new Run(example);
    if (flag) run.set("flags", "thread_flags", flagsOf(run, flag));
    run.run(path, features);
    await expect(run.table()).toMatchFileSnapshot(`../golden/simulator/${name}.txt`);
  });
});
