/**
 * What the simulator says that instructions do, against this machine's processor: random steps of all instructions of the table that
 * user mode may execute, with local jumps, on random registers and memory; every register and word must be the same afterwards.
 */
import { check } from "prettier";
import { expect, test } from "vitest";
import { generalRegisters, type Width } from "../../src/compiler/machine/instruction.js";
import { formatInstruction, parseInstruction } from "../../src/compiler/machine/instructions.js";
import { type MnemonicRow, mnemonicRows, widthOf } from "../../src/compiler/machine/mnemonics.js";
import { registerName } from "../../src/compiler/machine/registers.js";
import { visitGraph } from "../../src/compiler/path/flow.js";
import { seed } from "../seed.js";
import { caseWords, dataWords, runNatively, stackBase, stackWords, startWord } from "./native.js";
import { type Random, randomFrom, word64 } from "./random.js";
import { load, simulateText } from "./specs.js";

const steps = 300;
const cases = 25;
const fields = ["a", "b", "c", "d", "rip", "cs", "rflags", "rsp", "ss"];

/** Control registers, MSRs, GS and interrupts are ring 0's; what `call` and traps do is not the processor's alone. */
const notHere = new Set([
  "swapgs",
  "cli",
  "sti",
  "clac",
  "stac",
  "wrmsr",
  "rdmsr",
  "wrgsbase",
  "rdgsbase",
  "call",
  "int3",
  "ud2",
  "verw",
  "pushf",
  "popf",
]);
const straight = mnemonicRows.filter((row) => !notHere.has(row.name) && !row.forms.some((f) => /[lc]/.test(f)));
const withControl = mnemonicRows.filter(
  (row) => !notHere.has(row.name) && row.forms.some((f) => f.includes("c")) && !row.forms.some((f) => f.includes("l")),
);
const rows: readonly MnemonicRow[] = [
  ...straight,
  ...withControl.map((row) => ({ ...row, forms: row.forms.filter((f) => !f.includes("c")) })),
];

/** Registers that hold no address the piece needs. */
const free = generalRegisters.filter((name) => name !== "rsp");
const pick = <T>(random: Random, list: readonly T[]): T => list[random() % list.length] as T;

/** Writes one random step; it knows how far RSP is from where it started, so that the stack's end is not left. */
class Writer {
  readonly lines: string[] = [];
  private depth = 0;
  private label = 0;
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
    for (let i = 0; i < 14; i++) this.line(true);
  }

  private line(moves: boolean): void {
    if (this.random() % 5 === 0 && this.label < 3) this.branch();
    else this.straight(moves);
  }

  /** `jz 1f … 1:`, with another arm behind it, or crossed by another jump; nothing in between moves RSP. */
  private branch(): void {
    const label = ++this.label * 2;
    this.flags();
    const mnemonic = this.lines.at(-1)?.startsWith("bt") ? pick(this.random, ["jc", "jnc"]) : pick(this.random, ["jz", "jnz", "jc", "jnc"]);
    this.lines.push(`${mnemonic} ${label}f`);
    const some = () => {
      for (let n = this.random() % 3; n >= 0; n--) this.straight(false);
    };
    some();
    const form = this.random() % 3;
    if (form === 0) this.lines.push(`${label}:`);
    else if (form === 1) {
      this.lines.push(`jmp ${label + 1}f`, `${label}:`);
      some();
      this.lines.push(`${label + 1}:`);
    } else {
      // The second jump starts inside the first one's range and ends behind it: no `if` can say that.
      this.lines.push("testb $1, %al", `jnz ${label + 1}f`);
      some();
      this.lines.push(`${label}:`);
      some();
      this.lines.push(`${label + 1}:`);
    }
  }

  /** An instruction whose flags a jump may look at. */
  private flags(): void {
    this.instruction(
      pick(
        this.random,
        rows.filter((r) => ["test", "cmp", "sub", "and", "or", "xor", "bt", "btr", "bts"].includes(r.name)),
      ),
      false,
    );
  }

  private straight(moves: boolean): void {
    this.instruction(pick(this.random, moves ? rows : rows.filter((r) => r.name !== "push" && r.name !== "pop")), moves);
  }

  /** One instruction of a row; another row's where this one would leave the stack. */
  private instruction(wanted: MnemonicRow, moves: boolean): void {
    const full = (wanted.name === "push" && this.depth <= -16) || (wanted.name === "pop" && this.depth >= fields.length - 2);
    const row = full ? (rows[0] as MnemonicRow) : wanted;
    while (!this.tried(row));
    this.moved(row, moves);
  }

  /** Writes an instruction of the row, if the operands that came up are ones that it takes. */
  private tried(row: MnemonicRow): boolean {
    const form = pick(this.random, row.forms);
    const suffix = row.suffixes ? pick(this.random, row.suffixes) : "";
    const width = suffix === "" ? row.width : widthOf[suffix];
    // BT on memory goes by a register beyond the word; a step's author keeps the index inside, and so does this.
    if (row.immediate === "bit" && form === "rm") return false;
    const operands = [...form].map((shape) => this.operand(shape, width, row));
    const text = `${row.name}${suffix} ${operands.join(", ")}`.trim();
    const parsed = parseInstruction(text);
    if ("error" in parsed) return false;
    this.lines.push(text);
    return true;
  }

  private moved(row: MnemonicRow, moves: boolean): void {
    if (row.name === "push") this.depth--;
    if (row.name === "pop") this.depth++;
    // Now and then RSP itself.
    if (moves && this.random() % 12 === 0) this.lines.push(pick(this.random, ["movq %rsp, %rbx", "leaq 24(%rsp), %rsi", "pushq %rsp"]));
    if (this.lines.at(-1) === "pushq %rsp") this.depth--;
    if (moves && this.random() % 20 === 0 && this.depth > -16) {
      this.lines.push("subq $8, %rsp");
      this.depth--;
    }
  }

  private operand(shape: string, width: Width, row: MnemonicRow): string {
    const { random } = this;
    if (shape === "r") return `%${registerName(pick(random, free), width)}`;
    if (shape === "i") {
      if (row.immediate === "bit") return `$${random() % width}`;
      if (row.immediate === "full") return `$0x${word64(random).toString(16)}`;
      return pick(random, [
        "$0",
        "$1",
        "$-1",
        "$0x7f",
        `$${random() % 100}`,
        `$0x${(random() >>> 1).toString(16)}`,
        `$-0x${(random() >>> 2).toString(16)}`,
      ]);
    }
    if (row.name === "lea") return `${(random() % 4096) - 2048}(%${pick(random, free)})`;
    // A word of the stack that the piece may reach, or data; parts of a word where the width is smaller.
    if (random() % 2) return `data${random() % dataWords}(%rip)`;
    const index = (random() % fields.length) - this.depth;
    const part = width === 64 ? 0 : (random() % (64 / width)) * (width / 8);
    return `${8 * index + part}(%rsp)`;
  }
}

