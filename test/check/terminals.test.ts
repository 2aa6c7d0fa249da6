/** Rules of terminals: state (EX5001), the popped words (EX5002), registers (EX5003), proofs (EX5004), targets (EX5005), ends (EX5006 to EX5010), obligations (EX7001, EX8001). */
import { describe, expect, test } from "vitest";
import { fault, findings, leave } from "./specs.js";

const exit = (body: string, event = "trap", target = "user") => `exit path from ${event} to ${target} { leave { ${body} } }`;

describe("EX5001, the terminal's own state", () => {
  test.each([
    ["the kernel's GS to user mode", "do restore_registers <|iretq|>", "user", "gs user, and here it is kernel"],
    ["swapped twice", "do swapgs, swapgs, restore_registers <|iretq|>", "user", "gs user, and here it is kernel"],
    ["swapped to the kernel", "do swapgs, restore_registers <|iretq|>", "kernel", "gs kernel, and here it is user"],
    ["IRQs on", "when frame.rflags has IF { irqs on } do restore_registers <|iretq|>", "kernel", "irqs off, and here it is on"],
    ["Xen switches GS itself", "do swapgs, restore_registers <|xen_iret|>", "user", "gs kernel, and here it is user"],
  ])("%s", (_, body, target, wrong) => {
    const { code, message } = fault(exit(body, "trap", target));
    expect([code, message.replace(/^`\w+` requires /, "")]).toEqual(["EX5001", wrong]);
  });

  test("an unnamed start is where the wrong value comes from", () => {
    expect(fault(exit("do restore_registers <|iretq|>")).secondary).toEqual([
      ["trap", "gs is kernel when it comes, as nothing else is said"],
    ]);
  });

  test("NT set in the kernel's own RFLAGS", () => {
    const event = "event odd { origin user starts irqs off, nt set }";
    expect(fault(`${event} ${exit("do swapgs, restore_registers <|iretq|>", "odd")}`).message).toBe(
      "`iretq` requires nt clear, and here it is set",
    );
  });

  test("SYSRET with NMIs masked, and on the kernel's stack", () => {
    const event = "event odd { origin user starts irqs off, nmi masked loses rcx, r11 }";
    const path = (body: string) =>
      `${event} exit path from odd to user { prepare p returns sysret_applies {} leave { when sysret_applies { ${body} } do swapgs, restore_registers iretq } }`;
    expect(fault(path("do restore_registers except rsp do user_stack, swapgs <|sysretq|>")).message).toBe(
      "`sysretq` requires nmi unmasked, and here it is masked",
    );
    const stack =
      "exit path from syscall to user { prepare p returns sysret_applies { irqs off } leave { when sysret_applies { do restore_registers, swapgs <|sysretq|> } do swapgs, restore_registers iretq } }";
    expect(fault(stack).message).toBe("`sysretq` requires stack user, and here it is thread");
  });

  test("each mode its own arm", () => {
    expect(findings(exit("when frame.user { do swapgs } do restore_registers iretq", "trap", "user or kernel"))).toEqual([]);
  });
});

describe("EX5002, the words that are popped", () => {
  test("one word off: told once", () => {
    const { code, message, notes } = fault(
      exit("do restore_registers except rdi do pop_two, swapgs <|iretq|>").replace(
        /^/,
        'step pop_two { asm "popq %rdi" "addq $8, %rsp" } ',
      ),
    );
    expect([code, message]).toEqual(["EX5002", "`iretq` would load RIP with what the frame saved of cs"]);
    expect(notes).toContain("CS, RFLAGS, RSP and SS would not be the saved ones either");
  });

  test("a word that was overwritten", () => {
    const step = 'step spoil { asm "movq $0, {frame.rflags}" }';
    const { message, notes } = fault(`${step} ${exit("do spoil, swapgs, restore_registers <|iretq|>")}`);
    expect(message).toBe("`iretq` would load RFLAGS with 0x0");
    expect(notes).toHaveLength(1);
  });
});

