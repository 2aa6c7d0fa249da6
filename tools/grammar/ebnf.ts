/** The grammar as EBNF that a person can read. */
import { limits } from "../../src/compiler/syntax/limits.js";
import { tightness } from "../../src/compiler/syntax/precedence.js";
import { hardKeywords, softKeywords, wordsOf } from "../../src/compiler/syntax/tokens.js";
import { notes, type Production, sections } from "./productions.js";

const width = 110;

/** The whole of `grammar/exitdsl.ebnf`. */
export function ebnf(rules: ReadonlyMap<string, Production>): string {
  const parts = [
    `(* The grammar of exitdsl, made from the parser's own rules: "x" stands for itself, [ x ] may be left out, { x } stands any number`,
    `   of times, x | y is a choice. Blanks, line ends and comments may stand between tokens, and mean nothing unless a note says so. *)`,
    "",
  ];
  for (const [title, names] of sections) {
    parts.push(`(* ═══ ${title} ═══ *)`, "");
    for (const name of names) parts.push(...rule(name, rules.get(name) as Production), "");
  }
  parts.push(...precedence(), "", ...lexical(), "", ...stated(), "");
  return parts.join("\n");
}

function rule(name: string, production: Production): string[] {
  const note = notes[name] === undefined ? [] : [`(* ${notes[name]} *)`];
  const line = `${name} = ${print(production)} ;`;
  if (line.length <= width) return [...note, line];
  if (production.kind === "choice")
    return [...note, `${name} =`, ...production.items.map((item, i) => `  ${i === 0 ? " " : "|"} ${print(item)}`), "  ;"];
  const items = production.kind === "sequence" ? production.items : [production];
  const lines = [`${name} =`, "   "];
  for (const item of items) {
    const text = ` ${print(item, true)}`;
    const last = lines.length - 1;
    if ((lines[last] as string).length + text.length > width) lines.push(`   ${text}`);
    else lines[last] += text;
  }
  return [...note, ...lines, "  ;"];
}

/** `inSequence`: a choice needs parentheses there. */
function print(production: Production, inSequence = false): string {
  switch (production.kind) {
    case "text":
      return `"${production.text}"`;
    case "rule":
      return production.name;
    case "sequence":
      return production.items.map((item) => print(item, true)).join(" ");
    case "choice": {
      const text = production.items.map((item) => print(item)).join(" | ");
      return inSequence ? `( ${text} )` : text;
    }
    case "optional":
      return `[ ${print(production.item)} ]`;
    case "repeat":
      return `{ ${print(production.item)} }`;
    case "list": {
      const between = production.separator === undefined ? "" : `${print(production.separator)} `;
      return `${print(production.item, true)} { ${between}${print(production.item, true)} }`;
    }
  }
}

function precedence(): string[] {
  const levels = new Map<number, string[]>([[3, ["because"]]]);
  for (const [operator, level] of Object.entries(tightness)) levels.set(level, [...(levels.get(level) ?? []), operator]);
  const operators = Object.keys(tightness).filter((operator) => operator !== "not");
  return [
    "(* ═══ Operators ═══ *)",
    "",
    `operator = ${operators.map((operator) => `"${operator}"`).join(" | ")} ;`,
    "",
    "(* Precedence, the loosest first:",
    ...[...levels]
      .sort(([a], [b]) => a - b)
      .map(([level, words], i) => `     ${i + 1}. ${words.join("  ")}${level === 5 ? "   (one at a time: they do not chain)" : ""}`),
    "   Those of one level group from the left. `not` stands before what it negates, `because` after what it explains. *)",
  ];
}

function lexical(): string[] {
  const soft = Object.values(softKeywords).flatMap(wordsOf);
  return [
    "(* ═══ Words, numbers, strings, comments ═══ *)",
    "",
    "word = identifier | soft_keyword ;",
    'identifier = ( letter | "_" ) { letter | digit | "_" } ;   (* and no keyword *)',
    'integer = digits | "0" ( "x" | "X" ) hex_digits ;          (* less than 2 to the power of 64 *)',
    'digits = digit { [ "_" ] digit } ;',
    'hex_digits = hex_digit { [ "_" ] hex_digit } ;',
    `string = '"' { character | '\\"' | '\\\\' } '"' ;            (* on one line; character: any but '"' and '\\' *)`,
    'letter = "A" … "Z" | "a" … "z" ;',
    'digit = "0" … "9" ;',
    'hex_digit = digit | "A" … "F" | "a" … "f" ;',
    "",
    '(* A comment starts with "//" and ends with its line; with "///" (and no fourth slash) it documents the declaration, flag or frame',
    '   field below it. Lines end with LF, CRLF or CR. "one-shot" is one token. Text is UTF-8, with or without a byte order mark; outside',
    "   of strings and comments it is ASCII; nowhere does it hold control characters other than tabs and line ends, line or paragraph",
    "   separators, or characters that change the direction of the text. *)",
    "",
    "(* Reserved: never a word. *)",
    ...alternatives("hard_keyword", wordsOf(hardKeywords)),
    "",
    "(* A word, where a word is wanted. *)",
    ...alternatives("soft_keyword", soft),
  ];
}

function alternatives(name: string, words: readonly string[]): string[] {
  const lines = [`${name} =`, "   "];
  words.forEach((word, i) => {
    const text = i === 0 ? ` "${word}"` : ` | "${word}"`;
    const last = lines.length - 1;
    if ((lines[last] as string).length + text.length > width) lines.push(`   ${text}`);
    else lines[last] += text;
  });
  return [...lines, "  ;"];
}

function stated(): string[] {
  const { fileSize, nesting, operators, errors } = limits;
  return [
    "(* ═══ Limits ═══ *)",
    "",
    `(* A file has at most ${fileSize} characters (UTF-16 units). Blocks, parentheses and \`else if\` nest at most ${nesting} deep, an expression has`,
    `   at most ${operators} operators outside of its parentheses, and the first ${errors} syntax errors of a file are shown. *)`,
  ];
}
