/** What the grammar allows at a place, in words. All of it is read from the parser's own rules. */
import { type EmbeddedActionsParser, EOF, type IToken, type TokenType } from "chevrotain";
import { shorten } from "./lexer.js";
import * as t from "./tokens.js";

/** The tokens that a rule may start with. */
export interface Starts {
  readonly types: ReadonlySet<TokenType>;
  /** Those that are keywords, as written. */
  readonly keywords: readonly string[];
}

/** Beyond so many tokens of context the grammar is not asked; the parser's own single expectation serves. */
const contextLimit = 400;

const startsByParser = new WeakMap<EmbeddedActionsParser, Map<string, Starts>>();

/** Computed once for each parser and rule. */
export function startsOf(parser: EmbeddedActionsParser, rule: string): Starts {
  const known = startsByParser.get(parser) ?? new Map<string, Starts>();
  startsByParser.set(parser, known);
  let starts = known.get(rule);
  if (!starts) {
    const types = new Set<TokenType>();
    for (const { nextTokenType } of parser.computeContentAssist(rule, [])) {
      types.add(nextTokenType);
      for (const type of t.parserTokens) if (type.CATEGORIES?.includes(nextTokenType)) types.add(type);
    }
    starts = { types, keywords: [...types].filter(isKeyword).map(textOf) };
    known.set(rule, starts);
  }
  return starts;
}

export interface Expectation {
  /** For people: "a name", "`to`". */
  readonly phrases: readonly string[];
  readonly keywords: readonly string[];
  /** A name may stand here. */
  readonly name: boolean;
}

/** What may follow `context`, the tokens of `rule` that were read; `fallback` is the token type that the parser asked for. */
export function expectedAt(parser: EmbeddedActionsParser, rule: string, context: readonly IToken[], fallback: string): Expectation {
  const single = t.parserTokens.find((type) => type.name === fallback);
  const possible =
    context.length <= contextLimit
      ? parser
          .computeContentAssist(rule, [...context])
          .map(({ nextTokenType, ruleStack }) => ({ type: nextTokenType, rule: ruleStack.at(-1) ?? rule }))
      : single
        ? [{ type: single, rule }]
        : [];
  const phrases = new Set<string>();
  const keywords: string[] = [];
  for (const { type, rule: inner } of possible) {
    phrases.add(describeType(type, inner));
    if (isKeyword(type)) keywords.push(textOf(type));
  }
  // That a name may go on with a dot helps nobody who has forgotten something else.
  if (phrases.size > 1) phrases.delete("`.`");
  return { phrases: [...phrases], keywords, name: phrases.has("a name") };
}

function describeType(type: TokenType, rule: string): string {
  const inExpression = rule === "expression" || rule === "plainExpression" || rule === "operand";
  if (inExpression && (type === t.Word || type === t.Integer || type === t.Minus || type === t.LeftParenthesis || type === t.keyword.not))
    return "an operand";
  switch (type) {
    case t.Word:
      return "a name";
    case t.Identifier:
      return "the name of an instruction";
    case t.Integer:
      return "a number";
    case t.Text:
      return "a string";
    case t.BinaryOperator:
      return "an operator";
    default:
      return `\`${textOf(type)}\``;
  }
}

/** A token as it was found. */
export function describeToken(token: IToken): string {
  switch (token.tokenType) {
    case EOF:
      return "the end of the file";
    case t.Integer:
      return `the number \`${shorten(token.image)}\``;
    case t.Text:
      return "a string";
    default:
      return `\`${shorten(token.image)}\``;
  }
}

/** "`a`, `b` or `c`" */
export function oneOf(phrases: readonly string[]): string {
  if (phrases.length <= 1) return phrases[0] ?? "something else";
  return `${phrases.slice(0, -1).join(", ")} or ${phrases.at(-1)}`;
}

export function quoted(words: readonly string[]): string[] {
  return words.map((word) => `\`${word}\``);
}

function isKeyword(type: TokenType): boolean {
  return type === t.OneShot || t.keywordByText.get(textOf(type)) === type;
}

/** Is it one of the words that are never names? */
export function isReserved(type: TokenType): boolean {
  return t.wordsOf(t.hardKeywords).includes(textOf(type));
}

function textOf(type: TokenType): string {
  return type.LABEL ?? type.name;
}
