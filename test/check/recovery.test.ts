/** Terminals that may fault: who recovers, and from what. */
import { describe, expect, test } from "vitest";
import { fault, findings, prepare } from "./specs.js";

describe("EX5012, nobody to recover", () => {
  const loop = "irqs off repeat while pending user_work { irqs on run signal, resched irqs off }";

  test("behind work that may rewrite the frame", () => {
    const { code, secondary } = fault(prepare(loop).replace("iretq on fault bad_iret", "<|iretq|>"));
    expect(code).toBe("EX5012");
    expect(secondary).toContainEqual(["signal", "this may rewrite the frame"]);
    expect(findings(prepare(loop))).toEqual([]);
  });

  test("not where the frame is as the processor left it, nor on the way to the kernel", () => {
    expect(findings("exit path from trap to user { leave { do swapgs, restore_registers iretq } }")).toEqual([]);
    const mixed = "when frame.user { do swapgs, restore_registers iretq on fault bad_iret } do restore_registers iretq";
    expect(findings(`exit path from trap to user or kernel { leave { ${mixed} } }`)).toEqual([]);
  });

  test("but where another terminal of the spec has a recovery", () => {
    const other =
      "exit other from syscall to user { prepare prepare_other { irqs off } leave { do swapgs, restore_registers iretq on fault bad_iret } }";
    const { secondary } = fault(`${other} exit path from trap to user { leave { do swapgs, restore_registers <|iretq|> } }`);
    expect(secondary).toEqual([["iretq on fault bad_iret", "this one goes on at `bad_iret` when it faults"]]);
  });
});

describe("the entry of a fault", () => {
  const event = (origin: string, entry: string) => `
    event protection { origin ${origin} arrives irqs off, stack thread starts irqs off, gs kernel, stack thread }
    entry protection_entry from protection { ${entry} }`;
  const path = "exit path from trap to user { leave { do swapgs, restore_registers iretq } }";

  test("finds the user's GS base, also when the event does not come from user mode", () => {
    for (const origin of ["kernel, iretq", "user or kernel, iretq"]) {
      const [first] = findings(`${event(origin, "do save_registers when frame.user { do swapgs }")} ${path}`);
      expect(first?.code).toBe("EX6007");
      expect(first?.message).toContain("gs user");
    }
    expect(findings(`${event("user or kernel, iretq", "do save_registers when gs is user { do swapgs }")} ${path}`)).toEqual([]);
  });

  test("by the name behind `on fault`, too", () => {
    const named = path.replace("iretq }", "iretq on fault protection }");
    const [first] = findings(`${event("kernel", "do save_registers")} ${named}`);
    expect(first?.message).toContain("gs user");
    expect(findings(`${event("kernel", "do save_registers")} ${path}`)).toEqual([]);
  });

  test("finds the stack that the terminal was on", () => {
    const onExceptionStack = `event debug { origin user starts irqs off, stack ist } ${path.replace("from trap", "from debug")}`;
    const decides = "do save_registers when gs is user { do swapgs }";
    const [first] = findings(`${event("user, iretq", decides)} ${onExceptionStack}`);
    expect(first?.message).toBe("`protection_entry` ends with stack ist, and `protection` starts with it thread");
  });

  test("only terminals that may fault have one", () => {
    expect(findings(event("kernel, sysretq", "do save_registers")).map((f) => f.code)).toEqual(["EX2020"]);
  });
});

test("a register that the ABI takes may be cleared instead of restored", () => {
  const event =
    "event call32 { origin user starts irqs off frame complete, cs == 0x23, ss == 0x2b, rflags lacks RF | TF | VM loses rcx, r8, r11 }";
  const load = 'step load { asm "movq {frame.rip}, %rcx" "movq {frame.rflags}, %r11" "movq {frame.rsp}, %rsp" ensures stack user }';
  const clear = 'step clear_r8 { asm "xorl %r8d, %r8d" }';
  const path = (more: string) =>
    `${event} ${load} ${clear} exit path from call32 to user { leave { do restore_registers except rcx, r8, r11, rsp ${more} do load, swapgs <|sysretl|> } }`;
  expect(fault(path("")).help).toBe("clear r8, as `call32` need not give them back");
  expect(findings(path("do clear_r8"))).toEqual([]);
});
