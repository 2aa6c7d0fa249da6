/** What one placed instruction does to the machine, as statements. Jumps, labels and traps are `leave.ts`'s. */
import type { Effect, Place, ValueExpression } from "../../machine/instruction.js";
import type { Location } from "../../path/location.js";
import { and, asOperand, assign, left, number, or, same } from "./arithmetic.js";
import type { Module } from "./module.js";
import type { Doc } from "./print.js";
import { hardline, numeral } from "./print.js";
import { readsStackPointer, type StackPointer, setsStackPointer, stackMove } from "./stack-pointer.js";
import { maskOf, Values, widthOf } from "./values.js";

const rflagsBits = { if: 0x200, df: 0x400, ac: 0x40000 } as const;

/** `stack` takes note of how RSP moves. */
export function effectStatements(module: Module, effect: Effect, before: Location, stack: StackPointer): readonly Doc[] {
  const moves = stackMove(effect);
  if (moves !== undefined) {
    stack.move(moves);
    return [];
  }
  const docs = readsStackPointer(effect) ? [...stack.flush(module)] : [];
  docs.push(...changes(module, effect, before, stack));
  if (setsStackPointer(effect)) stack.forget();
  return docs;
}

function changes(module: Module, effect: Effect, before: Location, stack: StackPointer): readonly Doc[] {
  const values = new Values(module, before);
  const { words } = module;
  switch (effect.kind) {
    case "write":
      return write(module, values, effect.place, isCr3(effect.place) ? withoutBit63(effect.value) : effect.value);
    case "push": {
      stack.move(-8);
      return [writeWord(module, values, stackWord(module, before, -8), effect.value)];
    }
    case "pop":
      // RSP moves before the target is written, so that `popq %rsp` leaves the popped value (SDM Vol. 2B, POP).
      stack.move(8);
      if (effect.place.kind === "rflags") return [poppedRflags(module, stackWord(module, before, 0))];
      return [module.statement("copy", ["w", values.place(effect.place).word, stackWord(module, before, 0)])];
    case "rflags-bit":
      return [rflagsBit(module, effect.bit, effect.set)];
    case "swapgs":
      return [module.statement("exchange", ["w", words.systemWord("gs_base"), words.systemWord("kernel_gs_base")])];
    case "call":
      return [`${module.helper("clobber")}(w);`];
    case "flags":
    case "flags-undefined":
    case "jump":
    case "label":
    case "trap":
    case "nothing":
      return [];
  }
}

const isCr3 = (place: Place): boolean => place.kind === "control" && place.register === "cr3";

/** Bit 63 asks MOV to CR3 to keep the PCID's entries in the TLB, and does not become part of CR3 (SDM Vol. 2B, MOV to control registers). */
function withoutBit63(left: ValueExpression): ValueExpression {
  return { kind: "binary", operator: "and", width: 64, left, right: { kind: "immediate", value: 0x7fff_ffff_ffff_ffffn } };
}

/** POPFQ in ring 0: the control flags are kept, status flags are not (SDM Vol. 2B, POPF). */
function poppedRflags(module: Module, from: string): Doc {
  return module.statement("store", ["w", module.words.systemWord("rflags"), "0", `(${module.dialect.at(from)} & 0x247700) | 2`]);
}

/** IF, DF or AC in RFLAGS. */
export function rflagsBit(module: Module, bit: keyof typeof rflagsBits, set: boolean): Doc {
  const rflags = module.words.systemWord("rflags");
  const mask = numeral(rflagsBits[bit]);
  return `w[${rflags}] = ${module.dialect.at(rflags)} ${set ? `| ${mask}` : `& ~${mask}`};`;
}