describe("EX5003, registers", () => {
  test("one that is used after it was restored", () => {
    const { code, message, label, secondary } = fault(
      `step spoil { asm "leaq 8(%rsp), %rdx" } ${exit("do restore_registers, spoil, swapgs <|iretq|>")}`,
    );
    expect([code, message, label]).toEqual([
      "EX5003",
      "`iretq` is reached with rdx not restored",
      "rdx holds the address of a kernel stack",
    ]);
    expect(secondary).toEqual([["spoil", "this overwrites a restored register"]]);
  });

  test("left out, on one way only", () => {
    const body = "when frame.rax == 0 { do restore_registers except rbx, rsi do drop } else { do restore_registers } do swapgs <|iretq|>";
    const drop = 'step drop { asm "leaq {frame.rip}, %rsp" }';
    expect(fault(`${drop} ${exit(body)}`).message).toBe("`iretq` is reached with rbx and rsi not restored");
  });

  test("nothing restored is one fault", () => {
    const { message, help } = fault(exit("do swapgs <|iretq|>"));
    expect(message).toBe("`iretq` is reached with rax, rcx, rdx and 12 more registers not restored");
    expect(help).toContain("restore_registers");
  });

  test("SYSRET needs RCX and R11 as the frame has them, or as RIP and RFLAGS", () => {
    const path = (last: string) =>
      leave(
        `when sysret_applies { do restore_registers except rsp, rcx, r11 ${last} do user_stack, swapgs <|sysretq|> } do swapgs, restore_registers iretq`,
        load,
      );
    const load = 'step load { asm "movq {frame.rip}, %rcx" "movq {frame.rflags}, %r11" }';
    expect(fault(path("")).message).toBe("`sysretq` is reached with rcx and r11 not restored");
    expect(findings(path("do load"))).toEqual([]);
  });
});

describe("EX5004, what SYSRET cannot restore", () => {
  const clauses = {
    rcx: "frame.rcx == frame.rip",
    r11: "frame.r11 == frame.rflags",
    cs: "frame.cs == 0x33",
    ss: "frame.ss == 0x2b",
    rip: "frame.rip < 0x7fff_ffff_f000",
    flags: "frame.rflags lacks RF | TF",
  };
  const path = (list: readonly string[], terminal = "<|sysretq|>") =>
    `condition fine = ${list.join(" and ")}
     exit path from syscall to user {
       prepare p returns fine { irqs off }
       leave { when fine { do restore_registers except rsp do user_stack, swapgs ${terminal} } do swapgs, restore_registers iretq }
     }`;

  test("all clauses prove it", () => {
    expect(findings(path(Object.values(clauses)))).toEqual([]);
  });

  test.each([
    ["rcx", "the saved RCX equals the saved RIP"],
    ["r11", "the saved R11 equals the saved RFLAGS"],
    ["cs", "the saved CS is the one that it sets"],
    ["ss", "the saved SS is the one that it sets"],
    ["rip", "the saved RIP is a user address at least one page below the canonical hole"],
    ["flags", "none of RF | TF is set in the saved RFLAGS"],
  ])("without the clause on %s", (left, fact) => {
    const { code, message } = fault(path(Object.entries(clauses).flatMap(([name, clause]) => (name === left ? [] : [clause]))));
    expect([code, message]).toEqual(["EX5004", `nothing proves that ${fact} where \`sysretq\` is reached`]);
  });

  test.each([
    ["rip", "frame.rip < 0x8000_0000_0000"],
    ["rip", "frame.rip < 0x7fff_ffff_f001"],
    ["rip", "frame.rip <= 0x7fff_ffff_f000"],
    ["rip", "frame.rip != 0"],
    ["flags", "frame.rflags lacks RF"],
    ["cs", "frame.cs != 0x33"],
    ["rcx", "(frame.rcx == frame.rip or PTI)"],
    ["rcx", "not (frame.rcx == frame.rip)"],
  ])("%s by `%s` is no proof", (name, clause) => {
    expect(fault(path(Object.values({ ...clauses, [name]: clause }))).code).toBe("EX5004");
  });

  test.each([
    ["rip", "frame.rip <= 0x7fff_ffff_efff"],
    ["rip", "frame.rip < LIMIT"],
    ["flags", "frame.rflags lacks RF | TF | NT"],
    ["rcx", "frame.rip == frame.rcx"],
  ])("%s by `%s` is one", (name, clause) => {
    const limit = "feature LA57 constant LIMIT = 0xff_ffff_ffff_f000 if LA57 else 0x7fff_ffff_f000 ";
    expect(findings(limit + path(Object.values({ ...clauses, [name]: clause })))).toEqual([]);
  });

  test("a high bound that depends on nothing is none", () => {
    const limit = "constant LIMIT = 0xff_ffff_ffff_f000 ";
    expect(fault(limit + path(Object.values({ ...clauses, rip: "frame.rip < LIMIT" }))).code).toBe("EX5004");
  });

  test.each([
    ["another feature", "feature WIDE constant LIMIT = 0xff_ffff_ffff_f000 if WIDE else 0x7fff_ffff_f000 "],
    ["one of two features", "feature LA57 feature WIDE constant LIMIT = 0xff_ffff_ffff_f000 if LA57 or WIDE else 0x7fff_ffff_f000 "],
    ["kernels without it", "feature LA57 constant LIMIT = 0xff_ffff_ffff_f000 if not LA57 else 0x7fff_ffff_f000 "],
  ])("a high bound of %s is none, and the report says so", (_, limit) => {
    const { code, notes } = fault(limit + path(Object.values({ ...clauses, rip: "frame.rip < LIMIT" })));
    expect(code).toBe("EX5004");
    expect(notes.join(" ")).toContain("above 47 bits in kernels that may have four levels of page tables");
  });

  test.each([
    ["a feature that the processor's is named for", "feature WIDE { cpu X86_FEATURE_LA57 } constant LIMIT = 0xff_ffff_ffff_f000 if WIDE"],
    ["one that needs it", "feature LA57 feature WIDE { needs LA57 } constant LIMIT = 0xff_ffff_ffff_f000 if WIDE"],
    ["it and another", "feature LA57 feature WIDE constant LIMIT = 0xff_ffff_ffff_f000 if LA57 and WIDE"],
  ])("a high bound of %s is one", (_, limit) => {
    expect(findings(`${limit} else 0x7fff_ffff_f000 ${path(Object.values({ ...clauses, rip: "frame.rip < LIMIT" }))}`)).toEqual([]);
  });

  test("the other arm proves nothing", () => {
    const text = path(Object.values(clauses)).replace("when fine {", "when not fine {");
    expect(new Set(findings(text).map((f) => f.code))).toEqual(new Set(["EX5004"]));
  });
});

