/** The instruction table against GNU as and objdump, and what it refuses. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Instruction } from "../../src/compiler/machine/instruction.js";
import { effectsOf, formatInstruction, parseInstruction, symbolsOf } from "../../src/compiler/machine/instructions.js";
import { mnemonicNamed, mnemonicRows, suffixOf, widthOf } from "../../src/compiler/machine/mnemonics.js";
import { registerName } from "../../src/compiler/machine/registers.js";
import { terminals } from "../../src/compiler/machine/terminals.js";
import { seed } from "../seed.js";
import { assemble, canonical, canonicalText, inFolder } from "./tools.js";

const operandTexts = (width: 8 | 16 | 32 | 64): Record<string, readonly string[]> => ({
  r: (["rax", "rsp", "rsi", "r8", "r15"] as const).map((r) => `%${registerName(r, width)}`),
  m: ["(%rdi)", "8(%rsp)", "-0x80(%rbp)", "0x1234(%r13)", "%gs:0x28", "%gs:8(%rax)"],
  i: ["$3", "$0x7f"],
  c: ["%cr2", "%cr3", "%cr4"],
});

/** Every row at every width with every accepted list of operands, over several registers and addresses. */
function everyInstruction(): string[] {
  const texts: string[] = [];
  for (const row of mnemonicRows) {
    for (const suffix of row.suffixes ?? [""]) {
      const width = suffix === "" ? row.width : widthOf[suffix];
      for (const form of row.forms) {
        if (form === "l" || form === "s" || (form.includes("c") && suffix !== "q")) continue;
        const choices = operandTexts(width);
        const most = Math.max(1, ...[...form].map((shape) => choices[shape]?.length ?? 1));
        for (let i = 0; i < most; i++) {
          const operands = [...form].map((shape, position) => {
            const list = row.immediate === "bit" && shape === "i" ? ["$2", "$7"] : (choices[shape] ?? []);
            return list[(i + position) % list.length] ?? "";
          });
          if (row.name === "lea" && operands[0]?.startsWith("%gs")) continue;
          if (row.name === "pop" && operands[0]?.includes("(%rsp)")) continue;
          texts.push(`${row.name}${suffix} ${operands.join(", ")}`.trim());
        }
      }
    }
  }
  return texts;
}

function parsed(text: string): Instruction {
  const result = parseInstruction(text);
  if ("error" in result) throw new Error(`${text}: ${result.error}`);
  return result.instruction;
}

function refusal(text: string): string {
  const result = parseInstruction(text);
  if (!("error" in result)) throw new Error(`${text} was accepted`);
  expect(result.offset).toBeGreaterThanOrEqual(0);
  expect(result.offset).toBeLessThanOrEqual(text.length);
  return result.error;
}

describe("every row of the table", () => {
  const texts = everyInstruction();

  test("assembles, and disassembles to the same instruction", () => {
    const instructions = texts.map(parsed);
    const source = `\t.text\n${instructions.map((i) => `\t${formatInstruction(i)}\n`).join("")}`;
    const { lines } = inFolder([{ name: "table.s", text: source }], (folder) => assemble(folder, "table.s"));
    expect(instructions.length).toBeGreaterThan(400);
    expect(lines.map((line) => canonicalText(line.text))).toEqual(instructions.map(canonical));
  });

  test("prints what it reads", () => {
    for (const text of texts) {
      const instruction = parsed(text);
      expect(parsed(formatInstruction(instruction))).toEqual(instruction);
    }
  });

  test("says what it does", () => {
    for (const text of texts) expect(effectsOf(parsed(text)).length, text).toBeGreaterThan(0);
  });

  test("branches and calls go to labels and symbols", () => {
    const source = "\t.text\njz 1f\njnz 1f\njc 1f\njnc 1f\njmp 1f\n1:\ncall stackleak_erase\n".replace(/^(j|call)/gm, "\t$1");
    const { lines } = inFolder([{ name: "branches.s", text: source }], (folder) => assemble(folder, "branches.s"));
    const target = lines[5]?.address.toString(16);
    expect(lines.slice(0, 5).map((l) => l.text.replace(/\s+/g, " "))).toEqual(
      ["je", "jne", "jb", "jae", "jmp"].map((m) => `${m} 0x${target}`),
    );
    expect(lines[5]?.relocation).toBe("stackleak_erase");
    for (const mnemonic of ["jz", "jnz", "jc", "jnc", "jmp"]) expect(formatInstruction(parsed(`${mnemonic} 1f`))).toBe(`${mnemonic}\t1f`);
  });

  test("symbols stay symbols", () => {
    const instruction = parsed("movq %gs:cpu_tss_rw+TSS_sp0+8, %rsp");
    expect(formatInstruction(instruction)).toBe("movq\t%gs:cpu_tss_rw+TSS_sp0+8, %rsp");
    expect(symbolsOf(instruction)).toEqual([
      { symbol: "cpu_tss_rw", use: "per-cpu" },
      { symbol: "TSS_sp0", use: "offset" },
    ]);
    expect(symbolsOf(parsed("verw x86_verw_sel(%rip)"))).toEqual([{ symbol: "x86_verw_sel", use: "relative" }]);
    expect(symbolsOf(parsed("orq $SWITCH_BITS, %rdi"))).toEqual([{ symbol: "SWITCH_BITS", use: "constant" }]);
    expect(symbolsOf(parsed("movq REGS_sp(%rdi), %rsp"))).toEqual([{ symbol: "REGS_sp", use: "offset" }]);
    expect(symbolsOf(parsed("call f"))).toEqual([{ symbol: "f", use: "function" }]);
  });
});

