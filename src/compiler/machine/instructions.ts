/** Instructions as text: read from a spec's `asm "…"` line, printed for an output; and what they do and refer to. */
import { type AssemblyError, formatAddress, type OperandText, parseOperand, shown, splitOperands } from "./assembly.js";
import type { Effect, Instruction, InstructionOperand, Width } from "./instruction.js";
import { knownMnemonics, type MnemonicRow, mnemonicAliases, mnemonicNamed, mnemonicWithoutSuffix, suffixOf, widthOf } from "./mnemonics.js";
import { registerName } from "./registers.js";
import { terminals } from "./terminals.js";

/**
 * What an instruction does, in order. Its operands are resolved: no `frame-field` and no `token` is left.
 * A terminal has no effects here; its own row describes it.
 */
export function effectsOf(instruction: Instruction): readonly Effect[] {
  if (instruction.mnemonic === ":") return [{ kind: "label", label: labelOf(instruction) }];
  const mnemonic = mnemonicNamed(instruction.mnemonic);
  return mnemonic ? mnemonic.row.effects(instruction.operands, mnemonic.width) : [];
}

function labelOf(instruction: Instruction): string {
  const operand = instruction.operands[0];
  return operand?.kind === "label" ? operand.label : "";
}

// ── Text to instruction ──

/** Reads one line of AT&T assembly. An error says what would have been right. */
export function parseInstruction(text: string): { readonly instruction: Instruction } | AssemblyError {
  const start = text.length - text.trimStart().length;
  const fail = (error: string, offset = start): AssemblyError => ({ error, offset });
  const label = /^\s*([0-9]{1,9})\s*:\s*$/.exec(text);
  if (label) return { instruction: { mnemonic: ":", operands: [{ kind: "label", label: label[1] ?? "" }] } };
  const odd = /[^\x20-\x7e\t]|[;#"'\\]|\/[*/]/u.exec(text);
  if (odd) return fail(`\`${shown(odd[0])}\` cannot stand in an instruction; a string holds one instruction and no comment`, odd.index);
  const match = /^\s*([A-Za-z][A-Za-z0-9]*)(?=\s|$)/.exec(text);
  if (!match) return fail("an instruction begins with its mnemonic, as in `movq %rsp, %rdi`; a local label is `1:` alone");
  const written = (match[1] ?? "").toLowerCase();
  const mnemonic = mnemonicAliases[written] ?? written;
  if (terminals.some((terminal) => terminal.name === mnemonic)) {
    return fail(`\`${mnemonic}\` leaves the kernel, so it is no part of a step; write it as a statement of \`leave\`: \`${mnemonic}\``);
  }
  const row = mnemonicNamed(mnemonic)?.row ?? mnemonicWithoutSuffix(mnemonic);
  if (!row) return fail(`\`${shown(written)}\` is not an instruction that the compiler knows; it knows ${knownMnemonics()}`);

  const operands: InstructionOperand[] = [];
  const texts = splitOperands(text.slice(match[0].length), match[0].length);
  for (const operandText of texts) {
    const operand = row.forms.includes("l")
      ? parseLabel(operandText)
      : row.forms.includes("s")
        ? parseSymbol(operandText)
        : parseOperand(operandText);
    if ("error" in operand) return operand;
    operands.push(operand);
  }
  const width = mnemonicNamed(mnemonic)?.width ?? inferWidth(row, operands);
  if (width === undefined)
    return fail(`the width is unclear; write it into the mnemonic: ${(row.suffixes ?? []).map((s) => `\`${row.name}${s}\``).join(", ")}`);
  if (row.suffixes !== undefined && !row.suffixes.includes(suffixOf[width])) {
    return fail(`\`${row.name}\` works on ${row.suffixes.map((s) => widthOf[s]).join(", ")} bits, not on ${width}`);
  }
  const shapes = row.forms.includes("s") ? "s".repeat(operands.length) : operands.map(shapeOf).join("");
  if (!row.forms.includes(shapes)) return fail(`${formsOf(row)}${texts.length === 0 ? "" : `; this is ${describe(shapes)}`}`);
  for (const [index, operand] of operands.entries()) {
    const problem = checkOperand(row, operand, width, operands);
    if (problem !== undefined) return fail(problem, texts[index]?.offset);
  }
  return { instruction: { mnemonic: row.suffixes === undefined ? row.name : row.name + suffixOf[width], operands } };
}

