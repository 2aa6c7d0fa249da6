/** What is known of the saved frame: from tests that held and that did not, from the event, and for how long. */
import { describe, expect, test } from "vitest";
import { fault, findings } from "./specs.js";

const entered = `event fast_call {
  origin user starts irqs off loses rcx, r11
  frame complete, cs == 0x33, ss == 0x2b, rip < 0x7fff_ffff_f000, rflags lacks RF | TF
}
step load_sysret { asm "movq {frame.rip}, %rcx" "movq {frame.rflags}, %r11" "movq {frame.rsp}, %rsp" ensures stack user }`;
const sysret = "do restore_registers except rcx, r11, rsp do load_sysret, swapgs";
const iret = "do swapgs, restore_registers iretq on fault bad_iret";

describe("EX5004: what an event says of the frame", () => {
  test("is so until work may rewrite it", () => {
    expect(findings(`${entered} exit path from fast_call to user { leave { ${sysret} sysretq } }`)).toEqual([]);
    const { code, notes, secondary } = fault(
      `${entered} work stop { always call stop(frame) may rewrite frame }
       exit path from fast_call to user { prepare prepare_path { run stop } leave { ${sysret} <|sysretq|> } }`,
    );
    expect(code).toBe("EX5004");
    expect(notes.join(" ")).toContain("it was so when entry had saved the frame");
    expect(secondary[0]).toEqual(["stop", "this may rewrite the frame"]);
  });

  test("all that is not proved is told at once, what faults in ring 0 first", () => {
    const { message, notes, help } = fault(
      "exit path from syscall to user { leave { do restore_registers except rsp do user_stack, swapgs <|sysretq|> } }".replace(
        "leave {",
        "prepare prepare_path { irqs off } leave {",
      ),
    );
    expect(message).toContain("the saved RIP");
    expect(notes[1]).toMatch(/^nor is it proved that the saved RCX equals the saved RIP, .*RF \| TF/);
    expect(help).toContain("frame.cs == … and frame.ss == …");
  });

  test("a selector without RPL 3 cannot be what user mode gets", () => {
    const wrong = entered.replace("ss == 0x2b", "ss == 0x28");
    expect(fault(`${wrong} exit path from fast_call to user { leave { ${sysret} <|sysretq|> } }`).notes).toContain(
      "0x28 is no selector of user mode: its RPL is 0, and an IRET to user mode with it faults",
    );
  });
});

describe("tests that did not hold", () => {
  const needed = `condition needs_iret =
      frame.rip >= 0x7fff_ffff_f000 or frame.rflags has RF | TF or frame.cs != 0x33 or not frame.ss == 0x2b
   or frame.rcx != frame.rip or frame.r11 != frame.rflags`;
  const rest = "do restore_registers except rsp do user_stack, swapgs sysretq";

  test("prove their opposite", () => {
    const body = `prepare prepare_path returns needs_iret { irqs off } leave { when needs_iret { ${iret} } ${rest} }`;
    expect(findings(`${needed} exit path from syscall to user { ${body} }`)).toEqual([]);
  });

  test("a part that is left out is not proved", () => {
    const body = `prepare prepare_path returns needs_iret { irqs off } leave { when needs_iret { ${iret} } ${rest} }`;
    const found = findings(`${needed.replace(" or frame.cs != 0x33", "")} exit path from syscall to user { ${body} }`);
    expect(found.map((f) => f.message)).toEqual(["nothing proves that the saved CS is the one that it sets where `sysretq` is reached"]);
  });

  test("bits may be proved clear one after another", () => {
    const body = `leave { when frame.rflags has TF { ${iret} } when frame.rflags has RF { ${iret} } ${sysret} sysretq }`;
    expect(findings(`${entered.replace(", rflags lacks RF | TF", "")} exit path from fast_call to user { ${body} }`)).toEqual([]);
  });
});

describe("a decision on flags", () => {
  const no_work = "condition no_work = not (user_work | TRACED)";
  const path = (prepare: string) =>
    findings(`${entered} ${no_work} exit path from fast_call to user {
      prepare prepare_path returns no_work { read work_flags evaluate no_work ${prepare} } leave { when no_work { ${sysret} sysretq } ${iret} } }`);

  test("remembers what was done under it", () => {
    expect(path("when not no_work { repeat while pending user_work { irqs on run signal, resched irqs off } }")).toEqual([]);
  });

  test("is no excuse for what was done without it", () => {
    expect(path("repeat while pending user_work { irqs on run signal, resched irqs off } irqs on irqs off").map((f) => f.code)).toContain(
      "EX3001",
    );
  });
});

describe("a state that is owed under a test", () => {
  const owed = 'state hidden { no, yes } require hidden yes at user when frame.ss has 4 because "a 16-bit segment"';
  const hide = 'step hide { asm "nop" ensures hidden yes }';
  const path = (leave: string) => `${owed} ${hide} exit path from trap to user { leave { ${leave} } }`;

  test("is owed where the test may hold", () => {
    const { code, notes } = fault(path("do swapgs, restore_registers <|iretq|>"));
    expect(code).toBe("EX7001");
    expect(notes).toContain("a 16-bit segment");
    expect(findings(path("do swapgs, restore_registers when frame.ss has 4 { do hide iretq } iretq"))).toEqual([]);
    expect(findings(path("do swapgs, restore_registers when frame.ss lacks 4 { iretq } do hide iretq"))).toEqual([]);
  });

  test("another bit tells nothing", () => {
    fault(path("do swapgs, restore_registers when frame.ss has 8 { do hide iretq } <|iretq|>"));
  });
});
