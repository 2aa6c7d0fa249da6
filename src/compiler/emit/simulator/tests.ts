/** Tests as expressions of the simulator: 64-bit comparisons on the halves of words, flags in snapshots, features. */
import type { Comparison, Condition, Constant, FlagWord, Operand, Test } from "../../model/model.js";
import type { Module } from "./module.js";
import type { Doc } from "./print.js";
import { binary, call, chain, commented, halves, negated, nested, numeral, operand, union } from "./print.js";

/** Is the condition decided already at this point of the path, so that its variable has the answer? */
export type Decided = (condition: Condition) => boolean;

interface Context {
  readonly module: Module;
  readonly decided: Decided;
  /** The chain that the expression is an operand of; it says when parentheses are needed. */
  readonly inside: "and" | "or" | undefined;
  /** The opposite is asked for. */
  readonly negate: boolean;
  /** Each clause's `because` stands above it as a comment. */
  readonly reasons: boolean;
}

/** A test as an expression of type boolean. `reasons`: each clause's `because` stands above it as a comment. */
export function expression(module: Module, test: Test, decided: Decided, reasons = false): Doc {
  return write({ module, decided, inside: undefined, negate: false, reasons }, test);
}

/** The opposite of a test. */
export function opposite(module: Module, test: Test, decided: Decided): Doc {
  return write({ module, decided, inside: undefined, negate: true, reasons: false }, test);
}

function write(context: Context, test: Test): Doc {
  const { module, negate } = context;
  switch (test.kind) {
    case "constant":
      return String(test.value !== negate);
    case "feature":
      return `${negate ? "!" : ""}${module.feature(test.feature)}`;
    case "flags":
      return whole(context, parenthesised(module.local(test.word.name), flagNames(module, test.flags)), negate ? "===" : "!==");
    case "frame-user": {
      const user = module.model.frame?.user;
      return user ? write({ ...context, reasons: false }, user) : String(negate);
    }
    case "state":
      throw new Error("only entries test states, and they are not emitted");
    case "condition":
      if (context.decided(test.condition)) return `${negate ? "!" : ""}${module.local(test.condition.name)}`;
      return write({ ...context, reasons: false }, test.condition.test);
    case "compare":
      return comparison(context, test.operator, test.left, test.right);
    case "not":
      return write({ ...context, negate: !negate, reasons: false }, test.operand);
    case "and":
    case "or":
      return logical(context, test);
  }
}

/** Is the text of a test an expression with binary operators? */
export function isBinary(module: Module, test: Test, decided: Decided, negate = false): boolean {
  switch (test.kind) {
    case "condition":
      return !decided(test.condition) && isBinary(module, test.condition.test, decided, negate);
    case "frame-user": {
      const user = module.model.frame?.user;
      return user !== undefined && isBinary(module, user, decided, negate);
    }
    case "not":
      return isBinary(module, test.operand, decided, !negate);
    case "and":
    case "or": {
      const [only, ...more] = test.operands;
      return more.length > 0 ? !negate : only !== undefined && isBinary(module, only, decided, negate);
    }
    case "compare":
      return test.operator === "has" || test.operator === "lacks";
    case "flags":
      return true;
    default:
      return false;
  }
}

function logical(context: Context, test: Extract<Test, { kind: "and" | "or" }>): Doc {
  const { kind } = test;
  const [only, ...more] = test.operands;
  if (only === undefined) return String((kind === "and") !== context.negate);
  if (more.length === 0) return write(context, only);
  const operator = kind === "and" ? "&&" : "||";
  const operands = flatten(test, kind).map((o) => {
    const doc = write({ ...context, inside: kind, negate: false, reasons: false }, o);
    return context.reasons ? commented(reasonsOf(o).join("; "), doc) : doc;
  });
  if (context.negate) return negated(chain(operator, operands));
  return context.inside === undefined || context.inside === kind ? chain(operator, operands) : nested(operator, operands);
}

/** `a and (b and c)` has three clauses; one with a reason of its own stays whole. */
function flatten(test: Test, kind: "and" | "or"): readonly Test[] {
  if (test.kind !== kind) return [test];
  return test.operands.flatMap((o) => ("because" in o && o.because !== undefined ? [o] : flatten(o, kind)));
}

/** Every `because` in a test, outermost first. */
export function reasonsOf(test: Test): readonly string[] {
  const own = "because" in test && test.because !== undefined ? [test.because] : [];
  if (test.kind === "and" || test.kind === "or") return [...own, ...test.operands.flatMap(reasonsOf)];
  return test.kind === "not" ? [...own, ...reasonsOf(test.operand)] : own;
}

