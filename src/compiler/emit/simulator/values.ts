/** Values that instructions compute, as expressions over the halves of words. */
import type { FlagSource, Place, ValueExpression, Width } from "../../machine/instruction.js";
import { msrNumbered } from "../../machine/msr.js";
import type { Location } from "../../path/location.js";
import type { Module } from "./module.js";
import { type Doc, halves, numeral } from "./print.js";

/** `high` is "0" for values of 32 bits and less, whose upper bits are clear. */
export interface Halves {
  readonly high: string;
  readonly low: string;
}

/** A word and the byte in it at which a place starts. */
export interface WordPlace {
  readonly word: string;
  readonly byte: number;
}

export class Values {
  private readonly module: Module;
  private readonly before: Location;

  constructor(module: Module, before: Location) {
    this.module = module;
    this.before = before;
  }

  place(place: Place): WordPlace {
    const { words } = this.module;
    switch (place.kind) {
      case "register":
        return { word: words.register(place.register), byte: 0 };
      case "memory":
        return words.at(place.address, this.before);
      case "control":
        return { word: words.systemWord(place.register), byte: 0 };
      case "gs-base":
        return { word: words.systemWord("gs_base"), byte: 0 };
      case "msr": {
        const { rcx } = this.before.registers;
        const known = rcx.kind === "constant" ? msrNumbered(Number(BigInt.asUintN(32, rcx.value))) : undefined;
        const number = rcx.kind === "constant" ? `0x${rcx.value.toString(16)}` : "unknown";
        return { word: words.msr(known?.name ?? number), byte: 0 };
      }
    }
  }

  /** The place whose 64 bits an expression just reads; undefined for any other expression. */
  wholeWord(value: ValueExpression): string | undefined {
    if (value.kind === "symbol") return this.module.words.symbol(value.symbol);
    if (value.kind !== "read" || widthOf(value.place) !== 64) return undefined;
    const { word, byte } = this.place(value.place);
    return byte === 0 ? word : undefined;
  }

  /** An expression that needs no helper; undefined for 64-bit sums, differences and shifts, and for addresses. */
  pure(value: ValueExpression, width: Width): Halves | undefined {
    switch (value.kind) {
      case "immediate": {
        const { high, low } = halves(BigInt.asUintN(width, value.value));
        return { high: numeral(high), low: numeral(low) };
      }
      case "symbol":
        return this.word(this.module.words.symbol(value.symbol), width);
      case "read":
        return this.read(value.place, width);
      case "address-of":
        return undefined;
      case "binary":
        return this.binary(value);
    }
  }

  private word(word: string, width: Width): Halves {
    const { dialect } = this.module;
    return { high: width === 64 ? dialect.at(`${word} + 1`) : "0", low: masked(dialect.at(word), width) };
  }

  private read(place: Place, width: Width): Halves {
    const { word, byte } = this.place(place);
    if (byte === 0) return this.word(word, width);
    const half = this.module.dialect.at(byte >= 4 ? `${word} + 1` : word);
    const shift = (byte % 4) * 8;
    return { high: "0", low: masked(shift === 0 ? half : `(${half} >>> ${shift})`, width) };
  }

  private binary(value: Extract<ValueExpression, { kind: "binary" }>): Halves | undefined {
    const { operator, width } = value;
    if (operator === "xor" && JSON.stringify(value.left, bigints) === JSON.stringify(value.right, bigints)) return { high: "0", low: "0" };
    const operandWidth = operator === "concat32" ? 32 : width;
    const left = this.pure(value.left, operandWidth);
    const right = this.pure(value.right, operandWidth);
    if (!left || !right) return undefined;
    const each = (join: (a: string, b: string) => string): Halves => ({
      high: width === 64 ? join(left.high, right.high) : "0",
      low: join(left.low, right.low),
    });
    switch (operator) {
      case "and":
        return each(and);
      case "or":
        return each(or);
      case "xor":
        return each((a, b) => (b === "0" ? a : a === "0" ? b : `(${a} ^ ${b})`));
      case "concat32":
        return { high: left.low, low: right.low };
      case "bit-set":
      case "bit-reset": {
        if (value.right.kind !== "immediate") {
          if (width === 64) return undefined;
          const bit = `(1 << (${bare(right.low)} & ${width - 1}))`;
          return { high: "0", low: operator === "bit-set" ? or(left.low, bit) : and(left.low, `~${bit}`) };
        }
        const bit = 1n << (value.right.value % BigInt(width));
        const mask = halves(operator === "bit-set" ? bit : ~bit);
        const join = operator === "bit-set" ? or : and;
        return { high: width === 64 ? join(left.high, numeral(mask.high)) : "0", low: join(left.low, numeral(mask.low)) };
      }
      case "shl":
        return width === 64 ? highToLow(left, value.right, "shl") : { high: "0", low: `(${left.low} << ${right.low})` };
      case "shr":
        return width === 64 ? highToLow(left, value.right, "shr") : { high: "0", low: `(${left.low} >>> ${right.low})` };
      case "add":
        return width === 64 ? undefined : { high: "0", low: `(${left.low} + ${right.low})` };
      case "sub":
        return width === 64 ? undefined : { high: "0", low: `(${left.low} - ${right.low})` };
    }
  }

