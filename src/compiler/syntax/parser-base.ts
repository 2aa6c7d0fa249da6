/** What all rules share: places, names, strings, doc comments and limits. */
import { EmbeddedActionsParser, type IToken, type ParserMethod, type TokenType } from "chevrotain";
import type { Source } from "../text/source.js";
import { ErrorSink } from "./error-sink.js";
import { limits } from "./limits.js";
import { FirstTokenLookahead } from "./lookahead.js";
import * as t from "./tokens.js";
import type { Comment, Name, StringLiteral } from "./tree.js";

/** A limit was met and reported: the declaration is given up. */
export class Abandoned extends Error {}

export type Rule<Result> = ParserMethod<[], Result>;

const emptySource: Source = { name: "", text: "" };

export abstract class BaseParser extends EmbeddedActionsParser {
  protected source = emptySource;
  protected sink = new ErrorSink(emptySource);
  protected tokens: readonly IToken[] = [];
  /** How many blocks and parentheses are open. */
  protected depth = 0;
  #comments: readonly Comment[] = [];
  #nextComment = 0;

  constructor(skipValidations: boolean) {
    super(t.parserTokens, {
      maxLookahead: 1,
      lookaheadStrategy: new FirstTokenLookahead({ maxLookahead: 1 }),
      recoveryEnabled: false,
      skipValidations,
      // Nobody sees these texts; the first carries the expected type to `recover`.
      errorMessageProvider: {
        buildMismatchTokenMessage: ({ expected }) => expected.name,
        buildNotAllInputParsedMessage: () => "",
        buildNoViableAltMessage: () => "",
        buildEarlyExitMessage: () => "",
      },
    });
  }

  protected begin(source: Source, tokens: IToken[], comments: readonly Comment[], sink: ErrorSink): void {
    this.source = source;
    this.input = tokens;
    this.tokens = tokens;
    this.sink = sink;
    this.depth = 0;
    this.#comments = comments;
    this.#nextComment = 0;
  }

  protected name(token: IToken): Name {
    return { start: token.startOffset, end: token.startOffset + token.image.length, text: token.image };
  }

  protected string(token: IToken): StringLiteral {
    const { image, startOffset } = token;
    const inner = image.endsWith('"') && image.length > 1 ? image.slice(1, -1) : image.slice(1);
    return { start: startOffset, end: startOffset + image.length, value: inner.includes("\\") ? inner.replace(/\\(["\\])/g, "$1") : inner };
  }

  /** An alternative of one word, and what it stands for. */
  protected word<Value>(type: TokenType, value: Value): { readonly ALT: () => Value } {
    return {
      ALT: () => {
        this.CONSUME(type);
        return value;
      },
    };
  }

  /** Where the last token that was taken ends; 0 before the first. */
  protected end(): number {
    const token = this.LA(0);
    return token.startOffset >= 0 ? token.startOffset + token.image.length : 0;
  }

  /** Where a token starts; the end of the file has no offset of its own. */
  protected startOf(token: IToken): number {
    return token.startOffset >= 0 ? token.startOffset : this.source.text.length;
  }

  /** The doc comment above the node that starts at `offset`. Nodes ask in the order of the text. */
  protected docBefore(offset: number): string {
    const comments = this.#comments;
    while (this.#nextComment < comments.length && (comments[this.#nextComment] as Comment).start < offset) this.#nextComment++;
    let end = offset;
    let first = this.#nextComment;
    for (; first > 0; first--) {
      const comment = comments[first - 1] as Comment;
      if (!comment.doc || !this.isBlank(comment.end, end)) break;
      end = comment.start;
    }
    if (first === this.#nextComment) return "";
    const lines = comments.slice(first, this.#nextComment).map(({ text }) => text.replace(/^\/\/\/ ?/, "").trimEnd());
    return lines.join("\n");
  }

  protected isBlank(start: number, end: number): boolean {
    for (let i = start; i < end; i++) if (this.source.text.charCodeAt(i) > 32) return false;
    return true;
  }

  /** Goes one block or parenthesis deeper; `this.depth--` is the way back. */
  protected enter(token: IToken): void {
    if (++this.depth > limits.nesting && !this.RECORDING_PHASE) {
      this.abandon("EX1031", token, limits.nesting, "name an inner condition with `condition`, or move statements into a `tail`");
    }
  }

  /** Reports a limit and gives the declaration up. */
  protected abandon(code: "EX1031" | "EX1032", token: IToken, limit: number, help: string): never {
    this.sink.report(code, token.startOffset, token.startOffset + token.image.length, { limit }, { help });
    throw new Abandoned();
  }
}
