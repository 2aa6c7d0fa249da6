/**
 * The tree that Prettier sees: the file with all its tokens as leaves, so that a comment may stand between any two of them
 * and is never lost. The syntax tree says how the tokens group; it hangs at the root.
 */
import type { SpecFile } from "../syntax/tree.js";

/** A comment with what Prettier's attachment notes on it. */
export interface PlacedComment {
  readonly type: "comment";
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Prettier prints this when it complains. */
  readonly value: string;
  readonly doc: boolean;
  leading?: boolean;
  trailing?: boolean;
  printed?: boolean;
}

/** A word, number, string or punctuation mark; the last one of a file is its end, with the text "". */
export interface TokenNode {
  readonly type: "token";
  readonly start: number;
  readonly end: number;
  readonly text: string;
  comments?: PlacedComment[];
}

export interface ConcreteFile {
  readonly type: "file";
  readonly start: number;
  readonly end: number;
  readonly tree: SpecFile;
  readonly tokens: readonly TokenNode[];
  /** Prettier takes it off the tree when it attaches them. */
  comments?: PlacedComment[];
}

export type ConcreteNode = ConcreteFile | TokenNode | PlacedComment;
