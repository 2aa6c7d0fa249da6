/** Rules of work: pending flags (EX3001), IRQs (EX3002, EX3003, EX3005), loops (EX3004, EX3006), decisions (EX3007, EX3008). */
import { describe, expect, test } from "vitest";
import { fault, findings, leave, prepare } from "./specs.js";

const loop = "repeat while pending user_work { irqs on run signal, resched irqs off }";
const fast = "when sysret_applies { do restore_registers except rsp do user_stack, swapgs sysretq } do swapgs, restore_registers";

describe("EX3001, one-shot work", () => {
  const pending = (body: string, terminal = "iretq on fault bad_iret") =>
    fault(`exit path from syscall to user { prepare prepare_path { ${body} } leave { do swapgs, restore_registers <|${terminal}|> } }`);

  test("a loop that looks with IRQs off before each round is fine", () => {
    expect(findings(prepare(`irqs off ${loop}`))).toEqual([]);
  });

  test("IRQs on behind the loop: the interrupt is the cause", () => {
    const { code, message, secondary, label } = pending(`irqs off ${loop} irqs on irqs off`);
    expect([code, message, label]).toEqual([
      "EX3001",
      "`SIGNAL`, `RESCHED` may be pending when `iretq` returns to user mode",
      "returns to user mode here",
    ]);
    expect(secondary[0]).toEqual(["irqs on", "IRQs are on from here: an interrupt may set it"]);
    expect(secondary[1]?.[0]).toBe("SIGNAL");
  });

  test("a look with IRQs on tells nothing", () => {
    expect(pending("repeat while pending user_work { run signal, resched } irqs off").message).toContain("`SIGNAL`, `RESCHED`");
  });

  test("work outside of a loop is looked for once only", () => {
    const { message, trace } = pending("irqs off when SIGNAL { irqs on run signal irqs off }");
    expect(message).toBe("`SIGNAL` may be pending when `iretq` returns to user mode");
    expect(trace).toContain("IRQs go on: an interrupt may set any async flag");
  });

  test("work that is behind a guard and never looked at again", () => {
    expect(pending("irqs off repeat while pending SIGNAL { irqs on run signal, resched irqs off }").message).toContain("`RESCHED`");
  });

  test("a call behind the last look that may set a flag", () => {
    const step = "step poke { call poke() may set RESCHED }";
    const { secondary } = fault(
      `${step} exit path from syscall to user { prepare prepare_path { irqs off ${loop} do poke } leave { do swapgs, restore_registers <|iretq on fault bad_iret|> } }`,
    );
    expect(secondary[0]).toEqual(["poke", "this may set it"]);
  });

  test("a step of instructions behind the last look that may set a flag", () => {
    const step = 'step poke { asm "call poke" may set RESCHED }';
    const { secondary } = fault(
      `${step} exit path from syscall to user { prepare prepare_path { irqs off ${loop} } leave { do poke, swapgs, restore_registers <|iretq on fault bad_iret|> } }`,
    );
    expect(secondary[0]).toEqual(["poke", "this may set it"]);
  });

  test("`sti` in a step counts as IRQs on", () => {
    const step = 'step open_window { asm "sti" "nop" "cli" }';
    const { secondary } = fault(
      `${step} exit path from syscall to user { prepare prepare_path { irqs off ${loop} } leave { do open_window, swapgs, restore_registers <|iretq on fault bad_iret|> } }`,
    );
    expect(secondary[0]?.[0]).toBe("open_window");
  });

  test("a flag that is not async stays clear while IRQs are on", () => {
    const work = "work report { one-shot when TRACED call report() clears TRACED }";
    const body = "repeat while pending TRACED { run report } irqs on irqs off";
    expect(findings(`${work} ${prepare(body)}`)).toEqual([]);
  });

  test("`take` clears what it reads, `clear` what it names", () => {
    expect(findings(prepare("irqs off take work_flags run signal, resched", "syscall")).map((f) => f.code)).toEqual(["EX3005", "EX3001"]);
    expect(findings(prepare("irqs off repeat while pending user_work { irqs on take work_flags run signal, resched irqs off }"))).toEqual(
      [],
    );
    expect(
      findings(prepare("irqs off repeat while pending user_work { clear SIGNAL clear RESCHED irqs on run signal, resched irqs off }")),
    ).toEqual([]);
  });

  test("a return to the kernel may leave flags pending", () => {
    const body =
      "exit path from trap to kernel { prepare prepare_path { when frame.rflags has IF { when SIGNAL { irqs on run signal irqs off } } } leave { do restore_registers iretq } }";
    expect(findings(body)).toEqual([]);
  });
});

