/** Where no order is legal, the report names the contracts that collide, each at its place; and what else a planned leave may say. */
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import { waysOf } from "../../tools/planning/ways.js";
import { compileText } from "../docs/compile.js";

const prelude = `edition 2026
import "bare"

frame regs {
  r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi,
  rip, cs, rflags, rsp, ss,
  user when cs has RPL
}

event trap {
  origin user or kernel
  starts irqs off
}

state history { kept, gone }
`;

const leaveTo = (target: string, leave: string) => `
exit trap_return from trap to ${target} {
  leave {
    ${leave}
  }
}
`;

const shown = ({ span }: { readonly span: Diagnostic["primary"]["span"] }) => span.source.text.slice(span.start, span.end);

/** The one diagnostic of a spec. */
function fault(text: string): Diagnostic {
  const { diagnostics } = compileText("spec.exitdsl", prelude + text);
  expect(diagnostics.map((d) => d.code)).toEqual(["EX5013"]);
  return diagnostics[0] as Diagnostic;
}

describe("two contracts collide", () => {
  const owed = "require history gone at user";

  test("an obligation and a state that nobody brings about", () => {
    const { notes, secondary, primary } = fault(
      `step forget {\n  asm "lfence"\n  requires irqs on\n  ensures history gone\n}\n${owed}${leaveTo("user", "iretq")}`,
    );
    expect(shown(primary)).toBe("iretq");
    expect(notes).toContain("no step brings about irqs on");
    expect(secondary.map(shown)).toEqual(["history", "irqs on"].map((start) => expect.stringContaining(start)));
  });

  test("two steps, each of which has to come first", () => {
    const text = `state guard { up, down }
step forget {
  asm "lfence"
  requires guard up
  ensures history gone, guard up
}
step lower_guard {
  asm "lfence"
  requires history kept
  ensures guard down
}
require guard down at user
${owed}${leaveTo("user", "iretq")}`;
    const { notes, secondary } = fault(text);
    expect(notes.join("\n")).toContain("these collide");
    expect(notes.join("\n")).toContain("`lower_guard` requires history kept");
    expect(secondary.map(({ message }) => message)).toEqual(
      expect.arrayContaining(["owed: guard down", "owed: history gone", "`lower_guard` requires history kept"]),
    );
  });

  test("a step behind the swap of GS that reads per-CPU data", () => {
    const text = `step forget {\n  asm "movq %gs:seed, %rax"\n  requires gs user\n  ensures history gone\n}\n${owed}${leaveTo("user", "iretq")}`;
    const { secondary } = fault(text);
    expect(secondary.map(shown).join()).toContain("history gone");
  });
});

describe("where a planned leave ends", () => {
  const steps = (text: string) => {
    const { graphs, diagnostics } = compileText("spec.exitdsl", prelude + text);
    expect(diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([]);
    return graphs.flatMap((graph) => waysOf(graph, new Set())).map((way) => [...way.tests, ...way.steps, way.terminal].join(" "));
  };

  test("user mode and the kernel each get their own steps", () => {
    expect(steps(leaveTo("user or kernel", "iretq"))).toEqual([
      "frame-user restore_registers swapgs iretq",
      "not frame-user restore_registers iretq",
    ]);
  });

  test("arms that are written are kept", () => {
    const [user, kernel] = steps(leaveTo("user or kernel", "when frame.user { iretq at to_user }\n    iretq"));
    expect(user).toContain("swapgs");
    expect(kernel).not.toContain("swapgs");
  });

  test("a tail is entered as its `requires` ask", () => {
    const tail = `tail last to user {\n  requires irqs off, gs user, registers user except rsp\n  iretq\n}\n`;
    expect(steps(`${tail}${leaveTo("user", "jump last")}`)).toEqual(["restore_registers swapgs iretq"]);
  });

  test("what is owed and the tail does not do is done before it", () => {
    const text = `step forget {\n  asm "movl $1, %eax"\n  ensures history gone\n}
require history gone at user
tail last to user {\n  requires irqs off, gs user\n  do restore_registers\n  iretq\n}\n`;
    const [way] = steps(`${text}${leaveTo("user", "jump last")}`);
    expect(way).toBe("forget swapgs restore_registers iretq");
  });

  test("a tail whose `requires` hold is jumped to at once", () => {
    const tail = `tail last to user {\n  requires irqs off, gs kernel\n  do restore_registers, swapgs\n  iretq\n}\n`;
    expect(steps(`${tail}${leaveTo("user", "jump last")}`)).toEqual(["restore_registers swapgs iretq"]);
  });

  test("of two ways to a state the shorter one is taken, however it begins", () => {
    const text = `state stage { first, second, third }
step at_once {\n  asm "lfence" "lfence" "lfence"\n  ensures history gone\n}
step then_on {\n  asm "lfence"\n  requires stage second\n  ensures history gone\n}
step begin {\n  asm "lfence"\n  ensures stage second\n}
require history gone at user\n`;
    const [way] = steps(`${text}${leaveTo("user", "iretq")}`);
    expect(way).toContain("begin then_on");
    const [other] = steps(
      `${text.replace('"lfence"\n  ensures stage', '"lfence" "lfence" "lfence"\n  ensures stage')}${leaveTo("user", "iretq")}`,
    );
    expect(other).toContain("at_once");
    expect(other).not.toContain("begin");
  });

  test("an obligation that is waived is not planned for", () => {
    const text = `step forget {\n  asm "lfence"\n  ensures history gone\n}\nrequire history gone at user\n`;
    expect(steps(`${text}${leaveTo("user", 'waive history gone because "kept on purpose"\n    iretq')}`)).toEqual([
      "restore_registers swapgs iretq",
    ]);
  });
});
