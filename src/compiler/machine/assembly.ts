/**
 * Operands of AT&T assembly text, as data. The text of an `asm "…"` line never reaches an output: it is parsed here and
 * printed again by `formatInstruction`, so it can hold nothing but registers, numbers and identifiers.
 */
import type { Address, InstructionOperand, Width } from "./instruction.js";
import { registerNamed, registerNames } from "./registers.js";

/** What is wrong, for a kernel developer, and where: a UTF-16 offset into the instruction's text. */
export interface AssemblyError {
  readonly error: string;
  readonly offset: number;
}

export interface OperandText {
  readonly text: string;
  readonly offset: number;
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const number = /^-?(?:0[xX][0-9A-Fa-f]+|[0-9]+)$/;
const widths: readonly string[] = ["8", "16", "32", "64"];

/** Splits the text behind a mnemonic at the commas that are in no parentheses. */
export function splitOperands(text: string, offset: number): readonly OperandText[] {
  if (text.trim() === "") return [];
  const parts: OperandText[] = [];
  let start = 0;
  for (const part of text.split(/,(?![^()]*\))/)) {
    const lead = part.length - part.trimStart().length;
    parts.push({ text: part.trim(), offset: offset + start + lead });
    start += part.length + 1;
  }
  return parts;
}

/** One operand other than a branch target: register, immediate, memory, `{frame.FIELD}` or `{token.NAME}`. */
export function parseOperand({ text, offset }: OperandText): InstructionOperand | AssemblyError {
  const fail = (error: string, at = 0): AssemblyError => ({ error, offset: offset + at });
  if (text === "") return fail("an operand is missing");
  if (text.startsWith("{")) return parsePlaceholder(text, fail);
  if (text.startsWith("$")) {
    const value = text.slice(1).trim();
    if (number.test(value)) return { kind: "immediate", value: parseNumber(value) };
    if (identifier.test(value)) return { kind: "symbol-immediate", symbol: value };
    return fail(`\`${shown(text)}\` is no immediate; write \`$\` and a number or one name, as in \`$0x48\` or \`$IBRS_BIT\``);
  }
  if (text.startsWith("%") && !text.includes(":")) return parseRegister(text, fail);
  if (number.test(text)) return fail(`\`${shown(text)}\` is an address without a base; an immediate needs \`$\`: \`$${shown(text)}\``);
  return parseMemory(text, fail);
}

type Fail = (error: string, at?: number) => AssemblyError;

function parsePlaceholder(text: string, fail: Fail): InstructionOperand | AssemblyError {
  const match = /^\{\s*(frame|token)\.([A-Za-z_][A-Za-z0-9_]*)\s*(?::\s*([0-9]+)\s*)?\}$/.exec(text);
  const [, noun, name, bits] = match ?? [];
  if (name === undefined)
    return fail(`\`${shown(text)}\` is no placeholder; there are \`{frame.FIELD}\`, \`{token.NAME}\` and \`{token.NAME:32}\``);
  if (noun === "frame")
    return bits === undefined
      ? { kind: "frame-field", field: name }
      : fail("`{frame.FIELD}` is memory, whose width the mnemonic's suffix says: `movl {frame.cs}, %eax`");
  if (bits !== undefined && !widths.includes(bits)) return fail(`a register has 64, 32, 16 or 8 bits, not ${bits}`);
  return { kind: "token", token: name, width: Number(bits ?? 64) as Width };
}

function parseRegister(text: string, fail: Fail): InstructionOperand | AssemblyError {
  const name = text.slice(1).trim();
  if (name === "cr2" || name === "cr3" || name === "cr4" || name === "dr7") return { kind: "control", register: name };
  const register = registerNamed(name);
  if (register) return { kind: "register", ...register };
  return fail(
    `\`${shown(text)}\` is no register that steps use; those are %${registerNames.slice(0, 16).join(", %")}, their 32, 16 and 8 bit names, and %cr2, %cr3, %cr4, %dr7`,
  );
}