function parseLabel({ text, offset }: OperandText): InstructionOperand | AssemblyError {
  const match = /^([0-9]{1,9})([fb])$/.exec(text);
  if (match?.[2] === "f") return { kind: "label", label: match[1] ?? "" };
  if (match) return { error: "a step's jumps go forwards only, so that it ends: write `1f` and put `1:` further down", offset };
  return {
    error: `a jump of a step goes to a local label further down in it, as in \`1f\`; \`${shown(text)}\` is none. Jumps between paths are \`jump TAIL\` statements`,
    offset,
  };
}

function parseSymbol({ text, offset }: OperandText): InstructionOperand | AssemblyError {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) return { kind: "symbol-immediate", symbol: text };
  return { error: `a function's name is expected, as in \`call stackleak_erase\`; calls through pointers are not offered`, offset };
}

function inferWidth(row: MnemonicRow, operands: readonly InstructionOperand[]): Width | undefined {
  if (row.suffixes?.length === 1) return row.suffixes[0] && widthOf[row.suffixes[0]];
  for (const operand of operands.toReversed()) {
    if (operand.kind === "register" || operand.kind === "token") return operand.width;
    if (operand.kind === "control") return 64;
  }
  return undefined;
}

const shapeNames: Readonly<Record<string, string>> = {
  r: "a register",
  m: "memory",
  i: "an immediate",
  c: "a control register",
  l: "a label",
  s: "a symbol",
};

function shapeOf(operand: InstructionOperand): string {
  switch (operand.kind) {
    case "register":
    case "token":
      return "r";
    case "memory":
    case "frame-field":
      return "m";
    case "immediate":
    case "symbol-immediate":
      return "i";
    case "control":
      return "c";
    case "label":
      return "l";
  }
}

function describe(shapes: string): string {
  return shapes === "" ? "nothing" : [...shapes].map((shape) => shapeNames[shape] ?? shape).join(", ");
}

function formsOf(row: MnemonicRow): string {
  return `\`${row.name}\` takes ${row.forms.map(describe).join("; or ")}`;
}

/** What a list of shapes cannot say: widths and ranges. */
function checkOperand(
  row: MnemonicRow,
  operand: InstructionOperand,
  width: Width,
  operands: readonly InstructionOperand[],
): string | undefined {
  if ((operand.kind === "register" || operand.kind === "token") && operand.width !== width) {
    const name =
      operand.kind === "register" ? `%${registerName(operand.register, operand.width)}` : `{token.${operand.token}:${operand.width}}`;
    return `${name} has ${operand.width} bits, and \`${row.name}\` here works on ${width}`;
  }
  if (operands.some((other) => other.kind === "control") && width !== 64) return "control registers are moved with `movq`";
  if (operand.kind === "memory" && row.name === "pop" && operand.address.base === "rsp")
    return "`popq` to an address by %rsp means the address after the pop; load a register and store it with `movq`";
  if (operand.kind === "memory" && row.name === "lea" && operand.address.segment !== undefined)
    return "`leaq` computes an address, to which a segment adds nothing; read GS.base with `rdgsbase`";
  if (operand.kind !== "immediate") return undefined;
  const { value } = operand;
  const bits = BigInt(width);
  if (row.immediate === "bit")
    return value >= 0n && value < bits ? undefined : `a bit or shift count of ${width} bits is 0 to ${width - 1}`;
  if (row.immediate === "full") return value >= -(1n << 63n) && value < 1n << 64n ? undefined : "the number has more than 64 bits";
  // A 64-bit operation sign-extends a 32-bit immediate; the same number may be written unsigned.
  const signed = width === 64 ? (value >= 1n << 63n && value < 1n << 64n ? value - (1n << 64n) : value) : value;
  const half = width === 64 ? 1n << 31n : 1n << (bits - 1n);
  const top = width === 64 ? half : half << 1n;
  if (signed >= -half && signed < top) return undefined;
  return width === 64
    ? "the immediate of a 64-bit instruction is a sign-extended 32-bit number; load this one with `movabsq` first"
    : `the number does not fit ${width} bits`;
}

