import type { CatalogueEntry } from "./catalogue.js";

export const entries1 = {
  // EX1001–EX1019: what stands where (syntax/parser-*.ts).
  EX1001: { severity: "error", title: "something else was expected", message: "expected {expected}, but found {found}" },
  EX1002: { severity: "error", title: "no declaration", message: "{found} starts no declaration" },
  EX1003: { severity: "error", title: "no clause", message: "{found} starts no clause of {declaration}" },
  EX1004: { severity: "error", title: "no statement", message: "{found} starts no statement" },
  EX1005: { severity: "error", title: "a block without an end", message: "this `{` is never closed" },
  EX1006: { severity: "error", title: "a brace too many", message: "this `}` closes nothing" },
  EX1007: { severity: "error", title: "an import or edition that comes too late", message: "`{word}` must come before {what}" },
  EX1008: { severity: "error", title: "a reserved word as a name", message: "`{word}` is a reserved word, which cannot be a name" },
  EX1009: { severity: "error", title: "parts of an exit out of order", message: "{problem}" },
  EX1010: { severity: "error", title: "comparisons in a chain", message: "`{operator}` cannot follow another comparison" },
  EX1011: { severity: "error", title: "a reason in the middle of a comparison", message: "`{operator}` cannot follow a `because`" },
  EX1012: { severity: "error", title: "`not` inside a comparison", message: "`not` cannot follow `{operator}`" },

  // EX1020–EX1029: characters and literals (syntax/lexer.ts).
  EX1020: { severity: "error", title: "a string without an end", message: "this string has no closing quote on its line" },
  EX1021: { severity: "error", title: "an unknown escape in a string", message: "`{escape}` is not an escape" },
  EX1022: { severity: "error", title: "a character that cannot be seen", message: "the text holds {character}" },
  EX1023: { severity: "error", title: "a character outside of ASCII", message: "{character} stands outside of strings and comments" },
  EX1024: { severity: "error", title: "a sign without a meaning", message: "`{sign}` has no meaning here" },
  EX1025: { severity: "error", title: "an operator of another language", message: "`{sign}` is not an operator of this language" },
  EX1026: { severity: "error", title: "a block comment", message: "there are no block comments" },
  EX1027: { severity: "error", title: "a number that is none", message: "`{text}` is not a number" },
  EX1028: { severity: "error", title: "a number of more than 64 bits", message: "`{text}` does not fit in 64 bits" },

  // EX1030–EX1039: limits (syntax/limits.ts).
  EX1030: { severity: "error", title: "a file too large", message: "the file has {size} characters, and the limit is {limit}" },
  EX1031: { severity: "error", title: "nesting too deep", message: "blocks and parentheses are nested more than {limit} deep" },
  EX1032: { severity: "error", title: "an expression too long", message: "the expression has more than {limit} operators" },
  EX1033: { severity: "error", title: "too many errors", message: "the file has more than {limit} syntax errors; the rest is not shown" },
} as const satisfies Record<string, CatalogueEntry>;