describe("EX3002, EX3003, EX3005: IRQs and work", () => {
  const doze = "work doze { one-shot when SIGNAL call doze() clears SIGNAL may sleep }";

  test("work that sleeps with IRQs off", () => {
    const { code, secondary } = fault(`${doze} ${prepare("irqs off repeat while pending SIGNAL { run <|doze|> }")}`);
    expect(code).toBe("EX3002");
    expect(secondary).toEqual([
      ["irqs off", "irqs off since here"],
      ["doze", "`may sleep` is declared here"],
    ]);
  });

  test("a call in `leave` that sleeps", () => {
    expect(fault(leave("do <|rest|>, swapgs, restore_registers iretq", "step rest { call rest() may sleep }")).code).toBe("EX3002");
  });

  test("final work with IRQs on", () => {
    const { code, secondary } = fault(prepare("run <|notify|> irqs off"));
    expect(code).toBe("EX3003");
    expect(secondary).toContainEqual(["notify", "declared as `final` here"]);
  });

  test("final work that says so itself is told once", () => {
    const work = "work finish { final when NOTIFY call finish() requires irqs off }";
    expect(fault(`${work} ${prepare("run <|finish|> irqs off")}`).code).toBe("EX3005");
  });

  test("work that requires IRQs on, and off", () => {
    const { code, message, secondary } = fault(prepare("irqs off repeat while pending SIGNAL { run <|signal|> }"));
    expect([code, message]).toEqual(["EX3005", "`signal` requires IRQs on, and they are off here"]);
    expect(secondary).toEqual([
      ["irqs off", "irqs off since here"],
      ["irqs on", "its contract says so here"],
    ]);
  });

  test("a step of `leave` that requires IRQs on", () => {
    expect(fault(leave("do <|late|>, swapgs, restore_registers iretq", 'step late { asm "nop" requires irqs on }')).code).toBe("EX3005");
  });
});

describe("EX3004, EX3006: loops", () => {
  test("once-work in a loop, and beside it", () => {
    const { code, secondary } = fault(
      prepare("irqs off repeat while pending user_work { irqs on run <|trace|>, signal, resched irqs off }"),
    );
    expect(code).toBe("EX3004");
    expect(secondary).toEqual([["trace", "declared as `once` here"]]);
    expect(findings(prepare(`run trace irqs off ${loop}`))).toEqual([]);
  });

  test("a flag of the loop's mask that nothing clears", () => {
    const { code, message } = fault(prepare("irqs off repeat while pending <|user_work|> { irqs on run resched irqs off }"));
    expect([code, message]).toEqual(["EX3006", "the loop waits for `SIGNAL` to clear, and nothing in it clears that flag"]);
  });

  // What is cleared and not worked off is another fault (EX3010).
  const loopsForever = (body: string) =>
    findings(prepare(`irqs off repeat while pending user_work { ${body} }`)).some((f) => f.code === "EX3006");

  test("`take` clears all flags of its word", () => {
    expect(loopsForever("take work_flags")).toBe(false);
  });

  test("what clears it may be deep in the loop", () => {
    expect(loopsForever("when FAST { take work_flags } else { clear SIGNAL | RESCHED }")).toBe(false);
    expect(loopsForever("when FAST { run trace } else { clear SIGNAL }")).toBe(true);
  });
});

describe("EX3007, EX3008: decisions", () => {
  const path = (body: string, way = fast) =>
    `exit path from syscall to user { prepare prepare_path returns sysret_applies { ${body} } leave { ${way} iretq on fault bad_iret } }`;

  test("decided at the end, or explicitly behind the last work", () => {
    expect(findings(path(`irqs off ${loop}`))).toEqual([]);
    expect(findings(path(`irqs off ${loop} evaluate sysret_applies`))).toEqual([]);
  });

  test("decided before work that may rewrite the frame", () => {
    const { code, secondary, trace } = fault(
      path(`irqs off evaluate sysret_applies ${loop}`, fast.replace("sysret_applies", "<|sysret_applies|>")),
    );
    expect(code).toBe("EX3007");
    expect(secondary).toEqual([["signal", "this may rewrite the frame"]]);
    expect(trace.indexOf("`sysret_applies` is decided")).toBeLessThan(trace.findIndex((t) => t.includes("the frame may be rewritten")));
  });

  test("decided again behind it", () => {
    expect(findings(path(`irqs off evaluate sysret_applies ${loop} evaluate sysret_applies`))).toEqual([]);
  });

  test("work that rewrites nothing may follow", () => {
    const body = "irqs off evaluate sysret_applies repeat while pending RESCHED { irqs on run resched irqs off }";
    expect(findings(path(body))).toEqual([]);
  });

  test("a stale decision is a fault whatever hangs on it, and in `prepare`, too", () => {
    const text = "condition small_stack = frame.ss has 4 ";
    const body = `irqs off evaluate small_stack ${loop} when <|small_stack|> { do leave_kernel }`;
    expect(fault(text + prepare(body)).code).toBe("EX3007");
  });

  test("where a frame came from does not change", () => {
    const body = `when frame.user { irqs off evaluate to_user ${loop} when to_user { run notify } }`;
    expect(findings(prepare(body))).toEqual([]);
  });

  test("decided on some ways only: in an arm, in a loop", () => {
    const at = (body: string) =>
      fault(
        `exit path from syscall to user { prepare <|prepare_path|> returns sysret_applies { ${body} } leave { do swapgs, restore_registers iretq on fault bad_iret } }`,
      );
    expect(at("irqs off when FAST { evaluate sysret_applies }").code).toBe("EX3008");
    expect(at("irqs off repeat while pending user_work { irqs on run signal, resched irqs off evaluate sysret_applies }").code).toBe(
      "EX3008",
    );
    expect(findings(path("irqs off when FAST { evaluate sysret_applies } else { evaluate sysret_applies }"))).toEqual([]);
  });
});

