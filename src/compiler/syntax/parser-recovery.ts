/**
 * Going on after an error. A *unit* is a rule whose repetitions are read one by one (a declaration, a clause, a statement):
 * when one fails, tokens are skipped to where the next may start, so that every error of a file is found in one run. An error that
 * touches an earlier one is not reported, because it is most likely its consequence.
 */
import { EOF, type IRecognitionException, type IToken, isRecognitionException } from "chevrotain";
import type { Code, Details, MessageArguments } from "../diagnostics/catalogue.js";
import { nearest } from "../text/nearest.js";
import { describeToken, expectedAt, isReserved, oneOf, quoted, startsOf } from "./expectations.js";
import { retype } from "./lexer.js";
import { Abandoned, BaseParser } from "./parser-base.js";
import * as t from "./tokens.js";

/** Units that stand outside of all blocks. */
const outermost: readonly string[] = ["declaration", "import", "edition"];
/** Units among which a block may stand alone after an error, so that what is in it is read. */
const holdingBlocks: readonly string[] = ["statement", "exitPart"];

export abstract class RecoveringParser extends BaseParser {
  /** Where the last skipping stopped. */
  protected resumedAt = -1;

  /** After `error` in a unit that began at `first`, at nesting `depth`: reports it, and skips to where the next unit may start. */
  protected recover(error: unknown, unit: string, first: IToken, depth: number): void {
    if (this.RECORDING_PHASE || !(error instanceof Error)) throw error;
    const abandoned = error instanceof Abandoned;
    if (abandoned ? !outermost.includes(unit) : !isRecognitionException(error)) throw error;
    this.depth = depth;
    const from = this.indexOf(first);
    if (!abandoned) this.reportUnexpected(error as Error & IRecognitionException, unit, from);
    this.skip(unit, from);
  }

  /** Takes the `}` of the block that `open` began. A missing one is reported once, and taken for written. */
  protected close(open: IToken): void {
    try {
      this.CONSUME(t.RightBrace);
    } catch (error) {
      if (this.RECORDING_PHASE || !(error instanceof Error && isRecognitionException(error))) throw error;
      const found = this.LA(1);
      if (!this.atBlockEnd()) throw error;
      const at = this.startOf(found);
      if (this.resumedAt === at) return;
      this.resumedAt = at;
      const message = found.tokenType === EOF ? "the file ends here" : "the next declaration starts here";
      const secondary = [{ span: this.sink.span(at, at + found.image.length), message }];
      this.sink.report("EX1005", open.startOffset, open.startOffset + 1, {}, { secondary, help: "add the missing `}`" });
    }
  }

  /** Is there nothing more for a block to hold? */
  protected atBlockEnd(): boolean {
    const token = this.LA(1);
    return token.tokenType === t.RightBrace || token.tokenType === EOF || this.startsDeclarationAtMargin(token);
  }

  /**
   * Reports a token that starts none of `known`. If one of them seems to be meant, the token is taken for it, else
   * everything is skipped up to the next `unit`.
   */
  protected replaceOrSkip<C extends Code>(unit: string, known: readonly string[], code: C, args: MessageArguments<C>): void {
    const token = this.LA(1);
    if (this.reportedMisread(unit)) {
      this.skip(unit, this.indexOf(token));
      return;
    }
    const meant = this.meantKeyword(token, known);
    this.reportAt(token, code, args, meant === undefined ? { help: `expected ${oneOf(quoted(known))}` } : this.suggestion(token, meant));
    if (meant === undefined) this.skip(unit, this.indexOf(token));
    else retype(token, meant === "one-shot" ? t.OneShot : (t.keywordByText.get(meant) ?? token.tokenType));
  }

  /**
   * Where a name is forgotten at a line's end, the keyword that begins the next line is taken for the name. Then the fault lies
   * there and not at the token after it. Returns whether that was reported.
   */
  private reportedMisread(unit: string): boolean {
    const misread = this.LA(0);
    const index = this.indexOf(misread);
    if (!t.keywordByText.has(misread.image) || !startsOf(this, unit).types.has(misread.tokenType) || unit === "flag") return false;
    if (index === 0 || !this.beginsLine(index) || (unit === "declaration" && !this.startsDeclarationAtMargin(misread))) return false;
    const end = misread.startOffset + misread.image.length;
    if (!this.sink.touches(misread.startOffset, end)) {
      const details = { help: `something is missing before \`${misread.image}\`` };
      this.sink.report("EX1001", misread.startOffset, end, { expected: "a name", found: describeToken(misread) }, details);
    }
    return true;
  }

