/**
 * The simulator's text, laid out as Prettier 3 would with its default options: the same document printer, and for each construct
 * the groups and indents that Prettier gives it. Only what can grow beyond a line is a document; the rest are plain strings.
 */
import { builders, printer } from "prettier/doc";
import { commentSafe } from "../artefact.js";

export type Doc = builders.Doc;

export const { hardline } = builders;
const { group, ifBreak, indent, join, line, softline } = builders;

/** TypeScript, or the same module as plain JavaScript: types and assertions are left out, nothing else differs. */
export type Language = "typescript" | "javascript";

export class Dialect {
  readonly typed: boolean;
  /** `!` where an indexed access is known to be there; nothing in JavaScript. */
  readonly sure: "!" | "";

  constructor(language: Language) {
    this.typed = language === "typescript";
    this.sure = this.typed ? "!" : "";
  }

  /** A type annotation, or nothing. */
  type(text: string): string {
    return this.typed ? text : "";
  }

  /** Fixed text, in which `‹` and `›` enclose what JavaScript does without. */
  text(template: string): string {
    return this.typed ? template.replace(/[‹›]/g, "") : template.replace(/‹[^›]*›/g, "").replaceAll("]!", "]");
  }

  /** The word at an index expression: `w[frame.ip]!`. */
  at(index: string): string {
    return `w[${index}]${this.sure}`;
  }
}

/** What stands at a module's top, one below the other, each with a newline at its end. A long document costs more than short ones. */
export function print(docs: readonly Doc[]): string {
  return docs.map((doc) => printer.printDocToString([doc, hardline], { printWidth: 80, tabWidth: 2 }).formatted).join("");
}

export function lines(docs: readonly Doc[]): Doc {
  return join(hardline, [...docs]);
}

/** `f(a, b)`; the arguments go on lines of their own when they do not fit. */
export function call(callee: string, args: readonly Doc[]): Doc {
  if (args.length === 0) return `${callee}()`;
  return group([callee, "(", indent([softline, join([",", line], [...args])]), ifBreak(","), softline, ")"]);
}

/** Operands joined by `&&` or `||`, as they stand in a test or on the right of `=`. */
export function chain(operator: "&&" | "||", operands: readonly Doc[]): Doc {
  return join([` ${operator}`, line], [...operands]);
}

/** A chain inside another expression: in parentheses, and it breaks on its own. */
export function nested(operator: "&&" | "||", operands: readonly Doc[]): Doc {
  const [first = "", ...rest] = operands;
  return group(["(", first, indent(rest.map((o) => [` ${operator}`, line, o])), ")"]);
}

/** `!(a && b)`. */
export function negated(doc: Doc): Doc {
  return ["!(", group([indent([softline, doc]), softline]), ")"];
}

/** `left = value;` where the value is a chain: it moves to the next line before it breaks. */
export function assignChain(left: string, value: Doc): Doc {
  return group([left, " =", group(indent([line, group(value)])), ";"]);
}

/** `a & b`, `a !== b`: what Prettier makes of a binary expression that is the whole of a test, or the right side of `=`. */
export function binary(left: Doc, operator: string, right: Doc): Doc {
  return [left, ` ${operator}`, line, right];
}

/** The same as an operand or an argument. */
export function operand(left: Doc, operator: string, right: Doc): Doc {
  return group([left, indent([` ${operator}`, line, right])]);
}

/** `A | B` of several names, as an operand. */
export function union(names: readonly Doc[]): Doc {
  const [first = "0", ...more] = names;
  return more.length === 0 ? first : group([first, indent(more.map((name) => [" |", line, name]))]);
}

/** `~A` or `~(A | B)`. */
export function complement(names: readonly Doc[]): Doc {
  const [first = "0", ...more] = names;
  if (more.length === 0) return ["~", first];
  return ["~(", group([indent([softline, join([" |", line], [...names])]), softline]), ")"];
}

/** A leading comment on a line of its own, which breaks what it stands in. */
export function commented(reason: string, doc: Doc): Doc {
  return reason === "" ? doc : [comment(reason), hardline, doc];
}

/** `{ … }` around statements. */
export function block(head: Doc, body: readonly Doc[]): Doc {
  return [head, " {", indent([hardline, lines(body)]), hardline, "}"];
}

/** `while (test)`. */
export function test(keyword: "if" | "while", doc: Doc): Doc {
  return group([`${keyword} (`, group([indent([softline, doc]), softline]), ")"]);
}

/** `if (test) { … } else { … }`. */
export function conditional(doc: Doc, then: readonly Doc[], otherwise: readonly Doc[]): Doc {
  const whole = block(test("if", doc), then);
  return otherwise.length === 0 ? whole : [whole, block(" else", otherwise)];
}

/** `{ a: 1, b: 2 }`, each property on its own line: how Prettier keeps an object whose first property is on a new line. */
export function properties(head: string, entries: readonly Doc[], tail: string): Doc {
  if (entries.length === 0) return `${head}{}${tail}`;
  return [head, "{", indent([hardline, lines(entries.map((e) => [e, ","]))]), hardline, `}${tail}`];
}

/** `{ a: 1, b: 2 }`, on one line where it fits. */
export function object(entries: readonly Doc[]): Doc {
  return group(["{", indent([line, join([",", line], [...entries])]), ifBreak(","), line, "}"]);
}

/** An array of arrays or of long strings: one element a line. */
export function rows(head: string, elements: readonly Doc[], tail: string): Doc {
  if (elements.length === 0) return `${head}[]${tail}`;
  return [head, "[", indent([hardline, lines(elements.map((e) => [e, ","]))]), hardline, `]${tail}`];
}

/** `[a, b]`, on one line where it fits. */
export function tuple(elements: readonly Doc[]): Doc {
  return group(["[", indent([softline, join([",", line], [...elements])]), ifBreak(","), softline, "]"]);
}

/** A string literal: double quotes, or single ones where that saves escapes. */
export function quote(text: string): string {
  const json = JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const doubles = text.split('"').length;
  const singles = text.split("'").length;
  if (doubles <= singles) return json;
  return `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** A property's name: quoted only where it must be. */
export function propertyName(name: string): string {
  return isIdentifier(name) ? name : quote(name);
}

/** `object.name` or `object["name"]`. */
export function member(object: string, name: string): string {
  return isIdentifier(name) ? `${object}.${name}` : `${object}[${quote(name)}]`;
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name);
}

/** `// text`; one line whatever the text holds. */
export function comment(text: string): string {
  return `// ${commentSafe(text).trim()}`.trimEnd();
}

/** A doc comment; [] when there is nothing to say. */
export function docComment(paragraphs: readonly string[]): string[] {
  const texts = paragraphs.flatMap((p) => p.split("\n")).map((t) => commentSafe(t).trim());
  while (texts.length > 0 && texts[0] === "") texts.shift();
  while (texts.length > 0 && texts[texts.length - 1] === "") texts.pop();
  if (texts.length === 0) return [];
  const [only, ...more] = texts;
  if (only !== undefined && more.length === 0) return [`/** ${only} */`];
  return ["/**", ...texts.map((t) => ` * ${t}`.trimEnd()), " */"];
}

/** The halves of a 64-bit number. */
export function halves(value: bigint): { readonly high: number; readonly low: number } {
  const unsigned = BigInt.asUintN(64, value);
  return { high: Number(unsigned >> 32n), low: Number(unsigned & 0xffff_ffffn) };
}

/** Decimal up to 9, hexadecimal above. */
export function numeral(value: number): string {
  return value < 10 ? String(value) : `0x${value.toString(16)}`;
}
