/** Text to tokens and comments, and everything that is wrong with single characters, numbers and strings. */
import { type IToken, Lexer } from "chevrotain";
import type { Source } from "../text/source.js";
import type { ErrorSink } from "./error-sink.js";
import * as t from "./tokens.js";
import type { Comment } from "./tree.js";

export interface Scan {
  readonly tokens: IToken[];
  readonly comments: readonly Comment[];
}

let lexer: Lexer | undefined;

/** Never fails; tokens are in order and have only their start offset. */
export function scan(source: Source, errors: ErrorSink): Scan {
  lexer ??= new Lexer(t.lexerTokens, { positionTracking: "onlyOffset", ensureOptimizations: true, skipValidations: true });
  const result = lexer.tokenize(source.text);
  for (const token of result.tokens) {
    const type = token.tokenType;
    if (type === t.Identifier) {
      const keyword = t.keywordByText.get(token.image);
      if (keyword) retype(token, keyword);
    } else if (type === t.Text) checkString(token, errors);
    else if (type === t.Integer) checkInteger(token, errors);
    else if (type === t.ForeignOperator) replaceForeignOperator(token, errors);
  }
  checkInvisible(source, errors);
  const strange = result.groups.strange ?? [];
  reportStrange(strange, source, errors);
  const comments = (result.groups.comments ?? []).map(
    ({ image, startOffset }): Comment => ({
      start: startOffset,
      end: startOffset + image.length,
      text: image,
      doc: image.startsWith("///") && !image.startsWith("////"),
    }),
  );
  return { tokens: result.tokens, comments };
}

/** Makes a token one of another type, as if it had been written so. */
export function retype(token: IToken, type: (typeof t.parserTokens)[number]): void {
  token.tokenType = type;
  token.tokenTypeIdx = type.tokenTypeIdx as number;
}

function checkString(token: IToken, errors: ErrorSink): void {
  const { image, startOffset } = token;
  let closed = image.length > 1 && image.endsWith('"');
  if (image.includes("\\")) {
    let i = 1;
    for (; i < image.length - 1; i++) {
      if (image[i] !== "\\") continue;
      i++;
      const escaped = image[i];
      if (escaped === '"' || escaped === "\\") continue;
      const end = i + ((image.codePointAt(i) ?? 0) > 0xffff ? 2 : 1);
      errors.report(
        "EX1021",
        startOffset + i - 1,
        startOffset + end,
        { escape: image.slice(i - 1, end) },
        { help: 'a string knows `\\"` and `\\\\`' },
      );
    }
    closed = closed && i === image.length - 1;
  }
  if (!closed)
    errors.report("EX1020", startOffset, startOffset + image.length, {}, { help: 'a string ends with `"` on the line on which it starts' });
}

function checkInteger(token: IToken, errors: ErrorSink): void {
  const { image, startOffset } = token;
  const end = startOffset + image.length;
  if (!/^(?:0[xX][0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|[0-9]+(?:_[0-9]+)*)$/.test(image)) {
    const help = /^[0-9]+[A-Za-z]/.test(image) && !/^0[xX]/.test(image) ? "a name does not start with a digit" : undefined;
    errors.report(
      "EX1027",
      startOffset,
      end,
      { text: shorten(image) },
      { help: help ?? "numbers are decimal, or hexadecimal after `0x`, with single `_` between digits" },
    );
  } else if (image.length > 16 && integerValue(image) === undefined) {
    errors.report("EX1028", startOffset, end, { text: shorten(image) }, { help: "the largest number is 0xffff_ffff_ffff_ffff" });
  }
}

/** The value of a well-formed integer literal; undefined if it is malformed or needs more than 64 bits. */
export function integerValue(image: string): bigint | undefined {
  const digits = image.replaceAll("_", "");
  // A decimal number of 64 bits has at most 20 digits, but zeros may lead it.
  const significant = digits.replace(/^(0[xX])?0*(?=[0-9a-fA-F])/, "$1");
  if (significant.length > 20 || !/^(?:0[xX][0-9a-fA-F]+|[0-9]+)$/.test(digits)) return undefined;
  const value = BigInt(significant);
  return value < 1n << 64n ? value : undefined;
}

const foreignOperators: Readonly<Record<string, "and" | "or" | "not">> = { "&&": "and", "||": "or", "!": "not" };

function replaceForeignOperator(token: IToken, errors: ErrorSink): void {
  const { image, startOffset } = token;
  const word = foreignOperators[image] as "and" | "or" | "not";
  const end = startOffset + image.length;
  const span = errors.span(startOffset, end);
  const fixes = [{ title: `write \`${word}\``, edits: [{ span, text: word === "not" ? "not " : word }] }];
  errors.report("EX1025", startOffset, end, { sign: image }, { help: `write \`${word}\``, fixes });
  retype(token, t.keyword[word]);
}

/**
 * Control characters, line separators (which end a comment in the emitted TypeScript) and changes of direction (which show
 * another text than the compiler reads), lone surrogates and what a reader puts where bytes are not UTF-8.
 */
const invisible = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]|\p{Cs}/u;
const invisibleRuns = new RegExp(`(?:${invisible.source})+`, "gu");

