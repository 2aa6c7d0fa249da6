/** Rules of the machine's state: contracts (EX4001, EX4002, EX4007, EX4008, EX5008), memory (EX4003, EX4004, EX4006), IRQs (EX4005). */
import { describe, expect, test } from "vitest";
import { fault, findings, leave, prepare } from "./specs.js";

const rest = "swapgs, restore_registers iretq";

describe("EX4001, contracts", () => {
  test("a call that needs what another one took away", () => {
    const { code, message, secondary } = fault(prepare("irqs off do leave_kernel, <|leave_kernel|>"));
    expect([code, message]).toEqual(["EX4001", "`leave_kernel` requires context kernel, and here it is user"]);
    expect(secondary).toEqual([
      ["leave_kernel", "context user since here"],
      ["context kernel", "its contract says so here"],
    ]);
  });

  test("the note is the step's own documentation", () => {
    const step = "/// Nothing may be traced any more.\nstep close { call close() requires context user }";
    expect(fault(`${step} ${prepare("irqs off do <|close|>")}`).notes).toContain("`close`: Nothing may be traced any more.");
  });

  test("`registers user` is asked register by register, `except` leaves some out", () => {
    const step = (except: string) => `step wipe { asm "nop" requires registers user${except} }`;
    const body = "do swapgs, restore_registers except rdi do <|wipe|>, restore_registers iretq";
    expect(fault(leave(body, step(""))).message).toBe("`wipe` requires registers user, and here it is rdi not restored");
    expect(findings(leave(body, step(" except rdi")))).toEqual([]);
  });

  test("`assume` sets the state from there on", () => {
    const body = 'irqs off do leave_kernel assume context kernel because "it came back" do leave_kernel';
    expect(findings(prepare(body))).toEqual([]);
  });

  test("in kernels that have both steps only", () => {
    const steps =
      "step close if PTI { call close() ensures context user } step watch if not XENPV { call watch() requires context kernel }";
    const { notes } = fault(`${steps} ${prepare("irqs off do close, <|watch|>")}`);
    expect(notes).toEqual(["in kernels with PTI and without XENPV"]);
  });
});

describe("EX4002, steps that say less than they do", () => {
  const step = (line: string, ensures = "") => `step <|odd|> { asm ${line} ${ensures} }`;
  const cases = [
    ["CR3", '"movq %cr3, %rax" "movq %rax, %cr3"', "ensures cr3 kernel"],
    ["the GS base", '"wrgsbase %rax"', "ensures gs kernel"],
    ["IA32_SPEC_CTRL", '"movl $0x48, %ecx" "wrmsr"', "ensures spec_ctrl user"],
    ["the GS base", '"movl $0xc0000102, %ecx" "wrmsr"', "ensures gs kernel"],
    ["RSP", '"movq %rsp, %rdi" "movq %gs:other_stack, %rsp" "movq %rdi, %rsp"', "ensures stack thread"],
  ] as const;

  test.each(cases)("%s by %s", (what, lines, ensures) => {
    const { code, message } = fault(leave(`do odd, ${rest}`, step(lines)));
    expect([code, message]).toEqual(["EX4002", `\`odd\` writes ${what}, and its contract does not say what that ensures`]);
    expect(findings(leave(`do odd, ${rest}`, step(lines, ensures))).map((f) => f.code)).not.toContain("EX4002");
  });

  test("an MSR that no state is about", () => {
    expect(findings(leave(`do odd, ${rest}`, step('"movl $0xc0000103, %ecx" "wrmsr"')))).toEqual([]);
  });

  test("a push on the user's stack is another fault", () => {
    const body =
      "when sysret_applies { do restore_registers except rsp do user_stack, odd, swapgs sysretq } do swapgs, restore_registers iretq";
    expect(findings(leave(body, step('"pushq $0"'))).map((f) => f.code)).not.toContain("EX4002");
  });
});