function specOf(pieces: readonly (readonly string[])[]): string {
  const declarations = pieces.map(
    (piece, i) =>
      `step s${i} { asm ${piece.map((line) => JSON.stringify(line)).join(" ")} }\nexit x${i} from e to user { leave { do s${i}  iretq } }`,
  );
  return `edition 2026\nframe f { ${fields.join(", ")} }\nevent e { origin user }\n${declarations.join("\n")}\n`;
}

test(`random steps do what the processor does, seed ${seed}`, async () => {
  const random = randomFrom(seed);
  const written = Array.from({ length: steps }, () => new Writer(random).lines);
  const simulated = simulateText(specOf(written));
  expect(await check(simulated.typescript, { parser: "typescript" }), "formatted as Prettier formats it").toBe(true);
  // What is assembled is what the path has: the same printer as the assembly's.
  const pieces = simulated.graphs.map((graph) => {
    const lines: string[] = [];
    visitGraph(graph, (node) => {
      if (node.kind === "instructions") lines.push(...node.instructions.map((p) => formatInstruction(p.instruction)));
    });
    return lines;
  });
  const special = [0n, 1n, 0x7fn, 0x80n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn];
  const inputs = pieces.map(() =>
    Array.from({ length: cases }, () => {
      const words = BigUint64Array.from({ length: caseWords }, () => (random() % 3 ? word64(random) : pick(random, special)));
      words[generalRegisters.indexOf("rsp")] = stackBase + BigInt(8 * startWord);
      return words;
    }),
  );
  const outputs = runNatively(pieces, inputs);
  const module = await load(simulated);
  const { frame, memory = {}, register, stack = {}, system } = module;
  /** The machine's word for each word of a case. */
  const places: (number | undefined)[] = generalRegisters.map((name) => register[name]);
  for (let i = 0; i < stackWords; i++) {
    const offset = 8 * (i - startWord);
    places.push(frame[fields[offset / 8] ?? ""] ?? stack[`frame${offset < 0 ? "" : "+"}${offset}`]);
  }
  for (let i = 0; i < dataWords; i++) places.push(memory[`data${i}(%rip)`]);
  pieces.forEach((piece, i) => {
    inputs[i]?.forEach((words, k) => {
      const machine = new module.Machine();
      // With NT set IRETQ faults before it changes anything, so that what the step did can be seen.
      machine.set(system.rflags as number, 0x4002n);
      places.forEach((place, n) => {
        if (place !== undefined) machine.set(place, words[n] as bigint);
      });
      expect(module.paths[`x${i}`]?.run(machine, {}, []).fault?.vector).toBe("#GP");
      const expected = outputs[i]?.[k] as BigUint64Array;
      const wrong = places.flatMap((place, n) => {
        const got = place === undefined ? (words[n] as bigint) : machine.get(place);
        return got === expected[n]
          ? []
          : [`${generalRegisters[n] ?? `word ${n - 16 - startWord}`}: ${got.toString(16)}, not ${expected[n]?.toString(16)}`];
      });
      if (wrong.length > 0) expect.fail(`step ${i}:\n${piece.join("\n")}\n\n${wrong.join("\n")}`);
    });
  });
});
