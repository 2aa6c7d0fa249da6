/** Mistakes against the machine's rules in specs that say nothing of the state that the rule is about, and right specs said in another way. */
import { describe, expect, test } from "vitest";
import { fault, findings, leave, prepare } from "./specs.js";

const codes = (text: string) => findings(text).map((f) => f.code);

describe("a call among instructions is C, wherever its step does not say otherwise", () => {
  const cr3 = 'step to_user_tables { asm "movq %gs:user_tables, %rdi" "movq %rdi, %cr3" ensures cr3 user }';
  const call = (more = "") => `step count { asm "call count" clobbers rdi ${more} }`;

  test("on the user's GS", () => {
    const { code, message } = fault(leave("do swapgs do <|count|> do restore_registers iretq", call()));
    expect([code, message]).toEqual(["EX4007", "`count` is C, which runs with gs kernel, and here it is user"]);
    expect(codes(leave("do swapgs do count do restore_registers iretq", call("requires gs user")))).toEqual([]);
  });

  test("on the user's page tables", () => {
    const steps = `${cr3} ${call()} step trampoline { asm "movq %rsp, %rdi" "movq %gs:tss, %rsp" ensures stack trampoline }`;
    const copy =
      'step copy { asm "pushq {frame.ss}" "pushq {frame.rsp}" "pushq {frame.rflags}" "pushq {frame.cs}" "pushq {frame.rip}" "pushq {frame.rdi}" } step back { asm "popq %rdi" }';
    const path = (count: string) =>
      leave(`do restore_registers except rdi do trampoline, copy, to_user_tables ${count} do back, swapgs iretq`, `${steps} ${copy}`);
    expect(codes(path(""))).toEqual([]);
    expect(codes(path("do count"))[0]).toBe("EX4007");
  });
});

describe("the user's page tables", () => {
  const steps = (touches: string) =>
    `step load { asm "movq %gs:user_tables, %rdi" "movq %rdi, %cr3" "movq exits(%rip), %rdi" ensures cr3 user ${touches} }`;

  test("map no data of the kernel's", () => {
    const { code, message } = fault(
      leave(
        "do <|load|> do restore_registers, swapgs iretq",
        `event far { origin user starts irqs off, stack ist } ${steps("")}`,
      ).replaceAll("syscall to user", "far to user"),
    );
    expect([code, message]).toEqual(["EX4004", "`movq exits(%rip), %rdi` uses the kernel's data, which the user's page tables do not map"]);
  });

  test("but for what is in the entry area", () => {
    const path = leave(
      "do load do restore_registers, swapgs iretq",
      `event far { origin user starts irqs off, stack ist } ${steps("touches cpu_entry_area")}`,
    ).replaceAll("syscall to user", "far to user");
    expect(codes(path)).toEqual([]);
  });
});

test("IRQs stay off while NMIs are masked", () => {
  const nmi = "event nmi { origin user starts irqs off, nmi masked }";
  const { code, message } = fault(`${nmi} ${prepare("<|irqs on|> irqs off", "nmi")}`);
  expect([code, message]).toEqual(["EX4005", "IRQs go on here, and nmi is masked"]);
});

test("nobody sleeps on a stack of the CPU's", () => {
  const device = "event device { origin user starts irqs off, stack irq }";
  const path = prepare("repeat while pending user_work { irqs on run <|signal|> run resched irqs off }", "device");
  const { code, message } = fault(`${device} ${path}`);
  expect([code, message]).toEqual(["EX3002", "`signal` may sleep, and RSP is on the irq stack"]);
});

describe("SYSRETL", () => {
  const event = (loses: string) =>
    `event call32 { origin user starts irqs off frame complete, cs == 0x23, ss == 0x2b, rflags lacks RF | TF | VM ${loses} }`;
  const load = (rcx: string) =>
    `step load { asm "movq {frame.${rcx}}, %rcx" "movq {frame.rflags}, %r11" "movq {frame.rsp}, %rsp" ensures stack user }`;
  const path = "exit path from call32 to user { leave { do restore_registers except rcx, r11, rsp do load, swapgs <|sysretl|> } }";

  test("takes RCX from those who have given it up", () => {
    expect(codes(`${event("loses rcx, r11")} ${load("rip")} ${path}`)).toEqual([]);
    const { code, message } = fault(`${event("")} ${load("rip")} ${path}`);
    expect([code, message]).toEqual(["EX5004", "nothing proves that the saved RCX equals the saved RIP where `sysretl` is reached"]);
  });

  test("goes where RCX says", () => {
    const kept = load("rip").replace('"movq {frame.rip}, %rcx" ', "");
    expect(codes(`${event("loses rcx, r11")} ${kept} ${path.replace("except rcx, r11", "except r11")}`)).toEqual(["EX5003"]);
  });
});

describe("SYSRET's conditions in other words", () => {
  const sysret =
    "when odd { do restore_registers except rsp do user_stack, swapgs sysretq } do swapgs, restore_registers iretq on fault bad_iret";
  const rest = "frame.r11 == frame.rflags and frame.cs == 0x33 and frame.ss == 0x2b and frame.rflags lacks RF | TF";
  const path = (condition: string) =>
    `condition odd = ${condition} and ${rest} ${leave(sysret).replace("returns sysret_applies", "returns odd")}`;

  test.each([
    ["a bound that stands on the left", "frame.rcx == frame.rip and 0x7fff_ffff_f000 > frame.rip", []],
    ["the bound of a register that is the same", "frame.rcx == frame.rip and frame.rcx < 0x7fff_ffff_f000", []],
    ["bits of a register that is the same", "frame.rip == frame.rcx and frame.rcx lacks 0xffff_8000_0000_0000", []],
    ["the bound of another register", "frame.rcx == frame.rip and frame.rdx < 0x7fff_ffff_f000", ["EX5004"]],
    ["a bound from the wrong side", "frame.rcx == frame.rip and 0x7fff_ffff_f000 < frame.rip", ["EX5004"]],
  ])("%s", (_, condition, expected) => {
    expect(codes(path(condition))).toEqual(expected);
  });
});

test("what is wrong in `prepare` is told, and not that the planned end cannot be reached with it", () => {
  const path =
    "tail out to user { requires irqs off do swapgs, restore_registers iretq on fault bad_iret } exit path from syscall to user { prepare prepare_path { run notify } leave { jump out } }";
  expect(codes(path)[0]).toBe("EX3003");
});
