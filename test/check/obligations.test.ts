/** What a spec requires: work that exits owe, states wherever IRQs are on, and states that a register or the frame carries. */
import { describe, expect, test } from "vitest";
import { fault, findings } from "./specs.js";

const out = "leave { do swapgs, restore_registers iretq on fault bad_iret }";
const path = (prepare: string) =>
  `exit path from syscall to user { prepare p { ${prepare} irqs off } ${out} }`.replace(
    "iretq on fault bad_iret",
    "<|iretq on fault bad_iret|>",
  );
const codes = (text: string) => findings(text).map((f) => f.code);

describe("EX3009, work that exits owe", () => {
  const owed = "require trace done at user ";

  test("done where its flag asks for it", () => {
    expect(codes(owed + path("run trace"))).toEqual([]);
    expect(codes(owed + path("read work_flags when TRACED | NOTIFY { run trace }"))).toEqual([]);
  });

  test("a mask without its flag", () => {
    const { code, message, secondary } = fault(owed + path("read work_flags when SIGNAL | RESCHED { run trace }"));
    expect([code, message]).toEqual(["EX3009", "`trace` is owed where `TRACED` is set, and `iretq` may return to user mode without it"]);
    expect(secondary).toContainEqual(["SIGNAL | RESCHED", "this way goes by it"]);
  });

  test("a way without it", () => {
    expect(fault(owed + path("irqs off")).code).toBe("EX3009");
  });

  test("a flag that is set after the look at it", () => {
    const attach = "step attach { call attach() may set TRACED } ";
    const { code, secondary } = fault(attach + owed + path("read work_flags do attach run trace"));
    expect(code).toBe("EX3009");
    expect(secondary).toContainEqual(["attach", "this may set it"]);
    expect(codes(attach + owed + path("read work_flags do attach read work_flags run trace"))).toEqual([]);
  });

  test("only under the test that is given, and by the events that are named", () => {
    expect(codes(`require trace done at user when NOTIFY ${path("read work_flags when NOTIFY { run trace } run notify")}`)).not.toContain(
      "EX3009",
    );
    expect(codes(`require trace done at user from trap ${path("irqs off")}`)).toEqual([]);
    expect(fault(`require trace done at user from syscall ${path("irqs off")}`).code).toBe("EX3009");
  });
});

describe("EX4005, what interrupts rely on", () => {
  const relied = "require <|context kernel|> at interrupts ".replace(/[<|>]/g, "");

  test("IRQs go on where it is not so", () => {
    const { code, message, secondary } = fault(
      `${relied} exit path from syscall to user { prepare p { irqs off do leave_kernel <|irqs on|> irqs off } ${out} }`,
    );
    expect([code, message]).toEqual(["EX4005", "IRQs go on here, and context is user"]);
    expect(secondary.map(([, text]) => text)).toEqual(["context user since here", "interrupts rely on it"]);
  });

  test("with IRQs off it may be otherwise", () => {
    expect(codes(`${relied} exit path from syscall to user { prepare p { irqs off do leave_kernel } ${out} }`)).toEqual([]);
  });
});

describe("states that something carries", () => {
  const carried =
    'state vcpu in rbx { unknown, current } step load { asm "movq %gs:vcpu, %rbx" ensures vcpu current } step use { asm "movq (%rbx), %rax" requires vcpu current } ';
  const leave = (steps: string) =>
    `exit path from trap to user { leave { do ${steps}, swapgs, restore_registers iretq on fault bad_iret } }`;

  test("a register keeps it until it is written", () => {
    expect(codes(carried + leave("load, lfence, use"))).toEqual([]);
    const { code, secondary } = fault(`${carried} step count { asm "movl $4, %ebx" } ${leave("load, count, <|use|>")}`);
    expect(code).toBe("EX4001");
    expect(secondary).toContainEqual(["count", "vcpu unknown since here"]);
  });

  test("the frame keeps it until it may be rewritten", () => {
    const judged =
      "state verdict in frame { none, given } step judge { call judge(frame) ensures verdict given } step stop { call stop(frame) may rewrite frame } step act { call act(frame) requires verdict given } ";
    expect(codes(judged + path("do stop, judge, act"))).toEqual([]);
    const { code, secondary } = fault(
      judged + path("do judge, stop, <|act|>").replace("<|iretq on fault bad_iret|>", "iretq on fault bad_iret"),
    );
    expect(code).toBe("EX4001");
    expect(secondary).toContainEqual(["stop", "verdict none since here"]);
  });
});
