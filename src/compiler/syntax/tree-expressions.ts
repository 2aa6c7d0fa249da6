/** Expressions. */
import type { Located, Name, StringLiteral } from "./tree-base.js";

export type Expression = BinaryExpression | NotExpression | NameExpression | IntegerExpression | BecauseExpression;

export type BinaryOperator = "or" | "and" | "|" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "has" | "lacks" | "is";

/** `has`: some of the bits is set; `lacks`: none is; `is`: a state has a value (`gs is user`). `|` joins bits. Binding, loosest first: or, and, because, not, comparisons, `|`. */
export interface BinaryExpression extends Located {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface NotExpression extends Located {
  readonly kind: "not";
  readonly operand: Expression;
}

/** `PTI`, `frame.cx`, `token.old_gs`. */
export interface NameExpression extends Located {
  readonly kind: "name";
  readonly path: readonly Name[];
}

/** `-1` is an integer too. */
export interface IntegerExpression extends Located {
  readonly kind: "integer";
  readonly value: bigint;
}

/** `clause because "reason"`. */
export interface BecauseExpression extends Located {
  readonly kind: "because";
  readonly operand: Expression;
  readonly reason: StringLiteral;
}