describe("what people write", () => {
  test.each([
    ["mov %rsp, %rdi", "movq\t%rsp, %rdi"],
    ["push %rax", "pushq\t%rax"],
    ["je 1f", "jz\t1f"],
    ["JNE 2f", "jnz\t2f"],
    ["movabs $0x123456789abcdef0, %rax", "movabsq\t$0x123456789abcdef0, %rax"],
    ["bts $63,%rdi", "btsq\t$63, %rdi"],
    ["  testb   $3 ,  8( %rsp ) ", "testb\t$3, 8(%rsp)"],
    ["movq {frame.sp}, %rsp", "movq\t{frame.sp}, %rsp"],
    ["testl {token.old_gs:32}, {token.old_gs:32}", "testl\t{token.old_gs:32}, {token.old_gs:32}"],
    ["1:", "1:"],
  ])("%s is %s", (text, printed) => expect(formatInstruction(parsed(text))).toBe(printed));
});

describe("refusals teach", () => {
  test.each([
    ["movq %rsp, %rdi; cli", "one instruction"],
    ["cli # off", "no comment"],
    ['movq "x", %rax', "one instruction"],
    [".globl x", "begins with its mnemonic"],
    ["hlt", "is not an instruction that the compiler knows; it knows mov"],
    ["sysretq", "write it as a statement of `leave`"],
    ["iretq", "write it as a statement of `leave`"],
    ["jmp 1b", "forwards only"],
    ["jmp return_to_user", "`jump TAIL`"],
    ["movq %rax", "takes"],
    ["movq (%rax), (%rbx)", "this is memory, memory"],
    ["movq %eax, %rax", "has 32 bits"],
    ["mov $1, (%rax)", "`movq`, `movl`, `movw`, `movb`"],
    ["movq $0x1234567890, %rax", "movabsq"],
    ["movl $0x100000000, %eax", "does not fit 32 bits"],
    ["bt $64, %rax", "0 to 63"],
    ["movq symbol, %rax", "symbol(%rip)"],
    ["movq %fs:0, %rax", "only %gs"],
    ["movq (%rax,%rbx,8), %rcx", "64-bit base register"],
    ["movq {stack.sp}, %rax", "{frame.FIELD}"],
    ["movq {frame.sp:32}, %rax", "suffix"],
    ["movl %cr3, %eax", "control registers"],
    ["popq 8(%rsp)", "after the pop"],
    ["leaq %gs:8(%rax), %rax", "segment adds nothing"],
    ["movq %xmm0, %rax", "is no register that steps use"],
    ["", "mnemonic"],
  ])("%s", (text, part) => expect(refusal(text)).toContain(part));

  test("every terminal is refused in a step", () => {
    for (const { name, target } of terminals) if (target === undefined) expect(refusal(name)).toContain("leaves the kernel");
  });

  test("any text is an instruction that prints and reads back the same, or a refusal in one line", () => {
    const pieces = fc.constantFrom(
      "movq",
      "mov",
      "%rax",
      "%gs:",
      "(",
      ")",
      "$",
      "{frame.",
      "}",
      ",",
      "+",
      "-",
      "0x1",
      "9",
      "a",
      "1f",
      ":",
      " ",
      "\n",
      "*/",
      "%rip",
      "\u2028",
      "\0",
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.array(pieces, { maxLength: 12 }).map((p) => p.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const result = parseInstruction(text);
        if ("error" in result) {
          expect(result.error).toMatch(/^[^\r\n\0\u2028]+$/);
          return;
        }
        const printed = formatInstruction(result.instruction);
        expect(printed).toMatch(/^[A-Za-z0-9_%$(){}:.,+\-\t ]+$/);
        expect(parsed(printed)).toEqual(result.instruction);
      }),
      { seed, numRuns: 20_000 },
    );
  });

  test("whatever is accepted assembles without a warning", () => {
    const register = fc.constantFrom("rax", "eax", "ax", "al", "rsp", "esp", "spl", "r9", "r9d", "r9w", "r9b", "cr3").map((r) => `%${r}`);
    const number = fc.oneof(fc.bigInt({ min: -(1n << 33n), max: 1n << 65n }), fc.integer({ min: -130, max: 260 })).map(String);
    const base = fc.constantFrom("", "(%rsp)", "(%rax)", "(%r12)", "(%rip)");
    const memory = fc
      .tuple(fc.constantFrom("", "%gs:"), fc.constantFrom("", "symbol", "symbol+8", "-8", "0x7fffffff"), base)
      .map((p) => p.join(""));
    const operand = fc.oneof(
      register,
      number.map((n) => `$${n}`),
      memory,
      fc.constant("$symbol"),
    );
    const mnemonic = fc.constantFrom(...mnemonicRows.flatMap((row) => [row.name, ...(row.suffixes ?? []).map((s) => row.name + s)]));
    const accepted = new Map<string, Instruction>();
    for (const [name, operands] of fc.sample(fc.tuple(mnemonic, fc.array(operand, { maxLength: 2 })), { seed, numRuns: 60_000 })) {
      const result = parseInstruction(`${name} ${operands.join(", ")}`);
      if (!("error" in result)) accepted.set(formatInstruction(result.instruction), result.instruction);
    }
    // Symbols that do not fit an instruction's few bytes are the linker's to refuse; here the symbol is small.
    const source = `\t.text\n${[...accepted.keys()].map((text) => `\t${text}\n`).join("")}`;
    const { lines } = inFolder([{ name: "random.s", text: source }], (folder) => assemble(folder, "random.s", { symbol: 0x40 }));
    expect(accepted.size).toBeGreaterThan(1000);
    expect(lines.length).toBe(accepted.size);
  });
});

describe("effects", () => {
  const effects = (text: string) => effectsOf(parsed(text));

  test("flags are of the values before the write", () => {
    expect(effects("andl $1, %eax").map((e) => e.kind)).toEqual(["flags", "write"]);
    expect(effects("addq $8, %rsp").map((e) => e.kind)).toEqual(["flags-undefined", "write"]);
  });

  test("VERW changes ZF and nothing else", () => expect(effects("verw x(%rip)")).toEqual([{ kind: "flags-undefined" }]));

  test("an immediate is unsigned in its width", () => {
    expect(effects("andq $-0x1801, %rdi")).toContainEqual(
      expect.objectContaining({
        kind: "write",
        value: expect.objectContaining({ right: { kind: "immediate", value: 0xffff_ffff_ffff_e7ffn } }),
      }),
    );
  });

  test("an assertion that fails goes nowhere", () => expect(effects("ud2")).toEqual([{ kind: "trap" }]));

  test("widths and suffixes agree", () => {
    for (const row of mnemonicRows) {
      for (const suffix of row.suffixes ?? []) {
        const named = mnemonicNamed(row.name + suffix);
        expect(named && suffixOf[named.width]).toBe(suffix);
      }
    }
  });
});