  // ── Flags ──

  /** ZF as the flags' source makes it. */
  zero(source: FlagSource): string {
    const { left, right } = this.operands(source);
    switch (source.kind) {
      case "test": {
        const parts = [and(left.low, right.low), and(left.high, right.high)].filter((p) => p !== "0");
        const [only, ...more] = parts;
        if (only === undefined) return "true";
        return more.length === 0 ? `${only} === 0` : `(${parts.join(" | ")}) === 0`;
      }
      case "compare": {
        const low = `${unsigned(left.low)} === ${unsigned(right.low)}`;
        return source.width === 64 ? `${low} && ${unsigned(left.high)} === ${unsigned(right.high)}` : low;
      }
      case "bit":
        // BT leaves ZF as it was (SDM Vol. 2A), and no row of the table lets a jump look at it.
        return "false";
    }
  }

  /** CF as the flags' source makes it. */
  carry(source: FlagSource): Doc {
    const { left, right } = this.operands(source);
    switch (source.kind) {
      case "test":
        return "false";
      case "compare":
        if (source.width !== 64) return `${unsigned(left.low)} < ${unsigned(right.low)}`;
        return this.module.call("belowNumbers", [left.high, left.low, right.high, right.low].map(unsigned));
      case "bit":
        return this.module.call("bit", [left.high, left.low, source.width === 64 ? right.low : `${right.low} & ${source.width - 1}`]);
    }
  }

  private operands(source: FlagSource): { readonly left: Halves; readonly right: Halves } {
    const left = this.pure(source.left, source.width);
    const right = this.pure(source.right, source.width);
    if (!left || !right) throw new Error(`flags of a ${source.kind} with an operand that needs a helper`);
    return { left, right };
  }
}

/** The width of a place: control registers, MSRs and segment bases have 64 bits. */
export function widthOf(place: Place): Width {
  return place.kind === "register" || place.kind === "memory" ? place.width : 64;
}

export const isLiteral = (text: string): boolean => /^(0x[0-9a-f]+|\d+)$/.test(text);

/** Without the parentheses that enclose all of it; an operator is then outermost. */
export function bare(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return text;
  }
  return text.slice(1, -1);
}

function masked(text: string, width: Width): string {
  return width >= 32 ? text : `(${text} & ${width === 8 ? "0xff" : "0xffff"})`;
}

/** `a & b`; a masked read with a literal is masked once. */
function and(a: string, b: string): string {
  if (a === "0" || b === "0") return "0";
  if (a === b || b === "0xffffffff") return a;
  if (a === "0xffffffff") return b;
  const masking = /^\((.*) & (0xff|0xffff)\)$/.exec(a);
  if (masking && isLiteral(b)) return `(${masking[1]} & ${numeral(Number(b) & Number(masking[2]))})`;
  return `(${a} & ${b})`;
}

function or(a: string, b: string): string {
  if (b === "0" || a === b) return a;
  return a === "0" ? b : `(${a} | ${b})`;
}

/** Shifts by 32 only move a half; other counts of 64-bit shifts need a helper. */
function highToLow(value: Halves, count: ValueExpression, operator: "shl" | "shr"): Halves | undefined {
  if (count.kind !== "immediate" || count.value !== 32n) return undefined;
  return operator === "shl" ? { high: value.low, low: "0" } : { high: "0", low: value.high };
}

/** Bitwise operators of JavaScript give signed numbers; words and literals are unsigned already. */
function unsigned(text: string): string {
  return isLiteral(text) || /^w\[[^\]]+(\["[^"]*"\])?\]!?$/.test(text) ? text : `${text} >>> 0`;
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

/** The opposite of a flag's expression. */
export function negation(text: Doc): Doc {
  if (typeof text !== "string") return ["!", text];
  if (text === "true") return "false";
  if (text === "false") return "true";
  if (text.includes(" && ")) return `!(${text})`;
  if (text.includes(" === ")) return text.replace(" === ", " !== ");
  if (text.includes(" !== ")) return text.replace(" !== ", " === ");
  if (/^\w+$/.test(text)) return `!${text}`;
  if (text.startsWith("!")) return text.slice(1);
  return / [<>] /.test(text) ? `!(${text})` : `!${text}`;
}
