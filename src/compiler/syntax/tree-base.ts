/** What all nodes of the syntax tree are made of. */

/** Common to all nodes: the half-open range `[start, end)` of the text. */
export interface Located {
  readonly start: number;
  readonly end: number;
}

/** An identifier as written. */
export interface Name extends Located {
  readonly text: string;
}

/** A string literal; `value` has its escapes (`\"`, `\\`) undone. */
export interface StringLiteral extends Located {
  readonly value: string;
}

/** A whole-number literal, decimal or `0x…`, with `_` between digits allowed. */
export interface IntegerLiteral extends Located {
  readonly value: bigint;
}

/** A `//` or `///` comment, without its line end. */
export interface Comment extends Located {
  /** The text as written, slashes included. */
  readonly text: string;
  readonly doc: boolean;
}