function parseMemory(text: string, fail: Fail): InstructionOperand | AssemblyError {
  let rest = text;
  let segment: "gs" | undefined;
  const prefix = /^%([A-Za-z]+)\s*:\s*/.exec(rest);
  if (prefix) {
    if (prefix[1] !== "gs") return fail(`only %gs is used as a segment in the kernel, not %${shown(prefix[1] ?? "")}`);
    segment = "gs";
    rest = rest.slice(prefix[0].length);
  }
  let base: Address["base"];
  const parenthesis = rest.indexOf("(");
  if (parenthesis >= 0) {
    const inside = /^\(\s*%([a-z0-9]+)\s*\)$/.exec(rest.slice(parenthesis));
    const name = inside?.[1];
    const register = name === undefined ? undefined : registerNamed(name);
    if (name === "rip") base = "rip";
    else if (register?.width === 64) base = register.register;
    else
      return fail(
        `an address is \`SYMBOL+NUMBER(%BASE)\` with a 64-bit base register or %rip; \`${shown(rest.slice(parenthesis))}\` is not a base`,
        text.length - rest.length + parenthesis,
      );
    rest = rest.slice(0, parenthesis).trim();
  }
  const sum = parseSum(rest);
  if (sum === undefined)
    return fail(
      `\`${shown(text)}\` is no operand; registers begin with \`%\`, immediates with \`$\`, memory is \`8(%rsp)\`, \`name(%rip)\` or \`%gs:name+8\``,
    );
  if (base === undefined && segment === undefined)
    return fail(
      `\`${shown(text)}\` is a 32-bit absolute address; write \`${shown(text)}(%rip)\`, or \`%gs:${shown(text)}\` for per-CPU data`,
    );
  if (base === "rip" && sum.symbol === "") return fail("an address relative to %rip needs a symbol");
  return { kind: "memory", address: { segment, ...sum, base } };
}

/** `a+b-8`: symbols are added, numbers are added or taken off. */
function parseSum(text: string): { readonly symbol: string; readonly displacement: number } | undefined {
  const symbols: string[] = [];
  let displacement = 0n;
  const terms = text.replace(/\s+/g, "").match(/[+-]?[^+-]+/g) ?? [];
  if (terms.join("") !== text.replace(/\s+/g, "")) return undefined;
  for (const term of terms) {
    const negative = term.startsWith("-");
    const body = term.replace(/^[+-]/, "");
    if (identifier.test(body) && !negative) symbols.push(body);
    else if (number.test(body)) displacement += negative ? -parseNumber(body) : parseNumber(body);
    else return undefined;
  }
  if (displacement < -0x80000000n || displacement > 0x7fffffffn) return undefined;
  return { symbol: symbols.join("+"), displacement: Number(displacement) };
}

function parseNumber(text: string): bigint {
  // A spec's string may be long; no operand has more digits than 2^64 has.
  const digits = text.replace(/^-/, "");
  const value = digits.length > 40 ? 1n << 70n : BigInt(digits);
  return text.startsWith("-") ? -value : value;
}

/** A piece of a hostile text, short and printable. */
export function shown(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/gu, "?").replaceAll("`", "'");
  return plain.length > 40 ? `${plain.slice(0, 40)}…` : plain;
}

/** `%gs:cpu_tss_rw+4`, `-8(%rsp)`: as GAS reads it. */
export function formatAddress({ segment, symbol, displacement, base }: Address): string {
  const inner = base === undefined ? "" : `(%${base})`;
  const number =
    symbol === ""
      ? displacement === 0 && base !== undefined
        ? ""
        : `${displacement}`
      : displacement === 0
        ? ""
        : displacement > 0
          ? `+${displacement}`
          : `${displacement}`;
  return `${segment === undefined ? "" : `%${segment}:`}${symbol}${number}${inner}`;
}
