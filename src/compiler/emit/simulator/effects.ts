/** What one placed instruction does to the machine, as statements. Jumps, labels and traps are `leave.ts`'s. */
import type { Effect, Place, ValueExpression } from "../../machine/instruction.js";
import type { Location } from "../../path/location.js";
import type { Module } from "./module.js";
import type { Doc } from "./print.js";
import { assignChain, binary, numeral } from "./print.js";
import { readsStackPointer, type StackPointer, setsStackPointer, stackMove } from "./stack-pointer.js";
import { bare, type Halves, isLiteral, Values, widthOf } from "./values.js";

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
      return write(module, values, effect.place, effect.value);
    case "push": {
      stack.move(-8);
      return [writeWord(module, values, stackWord(module, before, -8), effect.value)];
    }
    case "pop":
      // RSP moves before the target is written, so that `popq %rsp` leaves the popped value (SDM Vol. 2B, POP).
      stack.move(8);
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

/** IF, DF or AC in RFLAGS. */
export function rflagsBit(module: Module, bit: keyof typeof rflagsBits, set: boolean): Doc {
  const rflags = module.words.systemWord("rflags");
  const mask = numeral(rflagsBits[bit]);
  return `w[${rflags}] = ${module.dialect.at(rflags)} ${set ? `| ${mask}` : `& ~${mask}`};`;
}

function write(module: Module, values: Values, place: Place, value: ValueExpression): readonly Doc[] {
  const width = widthOf(place);
  const target = values.place(place);
  if (width === 64 && target.byte === 0) return [writeWord(module, values, target.word, value)];
  if (width === 64) throw new Error(`a 64-bit write to byte ${target.byte} of ${target.word}`);
  const pure = values.pure(value, width);
  // A 32-bit result can be the half of a 64-bit one (RDMSR).
  if (!pure) throw new Error(`a ${width}-bit write of a value that needs a helper`);
  if (place.kind === "register" && width === 32) return [module.statement("store", ["w", target.word, "0", bare(pure.low)])];
  const half = target.byte >= 4 ? `${target.word} + 1` : target.word;
  if (width === 32) return [`w[${half}] = ${bare(pure.low)};`];
  const shift = (target.byte % 4) * 8;
  const mask = ((width === 8 ? 0xff : 0xffff) << shift) >>> 0;
  const kept = `(${module.dialect.at(half)} & ${numeral(~mask >>> 0)})`;
  const moved = shift === 0 ? pure.low : `(${pure.low} << ${shift})`;
  return [assignChain(`w[${half}]`, binary(kept, "|", narrow(moved, mask)))];
}

/** Cut down to the mask; a literal or a masked read is so already. */
function narrow(text: string, mask: number): string {
  if (text === "0" || (isLiteral(text) && Number(text) <= mask)) return text;
  return text.endsWith(` & ${numeral(mask)})`) ? text : `(${text} & ${numeral(mask)})`;
}

/** A 64-bit write: a copy, a change of one half, two halves, or a helper that carries. */
function writeWord(module: Module, values: Values, to: string, value: ValueExpression): Doc {
  const { dialect } = module;
  const from = values.wholeWord(value);
  if (from !== undefined) return module.statement("copy", ["w", to, from]);
  const pure = values.pure(value, 64);
  if (pure) {
    const unchanged: Halves = { high: dialect.at(`${to} + 1`), low: dialect.at(to) };
    if (pure.high === unchanged.high) return `w[${to}] = ${bare(pure.low)};`;
    if (pure.low === unchanged.low) return `w[${to} + 1] = ${bare(pure.high)};`;
    return module.statement("store", ["w", to, bare(pure.high), bare(pure.low)]);
  }
  if (value.kind === "address-of") return address(module, values, to, value);
  if (value.kind !== "binary") throw new Error(`no way to compute a value of kind ${value.kind}`);
  const { operator } = value;
  if (operator === "bit-set" || operator === "bit-reset") {
    const index = values.pure(value.right, 64) as Halves;
    return module.statement(operator === "bit-set" ? "bitSet" : "bitReset", ["w", to, bare(index.low)]);
  }
  if (operator === "shl" || operator === "shr") {
    const left = values.pure(value.left, 64) as Halves;
    const count = values.pure(value.right, 64) as Halves;
    return module.statement(operator === "shl" ? "shiftLeft" : "shiftRight", ["w", to, bare(left.high), bare(left.low), bare(count.low)]);
  }
  if (operator !== "add" && operator !== "sub") throw new Error(`no helper computes ${operator}`);
  const whole = values.wholeWord(value.left);
  if (value.right.kind === "immediate" && whole !== undefined) {
    const change = BigInt.asIntN(64, operator === "add" ? value.right.value : -value.right.value);
    if (isSmall(change)) return module.statement("advance", ["w", to, whole, String(change)]);
  }
  const [a, b] = [values.pure(value.left, 64) as Halves, values.pure(value.right, 64) as Halves];
  return module.statement(operator === "add" ? "sum" : "difference", ["w", to, bare(a.high), bare(a.low), bare(b.high), bare(b.low)]);
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
  const sum: ValueExpression = {
    kind: "binary",
    operator: "add",
    left: { kind: "read", place: { kind: "register", register: base, width: 64 } },
    right: { kind: "symbol", symbol },
    width: 64,
  };
  const [a, b] = [values.pure(sum.left, 64) as Halves, values.pure(sum.right, 64) as Halves];
  const whole = module.statement("sum", ["w", to, a.high, a.low, b.high, b.low]);
  return displacement === 0 ? whole : [whole, " ", module.statement("advance", ["w", to, to, String(displacement)])];
}

/** The slot at `offset(%rsp)`. */
export function stackWord(module: Module, before: Location, offset: number): string {
  return module.words.at({ segment: undefined, symbol: "", displacement: offset, base: "rsp" }, before).word;
}
