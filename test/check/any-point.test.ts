/** Paths that may have interrupted anything: EX6001 to EX6006. */
import { describe, expect, test } from "vitest";
import { fault, findings } from "./specs.js";

const nmi = `event nmi { origin kernel, any point starts irqs off, stack ist, nmi masked token old_gs in rbx restores gs }
step restore_gs if not PTI { asm "wrgsbase {token.old_gs}" restores gs from old_gs }
step restore_gs_swap if PTI { asm "testl {token.old_gs:32}, {token.old_gs:32}" "jnz 1f" "swapgs" "1:" restores gs from old_gs }`;
const path = (body: string, prepare = "") => `${nmi} exit path from nmi to kernel { ${prepare} leave { ${body} } }`;

test("each token restored once, by the step of each kernel", () => {
  expect(findings(path("restore gs from old_gs do restore_registers iretq"))).toEqual([]);
});

describe("EX6001, IRQs on", () => {
  test.each([
    ["a statement", path("<|irqs on|> irqs off restore gs from old_gs do restore_registers iretq")],
    ["in prepare", path("restore gs from old_gs do restore_registers iretq", "prepare p { <|irqs on|> irqs off }")],
    ["an instruction", `step odd { asm "sti" "cli" } ${path("do <|odd|> restore gs from old_gs do restore_registers iretq")}`],
  ])("by %s", (_, text) => {
    const { code, secondary } = fault(text);
    expect(code).toBe("EX6001");
    expect(secondary).toEqual([["nmi", "`any point` is declared here"]]);
  });
});

describe("EX6002, EX6003, tokens", () => {
  test("never restored", () => {
    const { code, message, secondary } = fault(path("do restore_registers <|iretq|>"));
    expect([code, message]).toEqual(["EX6002", "`old_gs` is never restored before `iretq`"]);
    expect(secondary[0]?.[0]).toContain("token old_gs in rbx");
  });

  test("restored on one way only", () => {
    const { code, trace } = fault(path("when frame.rax == 0 { restore gs from old_gs } do restore_registers <|iretq|>"));
    expect(code).toBe("EX6002");
    expect(trace).toContain("the `when` does not hold");
  });

  test("restored twice", () => {
    expect(findings(path("restore gs from old_gs restore gs from old_gs do restore_registers iretq")).map((f) => f.code)).toEqual([
      "EX6003",
    ]);
  });

  test("kernels that have no way to restore it had no need to save it", () => {
    const only = nmi.replace(/step restore_gs if not PTI.*\n/, "");
    expect(findings(`${only} exit path from nmi to kernel { leave { restore gs from old_gs do restore_registers iretq } }`)).toEqual([]);
    const { notes } = fault(`${only} exit path from nmi to kernel { leave { do restore_registers <|iretq|> } }`);
    expect(notes).toContain("in kernels with PTI");
  });
});

test("EX6004: work, whatever else is wrong with it", () => {
  const { code } = fault(
    path("restore gs from old_gs do restore_registers iretq", "prepare p { run <|signal|> }").replace(
      "prepare p {",
      "prepare p { read work_flags",
    ),
  );
  expect(code).toBe("EX6004");
});

describe("EX6005, EX6006: what it may interrupt", () => {
  const user = "exit user_path from trap to user { leave { do swapgs, restore_registers iretq } }";
  const bare = "event check { origin kernel, any point starts irqs off, stack ist }";
  const back = "exit check_path from check to kernel { leave { do restore_registers iretq } }";

  test("a GS that is neither asked nor restored", () => {
    const { code, message, secondary } = fault(`${bare.replace("check", "<|check|>")} ${back} ${user}`);
    expect([code, message]).toEqual(["EX6005", "`check` takes gs kernel for granted, and it may come while `user_path` has it at user"]);
    expect(secondary[0]?.[0]).toBe("restore_registers");
  });

  test("nobody else swaps GS", () => {
    expect(findings(`${bare} ${back}`)).toEqual([]);
  });

  test("a token is the answer", () => {
    expect(findings(`${path("restore gs from old_gs do restore_registers iretq")} ${user}`)).toEqual([]);
  });

  test("the user's stack under an event without its own", () => {
    const fast = `exit fast from syscall to user { prepare p returns sysret_applies { irqs off }
      leave { when sysret_applies { do restore_registers except rsp do user_stack, swapgs sysretq } do swapgs, restore_registers iretq } }`;
    const event = (starts: string) => nmi.replace("irqs off, stack ist, nmi masked", starts).replace("event nmi", "event <|nmi|>");
    const exit = "exit path from nmi to kernel { leave { restore gs from old_gs do restore_registers iretq } }";
    expect(fault(`${event("irqs off")} ${exit} ${fast}`).code).toBe("EX6006");
    expect(findings(`${event("irqs off, stack ist")} ${exit} ${fast}`)).toEqual([]);
  });
});