// ── Instruction to text ──

/**
 * The instruction as GAS reads it and a careful author writes it: size suffix, then a tab, then the operands.
 * @example "movq\t%gs:cpu_tss_rw+4, %rsp"
 */
export function formatInstruction(instruction: Instruction): string {
  const { mnemonic, operands } = instruction;
  if (mnemonic === ":") return `${labelOf(instruction)}:`;
  const printed = operands.map((operand) => formatOperand(operand, mnemonic));
  return printed.length === 0 ? mnemonic : `${mnemonic}\t${printed.join(", ")}`;
}

function formatOperand(operand: InstructionOperand, mnemonic: string): string {
  switch (operand.kind) {
    case "register":
      return `%${registerName(operand.register, operand.width)}`;
    case "control":
      return `%${operand.register}`;
    case "immediate":
      return `$${formatNumber(operand.value, countsIn(mnemonic))}`;
    case "symbol-immediate":
      return mnemonic === "call" ? operand.symbol : `$${operand.symbol}`;
    case "memory":
      return formatAddress(operand.address);
    case "frame-field":
      return `{frame.${operand.field}}`;
    case "token":
      return operand.width === 64 ? `{token.${operand.token}}` : `{token.${operand.token}:${operand.width}}`;
    case "label":
      return /^[0-9]+$/.test(operand.label) ? `${operand.label}f` : operand.label;
  }
}

/** Does the mnemonic add, shift or number bits? Then its immediate is a count; otherwise it is a pattern of bits. */
function countsIn(mnemonic: string): boolean {
  const row = mnemonicNamed(mnemonic)?.row;
  return row?.immediate === "bit" || row?.name === "add" || row?.name === "sub";
}

/** Counts and small numbers in decimal, masks and the like in hexadecimal. */
function formatNumber(value: bigint, count: boolean): string {
  const size = value < 0n ? -value : value;
  return count || size < 10n ? `${value}` : `${value < 0n ? "-" : ""}0x${size.toString(16)}`;
}

// ── Symbols ──

/** A name that the embedding kernel gives, and what it is used as. */
export interface SymbolUse {
  readonly symbol: string;
  /**
   * `per-cpu`: its value is an offset from GS.base. `relative`: an address near the code, reached through RIP.
   * `constant`: an absolute number. `offset`: an absolute number added to a symbol or a register. `function`: it is called.
   */
  readonly use: "per-cpu" | "relative" | "constant" | "offset" | "function";
}

/** The symbols in an instruction, in the order in which they are written. */
export function symbolsOf(instruction: Instruction): readonly SymbolUse[] {
  return instruction.operands.flatMap((operand): SymbolUse[] => {
    if (operand.kind === "symbol-immediate")
      return [{ symbol: operand.symbol, use: instruction.mnemonic === "call" ? "function" : "constant" }];
    if (operand.kind !== "memory" || operand.address.symbol === "") return [];
    const { segment, base, symbol } = operand.address;
    const first = base === "rip" ? "relative" : base === undefined && segment === "gs" ? "per-cpu" : "offset";
    return symbol.split("+").map((name, index) => ({ symbol: name, use: index === 0 ? first : "offset" }));
  });
}