  /** The keyword of `known` that an identifier is a misspelling of. */
  protected meantKeyword(token: IToken, known: readonly string[]): string | undefined {
    return token.tokenType === t.Identifier ? nearest(token.image, known) : undefined;
  }

  protected suggestion(token: IToken, meant: string): Details {
    const span = this.sink.span(token.startOffset, token.startOffset + token.image.length);
    return { help: `did you mean \`${meant}\`?`, fixes: [{ title: `write \`${meant}\``, edits: [{ span, text: meant }] }] };
  }

  /** Reports at a token, unless an earlier error touches it. */
  protected reportAt<C extends Code>(token: IToken, code: C, args: MessageArguments<C>, details: Details): void {
    const start = this.startOf(token);
    const end = start + token.image.length;
    if (!this.sink.touches(this.end(), end)) this.sink.report(code, start, end, args, details);
  }

  private reportUnexpected(error: IRecognitionException, unit: string, from: number): void {
    const token = this.LA(1);
    const end = this.startOf(token) + token.image.length;
    if (this.sink.full || this.sink.touches(this.end(), end)) return;
    if (from < this.indexOf(token) - 1 && (this.reportedMisread(unit) || this.reportedMisread("declaration"))) return;
    const context = this.tokens.slice(from, this.indexOf(token));
    const { phrases, keywords, name } = expectedAt(this, unit, context, error.message);
    if (name && isReserved(token.tokenType)) {
      this.reportAt(token, "EX1008", { word: token.image }, { help: `reserved are ${quoted(t.wordsOf(t.hardKeywords)).join(", ")}` });
      return;
    }
    const meant = this.meantKeyword(token, keywords);
    const details = meant === undefined ? {} : this.suggestion(token, meant);
    this.reportAt(token, "EX1001", { expected: oneOf(phrases), found: describeToken(token) }, details);
  }

  /** Skips to the next place where a `unit` may start, or to the end of what holds it. `from` is the index of the failed one's first token. */
  protected skip(unit: string, from: number): void {
    const inBlock = !outermost.includes(unit);
    const { types } = startsOf(this, unit);
    let index = this.indexOf(this.LA(1));
    let depth = inBlock ? 0 : this.openBraces(from, index);
    for (; ; index++) {
      const token = this.LA(1);
      const type = token.tokenType;
      if (type === EOF) break;
      if (!this.sink.full) {
        if (index > from && this.startsDeclarationAtMargin(token)) break;
        if (depth === 0) {
          if (type === t.RightBrace && inBlock) break;
          if (type === t.LeftBrace && index > from && holdingBlocks.includes(unit)) break;
          if (index > from && types.has(type) && this.beginsLine(index)) break;
        }
        if (type === t.LeftBrace) depth++;
        else if (type === t.RightBrace && depth > 0) depth--;
      }
      this.SKIP_TOKEN();
    }
    this.resumedAt = this.startOf(this.LA(1));
  }

  private openBraces(from: number, to: number): number {
    let open = 0;
    for (let i = from; i < to; i++) {
      const type = this.tokens[i]?.tokenType;
      if (type === t.LeftBrace) open++;
      else if (type === t.RightBrace && open > 0) open--;
    }
    return open;
  }

  /** The index of a token, or of the end. Used only after errors: chevrotain keeps its own index to itself. */
  protected indexOf(token: IToken): number {
    const offset = this.startOf(token);
    let low = 0;
    let high = this.tokens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = (this.tokens[middle] as IToken).startOffset;
      // The parser keeps ends of file behind the last token, whose offset is not a number.
      if (start < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Is it the first token of its line? */
  protected beginsLine(index: number): boolean {
    const token = this.tokens[index];
    const previous = this.tokens[index - 1];
    if (!token || !previous) return true;
    return /[\r\n]/.test(this.source.text.slice(previous.startOffset + previous.image.length, token.startOffset));
  }

  /** Is the next token on the line on which the last one ends? */
  protected onSameLine(): boolean {
    return !/[\r\n]/.test(this.source.text.slice(this.end(), this.startOf(this.LA(1))));
  }

  /** A declaration's keyword without a blank before it: here a declaration starts, whatever the braces say. */
  protected startsDeclarationAtMargin(token: IToken): boolean {
    if (!startsOf(this, "declaration").types.has(token.tokenType)) return false;
    const before = token.startOffset === 0 ? 10 : this.source.text.charCodeAt(token.startOffset - 1);
    return before === 10 || before === 13;
  }
}
