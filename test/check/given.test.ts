/** `given`: what an item takes for granted of the frame and of the kernel's integers is tested where it runs. */
import { describe, expect, test } from "vitest";
import { findings } from "./specs.js";

const careful = (given: string) => `work careful { always call careful() given ${given} }`;
const rewriter = "work rewriter { always call rewriter(frame) may rewrite frame }";
const path = (body: string) => `exit path from trap to kernel { prepare prepare_path { ${body} } leave { do restore_registers iretq } }`;

/** What is said against it; nothing where all is known. */
const told = (given: string, body: string) => findings(`${careful(given)} ${rewriter} ${path(body)}`).map((f) => `${f.code} ${f.message}`);
const unknown = (what: string) => [`EX4011 \`careful\` runs here, and nothing proves that ${what}`];

describe("an integer of the kernel's", () => {
  test.each([
    ["depth == 0", "run careful", ["`depth == 0`"]],
    ["depth == 0", "when depth == 0 { run careful }", []],
    ["depth == 0", "when 0 == depth { run careful }", []],
    ["depth == 0", "when depth != 0 { } else { run careful }", []],
    ["depth == 0", "when depth != 0 { run careful }", ["`depth == 0`"]],
    ["depth == 0", "when depth == 1 { run careful }", ["`depth == 0`"]],
    ["depth != 0", "when depth == 1 { run careful }", []],
    ["depth == 0", "when depth == 0 { run rewriter run careful }", []],
    ["depth == 0", "when depth == 0 { } run careful", ["`depth == 0`"]],
  ])("given %s: %s", (given, body, unproved) => {
    expect(told(given, body)).toEqual(unproved.flatMap(unknown));
  });
});

describe("a word of the frame", () => {
  test.each([
    ["frame.rflags has IF", "when frame.rflags has IF { run careful }", []],
    ["frame.rflags has IF", "when frame.rflags lacks IF { } else { run careful }", []],
    ["frame.rflags has IF", "run careful", ["`frame.rflags has IF`"]],
    ["frame.rflags has IF", "when frame.rflags has IF { run rewriter run careful }", ["`frame.rflags has IF`"]],
    ["not frame.user", "run careful", []],
    ["frame.user", "run careful", ["`frame.user`"]],
  ])("given %s: %s", (given, body, unproved) => {
    expect(told(given, body)).toEqual(unproved.flatMap(unknown));
  });
});

test("only what is not known of several tests is told", () => {
  expect(told("depth == 0 and frame.rflags has IF", "when depth == 0 { run careful }")).toEqual(unknown("`frame.rflags has IF`"));
});

test("a condition is known where it was tested", () => {
  const condition = "condition calm = depth == 0 and frame.rflags has IF";
  const spec = (body: string) => findings(`${condition} ${careful("calm")} ${path(body)}`).map((f) => f.code);
  expect(spec("when calm { run careful }")).toEqual([]);
  expect(spec("when depth == 0 { run careful }")).toEqual(["EX4011"]);
});
