/** Values that instructions compute, as expressions over the halves of words. */
import type { FlagSource, Place, ValueExpression, Width } from "../../machine/instruction.js";
import { msrNumbered } from "../../machine/msr.js";
import type { Location } from "../../path/location.js";
import * as arithmetic from "./arithmetic.js";
import { and, type Expression, number, or, word, xor, zero } from "./arithmetic.js";
import type { Module } from "./module.js";
import { halves } from "./print.js";
import type { Cell } from "./words.js";

/** `high` is zero for values of 32 bits and less, whose upper bits are clear. */
export interface Halves {
  readonly high: Expression;
  readonly low: Expression;
}

/** What a flag is where a jump looks at it: a comparison, both of two, a call of a helper, or a variable. */
export type Flag =
  | { readonly kind: "comparison"; readonly left: Expression; readonly right: Expression; readonly less: boolean }
  | { readonly kind: "both"; readonly first: Expression; readonly second: Expression }
  | { readonly kind: "call"; readonly helper: "bit" | "belowNumbers"; readonly arguments: readonly Expression[] }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "constant"; readonly value: boolean };

export class Values {
  private readonly module: Module;
  private readonly before: Location;

  constructor(module: Module, before: Location) {
    this.module = module;
    this.before = before;
  }

  place(place: Place): Cell {
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
      case "rflags":
        return { word: words.systemWord("rflags"), byte: 0 };
      case "msr": {
        const { rcx } = this.before.registers;
        const known = rcx.kind === "constant" ? msrNumbered(Number(BigInt.asUintN(32, rcx.value))) : undefined;
        const numbered = rcx.kind === "constant" ? `0x${rcx.value.toString(16)}` : "unknown";
        return { word: words.msr(known?.name ?? numbered), byte: 0 };
      }
    }
  }

  /** The word whose 64 bits an expression just reads; undefined for any other expression. */
  wholeWord(value: ValueExpression): string | undefined {
    if (value.kind === "symbol") return this.module.words.symbol(value.symbol);
    if (value.kind !== "read" || widthOf(value.place) !== 64) return undefined;
    return this.place(value.place).word;
  }

  /** An expression that needs no helper; undefined for 64-bit sums, differences and shifts, and for addresses. */
  pure(value: ValueExpression, width: Width): Halves | undefined {
    switch (value.kind) {
      case "immediate": {
        const { high, low } = halves(BigInt.asUintN(width, value.value));
        return { high: number(high), low: number(low) };
      }
      case "symbol":
        return this.cell({ word: this.module.words.symbol(value.symbol), byte: 0 }, width);
      case "read":
        return this.cell(this.place(value.place), width);
      case "address-of":
        return undefined;
      case "binary":
        return this.binary(value);
    }
  }

  /** The halves of a word as the module reads them. */
  whole(name: string): Halves {
    const { dialect } = this.module;
    return { high: word(dialect.at(`${name} + 1`)), low: word(dialect.at(name)) };
  }

  private cell({ byte, word: name }: Cell, width: Width): Halves {
    const { high, low } = this.whole(name);
    if (width === 64) return { high, low };
    const part = arithmetic.right(byte >= 4 ? high : low, number((byte % 4) * 8));
    return { high: zero, low: and(part, number(maskOf(width))) };
  }

  private binary(value: Extract<ValueExpression, { kind: "binary" }>): Halves | undefined {
    const { operator, width } = value;
    const operandWidth = operator === "concat32" ? 32 : width;
    const left = this.pure(value.left, operandWidth);
    const right = this.pure(value.right, operandWidth);
    if (!left || !right) return undefined;
    const each = (join: (a: Expression, b: Expression) => Expression): Halves => ({
      high: join(left.high, right.high),
      low: join(left.low, right.low),
    });
    const narrow = (low: Expression): Halves => ({ high: zero, low });
    switch (operator) {
      case "and":
        return each(and);
      case "or":
        return each(or);
      case "xor":
        return each(xor);
      case "concat32":
        return { high: left.low, low: right.low };
      case "bit-set":
      case "bit-reset": {
        const join = (a: Expression, bit: Expression) => (operator === "bit-set" ? or(a, bit) : and(a, arithmetic.not(bit)));
        if (value.right.kind === "immediate") {
          const bit = halves(1n << (value.right.value % BigInt(width)));
          return { high: join(left.high, number(bit.high)), low: join(left.low, number(bit.low)) };
        }
        return width === 64 ? undefined : narrow(join(left.low, arithmetic.left(number(1), and(right.low, number(width - 1)))));
      }
      case "shl":
      case "shr": {
        if (width !== 64) return narrow((operator === "shl" ? arithmetic.left : arithmetic.right)(left.low, right.low));
        if (value.right.kind !== "immediate" || value.right.value !== 32n) return undefined;
        return operator === "shl" ? { high: left.low, low: zero } : narrow(left.high);
      }
      case "add":
        return width === 64 ? undefined : narrow(arithmetic.plus(left.low, right.low));
      case "sub":
        return width === 64 ? undefined : narrow(arithmetic.minus(left.low, right.low));
    }
  }

  // ── Flags ──

  /** ZF as the flags' source makes it. */
  zero(source: FlagSource): Flag {
    const { left, right } = this.operands(source);
    const isZero = (e: Expression): Flag =>
      e.kind === "number" ? { kind: "constant", value: e.value === 0 } : { kind: "comparison", left: e, right: zero, less: false };
    switch (source.kind) {
      case "test":
        return isZero(or(and(left.low, right.low), and(left.high, right.high)));
      case "compare": {
        const low = arithmetic.equals(arithmetic.unsigned(left.low), arithmetic.unsigned(right.low));
        if (source.width === 64) return { kind: "both", first: low, second: arithmetic.equals(left.high, right.high) };
        return { kind: "comparison", left: arithmetic.unsigned(left.low), right: arithmetic.unsigned(right.low), less: false };
      }
      case "bit":
        // BT leaves ZF as it was (SDM Vol. 2A), and no row of the table lets a jump look at it.
        return { kind: "constant", value: false };
    }
  }

  /** CF as the flags' source makes it. */
  carry(source: FlagSource): Flag {
    const { left, right } = this.operands(source);
    switch (source.kind) {
      case "test":
        return { kind: "constant", value: false };
      case "compare": {
        const [a, b] = [arithmetic.unsigned(left.low), arithmetic.unsigned(right.low)];
        if (source.width !== 64) return { kind: "comparison", left: a, right: b, less: true };
        return { kind: "call", helper: "belowNumbers", arguments: [left.high, a, right.high, b] };
      }
      case "bit": {
        const index = source.width === 64 ? right.low : and(right.low, number(source.width - 1));
        return { kind: "call", helper: "bit", arguments: [left.high, left.low, index] };
      }
    }
  }

  private operands(source: FlagSource): { readonly left: Halves; readonly right: Halves } {
    const left = this.pure(source.left, source.width);
    const right = this.pure(source.right, source.width);
    if (!left || !right) throw new Error(`flags of a ${source.kind} with an operand that needs a helper`);
    return { left, right };
  }
}

/** The bits of a width, up to 32. */
export function maskOf(width: Width): number {
  return width === 8 ? 0xff : width === 16 ? 0xffff : 0xffffffff;
}

/** The width of a place: control registers, MSRs and segment bases have 64 bits. */
export function widthOf(place: Place): Width {
  return place.kind === "register" || place.kind === "memory" ? place.width : 64;
}