describe("EX4003, EX4004, EX4006: memory", () => {
  const count = 'step count { asm "addq $1, %gs:returns" }';

  test("per-CPU data through the user's GS", () => {
    const { code, message, secondary } = fault(leave("do swapgs, <|count|>, restore_registers iretq", count));
    expect([code, message]).toEqual(["EX4003", "`addq $1, %gs:returns` accesses per-CPU data, and gs is user here"]);
    expect(secondary).toEqual([["swapgs", "gs user since here"]]);
    expect(findings(leave("do count, swapgs, restore_registers iretq", count))).toEqual([]);
  });

  const cr3 =
    'step user_cr3 if PTI { asm "movq %rax, %cr3" ensures cr3 user } step own_stack { asm "movq %gs:top, %rsp" ensures stack trampoline }';

  test("per-CPU data with the user's page tables", () => {
    const body = 'do user_cr3, <|count|> assume cr3 kernel because "for this test" do swapgs, restore_registers iretq';
    const { message, notes } = fault(leave(body, `${cr3} ${count}`));
    expect(message).toBe("`addq $1, %gs:returns` accesses per-CPU data, and cr3 is user here");
    expect(notes).toContain("in kernels with PTI");
  });

  test("the thread's stack with the user's page tables, told once", () => {
    const { code, message } = fault(leave("do swapgs, user_cr3, <|restore_registers|> iretq", cr3));
    expect([code, message]).toEqual(["EX4004", "`popq %r15` uses the thread stack, which the user's page tables do not map"]);
  });

  test("the trampoline stack is mapped in both", () => {
    const copy =
      'step copy { asm "movq %rsp, %rdi" "movq %gs:top, %rsp" "pushq {frame.ss}" "pushq {frame.rsp}" "pushq {frame.rflags}" "pushq {frame.cs}" "pushq {frame.rip}" "pushq {frame.rdi}" ensures stack trampoline }';
    const body = "do restore_registers except rdi do copy, user_cr3, pop_rdi, swapgs iretq";
    expect(findings(leave(body, `${cr3} ${copy} step pop_rdi { asm "popq %rdi" }`))).toEqual([]);
  });

  const fast = (last: string) =>
    `when sysret_applies { do restore_registers except rsp do user_stack, ${last}, swapgs sysretq } do swapgs, restore_registers iretq`;

  test.each(['"movq $0, -8(%rsp)"', '"movq 8(%rsp), %rax" "movq %rax, 8(%rsp)"'])("the user's stack in ring 0: %s", (lines) => {
    const found = findings(leave(fast("odd"), `step odd { asm ${lines} }`));
    expect(found[0]?.code).toBe("EX4006");
    expect(found[0]?.secondary).toEqual([["user_stack", "stack user since here"]]);
  });

  test("an address is not an access", () => {
    expect(
      findings(leave(fast("odd"), 'step odd { asm "leaq 8(%rsp), %rsp" "leaq -8(%rsp), %rsp" ensures stack user }')).map((f) => f.code),
    ).not.toContain("EX4006");
  });
});

describe("EX4005, IRQs on the kernel's own ground only", () => {
  test("IRQs on behind SWAPGS", () => {
    const { code, secondary } = fault(leave("do swapgs <|irqs on|> irqs off do restore_registers iretq", ""));
    expect(code).toBe("EX4005");
    expect(secondary).toEqual([["swapgs", "gs user since here"]]);
  });

  test("`sti` in a step", () => {
    expect(fault(leave("do swapgs, <|odd|>, restore_registers iretq", 'step odd { asm "sti" "cli" }')).code).toBe("EX4005");
  });

  test("SWAPGS with IRQs on", () => {
    const { code, message } = fault(
      'step bare_swapgs { asm "swapgs" } exit path from trap to user { leave { irqs on do <|bare_swapgs|> irqs off do restore_registers iretq } }',
    );
    expect([code, message]).toEqual(["EX4005", "IRQs are on here, and gs is about to be swapped"]);
  });

  test("before it they may be on", () => {
    expect(findings("exit path from trap to user { leave { irqs on irqs off do swapgs, restore_registers iretq } }")).toEqual([]);
  });
});

describe("EX4007, C", () => {
  test.each([
    ["df", "std"],
    ["ac", "stac"],
  ])("%s is clear when C is called in `leave`, too", (dimension, instruction) => {
    const steps = `step spoil { asm "${instruction}" } step tell { call tell() }`;
    const { code, message, secondary } = fault(leave(`do spoil, <|tell|>, ${rest}`, steps));
    expect([code, message]).toEqual(["EX4007", `\`tell\` is C, which runs with ${dimension} clear, and here it is set`]);
    expect(secondary[0]).toEqual(["spoil", `${dimension} set since here`]);
    expect(findings(leave(`do tell, ${rest}`, steps))).toEqual([]);
  });

  test("what entry left set", () => {
    const event = "event dirty { origin user starts irqs off, df set }";
    expect(fault(`${event} ${prepare("run <|trace|>", "dirty")}`).code).toBe("EX4007");
  });
});