describe("EX5005 to EX5010, ways out", () => {
  test("a terminal to the wrong mode", () => {
    const { code, message, secondary } = fault(exit("do restore_registers <|eretu|>", "trap", "kernel"));
    expect([code, message]).toEqual(["EX5005", "`eretu` cannot return to kernel mode"]);
    expect(secondary).toEqual([["trap", "`trap` may have come from kernel mode"]]);
  });

  test("a way without an end, in an exit and in a tail", () => {
    expect(fault("exit <|path|> from trap to user { leave { do swapgs, restore_registers when PTI { iretq } } }").code).toBe("EX5006");
    expect(fault("tail <|out|> to user { do swapgs } exit path from trap to user { leave { jump out } }").message).toBe(
      "the tail `out` can reach its end without leaving",
    );
  });

  test("what stands behind the end", () => {
    const { code, secondary } = fault(exit("do swapgs, restore_registers iretq do <|lfence|>"));
    expect(code).toBe("EX5007");
    expect(secondary).toEqual([["iretq", "the path has left here"]]);
    expect(fault(exit("do swapgs, restore_registers when PTI { iretq } else { iretq } do <|lfence|>")).code).toBe("EX5007");
  });

  test("tails in a circle", () => {
    expect(fault("tail a to user { jump b } tail b to user { <|jump a|> } exit path from trap to user { leave { jump a } }").code).toBe(
      "EX5009",
    );
  });

  test.each([
    ["the returned condition, when RAX is the user's", "do swapgs, restore_registers when <|sysret_applies|> { iretq } iretq", ""],
    ["two tests and an else", "when <|frame.rax == 1 and frame.rbx == 2|> { do lfence } else { do swapgs } do restore_registers iretq", ""],
    ["an `or`", "when <|frame.rax == 1 or frame.rbx == 2|> { do lfence } do swapgs, restore_registers iretq", ""],
    ["a condition that is not returned", "when <|busy|> { do lfence } do swapgs, restore_registers iretq", "condition busy = SIGNAL"],
    ["a large number", "when <|frame.rax == 0x1_0000_0000|> { do lfence } do swapgs, restore_registers iretq", ""],
    ["an order", "when <|frame.rax < 3|> { do lfence } do swapgs, restore_registers iretq", ""],
    ["a saved word that RSP has passed", "do swapgs, restore_registers when <|frame.rax == 1|> { do lfence } iretq", ""],
  ])("a test that assembly cannot make: %s", (_, body, more) => {
    expect(fault(leave(body, more)).code).toBe("EX5010");
  });

  test("an `and` without an else is a test in a test", () => {
    expect(findings(leave("when frame.rax == 1 and frame.rbx == 2 { do lfence } do swapgs, restore_registers iretq"))).toEqual([]);
  });
});