function checkInvisible(source: Source, errors: ErrorSink): void {
  invisibleRuns.lastIndex = 0;
  for (let found = invisibleRuns.exec(source.text); found && !errors.full; found = invisibleRuns.exec(source.text)) {
    const [run] = found;
    const code = run.codePointAt(0) as number;
    const character = code === 0xfffd ? "bytes that are not UTF-8 text" : describeInvisible(code);
    errors.report("EX1022", found.index, found.index + run.length, { character }, { help: "a spec is plain UTF-8 text" });
  }
}

function describeInvisible(code: number): string {
  const point = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  if (code === 0) return `a zero byte (${point})`;
  if (code < 0xa0) return `a control character (${point})`;
  if (code === 0x2028 || code === 0x2029) return `a line separator (${point})`;
  if (code >= 0xd800 && code <= 0xdfff) return `half a character (${point})`;
  return `a character that changes the direction of the text (${point})`;
}

/** What people paste without noticing, by what it looks like. */
const lookalikes: Readonly<Record<string, readonly [name: string, meant: string]>> = {
  "\u00a0": ["a no-break space", "a blank"],
  "\u200b": ["a zero-width space", "nothing"],
  "\ufeff": ["a byte order mark", "nothing"],
  "\u2010": ["a hyphen", "`-`"],
  "\u2011": ["a non-breaking hyphen", "`-`"],
  "\u2013": ["an en dash", "`-`"],
  "\u2014": ["an em dash", "`-`"],
  "\u2212": ["a minus sign", "`-`"],
  "\u2018": ["a single quotation mark", '`"`'],
  "\u2019": ["a single quotation mark", '`"`'],
  "\u201c": ["a curly quotation mark", '`"`'],
  "\u201d": ["a curly quotation mark", '`"`'],
  "\u2260": ["a not-equal sign", "`!=`"],
  "\u2264": ["a less-or-equal sign", "`<=`"],
  "\u2265": ["a greater-or-equal sign", "`>=`"],
};

function reportStrange(strange: readonly IToken[], source: Source, errors: ErrorSink): void {
  for (let i = 0; i < strange.length && !errors.full; i++) {
    const { image, startOffset, tokenType } = strange[i] as IToken;
    if (startOffset === 0 && image === "\ufeff") continue;
    if (tokenType === t.BlockComment) {
      errors.report("EX1026", startOffset, startOffset + image.length, {}, { help: "a comment starts with `//` and ends with its line" });
      continue;
    }
    // One report for a run of strange characters.
    let end = startOffset + image.length;
    while ((strange[i + 1] as IToken | undefined)?.startOffset === end && strange[i + 1]?.tokenType === t.Strange) {
      end++;
      i++;
    }
    const run = source.text.slice(startOffset, end);
    if (invisible.test(run)) continue;
    const code = run.codePointAt(0) as number;
    if (code < 0x80) {
      const help = run.startsWith(";")
        ? "statements and declarations need no semicolon"
        : run === "#" || run === "'"
          ? describeMisuse(run)
          : undefined;
      errors.report("EX1024", startOffset, end, { sign: shorten(run) }, { help });
    } else {
      const character = String.fromCodePoint(code);
      const [name, meant] = lookalikes[character] ?? [undefined, undefined];
      const point = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
      errors.report(
        "EX1023",
        startOffset,
        end,
        { character: name ? `${name} (${point})` : `\`${character}\` (${point})` },
        { help: meant ? `${meant} is meant, it seems` : "names and keywords are ASCII" },
      );
    }
  }
}

function describeMisuse(sign: string): string {
  return sign === "#" ? "a comment starts with `//`" : 'a string stands between `"` and `"`';
}

/** A text for a message, at most 40 characters of it. */
export function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}