describe("EX4008, contracts against instructions", () => {
  test.each([
    ["gs kernel", '"swapgs"', "user"],
    ["irqs on", '"cli"', "off"],
    ["df clear", '"std"', "set"],
    ["ac set", '"clac"', "clear"],
    ["registers user", '"nop"', "rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 not restored"],
  ])("ensures %s by %s", (setting, lines, actual) => {
    const found = findings(leave(`do odd, restore_registers iretq`, `step odd { asm ${lines} ensures ${setting} }`)).filter(
      (f) => f.code === "EX4008",
    );
    expect(found.map((f) => [f.at, f.message])).toEqual([
      [setting, `\`odd\` says it ensures ${setting}, and its instructions leave it ${actual}`],
    ]);
  });

  test("a stack that the step does not load", () => {
    const found = findings(leave(`do odd, ${rest}`, 'step odd { asm "nop" ensures stack trampoline }'));
    expect(found.map((f) => f.code)).toContain("EX4008");
  });

  test("behind a jump nobody knows whether it was done", () => {
    const step = 'step maybe { asm "testl %eax, %eax" "jz 1f" "swapgs" "1:" requires irqs off ensures gs user }';
    expect(findings(leave("do maybe, restore_registers iretq", step))).toEqual([]);
    expect(findings(leave("do maybe, swapgs, restore_registers iretq", step.replace("gs user", "gs kernel")))).toEqual([]);
  });

  test("contracts that fit", () => {
    expect(findings(leave("do odd, restore_registers iretq", 'step odd { asm "swapgs" "cld" ensures gs user, df clear }'))).toEqual([]);
  });
});

describe("EX5008, tails", () => {
  const tail = "tail out to user { requires irqs off, gs kernel do swapgs, restore_registers iretq }";

  test("what comes of the wrong state in the tail is not told again", () => {
    const { code, secondary } = fault(leave("do swapgs <|jump out|>", tail));
    expect(code).toBe("EX5008");
    expect(secondary).toEqual([
      ["swapgs", "gs user since here"],
      ["gs kernel", "the tail says so here"],
    ]);
    expect(findings(leave("jump out", tail))).toEqual([]);
  });

  test("another fault of the tail is told", () => {
    const codes = findings(leave("do swapgs jump out", tail.replace("swapgs, restore_registers", "swapgs"))).map((f) => f.code);
    expect(codes).toEqual(["EX5008", "EX5003"]);
  });
});

describe("registers where ways meet", () => {
  const steps = 'step first if PTI { asm "xorl %edi, %edi" } step second if not PTI { asm "xorl %edi, %edi" }';
  const path = (body: string) =>
    `${steps} exit path from syscall to user { prepare p { irqs off } leave { ${body} iretq on fault bad_iret } }`;

  test("a register that one way has lost is lost on the other when that one overwrites it", () => {
    const { code, message } = fault(
      path("do swapgs, restore_registers, first, second").replace("iretq on fault bad_iret", "<|iretq on fault bad_iret|>"),
    );
    expect([code, message]).toEqual(["EX5003", "`iretq` is reached with rdi not restored"]);
    const { notes } = fault(
      path("do swapgs, restore_registers, first, second").replace("iretq on fault bad_iret", "<|iretq on fault bad_iret|>"),
    );
    expect(notes.some((note) => note.startsWith("in kernels"))).toBe(false);
  });
});

describe("EX3012: IRQs on for kernel code that ran with them off", () => {
  const path = (body: string) => `exit path from trap to kernel { prepare p { ${body} } leave { do restore_registers iretq } }`;

  test("nothing is known of the interrupted code", () => {
    const { code, secondary } = fault(path("<|irqs on|> irqs off"));
    expect([code, secondary[0]?.[1]]).toEqual(["EX3012", "`trap` may have come from kernel mode"]);
  });

  test("the test came out the wrong way", () => {
    expect(fault(path("when frame.rflags has IF { run trace } else { <|irqs on|> irqs off }")).code).toBe("EX3012");
    expect(fault(path("when frame.rflags has TF { <|irqs on|> irqs off }")).code).toBe("EX3012");
  });

  test("it ran with IRQs on", () => {
    expect(findings(path("when frame.rflags has IF { irqs on irqs off }"))).toEqual([]);
    expect(findings(path("when not (frame.rflags lacks IF) { irqs on irqs off }"))).toEqual([]);
    expect(findings(`condition was_on = frame.rflags has IF and depth == 0 ${path("when was_on { irqs on irqs off }")}`)).toEqual([]);
  });

  test("`sti` in assembly, too", () => {
    expect(fault("exit path from trap to kernel { leave { <|irqs on|> irqs off do restore_registers iretq } }").code).toBe("EX3012");
  });
});

test("EX5006: a `leave` without anything in it", () => {
  expect(fault("exit <|path|> from syscall to user { prepare p { irqs off } leave { } }").code).toBe("EX5006");
});