describe("EX7001, EX8001, obligations", () => {
  const paid = "step pay if PTI { call pay() ensures context user }";

  test("of the kernel's own state: on one way only, in some kernels only", () => {
    const require = 'require context user at user if PTI because "RCU would wait"';
    const path = (work: string) =>
      `${require} ${paid} exit path from trap to user { prepare p { ${work} } leave { do swapgs, restore_registers <|iretq|> } }`;
    const { code, message, secondary, notes, trace } = fault(path("when depth == 0 { do pay }"));
    expect([code, message]).toEqual(["EX7001", "every return to user mode owes context user, and at `iretq` it is kernel"]);
    expect(secondary.at(-1)?.[1]).toBe("the obligation is declared here");
    expect(notes).toEqual(["RCU would wait", "in kernels with PTI"]);
    expect(trace).toContain("the `when` does not hold");
    expect(findings(path("do pay"))).toEqual([]);
  });

  test("of the machine: what touches the kernel's data dirties the buffers", () => {
    const text = (steps: string) =>
      `require buffers clean at user step scrub { asm "verw selector(%rip)" ensures buffers clean } step count { asm "addq $1, %gs:n" touches data }
       ${exit(`do restore_registers, ${steps}, swapgs <|iretq|>`)}`;
    const { code, secondary } = fault(text("scrub, count"));
    expect(code).toBe("EX8001");
    expect(secondary[0]).toEqual(["count", "buffers dirty since here"]);
    expect(findings(text("scrub"))).toEqual([]);
  });

  test("what is owed at user is not owed at kernel", () => {
    expect(findings(`require context user at user ${exit("do restore_registers iretq", "trap", "kernel")}`)).toEqual([]);
  });
});

describe("EX5015: terminals that the kernel does not have", () => {
  const odd = "feature ODD { excludes sysretq, iretq } feature ODDER { excludes iretq, eretu, ODD }";
  const path = (body: string) => `${odd} exit path from trap to user { leave { ${body} } }`;
  const iret = "do swapgs, restore_registers iretq";

  test("is reached in a kernel that excludes it", () => {
    const { code, message, notes } = fault(path("do swapgs, restore_registers <|iretq|>"));
    expect([code, message]).toEqual(["EX5015", "`iretq` may be reached, and a kernel with `ODD` does not have it"]);
    expect(notes.at(-1)).toMatch(/^in kernels with ODD/);
  });

  test("what takes its place is for those kernels only", () => {
    const eretu = "do restore_registers except rsp eretu on fault bad_eretu";
    const { message } = fault(path("do restore_registers <|xen_iret|>"));
    expect(message).toBe("`xen_iret` may be reached, and a kernel that leaves by the processor's own instructions does not have it");
    const codes = (body: string) => findings(path(body)).map((f) => f.code);
    expect(codes(`when ODD { ${eretu} } when ODDER { do restore_registers xen_iret } ${iret}`)).not.toContain("EX5015");
    expect(codes(`when ODDER { ${eretu} } when ODD { do restore_registers xen_iret } ${iret}`)).toContain("EX5015");
  });

  test("where no feature excludes any, nothing is said", () => {
    expect(findings("exit path from trap to user { leave { do restore_registers xen_iret } }")).toEqual([]);
  });
});