describe("EX3010, work that is asked for and lost", () => {
  const round = (inside: string) => prepare(`irqs off repeat while pending user_work { irqs on ${inside} irqs off }`);

  test("the flag is taken and its work left out", () => {
    const { code, message, secondary } = fault(
      prepare("irqs off <|repeat while pending user_work { irqs on take work_flags run resched irqs off }|>"),
    );
    expect([code, message]).toEqual(["EX3010", "`SIGNAL` may be cleared here, and `signal` not run for it"]);
    expect(secondary[0]).toEqual(["take work_flags", "it is cleared here"]);
  });

  test("the work runs on the look before, which is not the one that takes", () => {
    expect(findings(round("run signal take work_flags run resched")).map((f) => f.code)).toEqual(["EX3010"]);
  });

  test("the work runs on one way only", () => {
    expect(findings(round("take work_flags run resched when depth == 0 { run signal }")).map((f) => f.code)).toEqual(["EX3010"]);
  });

  test("work in any order behind the `take` is fine", () => {
    expect(findings(round("take work_flags run signal, resched"))).toEqual([]);
    expect(findings(round("take work_flags run resched, signal"))).toEqual([]);
  });

  test("`clear` behind the work also clears what was set since the look", () => {
    const found = findings(prepare("irqs off repeat while pending user_work { irqs on run signal, resched clear SIGNAL irqs off }"));
    expect(new Set(found.map((f) => f.code))).toEqual(new Set(["EX3010"]));
    expect(found.map(({ at, label }) => [at, label])).toContainEqual([
      "clear SIGNAL",
      "cleared, and nobody has looked since it may have been set",
    ]);
  });

  test("`clear` between the look and the work, with IRQs off, is fine", () => {
    expect(findings(round("irqs off read work_flags clear SIGNAL irqs on run signal, resched"))).toEqual([]);
  });

  test("a flag that asks for no one-shot work may be cleared", () => {
    expect(findings(prepare("irqs off read work_flags clear TRACED"))).toEqual([]);
  });
});

describe("EX3011, final work that leaves its flag as it is", () => {
  const arm = "step arm { call arm() may set ARMED }";
  const last = "flags late in cpu.late { ARMED bit 0 } work fire { final when ARMED call fire() requires irqs off }";

  test("behind all that may set its flag it is fine", () => {
    expect(findings(`${last} ${arm} ${prepare("irqs off do arm read late run fire")}`)).toEqual([]);
  });

  test("in front of it, the flag may be set and nobody acts on it", () => {
    const found = findings(`${last} ${arm} ${prepare("irqs off read late run fire do arm")}`);
    expect(found.map((f) => f.message)).toEqual(["`ARMED` may have been set since `fire` looked at it, and `iretq` returns to user mode"]);
    expect(found[0]?.secondary[0]).toEqual(["arm", "this may set it"]);
  });

  test("kernels that do not have it owe nothing", () => {
    const found = findings(`${last.replace("fire {", "fire if PTI {")} ${arm} ${prepare("irqs off read late run fire do arm")}`);
    expect(found.map((f) => f.notes.at(-1))).toEqual(["in kernels with PTI"]);
  });

  test("on a look that is too old, it may not run at all", () => {
    const found = findings(`${last} ${arm} ${prepare("irqs off read late do arm run fire")}`);
    expect(found.map((f) => f.code)).toEqual(["EX3011"]);
  });
});

test("EX3004, once-only work that has run already", () => {
  const { code, message, secondary } = fault(prepare("when depth == 0 { run trace } run <|trace|> irqs off"));
  expect([code, message]).toEqual(["EX3004", "`trace` is to run once, and it may have run before"]);
  expect(secondary[0]).toEqual(["trace", "it runs here already"]);
  expect(findings(prepare("when depth == 0 { run trace } else { run trace } irqs off"))).toEqual([]);
});

describe("EX3009 and final work", () => {
  const duty =
    "require fire done at user flags late in cpu.late { ARMED bit 0 } work fire { final when ARMED call fire() requires irqs off }";

  test("a look behind which nothing sets the flag shows that nothing is owed", () => {
    expect(findings(`${duty} ${prepare("irqs off run fire")}`)).toEqual([]);
    expect(findings(`${duty.replace("fire {", "fire if PTI {")} ${prepare("irqs off run fire")}`)).toEqual([]);
  });

  test("work behind it that may set the flag makes it owed again", () => {
    const arm = "step arm { call arm() may set ARMED }";
    const found = findings(`${duty} ${arm} ${prepare("irqs off run fire do arm")}`);
    expect(found.map((f) => f.code)).toEqual(["EX3009"]);
  });

  test("no way goes by it", () => {
    expect(findings(`${duty} ${prepare("irqs off when depth == 0 { run fire }")}`).map((f) => f.code)).toEqual(["EX3009"]);
  });
});