function write(module: Module, values: Values, place: Place, value: ValueExpression): readonly Doc[] {
  const width = widthOf(place);
  const target = values.place(place);
  if (width === 64) return [writeWord(module, values, target.word, value)];
  const pure = values.pure(value, width);
  if (!pure) throw new Error(`a ${width}-bit write of a value that needs a helper`);
  if (place.kind === "register" && width === 32) return [module.statement("store", ["w", target.word, "0", asOperand(pure.low)])];
  const whole = values.whole(target.word);
  const [name, half] = target.byte >= 4 ? [`${target.word} + 1`, whole.high] : [target.word, whole.low];
  const shift = (target.byte % 4) * 8;
  const mask = (maskOf(width) << shift) >>> 0;
  return [assign(`w[${name}]`, or(and(half, number(~mask)), and(left(pure.low, number(shift)), number(mask))))];
}

/** A 64-bit write: a copy, a change of one half, two halves, or a helper that carries. */
function writeWord(module: Module, values: Values, to: string, value: ValueExpression): Doc {
  const from = values.wholeWord(value);
  if (from !== undefined) return module.statement("copy", ["w", to, from]);
  const pure = values.pure(value, 64);
  if (pure) {
    const before = values.whole(to);
    if (same(pure.high, before.high)) return assign(`w[${to}]`, pure.low);
    if (same(pure.low, before.low)) return assign(`w[${to} + 1]`, pure.high);
    return module.statement("store", ["w", to, asOperand(pure.high), asOperand(pure.low)]);
  }
  if (value.kind === "address-of") return address(module, values, to, value);
  if (value.kind !== "binary") throw new Error(`no way to compute a value of kind ${value.kind}`);
  const a = values.pure(value.left, 64);
  const b = values.pure(value.right, 64);
  if (!a || !b) throw new Error("an operand that needs a helper");
  const both = ["w", to, asOperand(a.high), asOperand(a.low)];
  switch (value.operator) {
    case "bit-set":
      return module.statement("bitSet", ["w", to, asOperand(b.low)]);
    case "bit-reset":
      return module.statement("bitReset", ["w", to, asOperand(b.low)]);
    case "shl":
      return module.statement("shiftLeft", [...both, asOperand(b.low)]);
    case "shr":
      return module.statement("shiftRight", [...both, asOperand(b.low)]);
    case "add":
    case "sub": {
      const whole = values.wholeWord(value.left);
      if (value.right.kind === "immediate" && whole !== undefined) {
        const change = BigInt.asIntN(64, value.operator === "add" ? value.right.value : -value.right.value);
        if (isSmall(change)) return module.statement("advance", ["w", to, whole, String(change)]);
      }
      return module.statement(value.operator === "add" ? "sum" : "difference", [...both, asOperand(b.high), asOperand(b.low)]);
    }
    default:
      throw new Error(`no helper computes ${value.operator}`);
  }
}

const isSmall = (change: bigint): boolean => change >= -0x8000_0000n && change < 0x8000_0000n;

/** LEA: the base register and the displacement; a symbol's address is a word of its own. */
function address(module: Module, values: Values, to: string, value: Extract<ValueExpression, { kind: "address-of" }>): Doc {
  const { base, displacement, symbol } = value.address;
  const { words } = module;
  if (symbol === "" && base !== undefined && base !== "rip") {
    const register = words.register(base);
    if (displacement === 0) return module.statement("copy", ["w", to, register]);
    return module.statement("advance", ["w", to, register, String(displacement)]);
  }
  const symbolWord = words.symbol(symbol);
  if (base === undefined || base === "rip") {
    if (displacement === 0) return module.statement("copy", ["w", to, symbolWord]);
    return module.statement("advance", ["w", to, symbolWord, String(displacement)]);
  }
  const [a, b] = [values.whole(words.register(base)), values.whole(symbolWord)];
  const sum = module.statement("sum", ["w", to, asOperand(a.high), asOperand(a.low), asOperand(b.high), asOperand(b.low)]);
  return displacement === 0 ? sum : [sum, hardline, module.statement("advance", ["w", to, to, String(displacement)])];
}

/** The slot at `offset(%rsp)`. */
export function stackWord(module: Module, before: Location, offset: number): string {
  return module.words.at({ segment: undefined, symbol: "", displacement: offset, base: "rsp" }, before).word;
}
