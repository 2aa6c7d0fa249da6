/**
 * The words and signs of the language. Most keywords are soft: they are names too, so that a flag may be called `frame`.
 * The lexer sees only `Identifier`; `lexer.ts` gives keywords their own type afterwards, by a look-up (faster than forty patterns).
 */
import { createToken, Lexer, type TokenType } from "chevrotain";

/** Tokens say what they start with, which the lexer would else find out from their patterns each time that it is made. */
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** What a name may be: an identifier or a soft keyword. */
export const Word = createToken({ name: "Word", pattern: Lexer.NA });
/** What may stand between two operands of an expression. */
export const BinaryOperator = createToken({ name: "BinaryOperator", pattern: Lexer.NA });

export const Identifier = createToken({
  name: "Identifier",
  pattern: /[A-Za-z_][A-Za-z0-9_]*/,
  categories: [Word],
  start_chars_hint: ["_", ...letters],
});
/** Takes all letters and digits that follow a digit; `lexer.ts` refuses what is no number. */
export const Integer = createToken({ name: "Integer", pattern: /[0-9][A-Za-z0-9_]*/, start_chars_hint: [..."0123456789"] });
/** An unterminated string ends with its line; `lexer.ts` reports it. */
export const Text = createToken({ name: "Text", pattern: /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*(?:"|\\?)/, start_chars_hint: ['"'] });

/** Keywords by what they begin, with blanks between them. A word that begins several things stands where it does so first. */
export const softKeywords = {
  declarations: "edition import feature constant state flags mask value frame event condition work step require assume tail entry exit",
  clauses:
    "config cpu excludes needs origin arrives starts loses above token once final always call asm requires given ensures clears may clobbers touches restores prepare leave",
  statements: "run do irqs read take clear repeat evaluate restore window waive jump",
  other:
    "in bit async saves user kernel interrupts any point complete partial except sleep fault return rewrite set from at to returns on off while pending",
} as const;

/** Keywords that are never names. */
export const hardKeywords = "or and not has lacks is because when if else";

type WordsOf<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | WordsOf<Rest> : Text;
type Keyword = WordsOf<(typeof softKeywords)[keyof typeof softKeywords]> | WordsOf<typeof hardKeywords>;

/** The words of one of the lists above. */
export function wordsOf(list: string): string[] {
  return list.split(" ");
}

const operatorKeywords: readonly string[] = ["or", "and", "has", "lacks", "is"];

function createKeyword(text: string, soft: boolean): TokenType {
  // In capitals, because chevrotain keeps tokens and rules in one namespace.
  const type = createToken({ name: text.toUpperCase(), label: text, pattern: Lexer.NA });
  // Given to `createToken`, each category would be worked out anew for each of its members; the parser does it once for all.
  type.CATEGORIES = soft ? [Word] : operatorKeywords.includes(text) ? [BinaryOperator] : [];
  return type;
}

const keywordTypes = [
  ...Object.values(softKeywords).flatMap((list) => wordsOf(list).map((word) => createKeyword(word, true))),
  ...wordsOf(hardKeywords).map((word) => createKeyword(word, false)),
];

/** The token type of each keyword. */
export const keyword = Object.fromEntries(keywordTypes.map((type) => [type.LABEL, type])) as Readonly<Record<Keyword, TokenType>>;

/** The only keyword that no identifier can look like. */
export const OneShot = createToken({ name: "ONE_SHOT", label: "one-shot", pattern: /one-shot(?![A-Za-z0-9_])/, start_chars_hint: ["o"] });

/** Keyword types by their text. */
export const keywordByText: ReadonlyMap<string, TokenType> = new Map(Object.entries(keyword));

function createSign(name: string, sign: string, operator = false): TokenType {
  return createToken({ name, label: sign, pattern: sign, categories: operator ? [BinaryOperator] : [] });
}

export const LeftBrace = createSign("LeftBrace", "{");
export const RightBrace = createSign("RightBrace", "}");
export const LeftParenthesis = createSign("LeftParenthesis", "(");
export const RightParenthesis = createSign("RightParenthesis", ")");
export const Comma = createSign("Comma", ",");
export const Dot = createSign("Dot", ".");
export const Bar = createSign("Bar", "|", true);
export const Minus = createSign("Minus", "-");
export const Assign = createSign("Assign", "=");
export const Equal = createSign("Equal", "==", true);
export const NotEqual = createSign("NotEqual", "!=", true);
export const Less = createSign("Less", "<", true);
export const LessOrEqual = createSign("LessOrEqual", "<=", true);
export const Greater = createSign("Greater", ">", true);
export const GreaterOrEqual = createSign("GreaterOrEqual", ">=", true);

/** `//` to the end of the line. Kept apart from the tokens: the formatter and doc comments need them. */
export const LineComment = createToken({ name: "LineComment", pattern: /\/\/[^\r\n]*/, group: "comments", start_chars_hint: ["/"] });
/** Signs that other languages have; each is taken for the word that is meant, and reported. */
export const ForeignOperator = createToken({ name: "ForeignOperator", pattern: /&&|\|\||!(?!=)/, start_chars_hint: [..."&|!"] });
/** C's comments, reported. One without an end takes the rest of the file, so that a file full of them is read once. */
export const BlockComment = createToken({
  name: "BlockComment",
  pattern: /\/\*(?:[\s\S]*?\*\/|[\s\S]*)/,
  group: "strange",
  line_breaks: true,
  start_chars_hint: ["/"],
});
/** Everything that begins nothing: kept out of the parser's sight, and reported. */
export const Strange = createToken({
  name: "Strange",
  pattern: /[\0-\x08\x0b\x0c\x0e-\x1f#$%&'*+/:;?@[\\\]^`~\x7f\x80-\uffff]/,
  group: "strange",
});
export const Blank = createToken({
  name: "Blank",
  pattern: /[ \t\r\n]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
  start_chars_hint: [..." \t\r\n"],
});

/** What the lexer tries, in this order: a token before those that are its beginning. */
export const lexerTokens: TokenType[] = [
  Blank,
  OneShot,
  Identifier,
  LineComment,
  Comma,
  Text,
  LeftBrace,
  RightBrace,
  Integer,
  Dot,
  LeftParenthesis,
  RightParenthesis,
  ForeignOperator,
  Bar,
  Minus,
  Equal,
  Assign,
  NotEqual,
  LessOrEqual,
  Less,
  GreaterOrEqual,
  Greater,
  BlockComment,
  Strange,
];

/** What the parser may meet. */
export const parserTokens: TokenType[] = [
  Word,
  BinaryOperator,
  Identifier,
  Integer,
  Text,
  OneShot,
  ...keywordTypes,
  LeftBrace,
  RightBrace,
  LeftParenthesis,
  RightParenthesis,
  Comma,
  Dot,
  Bar,
  Minus,
  Assign,
  Equal,
  NotEqual,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual,
];
