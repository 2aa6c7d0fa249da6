/** Entries, and what they may find: EX6007, EX6008, and what is no fault of theirs. */
import { describe, expect, test } from "vitest";
import { fault, findings } from "./specs.js";

const token = "token old_gs in rbx restores gs";
const steps = `step save_gs { asm "rdgsbase %rbx" "movq base(%rip), %rax" "wrgsbase %rax" ensures gs kernel saves gs in old_gs }
step restore_gs { asm "wrgsbase {token.old_gs}" restores gs from old_gs }`;
const strike = (name: string) => `event ${name} { origin kernel, any point arrives irqs off, stack ist starts irqs off, stack ist ${token} }
exit ${name}_return from ${name} to kernel { leave { restore gs from old_gs do restore_registers iretq } }`;
const user = "exit user_path from trap to user { leave { do swapgs, restore_registers iretq } }";

describe("what another path has put back as it found it", () => {
  const both = `${steps} ${strike("nmi")} ${strike("check")} entry nmi_entry from nmi { do save_registers, save_gs } ${user}`;

  test("may be either way, and an entry that reads it copes", () => {
    expect(findings(`${both} entry check_entry from check { do save_registers, save_gs }`)).toEqual([]);
  });

  test("an entry that takes it for the kernel's does not", () => {
    const half = `step half { asm "rdgsbase %rbx" saves gs in old_gs } entry <|check_entry|> from check { do save_registers, half }`;
    expect(fault(`${both} ${half}`).code).toBe("EX6007");
  });
});

test("clean buffers are no fault where they may be dirty", () => {
  const event = "event call { origin user arrives irqs off starts irqs off, buffers dirty }";
  const entry = 'entry call_entry from call { assume gs kernel because "x" assume stack thread because "x" do save_registers }';
  expect(findings(`require buffers clean at user ${event} ${entry}`)).toEqual([]);
});

test("where the processor switches no stack, nothing is pushed on the user's", () => {
  const event = "event call { origin user arrives irqs off starts irqs off }";
  const spill = 'step spill { asm "pushq %rax" }';
  const { code } = fault(
    `${event} ${spill} entry call_entry from call { do swapgs, <|spill|> assume stack thread because "x" do save_registers }`,
  );
  expect(code).toBe("EX4006");
});

describe("guessed SWAPGS", () => {
  const event = (origin: string) => `event pin { origin ${origin} arrives irqs off, stack thread starts irqs off, speculation fenced }`;

  test("a branch that tells whose GS it is needs a fence on both ways", () => {
    const entry = (body: string) => `${event("user or kernel")} entry <|pin_entry|> from pin { do save_registers ${body} }`;
    expect(fault(entry("when frame.user { do swapgs }")).code).toBe("EX6007");
    expect(fault(entry("when frame.user { do swapgs, lfence }")).code).toBe("EX6007");
    const assumed = (arm: string) =>
      entry(`when frame.user { when XENPV { assume gs kernel because "x" } else { do swapgs, lfence } } ${arm}`);
    expect(fault(assumed("")).notes).toContain("in kernels without XENPV");
    expect(findings(assumed("else { when not XENPV { do lfence } }"))).toEqual([]);
    expect(findings(entry("when frame.user { do swapgs, lfence } else { do lfence }").replace("<|pin_entry|>", "pin_entry"))).toEqual([]);
  });

  test("where GS is known before the branch, either way does what is right for it", () => {
    const load = 'step load { asm "movq %gs:per_cpu, %rdi" touches kernel_data }';
    const body = "do swapgs when frame.ss has 4 { do swapgs, load, swapgs } do restore_registers iretq";
    expect(findings(`${load} exit path from trap to user { leave { ${body} } }`)).toEqual([]);
  });
});

test("an entry that arrives with AC set fits a fault that comes with it clear", () => {
  const event = "event bad { origin user arrives irqs off, stack ist, ac set starts irqs off, stack ist }";
  expect(findings(`${event} exit path from trap to user { leave { do swapgs, restore_registers iretq on fault bad } }`)).toEqual([]);
});

describe("EX6010: what an entry saves", () => {
  const event = (name: string, more = "") => `event ${name} { origin user arrives irqs off, stack trampoline starts irqs off ${more} }`;
  const stack = 'step thread_stack { asm "movq %gs:top, %rsp" requires gs kernel ensures stack thread }';
  const scratch = 'step scratch { asm "movq %gs:cell, %rdi" requires gs kernel }';

  test("a register that is used before", () => {
    const { code, message, secondary } = fault(
      `${event("call")} ${stack} ${scratch} entry call_entry from call { do swapgs, scratch, thread_stack, <|save_registers|> }`,
    );
    expect([code, message]).toEqual(["EX6010", "`call_entry` saves rdi when it holds values of the kernel's"]);
    expect(secondary[0]).toEqual(["scratch", "this overwrites a restored register"]);
  });

  test("in one kernel only", () => {
    const step = scratch.replace("scratch {", "scratch if PTI {");
    const { notes } = fault(
      `${event("call")} ${stack} ${step} entry call_entry from call { do swapgs, scratch, thread_stack, <|save_registers|> }`,
    );
    expect(notes.at(-1)).toBe("in kernels with PTI");
  });

  test("one that was pushed, or that the ABI takes, is fine", () => {
    const push = 'step push { asm "pushq %rdi" }';
    const entry = "entry call_entry from call { do swapgs, push, scratch, thread_stack, save_registers }";
    expect(findings(`${event("call")} ${stack} ${scratch} ${push} ${entry}`)).toEqual([]);
    const lossy = "entry call_entry from call { do swapgs, scratch, thread_stack, save_registers }";
    expect(findings(`${event("call", "loses rdi")} ${stack} ${scratch} ${lossy}`)).toEqual([]);
  });

  test("the registers on some ways only, or not at all", () => {
    const some = fault(
      `${event("call")} ${stack} entry <|call_entry|> from call { do swapgs, thread_stack when PTI { do save_registers } }`,
    );
    expect([some.code, some.message]).toEqual([
      "EX6010",
      "`call_entry` leaves a frame without the registers on some way, and that of `call` is to be complete",
    ]);
    expect(findings(`${event("call", "frame partial")} ${stack} entry call_entry from call { do swapgs, thread_stack }`)).toEqual([]);
  });

  test("the user's RSP, which SYSCALL leaves where it is", () => {
    const call = "event call { origin user arrives irqs off starts irqs off }";
    const { message } = fault(`${call} ${stack} entry call_entry from call { do swapgs, <|thread_stack|>, save_registers }`);
    expect(message).toBe("`call_entry` overwrites the user's RSP, of which there is no copy");
    const keep = 'step keep { asm "movq %rsp, %gs:cell" requires gs kernel }';
    expect(findings(`${call} ${stack} ${keep} entry call_entry from call { do swapgs, keep, thread_stack, save_registers }`)).toEqual([]);
  });

  test("on the thread's stack, where the page tables are the user's", () => {
    const split = "require cr3 user at user";
    const { code } = fault(`${split} ${event("call")} ${stack} entry call_entry from call {
      do swapgs assume stack thread because "x" do <|save_registers|> assume cr3 kernel because "x" }`);
    expect(code).toBe("EX4004");
  });
});
