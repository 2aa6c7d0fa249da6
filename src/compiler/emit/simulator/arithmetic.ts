/** Expressions over halves of words: made with what is trivial left out, printed as Prettier prints binary expressions. */
import { builders } from "prettier/doc";
import { type Doc, numeral } from "./print.js";

const { group, indent, line, softline } = builders;

type Operator = "|" | "^" | "&" | "===" | "!==" | "<" | "<<" | ">>>" | "+" | "-";

export type Expression =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: Operator; readonly left: Expression; readonly right: Expression };

/** A half of a word, by its text: an unsigned number of 32 bits. */
export const word = (text: string): Expression => ({ kind: "word", text });
/** An unsigned number of 32 bits. */
export const number = (value: number): Expression => ({ kind: "number", value: value >>> 0 });
export const zero: Expression = number(0);

export const isNumber = (e: Expression, value: number): boolean => e.kind === "number" && e.value === value;

export function same(a: Expression, b: Expression): boolean {
  if (a.kind === "word" && b.kind === "word") return a.text === b.text;
  if (a.kind === "number" && b.kind === "number") return a.value === b.value;
  if (a.kind === "not" && b.kind === "not") return same(a.operand, b.operand);
  if (a.kind !== "binary" || b.kind !== "binary") return false;
  return a.operator === b.operator && same(a.left, b.left) && same(a.right, b.right);
}

const make = (operator: Operator, left: Expression, right: Expression): Expression => ({ kind: "binary", operator, left, right });

export function and(a: Expression, b: Expression): Expression {
  if (isNumber(a, 0) || isNumber(b, 0)) return zero;
  if (same(a, b) || isNumber(b, 0xffffffff)) return a;
  if (isNumber(a, 0xffffffff)) return b;
  if (a.kind === "number" && b.kind === "number") return number(a.value & b.value);
  if (a.kind === "number") return and(b, a);
  // Two masks are one.
  if (b.kind === "number" && a.kind === "binary" && a.operator === "&" && a.right.kind === "number")
    return and(a.left, number(a.right.value & b.value));
  return make("&", a, b);
}

export function or(a: Expression, b: Expression): Expression {
  if (isNumber(b, 0) || same(a, b)) return a;
  if (isNumber(a, 0)) return b;
  return a.kind === "number" && b.kind === "number" ? number(a.value | b.value) : make("|", a, b);
}

export function xor(a: Expression, b: Expression): Expression {
  if (same(a, b)) return zero;
  if (isNumber(b, 0)) return a;
  if (isNumber(a, 0)) return b;
  return a.kind === "number" && b.kind === "number" ? number(a.value ^ b.value) : make("^", a, b);
}

/** The opposite of every bit. */
export function not(a: Expression): Expression {
  return a.kind === "number" ? number(~a.value) : { kind: "not", operand: a };
}

/** Modulo 2³² once it is stored. */
export const plus = (a: Expression, b: Expression): Expression => make("+", a, b);
export const minus = (a: Expression, b: Expression): Expression => make("-", a, b);

export function left(a: Expression, count: Expression): Expression {
  if (isNumber(count, 0)) return a;
  return a.kind === "number" && count.kind === "number" ? number(a.value << count.value) : make("<<", a, count);
}

export function right(a: Expression, count: Expression): Expression {
  if (isNumber(count, 0)) return a;
  return a.kind === "number" && count.kind === "number" ? number(a.value >>> count.value) : make(">>>", a, count);
}

/** As an unsigned number: bitwise operators of JavaScript give signed ones. */
export function unsigned(a: Expression): Expression {
  if (a.kind === "word" || a.kind === "number") return a;
  // A mask below the sign bit leaves none.
  if (a.kind === "binary" && a.operator === "&" && a.right.kind === "number" && a.right.value < 0x80000000) return a;
  return a.kind === "binary" && a.operator === ">>>" ? a : make(">>>", a, zero);
}

export const equals = (a: Expression, b: Expression): Expression => make("===", a, b);
export const below = (a: Expression, b: Expression): Expression => make("<", a, b);

// ── As text ──

/** Prettier's precedences, loosest first. */
const precedences: readonly (readonly Operator[])[] = [["|"], ["^"], ["&"], ["===", "!=="], ["<"], ["<<", ">>>"], ["+", "-"]];
const precedence = (operator: Operator): number => precedences.findIndex((row) => row.includes(operator));
const bitwise: readonly Operator[] = ["|", "^", "&", "<<", ">>>"];

function flattens(outer: Operator, inner: Operator): boolean {
  return precedence(outer) === precedence(inner) && outer !== "===" && outer !== "!==" && outer !== "<<" && outer !== ">>>";
}

function needsParentheses(outer: Operator, inner: Operator, isRight: boolean): boolean {
  const [p, n] = [precedence(outer), precedence(inner)];
  if (p > n || (p === n && (isRight || !flattens(outer, inner)))) return true;
  return bitwise.includes(outer);
}

/** The parts of a binary expression: the leftmost operand, then operators with what is right of them. */
function parts(e: Extract<Expression, { kind: "binary" }>, nested: boolean): Doc[] {
  const { left: a, operator, right: b } = e;
  const result = a.kind === "binary" && flattens(operator, a.operator) ? parts(a, true) : [group(inside(a, operator, false))];
  const rest: Doc = [operator, line, inside(b, operator, true)];
  const alone = !nested && a.kind !== "binary" && b.kind !== "binary";
  result.push(" ", alone ? group(rest) : rest);
  return result;
}

function inside(e: Expression, outer: Operator, isRight: boolean): Doc {
  if (e.kind !== "binary") return atom(e);
  const [head = "", ...rest] = parts(e, true);
  const doc = group([head, indent(rest)]);
  return needsParentheses(outer, e.operator, isRight) ? ["(", doc, ")"] : doc;
}

function atom(e: Exclude<Expression, { kind: "binary" }>): Doc {
  if (e.kind === "word") return e.text;
  if (e.kind === "number") return numeral(e.value);
  if (e.operand.kind !== "binary") return ["~", atom(e.operand)];
  return ["~(", group([indent([softline, ...parts(e.operand, false)]), softline]), ")"];
}

/** As an argument of a call, or an operand of `&&`. */
export function asOperand(e: Expression): Doc {
  if (e.kind !== "binary") return atom(e);
  const [head = "", ...rest] = parts(e, false);
  return group([head, indent(rest)]);
}

/** As the whole of an `if`'s test. */
export function asTest(e: Expression): Doc {
  return e.kind === "binary" ? parts(e, false) : atom(e);
}

/** `left = value;`: a binary expression goes to a line of its own before it breaks. */
export function assign(target: string, e: Expression): Doc {
  if (e.kind !== "binary") return [target, " = ", atom(e), ";"];
  return group([target, " =", group(indent([line, group(parts(e, false))])), ";"]);
}
