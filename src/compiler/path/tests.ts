/** Tests of `leave` as instructions: what sets ZF, and which ZF means that the test holds. */
import type { Instruction, InstructionOperand } from "../machine/instruction.js";
import type { Condition, Frame, Operand, Test, Token } from "../model/model.js";
import type { BranchNode } from "./graph.js";
import type { Location } from "./location.js";
import { addressOfField } from "./place.js";

export interface TestContext {
  readonly frame: Frame;
  readonly tokens: readonly Token[];
  /** The condition that `prepare` returns. */
  readonly returns: Condition | undefined;
}

export interface TestProblem {
  readonly problem: string;
  readonly help: string;
}

type Lowered = Pick<BranchNode, "condition" | "whenZero">;

/** The instructions that decide `test` at this location, or why there are none. */
export function lowerTest(test: Test, location: Location, context: TestContext): Lowered | TestProblem {
  switch (test.kind) {
    case "not": {
      const inner = lowerTest(test.operand, location, context);
      return "problem" in inner ? inner : { ...inner, whenZero: !inner.whenZero };
    }
    case "condition":
      return lowerCondition(test, location, context);
    case "frame-user":
      return context.frame.user
        ? lowerTest(context.frame.user, location, context)
        : { problem: "the frame does not say how it tells user mode", help: "add `user when …` to it" };
    case "compare":
      return lowerComparison(test, location, context);
    case "and":
    case "or":
      if (test.operands.length === 1) return lowerTest(test.operands[0] as Test, location, context);
      return {
        problem: "assembly makes one test at a time",
        help: "write one `when` inside the other, or let `prepare` return the condition",
      };
    case "flags":
      return { problem: "the work flags are read and tested by `prepare`, not by `leave`", help: "let `prepare` return a condition" };
    // An entry's tests are not made into instructions yet; the checker follows both outcomes.
    case "state":
    case "feature":
    case "constant":
      return { condition: [], whenZero: false };
  }
}

function lowerCondition(test: Extract<Test, { kind: "condition" }>, location: Location, context: TestContext): Lowered | TestProblem {
  const { condition } = test;
  if (condition !== context.returns) {
    const inner = lowerTest(condition.test, location, context);
    if (!("problem" in inner)) return inner;
    return {
      problem: `\`${condition.name}\` is not what \`prepare\` returns, and it takes more than one test`,
      help: `write \`prepare … returns ${condition.name}\``,
    };
  }
  if (location.registers.rax.kind !== "returned") {
    return {
      problem: `RAX no longer holds what \`prepare\` returned, so \`${condition.name}\` cannot be tested here`,
      help: "test it before the registers are restored",
    };
  }
  const al: InstructionOperand = { kind: "register", register: "rax", width: 8 };
  return { condition: [place({ mnemonic: "testb", operands: [al, al] }, test, location)], whenZero: false };
}

function lowerComparison(test: Extract<Test, { kind: "compare" }>, location: Location, context: TestContext): Lowered | TestProblem {
  const { operator, left, right } = test;
  if (right.kind !== "number" || right.constants.some((c) => c.arms.length > 1)) {
    return { problem: "assembly compares with a fixed number here", help: "let `prepare` return the condition" };
  }
  const number = right.constants.reduce((n, c) => n | (c.arms[0]?.value ?? 0n), right.literal);
  if (operator === "has" || operator === "lacks") {
    const width = number < 0x100n ? 8 : 32;
    if (number >= 0x8000_0000n)
      return { problem: `0x${number.toString(16)} does not fit in an instruction`, help: "let `prepare` return the condition" };
    const operand = operandOf(left, location, context, width);
    if ("problem" in operand) return operand;
    const mnemonic = width === 8 ? "testb" : "testl";
    return {
      condition: [place({ mnemonic, operands: [{ kind: "immediate", value: number }, operand] }, test, location)],
      whenZero: operator === "lacks",
    };
  }
  if (operator !== "==" && operator !== "!=")
    return { problem: "assembly tests for equality or for bits here", help: "let `prepare` return the condition" };
  const width = left.kind === "token" && number < 0x8000_0000n ? 32 : 64;
  const operand = operandOf(left, location, context, width);
  if ("problem" in operand) return operand;
  const signed = BigInt.asIntN(64, number);
  if (signed < -0x8000_0000n || signed > 0x7fff_ffffn)
    return { problem: `0x${number.toString(16)} does not fit in an instruction`, help: "let `prepare` return the condition" };
  const suffix = width === 64 ? "q" : "l";
  const instruction: Instruction =
    number === 0n && operand.kind === "register"
      ? { mnemonic: `test${suffix}`, operands: [operand, operand] }
      : { mnemonic: `cmp${suffix}`, operands: [{ kind: "immediate", value: signed }, operand] };
  return { condition: [place(instruction, test, location)], whenZero: operator === "==" };
}

function operandOf(operand: Operand, location: Location, context: TestContext, width: 8 | 32 | 64): InstructionOperand | TestProblem {
  if (operand.kind === "field") {
    const address = addressOfField(operand.field, location, context.frame);
    if (address) return { kind: "memory", address: { segment: undefined, symbol: "", ...address } };
    return {
      problem: `the saved \`${operand.field.name}\` cannot be reached here`,
      help: "test it while the frame, or a copy of this field, is still pointed to",
    };
  }
  if (operand.kind === "token") {
    for (const [register, value] of Object.entries(location.registers)) {
      if (value.kind === "token" && value.token === operand.token.name)
        return { kind: "register", register: register as keyof Location["registers"], width };
    }
    return { problem: `the token \`${operand.token.name}\` is in no register any more`, help: "test it before its register is restored" };
  }
  return { problem: "kernel values are read by `prepare`, not by `leave`", help: "let `prepare` return the condition" };
}

function place(instruction: Instruction, test: Test, location: Location): BranchNode["condition"][number] {
  const comment = test.kind === "compare" && test.left.kind === "field" ? test.left.field.name : undefined;
  return { instruction, span: test.span, before: location, comment };
}
