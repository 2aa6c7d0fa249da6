/** The location analysis and the registers' restore. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generalRegisters } from "../../src/compiler/machine/instruction.js";
import { formatInstruction, parseInstruction } from "../../src/compiler/machine/instructions.js";
import type { AsmLine, Frame, FrameField, Token } from "../../src/compiler/model/model.js";
import type { Location } from "../../src/compiler/path/location.js";
import { isPlaced, type Placed, placeInstructions, restoreRegisters } from "../../src/compiler/path/place.js";
import { afterPrepare, joinLocations, stackValue, startLocation } from "../../src/compiler/path/symbolic.js";
import { seed } from "../seed.js";

const span = { source: { name: "test.exitdsl", text: "" }, start: 0, end: 0 };

/** `bx=rbx`: the field `bx` saves RBX; `r15`: the field saves the register of its name, if there is one. */
function frameOf(...fields: readonly string[]): Frame {
  const saved = new Set<string>([...generalRegisters, "rip", "cs", "rflags", "ss"]);
  const list = fields.map((text, i): FrameField => {
    const [name = "", saves = name] = text.split("=");
    return { name, span, doc: "", offset: 8 * i, saves: saved.has(saves) ? saves : undefined };
  });
  return { name: "frame", span, doc: "", fields: list, size: 8 * list.length, user: undefined };
}

const returnFrame = ["ip=rip", "cs", "flags=rflags", "sp=rsp", "ss"];
const ptRegs = frameOf(
  "r15",
  "r14",
  "r13",
  "r12",
  "bp=rbp",
  "bx=rbx",
  "r11",
  "r10",
  "r9",
  "r8",
  "ax=rax",
  "cx=rcx",
  "dx=rdx",
  "si=rsi",
  "di=rdi",
  "orig_ax",
  ...returnFrame,
);
const token: Token = {
  name: "old_gs",
  span,
  doc: "",
  register: "rbx",
  restores: { name: "gs", index: 0, values: [], usual: 0, builtIn: true, span: undefined, doc: "" },
};
const context = { frame: ptRegs, tokens: [token] };
const start = startLocation([token], ptRegs, []);

const lines = (...texts: readonly string[]): AsmLine[] =>
  texts.map((text) => {
    const parsed = parseInstruction(text);
    if ("error" in parsed) throw new Error(parsed.error);
    return { instruction: parsed.instruction, span };
  });

function placed(before: Location, texts: readonly string[], more: object = {}): Placed {
  const result = placeInstructions(lines(...texts), before, { ...context, ...more });
  if (!isPlaced(result)) throw new Error(result.problem);
  return result;
}

function problem(before: Location, ...texts: readonly string[]): string {
  const result = placeInstructions(lines(...texts), before, context);
  if (isPlaced(result)) throw new Error(`placed as ${printed(result).join("; ")}`);
  return result.problem;
}

const printed = (result: Placed): string[] => result.placed.map((p) => formatInstruction(p.instruction).replace("\t", " "));

function restored(frame: Frame, except: readonly string[], before: Location = start): Placed {
  const result = restoreRegisters(frame, except, before, { frame, tokens: [] }, span);
  if (!isPlaced(result)) throw new Error(result.problem);
  return result;
}

describe("placeholders", () => {
  test("a saved field is found through RSP, then through a copy or a pointer", () => {
    expect(printed(placed(start, ["movq {frame.sp}, %rax"]))).toEqual(["movq 152(%rsp), %rax"]);
    const trampoline = [
      "movq %rsp, %rdi",
      "movq %gs:cpu_tss_rw+4, %rsp",
      "pushq {frame.sp}",
      "pushq {frame.di}",
      "movq {frame.sp}, %rax",
      "movq {frame.r15}, %rax",
    ];
    const result = placed(start, trampoline, { ensuresStack: "trampoline" });
    expect(printed(result).slice(2)).toEqual(["pushq 152(%rdi)", "pushq 112(%rdi)", "movq 8(%rsp), %rax", "movq (%rdi), %rax"]);
    const end = placed(result.after, ["popq %rdi", "popq %rsp"]).after;
    expect(end.registers.rdi).toEqual({ kind: "field", field: "di" });
    expect(end.registers.rsp).toEqual({ kind: "field", field: "sp" });
    expect(problem(end, "movq {frame.r15}, %rax")).toContain("%rsp is the saved `sp` already");
  });

  test("below RSP nothing is read", () => {
    const popped = placed(start, ["popq %r15"]).after;
    expect(problem(popped, "movq {frame.r15}, %rax")).toContain("8 bytes into the frame");
  });

  test("a field that was overwritten is not found", () => {
    expect(problem(placed(start, ["movq $0, {frame.sp}"]).after, "pushq {frame.sp}")).toContain("no register points to the saved `sp`");
    expect(problem(placed(start, ["movb $0, {frame.sp}"]).after, "pushq {frame.sp}")).toContain("no register points");
  });

  test("a token keeps its register through its own step, and is gone after", () => {
    const step = placed(start, ["btsq $63, {token.old_gs}", "wrgsbase {token.old_gs}", "testl {token.old_gs:32}, {token.old_gs:32}"]);
    expect(printed(step)).toEqual(["btsq $63, %rbx", "wrgsbase %rbx", "testl %ebx, %ebx"]);
    expect(problem(step.after, "wrgsbase {token.old_gs}")).toContain("%rbx was overwritten");
    const moved = placed(start, ["movq %rbx, %r12", "popq %rbx"]).after;
    expect(printed(placed(moved, ["wrgsbase {token.old_gs}"]))).toEqual(["wrgsbase %r12"]);
  });

  test("C keeps callee-saved registers and the token, and returns in RAX", () => {
    const after = afterPrepare(start, true);
    expect(after.registers.rbx).toEqual({ kind: "token", token: "old_gs" });
    expect(after.registers.rax).toEqual({ kind: "returned" });
    expect(afterPrepare(placed(start, ["popq %rdi"]).after, false).registers.rdi).toEqual({ kind: "kernel" });
  });
});

