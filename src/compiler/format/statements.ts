/** Statements: one a line; a block of one short statement stays on its line when the author wrote it so. */
import type { Doc } from "prettier";
import { doc } from "prettier/standalone";
import type { Block, Statement, WhenStatement } from "../syntax/tree.js";
import { type List, listBlanks, printList } from "./clauses.js";
import { expression } from "./expressions.js";
import { braces, type Cell, cellLine, type Line, stackAt } from "./lines.js";
import type { Page } from "./page.js";

const { align, indent, line } = doc.builders;

export function statementLines(page: Page, statements: readonly Statement[], depth: number): Line[] {
  return statements.map((statement) => statementLine(page, statement, depth));
}

function statementLine(page: Page, statement: Statement, depth: number): Line {
  const first = page.first(statement);
  const last = page.last(statement);
  switch (statement.kind) {
    case "run":
      return listLine(
        page,
        first,
        last,
        depth,
        statement.works.map((name) => page.first(name)),
      );
    case "do":
      return listLine(
        page,
        first,
        last,
        depth,
        statement.steps.map((name) => page.first(name)),
      );
    case "waive":
    case "assume-state":
      return cellLine(page, withReason(page, [{ first, last, gap: 0 }], 1), "reason");
    case "terminal": {
      const breaks = [statement.label && page.first(statement.label) - 1, statement.recovery && page.first(statement.recovery) - 2].filter(
        (index) => index !== undefined,
      );
      const begins = [first, ...breaks];
      return cellLine(
        page,
        begins.map((begin, k) => ({ first: begin, last: (begins[k + 1] ?? last + 1) - 1, gap: 1 })),
      );
    }
    case "repeat":
    case "window":
      return blockLine(page, first, statement.body, depth);
    case "when":
      return whenLine(page, statement, depth);
    default:
      return cellLine(page, [{ first, last, gap: 0 }]);
  }
}

/** Splits the last cell before a final `because "…"`. */
export function withReason(page: Page, cells: readonly Cell[], gap: number): Cell[] {
  const cell = cells[cells.length - 1] as Cell;
  const because = cell.last - 1;
  if (page.token(because) !== "because" || because <= cell.first) return [...cells];
  return [...cells.slice(0, -1), { ...cell, last: because - 1 }, { first: because, last: cell.last, gap }];
}

/** `run a, b`: all names on one line, or one a line. */
function listLine(page: Page, first: number, last: number, depth: number, starts: readonly number[]): Line {
  const width = page.token(first).length + 1;
  const names: List = { first: first + 1, last, starts, column: depth * page.options.tabWidth + width };
  // The registers behind `except` have commas of their own.
  const item = (from: number, to: number): Doc => indent(page.flow(from, to, (i) => page.token(i - 1) === ","));
  const broken = (): Doc => [page.token(first), align(width, [page.gap(first + 1), printList(page, names, line, item)])];
  return { ...cellLine(page, [{ first, last, gap: 0 }], "", broken), commentBlanks: () => listBlanks(page, names).at(-1) };
}

/** The words before a block's opening brace, and the gap before that; a long header breaks before the tokens `breaks` first. */
export function header(page: Page, first: number, open: number, breaks: readonly number[] = []): Doc {
  return [indent(stackAt(page, first, open - 1, breaks)), page.gap(open)];
}

/** Something with one block of statements: `repeat …`, `window …`, `prepare …`, `leave`. */
export function blockLine(page: Page, first: number, block: Block, depth: number): Line {
  const open = page.first(block);
  const close = page.last(block);
  const broken = (): Doc => [header(page, first, open), statementBlock(page, first, block, depth)];
  return { first, last: close, cells: staysOnLine(page, block) ? [{ first, last: close, gap: 0 }] : undefined, table: "", broken };
}

function statementBlock(page: Page, begin: number, block: Block, depth: number): Doc {
  return braces(page, begin, page.first(block), page.last(block), statementLines(page, block.statements, depth + 1), depth);
}

/** An empty block does, and one short statement where the author wrote it so. */
function staysOnLine(page: Page, block: Block): boolean {
  const [statement, another] = block.statements;
  if (statement === undefined) return true;
  return another === undefined && !["repeat", "window", "when"].includes(statement.kind) && !page.endsLine(page.first(block));
}

function whenLine(page: Page, statement: WhenStatement, depth: number): Line {
  const first = page.first(statement);
  const last = page.last(statement);
  const blocks: Block[] = [];
  for (let next: Block | WhenStatement | undefined = statement; next; ) {
    if ("statements" in next) {
      blocks.push(next);
      break;
    }
    blocks.push(next.then);
    next = next.otherwise;
  }
  const broken = (): Doc =>
    blocks.map((block, k): Doc => {
      const open = page.first(block);
      const before = blocks[k - 1];
      const begin = before ? page.last(before) + 1 : first;
      return [
        k > 0 ? page.gap(begin) : [],
        test(page, begin, open),
        page.gap(open),
        statementBlock(page, before ? begin - 1 : first, block, depth),
      ];
    });
  return {
    first,
    last,
    cells: blocks.every((block) => staysOnLine(page, block)) ? [{ first, last, gap: 0 }] : undefined,
    table: "",
    broken,
  };
}

/** `when E` · `else if E` · `else`. */
function test(page: Page, first: number, open: number): Doc {
  const word = page.token(first) === "else" && first + 1 < open ? first + 1 : first;
  const words = page.tokens(first, word);
  if (word + 1 === open) return words;
  return [words, indent(indent([page.gap(word + 1), expression(page, word + 1, open - 1)]))];
}
