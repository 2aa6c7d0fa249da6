/** Waivers: what they put aside, from where to where, and that an idle one is told (EX3900). */
import { describe, expect, test } from "vitest";
import { fault, findings, leave, prepare } from "./specs.js";

const why = 'because "the test says so"';
const codes = (text: string) => findings(text).map((f) => f.code);

describe("in an exit's block", () => {
  test("a rule, for the whole exit", () => {
    expect(
      codes(
        `exit path from trap to user { waive EX5003 ${why} leave { do swapgs, restore_registers except rdi do drop iretq } } step drop { asm "leaq {frame.rip}, %rsp" }`,
      ),
    ).toEqual([]);
  });

  test("an obligation, and no other", () => {
    const text = (waived: string) =>
      `require context user at user require spec_ctrl user at user exit path from trap to user { waive ${waived} ${why} leave { do swapgs, restore_registers iretq } }`;
    expect(codes(text("context user"))).toEqual(["EX8001"]);
    expect(codes(text("spec_ctrl user"))).toEqual(["EX7001"]);
  });

  test("rules that are found without a walk", () => {
    const body = "irqs off repeat while pending user_work { irqs on run trace, resched irqs off }";
    const exit = prepare(body).replace("{", `{ waive EX3004 ${why} waive EX3006 ${why}`);
    expect(codes(exit)).toEqual([]);
  });

  test("one that puts nothing aside", () => {
    const { code, at } = fault(prepare("irqs off").replace("{", `{ <|waive EX3001 ${why}|>`));
    expect([code, at]).toEqual(["EX3900", `waive EX3001 ${why}`]);
  });
});

describe("among statements", () => {
  const twice = (first: string, second: string) =>
    leave(`${first} do swapgs, count ${second} do count, restore_registers iretq`, 'step count { asm "addq $1, %gs:n" }');

  test("from there on", () => {
    expect(codes(twice(`waive EX4003 ${why}`, ""))).toEqual([]);
    expect(codes(twice("", `waive EX4003 ${why}`))).toEqual(["EX4003"]);
  });

  test("to the end of its block", () => {
    const text = (body: string) => leave(`do swapgs ${body} do restore_registers iretq`, 'step count { asm "addq $1, %gs:n" }');
    expect(codes(text(`when PTI { waive EX4003 ${why} do count }`))).toEqual([]);
    expect(codes(text(`when PTI { waive EX4003 ${why} } do count`))).toEqual(["EX4003", "EX3900"]);
    expect(codes(text(`when PTI { waive EX4003 ${why} } else { do count }`))).toEqual(["EX4003", "EX3900"]);
  });

  test("in `prepare` it holds for `leave`, too", () => {
    const text = `require context user at user ${prepare(`irqs off waive context user ${why}`)}`;
    expect(codes(text)).toEqual([]);
  });

  test("in a tail it holds for who jumps there", () => {
    const tail = `tail out to user { waive context user ${why} do swapgs, restore_registers iretq }`;
    expect(codes(`require context user at user ${tail} exit path from trap to user { leave { jump out } }`)).toEqual([]);
  });
});

describe("what cannot be waived", () => {
  test.each(["EX2020", "EX3900", "EX3999", "EX5006", "EX5010", "EX9101", "EX1001"])("%s", (rule) => {
    expect(codes(`exit path from trap to user { waive ${rule} ${why} leave { do swapgs, restore_registers iretq } }`)).toEqual(["EX2031"]);
  });

  test("without a reason", () => {
    expect(codes("exit path from trap to user { waive EX5003 leave { do swapgs, restore_registers iretq } }")).toEqual(["EX2038"]);
  });
});
