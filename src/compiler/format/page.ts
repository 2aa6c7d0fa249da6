/**
 * What every part of the printer works on: the file's tokens in order, the comments that Prettier attached to them,
 * and the two ways to print a range of tokens: as flat text, or as a Prettier document that keeps inner comments.
 */
import type { Doc } from "prettier";
import { doc } from "prettier/standalone";
import type { Located } from "../syntax/tree.js";
import type { ConcreteFile, PlacedComment } from "./concrete.js";

const { fill, hardline, lineSuffix, line } = doc.builders;

/** How far a comment stands from the code that it follows, at least. */
const commentGap = 2;
/** Comments behind code start in this column (counted from 0), if the code is shorter and they fit there. */
const commentColumn = 44;

/** A Prettier option set, as far as the printer reads it. */
export interface PageOptions {
  readonly printWidth: number;
  readonly tabWidth: number;
  readonly originalText: string;
}

/** Columns that `text` takes in a terminal: full-width characters take two, combining ones none. */
export type MeasureWidth = (text: string) => number;

function trimmed(comment: PlacedComment): string {
  return comment.text.replace(/[ \t]+$/, "");
}

export class Page {
  /** The file's text, with LF line ends. */
  readonly text: string;
  /** Tokens that stick to the one before: the parenthesis of a call. */
  private readonly tight = new Set<number>();
  /** Tokens that stand two blanks from the one before: the clauses of a block on one line. */
  private readonly wide = new Set<number>();
  /** How many comments stand in the gaps before the tokens up to `i`. */
  private readonly comments: Uint32Array;

  constructor(
    readonly file: ConcreteFile,
    readonly options: PageOptions,
    readonly width: MeasureWidth,
  ) {
    this.text = options.originalText;
    this.comments = new Uint32Array(file.tokens.length);
    let count = 0;
    for (let i = 0; i < file.tokens.length; i++) {
      count += this.trailing(i - 1).length + this.leading(i).length;
      this.comments[i] = count;
    }
  }

  /** The index of the pseudo token at the end of the file. */
  get endOfFile(): number {
    return this.file.tokens.length - 1;
  }

  /** The characters that a line may take at a nesting depth. */
  room(depth: number): number {
    return this.options.printWidth - depth * this.options.tabWidth;
  }

  /** The text of a token; "" outside of the file. */
  token(index: number): string {
    return this.file.tokens[index]?.text ?? "";
  }

