/** What `objdump` says of an object file, and its instructions in the compiler's way of writing. */

import type { Instruction } from "../compiler/machine/instruction.js";
import { formatInstruction, parseInstruction } from "../compiler/machine/instructions.js";
import { mnemonicNamed } from "../compiler/machine/mnemonics.js";
import { terminals } from "../compiler/machine/terminals.js";
import { run } from "./tools.js";

export interface DisassembledLine {
  /** Offset in the section. */
  readonly address: number;
  readonly bytes: readonly string[];
  /** As objdump writes it. */
  readonly text: string;
  /** The symbol that a relocation in it refers to. */
  readonly relocation: string | undefined;
}

/** The section `.entry.text` of an object file. */
export interface Disassembly {
  readonly lines: readonly DisassembledLine[];
  readonly byAddress: ReadonlyMap<number, DisassembledLine>;
  readonly symbols: ReadonlyMap<string, number>;
}

export async function disassemble(file: string, folder: string): Promise<Disassembly> {
  const lines: DisassembledLine[] = [];
  const symbols = new Map<string, number>();
  for (const line of (await run("objdump", ["-d", "-r", "-t", "-w", "-j", ".entry.text", file], folder)).split("\n")) {
    const symbol = /^([0-9a-f]{16}) [lg] .*\t[0-9a-f]{16} (\S+)$/.exec(line);
    if (symbol) symbols.set(symbol[2] ?? "", Number.parseInt(symbol[1] ?? "", 16));
    const instruction = /^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?([^#<]*)(.*)$/.exec(line);
    if (!instruction) continue;
    lines.push({
      address: Number.parseInt(instruction[1] ?? "", 16),
      bytes: (instruction[2] ?? "").trim().split(" "),
      text: (instruction[3] ?? "")
        .replace(/\s*R_X86_64.*$/, "")
        .replace(/\s+[0-9a-f]+:\s*$/, "")
        .trim(),
      relocation: /R_X86_64_\w+\s+([\w.]+)/.exec(line)?.[1],
    });
  }
  return { lines, symbols, byAddress: new Map(lines.map((l) => [l.address, l])) };
}

const jumps: Readonly<Record<string, string>> = { je: "jz", jne: "jnz", jb: "jc", jae: "jnc", jmpq: "jmp" };

/** Is a disassembled instruction the one that a step of the simulator names (`popq %rax`)? Of local jumps the target is not looked at. */
export function isStep(line: DisassembledLine, step: string, symbols: ReadonlyMap<string, number>): boolean {
  const [mnemonic = "", operand = ""] = step.split(" ");
  const bytes = terminals.find((t) => t.mnemonic === mnemonic)?.bytes;
  if (bytes) return line.bytes.slice(0, bytes.length).join() === bytes.map((b) => b.toString(16).padStart(2, "0")).join();
  const [written = "", target = ""] = line.text.split(/\s+/);
  if (mnemonic.startsWith("j")) {
    if ((jumps[written] ?? written) !== mnemonic) return false;
    if (/^\d+f$|^\.L/.test(operand)) return line.relocation === undefined;
    return line.relocation === operand || symbols.get(operand) === Number.parseInt(target, 16);
  }
  return writtenAlike(line) === comparable(step);
}

/** The disassembler's text in the compiler's way of writing, with a relocation's symbol put back where the linker will. */
function writtenAlike({ relocation, text }: DisassembledLine): string {
  if (relocation === undefined) return comparable(text);
  return comparable(
    text
      .replace(/%gs:-?(0x)?[0-9a-f]+/, `%gs:${relocation}`)
      .replace(/-?(0x)?[0-9a-f]+\(%rip\)/, `${relocation}(%rip)`)
      .replace(/^(call\w*\s+).*/, `$1${relocation}`)
      .replace(/\$(0x)?0(?=,)/, `$${relocation}`),
  );
}

/** An instruction with its sums of symbols cut down to the first, which is what a relocation names. */
function comparable(text: string): string {
  const cut = text.replace(/([A-Za-z_]\w*)(?:[+-]\w+)+(?=[(,]|$)/g, "$1");
  const parsed = parseInstruction(cut.replace(/\s+/g, " "));
  return "error" in parsed ? cut.replace(/\s+/g, " ") : canonical(parsed.instruction);
}

function canonical(instruction: Instruction): string {
  const width = mnemonicNamed(instruction.mnemonic)?.width ?? 64;
  const operands = instruction.operands.map((o) => (o.kind === "immediate" ? { ...o, value: BigInt.asUintN(width, o.value) } : o));
  return formatInstruction({ ...instruction, operands });
}
