/** Runs `as` and `objdump`, and reads what they say. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Instruction } from "../../src/compiler/machine/instruction.js";
import { formatInstruction, parseInstruction } from "../../src/compiler/machine/instructions.js";
import { mnemonicNamed } from "../../src/compiler/machine/mnemonics.js";
import type { DisassembledLine } from "../../src/verify/disassembly.js";

/** One line of a disassembly. */
export type Disassembled = DisassembledLine;

/** An assembled file: its instructions by address, and where its symbols are. */
export interface Assembled {
  readonly lines: readonly Disassembled[];
  readonly symbols: ReadonlyMap<string, number>;
  readonly bytesAt: (address: number, count: number) => string;
}

/** Runs a tool of binutils. @throws when it is missing, naming the package, or when it fails, with what it said */
export function binutils(tool: "as" | "objdump", args: readonly string[], cwd: string): string {
  const { error, status, stdout, stderr } = spawnSync(tool, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  if (error && "code" in error && error.code === "ENOENT") throw new Error(`${tool} is not installed: apt-get install binutils`);
  if (error) throw error;
  if (status !== 0) throw new Error(`${tool} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** A temporary folder with these files, removed after `use`. */
export function inFolder<T>(files: readonly { readonly name: string; readonly text: string }[], use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "exitdsl-as-"));
  try {
    for (const { name, text } of files) writeFileSync(join(folder, name), text);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Assembles `file` with every warning an error, and disassembles its section `section`. */
export function assemble(folder: string, file: string, symbols: Readonly<Record<string, number>> = {}, section = ".text"): Assembled {
  const definitions = Object.entries(symbols).flatMap(([name, value]) => ["--defsym", `${name}=${value}`]);
  binutils("as", ["--64", "--fatal-warnings", ...definitions, "-o", "out.o", file], folder);
  const lines: Disassembled[] = [];
  const bytes = new Map<number, string>();
  const names = new Map<string, number>();
  for (const line of binutils("objdump", ["-d", "-r", "-t", "-w", "-j", section, "out.o"], folder).split("\n")) {
    const symbol = /^([0-9a-f]{16}) [lg] .*\t[0-9a-f]{16} (\S+)$/.exec(line);
    if (symbol) names.set(symbol[2] ?? "", Number.parseInt(symbol[1] ?? "", 16));
    const instruction = /^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?([^#<]*)(.*)$/.exec(line);
    if (instruction) {
      const address = Number.parseInt(instruction[1] ?? "", 16);
      const encoded = (instruction[2] ?? "").trim().split(" ");
      for (const [i, byte] of encoded.entries()) bytes.set(address + i, byte);
      const relocation = /R_X86_64_\w+\s+([\w.]+)/.exec(line)?.[1];
      lines.push({
        address,
        bytes: encoded,
        text: (instruction[3] ?? "")
          .replace(/\s*R_X86_64.*$/, "")
          .replace(/\s+[0-9a-f]+:\s*$/, "")
          .trim(),
        relocation,
      });
    }
  }
  const bytesAt = (address: number, count: number) => Array.from({ length: count }, (_, i) => bytes.get(address + i) ?? "--").join(" ");
  return { lines, symbols: names, bytesAt };
}

/** An instruction in one way of writing, whoever wrote it: suffix, and immediates as unsigned numbers of the operand's width. */
export function canonical(instruction: Instruction): string {
  const width = mnemonicNamed(instruction.mnemonic)?.width ?? 64;
  const operands = instruction.operands.map((o) => (o.kind === "immediate" ? { ...o, value: BigInt.asUintN(width, o.value) } : o));
  return formatInstruction({ ...instruction, operands });
}

/** The disassembler's text in that way of writing. */
export function canonicalText(text: string): string {
  const parsed = parseInstruction(text.replace(/\s+/g, " "));
  return "error" in parsed ? text : canonical(parsed.instruction);
}
