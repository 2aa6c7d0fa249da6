/** The clauses in a declaration's block: one a line, with their arguments in one column. */
import type { Doc } from "prettier";
import { doc } from "prettier/standalone";
import type { Clause, Located } from "../syntax/tree.js";
import { expression } from "./expressions.js";
import { type Cell, cellLine, type Line } from "./lines.js";
import type { Page } from "./page.js";

const { align, group, hardline, line } = doc.builders;

/** The keyword's last token: `one-shot` is one word to the reader, whatever the lexer makes of it. */
function keywordEnd(page: Page, clause: Clause): number {
  const first = page.first(clause);
  return clause.kind === "guard" ? page.indexAt(clause.start + clause.policy.length) - 1 : first;
}

/** The lines of some clauses; `gap` is the blanks after the longest keyword. */
export function clauseLines(page: Page, clauses: readonly Clause[], gap: number): Line[] {
  let widest = 0;
  for (const clause of clauses) {
    const end = keywordEnd(page, clause);
    if (end < page.last(clause)) widest = Math.max(widest, page.width(page.flat(page.first(clause), end)));
  }
  return clauses.map((clause) => clauseLine(page, clause, widest + gap));
}

function clauseLine(page: Page, clause: Clause, column: number): Line {
  const first = page.first(clause);
  const last = page.last(clause);
  const end = keywordEnd(page, clause);
  if (clause.kind === "call") page.stick(page.last(clause.function) + 1);
  const keyword: Cell = { first, last: end, gap: 0, pad: column };
  if (end === last) return cellLine(page, [keyword]);
  const list: List = { first: end + 1, last, starts: itemStarts(page, clause), column: page.options.tabWidth + column };
  const broken = (): Doc => {
    const blanks = " ".repeat(Math.max(1, column - page.width(page.flat(first, end))));
    return [page.tokens(first, end), align(column, [page.gap(end + 1, blanks), argument(page, clause, list)])];
  };
  if (clause.kind === "token") {
    const register = page.first(clause.register) - 1;
    const restores = page.first(clause.restores) - 1;
    const cells: Cell[] = [
      keyword,
      { first: end + 1, last: register - 1, gap: 0 },
      { first: register, last: restores - 1, gap: 1 },
      { first: restores, last, gap: 2 },
    ];
    return cellLine(page, cells, "token", broken);
  }
  const line = cellLine(page, [keyword, { first: end + 1, last, gap: 0 }], "", broken);
  if (list.starts.length === 0) return line;
  const commentBlanks = (): number | undefined => listBlanks(page, list).at(-1);
  return { ...line, commentBlanks, cells: clause.kind === "asm" && clause.lines.length > 1 ? undefined : line.cells };
}

/** What stands after the keyword, on several lines. */
function argument(page: Page, clause: Clause, list: List): Doc {
  const { first, last } = list;
  switch (clause.kind) {
    case "asm":
      return printList(page, list, hardline);
    case "guard":
      return [page.token(first), page.gap(first + 1), expression(page, first + 1, last)];
    case "given":
      return expression(page, first, last);
    case "frame":
      return printList(page, list, line, (from, to) => expression(page, from, to));
    case "states":
      return printList(page, list, line);
    case "may":
      return printList(page, list, line, (from, to) => page.flow(from, to, (i) => page.token(i) === "|"));
    default:
      return page.flow(first, last, (i) => page.token(i - 1) === "," || page.token(i) === "|");
  }
}

/** The first tokens of the things that a clause lists. */
function itemStarts(page: Page, clause: Clause): number[] {
  if (clause.kind === "asm") return starts(page, clause.lines);
  if (clause.kind === "frame") return starts(page, clause.facts);
  if (clause.kind === "states") return starts(page, clause.settings);
  return clause.kind === "may" ? starts(page, clause.effects) : [];
}

function starts(page: Page, nodes: readonly Located[]): number[] {
  return nodes.map((node) => {
    let index = page.first(node);
    while (page.token(index - 1) === "(") index--;
    return index;
  });
}

/** Items of a list from the tokens `starts` on, between `first` and `last`; the lines of the list start in `column`. */
export interface List {
  readonly first: number;
  readonly last: number;
  readonly starts: readonly number[];
  readonly column: number;
}

/** The items all on one line or one a line; the comma stands at the end of an item. */
export function printList(page: Page, list: List, separator: Doc, item = (from: number, to: number): Doc => page.tokens(from, to)): Doc {
  const begins = beginsOf(list);
  const blanks = listBlanks(page, list);
  const parts = begins.map((begin, k): Doc => {
    const end = (begins[k + 1] ?? list.last + 1) - 1;
    const comma = end > begin && page.token(end) === "," ? end : undefined;
    const body = comma === undefined ? item(begin, end) : [item(begin, comma - 1), page.gap(comma), ","];
    return k === 0 ? body : [page.gap(begin, separator, blanks[k - 1]), body];
  });
  return group(parts);
}

function beginsOf({ first, starts }: List): readonly number[] {
  return starts[0] === first ? starts : [first, ...starts];
}

/** The blanks before the comment behind each item, where there is one and each item has a line. */
export function listBlanks(page: Page, list: List): (number | undefined)[] {
  const begins = beginsOf(list);
  const lines = begins.map((begin, k) => {
    const token = (begins[k + 1] ?? list.last + 1) - 1;
    return { token, end: list.column + page.width(page.flat(begin, token)) };
  });
  const commented = lines.filter(({ token }) => page.trailing(token).length > 0);
  const blanks = page.commentBlanks(commented);
  return lines.map((line) => blanks[commented.indexOf(line)]);
}