/** A set of flags: the mask that is just this set, else the flags. */
export function flagNames(
  module: Module,
  flags: readonly { readonly name: string; readonly bit: number; readonly word: FlagWord }[],
): readonly string[] {
  const [first, ...more] = flags;
  if (first === undefined || more.length === 0) return flags.map((f) => `flag.${f.name}`);
  const mask = module.model.masks.find((m) => m.word === first.word && bitsOf(m.flags) === bitsOf(flags));
  return mask ? [module.mask(mask)] : flags.map((f) => `flag.${f.name}`);
}

/** `(a & (A | B))`. */
function parenthesised(left: Doc, names: readonly Doc[]): Doc {
  const set = names.length > 1 ? ["(", union(names), ")"] : union(names);
  return ["(", operand(left, "&", set), ")"];
}

/** `left === 0` where it stands. */
function whole(context: Context, left: Doc, sign: string): Doc {
  return context.inside === undefined ? binary(left, sign, "0") : operand(left, sign, "0");
}

export function bitsOf(flags: readonly { readonly bit: number }[]): number {
  return flags.reduce((bits, f) => bits | (1 << f.bit), 0) >>> 0;
}

// ── Comparisons ──

/** A comparison by helper functions. */
function comparison(context: Context, operator: Comparison, left: Operand, right: Operand): Doc {
  const { module, negate } = context;
  if (operator === "has" || operator === "lacks") return bits(module, left, right, (operator === "has") !== negate, context);
  const order = ordered[operator];
  const doc = compared(module, order.name, left, right);
  return order.negate === negate ? doc : ["!", doc];
}

type Order = "equal" | "below" | "above";

const ordered: Readonly<Record<Exclude<Comparison, "has" | "lacks">, { readonly name: Order; readonly negate: boolean }>> = {
  "==": { name: "equal", negate: false },
  "!=": { name: "equal", negate: true },
  "<": { name: "below", negate: false },
  ">=": { name: "below", negate: true },
  ">": { name: "above", negate: false },
  "<=": { name: "above", negate: true },
};

const mirrored: Readonly<Record<Order, Order>> = { equal: "equal", below: "above", above: "below" };

function compared(module: Module, order: Order, left: Operand, right: Operand): Doc {
  if (left.kind === "number") {
    if (right.kind !== "number") return compared(module, mirrored[order], right, left);
    const [a, b] = [number(module, left), number(module, right)];
    return call(module.helper(`${order}Numbers`), [a.high, a.low, b.high, b.low]);
  }
  const word = wordOf(module, left);
  if (right.kind !== "number") return call(module.helper(`${order}Words`), ["w", word, wordOf(module, right)]);
  const { high, low } = number(module, right);
  return call(module.helper(order), ["w", word, high, low]);
}

/** Some bit of `right` is set in `left` (`some`), or none is. Halves of a literal that are zero ask for nothing. */
function bits(module: Module, left: Operand, right: Operand, some: boolean, context: Context): Doc {
  const [a, b] = [operandHalves(module, left), operandHalves(module, right)];
  const [low, high] = [both(a.low, b.low), both(a.high, b.high)];
  const sign = some ? "!==" : "===";
  if (low === undefined && high === undefined) return String(!some);
  if (low === undefined || high === undefined) return whole(context, low ?? high ?? "", sign);
  return whole(context, ["(", operand(low, "|", high), ")"], sign);
}

/** `(a & b)`, or undefined where that is zero. */
function both(a: string, b: string): Doc | undefined {
  return a === "0" || b === "0" ? undefined : ["(", operand(a, "&", b), ")"];
}

interface Halves {
  readonly high: string;
  readonly low: string;
}

function operandHalves(module: Module, operand: Operand): Halves {
  if (operand.kind === "number") return number(module, operand, true);
  const word = wordOf(module, operand);
  return { high: operand.kind === "value" ? "0" : module.dialect.at(`${word} + 1`), low: module.dialect.at(word) };
}

function wordOf(module: Module, operand: Exclude<Operand, { kind: "number" }>): string {
  if (operand.kind === "field") return module.words.field(operand.field.name);
  if (operand.kind === "value") return module.words.value(operand.value.name);
  return `register.${operand.token.register}`;
}

/** The halves of `TF | RF`; `masked`: they only meet `&`, so that signs do not matter, and zero halves are `0`. */
function number(module: Module, operand: Extract<Operand, { kind: "number" }>, masked = false): Halves {
  const literal = halves(operand.literal);
  const half = (which: "high" | "low"): string => {
    const parts = operand.constants.filter((c) => !(masked && isZero(c, which))).map((c) => `${module.constant(c)}.${which}`);
    if (literal[which] !== 0 || parts.length === 0) parts.push(numeral(literal[which]));
    const [only = "0", ...more] = parts;
    if (more.length === 0) return only;
    return masked ? `(${parts.join(" | ")})` : `(${parts.join(" | ")}) >>> 0`;
  };
  return { high: half("high"), low: half("low") };
}

function isZero(constant: Constant, which: "high" | "low"): boolean {
  return constant.arms.every((arm) => halves(arm.value)[which] === 0);
}
