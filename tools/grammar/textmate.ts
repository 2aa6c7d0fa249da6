/** The TextMate grammar that editors and web pages colour specs with. Its words are the parser's. */
import { hardKeywords, softKeywords, wordsOf } from "../../src/compiler/syntax/tokens.js";

/** A keyword is coloured where it is no part of a dotted name, no argument, and not the name of something. */
function keywords(words: readonly string[]): string {
  const longestFirst = words.toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return `(?<![\\w.])(?:${longestFirst.join("|")})(?![\\w.(-])`;
}

const operatorWords = ["or", "and", "not", "has", "lacks", "is"];
const declarations = wordsOf(softKeywords.declarations);
const named = declarations.filter((word) => !["edition", "import", "require", "assume"].includes(word));
const control = [...wordsOf(hardKeywords).filter((word) => !operatorWords.includes(word)), "repeat", "while", "pending", "jump"];
const others = [...wordsOf(softKeywords.clauses), ...wordsOf(softKeywords.statements), ...wordsOf(softKeywords.other)];

/** The whole of `grammar/exitdsl.tmLanguage.json`. */
export function textMateGrammar(): string {
  const grammar = {
    name: "exitdsl",
    scopeName: "source.exitdsl",
    fileTypes: ["exitdsl"],
    patterns: [
      { include: "#comment" },
      { include: "#string" },
      { include: "#declaration" },
      { include: "#call" },
      { include: "#number" },
      { include: "#constant" },
      { include: "#keyword" },
      { include: "#operator" },
    ],
    repository: {
      comment: {
        patterns: [
          { name: "comment.line.documentation.exitdsl", match: "///(?!/).*$" },
          { name: "comment.line.double-slash.exitdsl", match: "//.*$" },
        ],
      },
      string: {
        name: "string.quoted.double.exitdsl",
        begin: '"',
        end: '"|$',
        patterns: [
          { name: "constant.character.escape.exitdsl", match: '\\\\["\\\\]' },
          { name: "invalid.illegal.escape.exitdsl", match: "\\\\." },
          { name: "variable.other.placeholder.exitdsl", match: "\\{(?:frame|token)\\.\\w+(?::32)?\\}" },
        ],
      },
      declaration: {
        match: `^\\s*(${named.join("|")})\\s+(\\w+)(?![\\w.])`,
        captures: { 1: { name: "storage.type.exitdsl" }, 2: { name: "entity.name.type.exitdsl" } },
      },
      call: {
        match: "(?<![\\w.])(call)\\s+(\\w+)",
        captures: { 1: { name: "keyword.other.exitdsl" }, 2: { name: "entity.name.function.exitdsl" } },
      },
      number: { name: "constant.numeric.exitdsl", match: "(?<!\\w)(?:0[xX][0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*|[0-9]+(?:_[0-9]+)*)(?!\\w)" },
      constant: { name: "constant.other.exitdsl", match: "(?<![\\w.])[A-Z][A-Z0-9_]*(?!\\w)" },
      keyword: {
        patterns: [
          { name: "keyword.operator.word.exitdsl", match: keywords(operatorWords) },
          { name: "keyword.control.exitdsl", match: keywords(control) },
          { name: "storage.type.exitdsl", match: keywords(declarations).replace("(?<![\\w.])", "^\\s*\\K") },
          { name: "keyword.other.exitdsl", match: keywords(["one-shot", "frame", ...others.filter((word) => !control.includes(word))]) },
        ],
      },
      operator: { name: "keyword.operator.exitdsl", match: "==|!=|<=|>=|<|>|\\||=|-" },
    },
  };
  return `${JSON.stringify(grammar, undefined, 2)}\n`;
}
