/**
 * Operands and operators in the order of the text to a tree, by precedence. The grammar has one flat rule for expressions: a rule for
 * each level would cost every operand a walk through all of them.
 */
import type { BinaryExpression, BinaryOperator, Expression, StringLiteral } from "./tree.js";

/** How tightly each binds; the greater the tighter. */
export const tightness: Readonly<Record<BinaryOperator | "not", number>> = {
  or: 1,
  and: 2,
  not: 4,
  "==": 5,
  "!=": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  has: 5,
  lacks: 5,
  is: 5,
  "|": 6,
};
const becauseTightness = 3;
const comparisonTightness = 5;

/** An operator that cannot stand where it does. */
export interface Misplaced {
  readonly code: "EX1010" | "EX1011" | "EX1012";
  readonly operator: string;
  /** The offset of the faulty operator. */
  readonly start: number;
  readonly end: number;
}

interface Pending {
  readonly operator: BinaryOperator | "not";
  readonly start: number;
}

/** Builds one expression: call `not`, `operand`, `because` and `operator` in the order of the text, then `finish`. */
export class ExpressionBuilder {
  readonly #operands: Expression[] = [];
  readonly #pending: Pending[] = [];
  /** A `because` stands right before. */
  #explained = false;
  misplaced: Misplaced | undefined;
  /** How many operators and reasons there are. */
  size = 0;

  not(start: number): void {
    const outer = this.#pending.at(-1);
    if (outer && tightness[outer.operator] > tightness.not) this.#refuse("EX1012", outer.operator, start, start + 3);
    this.#pending.push({ operator: "not", start });
    this.size++;
  }

  operand(expression: Expression): void {
    this.#operands.push(expression);
    this.#explained = false;
  }

  /** `reason` ends a clause: the comparison or `not` before it. */
  because(reason: StringLiteral): void {
    this.#reduce(becauseTightness);
    const operand = this.#operands.pop() as Expression;
    this.#operands.push({ kind: "because", start: operand.start, end: reason.end, operand, reason });
    this.#explained = true;
    this.size++;
  }

  operator(operator: BinaryOperator, start: number): void {
    const own = tightness[operator];
    const end = start + operator.length;
    if (own > becauseTightness && this.#explained) this.#refuse("EX1011", operator, start, end);
    this.#reduce(own + 1);
    if (own === comparisonTightness && tightness[this.#pending.at(-1)?.operator ?? "or"] === own)
      this.#refuse("EX1010", operator, start, end);
    this.#reduce(own);
    this.#pending.push({ operator, start });
    this.size++;
  }

  finish(): Expression {
    this.#reduce(0);
    return this.#operands[0] as Expression;
  }

  #refuse(code: Misplaced["code"], operator: string, start: number, end: number): void {
    this.misplaced ??= { code, operator, start, end };
  }

  /** Joins what binds at least as tightly as `limit`. */
  #reduce(limit: number): void {
    for (let top = this.#pending.at(-1); top && tightness[top.operator] >= limit; top = this.#pending.at(-1)) {
      this.#pending.pop();
      const right = this.#operands.pop() as Expression;
      if (top.operator === "not") {
        this.#operands.push({ kind: "not", start: top.start, end: right.end, operand: right });
      } else {
        const left = this.#operands.pop() as Expression;
        const joined: BinaryExpression = { kind: "binary", start: left.start, end: right.end, operator: top.operator, left, right };
        this.#operands.push(joined);
      }
    }
  }
}
