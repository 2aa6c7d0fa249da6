/**
 * Conditions on several lines: a chain of `and` or `or` has a line for each clause, with the joining word in front.
 * They are printed from their tokens: the joining words are reserved, and the parentheses are the author's.
 */
import type { Doc } from "prettier";
import { doc } from "prettier/standalone";
import type { Cell, Line } from "./lines.js";
import type { Page } from "./page.js";

const { align, group, indent, line, softline } = doc.builders;

interface Chain {
  /** The joining word; "" for a single clause. */
  readonly word: string;
  /** The first token of each clause, after its joining word. */
  readonly starts: readonly number[];
}

/** The clauses that the loosest joining word outside of parentheses makes of a range. */
function chain(page: Page, first: number, last: number): Chain {
  const found: Record<"or" | "and" | "|", number[]> = { or: [], and: [], "|": [] };
  let depth = 0;
  for (let i = first; i <= last; i++) {
    const text = page.token(i);
    if (text === "(") depth++;
    else if (text === ")") depth--;
    else if (depth === 0 && (text === "or" || text === "and" || text === "|")) found[text].push(i + 1);
  }
  for (const word of ["or", "and"] as const) if (found[word].length > 0) return { word, starts: [first, ...found[word]] };
  return { word: "", starts: [first] };
}

/** The last token of clause `k`. */
function clauseEnd(parts: Chain, k: number, last: number): number {
  const next = parts.starts[k + 1];
  return next === undefined ? last : next - 2;
}

/** A condition that may break before its joining words and reasons, and inside its parentheses. */
export function expression(page: Page, first: number, last: number): Doc {
  const parts = chain(page, first, last);
  if (parts.word === "") return clause(page, first, last);
  const docs = parts.starts.map((start, k): Doc => {
    const part = clause(page, start, clauseEnd(parts, k, last), parts.word === "or");
    return k === 0 ? part : [page.gap(start - 1, line), page.token(start - 1), page.gap(start), part];
  });
  return group(docs);
}

/** A clause of a chain and its reason; inside a chain of `or`, the clause may be a chain of `and`. */
function clause(page: Page, first: number, last: number, joined = false): Doc {
  if (joined && chain(page, first, last).word !== "") return indent(expression(page, first, last));
  const parts: Doc[] = [];
  let start = first;
  let breaks = false;
  for (let i = first; i <= last; i++) {
    const text = page.token(i);
    const reason = text === "because" && i > first;
    if (reason || text === "(") {
      if (i > start) parts.push(start > first ? page.gap(start) : [], page.tokens(start, i - 1));
      start = i;
    }
    if (reason) {
      const end = Math.min(i + 1, last);
      parts.push(indent([page.gap(i, line), page.tokens(i, end)]));
      breaks = true;
      i = end;
      start = i + 1;
    } else if (text === "(") {
      const close = page.closing(i);
      parts.push(i > first ? page.gap(i) : [], parentheses(page, i, close));
      i = close;
      start = close + 1;
    }
  }
  if (start <= last) parts.push(start > first ? page.gap(start) : [], page.tokens(start, last));
  return breaks ? group(parts) : parts;
}

function parentheses(page: Page, open: number, close: number): Doc {
  const inside = [page.gap(open + 1, softline), expression(page, open + 1, close - 1)];
  return group([page.token(open), indent(inside), page.gap(close, softline), page.token(close)]);
}

/** Whether a chain of clauses has reasons, which read best below one another. */
export function hasReasons(page: Page, first: number, last: number): boolean {
  return chain(page, first, last).starts.length > 1 && page.find("because", first, last) !== undefined;
}

/** The clauses of a condition as lines of a table: the clause with the joining word before it, then its reason. */
export function chainLines(page: Page, first: number, last: number): Line[] {
  const parts = chain(page, first, last);
  return parts.starts.map((start, k): Line => {
    const begin = k === 0 ? first : start - 1;
    const end = clauseEnd(parts, k, last);
    const before = k === 0 && parts.word !== "" ? " ".repeat(parts.word.length + 1) : "";
    const because = page.token(end - 1) === "because" && end - 2 >= begin ? end - 1 : undefined;
    const cells: Cell[] = [{ first: begin, last: because === undefined ? end : because - 1, gap: 0, before }];
    if (because !== undefined) cells.push({ first: because, last: end, gap: 2 });
    const broken = (): Doc => {
      const part = align(parts.word === "" ? 0 : parts.word.length + 1, clause(page, start, end, parts.word === "or"));
      return k === 0 ? [before, part] : [page.token(begin), page.gap(start), part];
    };
    return { first: begin, last: end, cells, table: "chain", broken };
  });
}