describe("branches of a step", () => {
  test("what both ways agree on is known at the label", () => {
    const result = placed(start, ["testl %eax, %eax", "jz 1f", "movq {frame.r15}, %r15", "1:", "movq {frame.r14}, %r14"]);
    expect(result.after.registers.r15).toEqual({ kind: "kernel" });
    expect(result.after.registers.r14).toEqual({ kind: "field", field: "r14" });
  });

  test("an assertion that fails does not come back", () => {
    const result = placed(start, ["testb $3, {frame.cs}", "jnz 1f", "movq $0, %rbx", "ud2", "1:"]);
    expect(result.after.registers.rbx).toEqual({ kind: "token", token: "old_gs" });
  });

  test("a jump without its label is refused", () => expect(problem(start, "jz 1f")).toContain("no label `1:`"));

  test("stacks that differ keep the words that both have at the same distance from RSP", () => {
    const thread = restored(ptRegs, []).after;
    const copied = placed(
      start,
      ["movq %rsp, %rdi", "movq %gs:tss, %rsp", ...["ss", "sp", "flags", "cs", "ip"].map((f) => `pushq {frame.${f}}`)],
      { ensuresStack: "trampoline" },
    ).after;
    const both = joinLocations(thread, copied, ptRegs);
    expect([0, 8, 16, 24, 32].map((at) => stackValue(both, at, ptRegs))).toEqual(
      ["ip", "cs", "flags", "sp", "ss"].map((field) => ({ kind: "field", field })),
    );
    expect(printed(placed(both, ["testb $3, {frame.cs}"]))).toEqual(["testb $3, 8(%rsp)"]);
    expect(both.registers.rdi).toEqual({ kind: "kernel" });
  });
});

describe("restore_registers", () => {
  test("pops pt_regs in order and ends at RIP", () => {
    const result = restored(ptRegs, []);
    expect(printed(result)).toEqual([
      ...["r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi"].map((r) => `popq %${r}`),
      "addq $8, %rsp",
    ]);
    expect(result.after.registers.rsp).toEqual({ kind: "pointer", region: "frame", offset: 128 });
  });

  test("stops before an excepted last register, as for a switch of stacks", () => {
    const result = restored(ptRegs, ["rdi"]);
    expect(printed(result).at(-1)).toBe("popq %rsi");
    expect(result.after.registers.rsp).toEqual({ kind: "pointer", region: "frame", offset: 112 });
    expect(printed(restored(ptRegs, [], result.after))).toEqual(["popq %rdi", "addq $8, %rsp"]);
  });

  test("skips one word by a pop into a register that is loaded later, several by an addition", () => {
    expect(printed(restored(ptRegs, ["r11", "rcx", "rdi"])).slice(6)).toEqual([
      "popq %rsi",
      "popq %r10",
      "popq %r9",
      "popq %r8",
      "popq %rax",
      "popq %rsi",
      "popq %rdx",
      "popq %rsi",
    ]);
    expect(printed(restored(frameOf("r15", "fs_base", "gs_base", "rax", "rip", "cs"), []))).toEqual([
      "popq %r15",
      "addq $16, %rsp",
      "popq %rax",
    ]);
  });

  test("moves, where RSP is elsewhere: the pointer's own register last", () => {
    const pointer = placed(start, ["movq %rsp, %rdi", "movq %gs:tss, %rsp"], { ensuresStack: "trampoline" }).after;
    const result = restored(ptRegs, [], pointer);
    expect(printed(result)[0]).toBe("movq (%rdi), %r15");
    expect(printed(result).at(-1)).toBe("movq 112(%rdi), %rdi");
    expect(result.after.registers.rsp).toEqual({ kind: "pointer", region: "stack:trampoline", offset: 0 });
  });

  test("moves and one addition, where pops would have to skip too much", () => {
    const frame = frameOf("a", "rax", "b", "rbx", "c", "rcx", "d", "rdx", "e", "rsi", "rip", "cs");
    const moves = ["movq 8(%rsp), %rax", "movq 24(%rsp), %rbx", "movq 40(%rsp), %rcx", "movq 56(%rsp), %rdx", "movq 72(%rsp), %rsi"];
    expect(printed(restored(frame, []))).toEqual([...moves, "addq $80, %rsp"]);
  });

  test("any frame, any exceptions: every wanted register holds its field, the others are untouched", () => {
    const words = [...generalRegisters.filter((r) => r !== "rsp"), "error", "vector", "fs"];
    const frames = fc.subarray(words, { minLength: 1 }).chain((some) => fc.shuffledSubarray(some, { minLength: some.length }));
    fc.assert(
      fc.property(frames, fc.subarray([...generalRegisters]), (fields, except) => {
        const frame = frameOf(...fields, ...returnFrame);
        const { after } = restored(frame, except, startLocation([], frame, []));
        for (const register of generalRegisters) {
          if (register === "rsp") continue;
          const wanted = fields.includes(register) && !except.includes(register);
          expect(after.registers[register]).toEqual(wanted ? { kind: "field", field: register } : { kind: "kernel" });
        }
        if (except.length === 0) expect(after.registers.rsp).toEqual({ kind: "pointer", region: "frame", offset: 8 * fields.length });
      }),
      { seed, numRuns: 2000 },
    );
  });
});