  /** The index of the first token that starts at or after `offset`. */
  indexAt(offset: number): number {
    const { tokens } = this.file;
    let low = 0;
    let high = tokens.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((tokens[middle]?.start ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of a node's first token. */
  first(node: Located): number {
    return this.indexAt(node.start);
  }

  /** The index of a node's last token. */
  last(node: Located): number {
    return this.indexAt(node.end) - 1;
  }

  /** The first token from `from` on, up to `to`, with this text; `undefined` when there is none. Only for reserved words and punctuation. */
  find(text: string, from: number, to: number): number | undefined {
    for (let i = from; i <= to; i++) if (this.token(i) === text) return i;
    return undefined;
  }

  /** The index of the bracket that closes the one at `open`. */
  closing(open: number): number {
    let depth = 0;
    for (let i = open; i < this.endOfFile; i++) {
      const text = this.token(i);
      if (text === "{" || text === "(") depth++;
      else if (text === "}" || text === ")") depth--;
      if (depth === 0) return i;
    }
    return this.endOfFile - 1;
  }

  /** Comments on lines of their own before a token. */
  leading(index: number): PlacedComment[] {
    return (this.file.tokens[index]?.comments ?? []).filter((comment) => comment.leading);
  }

  /** The comment behind a token, on its line; at most one. */
  trailing(index: number): PlacedComment[] {
    return (this.file.tokens[index]?.comments ?? []).filter((comment) => comment.trailing);
  }

  /** Whether a comment stands somewhere between the first and the last token of a range. */
  hasInnerComment(first: number, last: number): boolean {
    return this.comments[first] !== this.comments[last];
  }

  /** The text of a comment; Prettier is told that it was printed. */
  comment(comment: PlacedComment): string {
    comment.printed = true;
    return trimmed(comment);
  }

  /** The comment behind a token, after some blanks; it does not count for the width of its line. */
  trailingComment(index: number, blanks: number = commentGap): Doc {
    return this.trailing(index).map((comment) => lineSuffix(" ".repeat(blanks) + this.comment(comment)));
  }

  /**
   * The blanks before the comments behind lines that follow one another, so that they start in one column;
   * `lines` are the last tokens of the lines and where they end.
   */
  commentBlanks(lines: readonly { readonly token: number; readonly end: number }[]): number[] {
    let widest = 0;
    let column = commentColumn;
    for (const { token, end } of lines) {
      widest = Math.max(widest, end);
      for (const comment of this.trailing(token)) column = Math.min(column, this.options.printWidth - this.width(trimmed(comment)));
    }
    column = Math.max(column, widest + commentGap);
    return lines.map(({ end }) => column - end);
  }

  /** The comment behind the range's last token, where the range is the whole of a line at a depth. */
  commentBehind(first: number, last: number, depth: number): Doc {
    if (this.trailing(last).length === 0) return [];
    const width = this.width(this.flat(first, last));
    if (width > this.room(depth) || this.hasInnerComment(first, last)) return this.trailingComment(last);
    const [blanks] = this.commentBlanks([{ token: last, end: depth * this.options.tabWidth + width }]);
    return this.trailingComment(last, blanks);
  }

  /** Whether an empty line stands right before this offset. */
  blankBefore(offset: number): boolean {
    let lineEnds = 0;
    for (let i = offset - 1; i >= 0; i--) {
      const c = this.text.charCodeAt(i);
      if (c === 10) lineEnds++;
      else if (c !== 32 && c !== 9 && c !== 13) break;
      if (lineEnds === 2) return true;
    }
    return false;
  }

  /** Whether the token is the last one on its line, as the author wrote it. */
  endsLine(index: number): boolean {
    const end = this.file.tokens[index]?.end ?? 0;
    const next = this.file.tokens[index + 1]?.start ?? this.text.length;
    return this.text.slice(end, next).includes("\n");
  }

  /** Says that a token stands right behind the one before it. */
  stick(index: number): void {
    this.tight.add(index);
  }

  /** Says that a token stands two blanks from the one before it. */
  setApart(index: number): void {
    this.wide.add(index);
  }

  /** The blanks between a token and the one before it, on one line. */
  blanks(index: number): string {
    const token = this.token(index);
    const before = this.token(index - 1);
    if (this.tight.has(index) || token === "," || token === ")" || token === "." || before === "(" || before === "." || before === "-")
      return "";
    if (token === "}" && before === "{") return "";
    return this.wide.has(index) ? "  " : " ";
  }

  /** The range as one line of text; inner comments are not in it. */
  flat(first: number, last: number): string {
    let text = this.token(first);
    for (let i = first + 1; i <= last; i++) text += this.blanks(i) + this.token(i);
    return text;
  }

  /** What stands between a token and the one before it: `separator`, or the comments there, each ending its line. */
  gap(index: number, separator: Doc = this.blanks(index), commentBlanks?: number): Doc {
    const behind = this.trailing(index - 1);
    const above = this.leading(index);
    if (behind.length + above.length === 0) return separator;
    return [this.trailingComment(index - 1, commentBlanks), above.map((comment) => [hardline, this.comment(comment)]), hardline];
  }

  /** The range token by token, breaking nowhere but after comments. */
  tokens(first: number, last: number): Doc {
    if (!this.hasInnerComment(first, last)) return this.flat(first, last);
    const parts: Doc[] = [this.token(first)];
    for (let i = first + 1; i <= last; i++) parts.push(this.gap(i), this.token(i));
    return parts;
  }

  /** The range with a line break wherever the line is full: before the tokens that `breaks` names. */
  flow(first: number, last: number, breaks: (index: number) => boolean): Doc {
    const parts: Doc[] = [];
    let start = first;
    for (let i = first + 1; i <= last; i++) {
      if (!breaks(i)) continue;
      parts.push(this.tokens(start, i - 1), this.gap(i, line));
      start = i;
    }
    parts.push(this.tokens(start, last));
    return fill(parts);
  }

  /** The text of a range as the author wrote it, inner comments and all, which are not found at their tokens any more. */
  verbatim(first: number, last: number): string {
    const start = this.file.tokens[first]?.start ?? 0;
    const end = this.file.tokens[last]?.end ?? 0;
    // A comment before a last comma may be placed at the next token.
    for (const token of this.file.tokens.slice(first, last + 2)) {
      const inside = token.comments?.filter((comment) => comment.start > start && comment.end < end) ?? [];
      for (const comment of inside) comment.printed = true;
      if (inside.length > 0) token.comments = token.comments?.filter((comment) => !inside.includes(comment)) ?? [];
    }
    return this.text.slice(start, end);
  }
}
