/**
 * Lines in a block, one below the other: columns aligned, comments behind them aligned, blank lines kept up to one.
 */
import type { Doc } from "prettier";
import { doc } from "prettier/standalone";
import { expression } from "./expressions.js";
import type { Page } from "./page.js";

const { group, hardline, indent, line, literalline } = doc.builders;

/** A part of a line that starts in the same column as its peers in the lines around. */
export interface Cell {
  readonly first: number;
  readonly last: number;
  /** Blanks between the cell before and this one where they stand in columns; 1 or none elsewhere. */
  readonly gap: number;
  /** The width that it takes at least. */
  readonly pad?: number;
  /** Blanks before its first token. */
  readonly before?: string;
}

/** One clause, statement or declaration: its tokens, and how they are set. */
export interface Line {
  readonly first: number;
  readonly last: number;
  /** The cells of the form on one line; together they are all tokens. `undefined`: it always takes several lines. */
  readonly cells: readonly Cell[] | undefined;
  /** Neighbours with the same table name share their columns; "" shares with none. */
  readonly table: string;
  /** The form on several lines, without the comments before its first and after its last token. */
  readonly broken: () => Doc;
  /** The blanks before the comment behind the last of several lines; two where this says nothing. */
  readonly commentBlanks?: () => number | undefined;
  /** Whether `broken` prints the comment behind the last token too. */
  readonly ownsComment?: boolean;
}

/** A line of cells whose form on several lines is one cell a line, each broken where it must. */
export function cellLine(page: Page, cells: readonly Cell[], table = "", broken?: () => Doc): Line {
  const first = (cells[0] as Cell).first;
  const last = (cells[cells.length - 1] as Cell).last;
  return { first, last, cells, table, broken: broken ?? (() => stack(page, cells)) };
}

function stack(page: Page, cells: readonly Cell[]): Doc {
  const [head, ...rest] = cells;
  return stackAt(
    page,
    head?.first ?? 0,
    cells.at(-1)?.last ?? 0,
    rest.map((cell) => cell.first),
  );
}

/** A range with each of the tokens `breaks` at the start of a line, further in than the first; a final reason alone, if that is enough. */
export function stackAt(page: Page, first: number, last: number, breaks: readonly number[]): Doc {
  const begins = [first, ...breaks];
  let printed: Doc = [];
  begins.forEach((begin, k) => {
    const part = indent(piece(page, begin, (begins[k + 1] ?? last + 1) - 1));
    const before = k > 0 && page.token(begin) === "because" ? group(printed) : printed;
    printed = k === 0 ? part : [before, indent([page.gap(begin, line), part])];
  });
  return group(printed);
}

/** Words, and the condition that ends them, if one does. */
function piece(page: Page, first: number, last: number): Doc {
  const word = page.find("if", first, last) ?? page.find("when", first, last) ?? last;
  const words = page.flow(first, word, (i) => mayBreakBefore(page, i));
  return word === last ? words : [words, page.gap(word + 1), expression(page, word + 1, last)];
}

/** Where a long range may go on in the next line: after a comma, before a joining word. */
export function mayBreakBefore(page: Page, index: number): boolean {
  return page.token(index - 1) === "," || ["or", "and", "|", "because", "if", "else"].includes(page.token(index));
}

interface Setting {
  readonly line: Line;
  /** The author's text, when the author wants it left alone. */
  readonly verbatim: string | undefined;
  /** The aligned text; `undefined` for a line that takes several. */
  text: string | undefined;
  /** An empty line must stand between it and the line before. */
  apart: boolean;
  /** An empty line stands there, or between the comments there. */
  separate: boolean;
}

/**
 * The lines, each after a `hardline` (but the first one when `start` says so), with comments above and behind.
 * `apart(before, after)` says which neighbours have an empty line between them, whether written or not.
 */
export function setLines(
  page: Page,
  lines: readonly Line[],
  depth: number,
  options: { start?: boolean; apart?: (before: number, after: number) => boolean } = {},
): Doc[] {
  const settings = lines.map((line): Setting => {
    const ignored =
      page
        .leading(line.first)
        .at(-1)
        ?.text.replace(/^\/\/\s*|\s+$/g, "") === "prettier-ignore";
    const verbatim = ignored ? page.verbatim(line.first, line.last) : undefined;
    const fits = !ignored && line.cells !== undefined && !page.hasInnerComment(line.first, line.last);
    const text = fits ? plain(page, line.cells ?? []) : undefined;
    return {
      line,
      verbatim,
      text: text !== undefined && page.width(text) <= page.room(depth) ? text : undefined,
      apart: false,
      separate: false,
    };
  });
  settings.forEach((setting, i) => {
    const { first } = setting.line;
    setting.apart =
      i > 0 && options.apart !== undefined && (takesSeveral(setting) || takesSeveral(settings[i - 1]) || options.apart(i - 1, i));
    setting.separate =
      setting.apart ||
      [...page.leading(first), page.file.tokens[first]].some((thing) => thing !== undefined && page.blankBefore(thing.start));
  });
  alignCells(page, settings, page.room(depth));
  const blanks = commentColumns(page, settings, depth);
  return settings.map((setting, i) => {
    const { line } = setting;
    return [
      above(page, line.first, i === 0, options.start === true && i === 0, setting.apart),
      setting.verbatim !== undefined ? doc.utils.replaceEndOfLine(setting.verbatim, literalline) : (setting.text ?? line.broken()),
      commentBehind(page, setting, depth, blanks[i]),
    ];
  });
}

function commentBehind(page: Page, { line, text, verbatim }: Setting, depth: number, blanks: number | undefined): Doc {
  if (text !== undefined || verbatim !== undefined) return page.trailingComment(line.last, blanks);
  if (line.ownsComment) return [];
  if (page.token(line.last) === "}") return page.commentBehind(line.last, line.last, depth);
  return page.trailingComment(line.last, line.commentBlanks?.());
}

function takesSeveral(setting: Setting | undefined): boolean {
  return setting?.verbatim?.includes("\n") ?? setting?.text === undefined;
}

/** The comments above a token and the line ends before it and them; `first`: an opening brace or the file's start comes before it. */
export function above(page: Page, index: number, first: boolean, start: boolean, apart: boolean): Doc[] {
  const comments = page.leading(index);
  const token = { start: page.file.tokens[index]?.start ?? 0 };
  const things = index === page.endOfFile || page.token(index) === "}" ? comments : [...comments, token];
  const blanks = things.map((thing, i) => (i > 0 || !first) && page.blankBefore(thing.start));
  if (apart && !blanks.includes(true)) blanks[0] = true;
  return things.map((_, i) => {
    const comment = comments[i];
    return [start && i === 0 ? [] : hardline, blanks[i] ? hardline : [], comment ? page.comment(comment) : []];
  });
}

/** The cells on one line: one blank apart, or, with the widths of a table's columns, as far apart as their gaps say. */
function plain(page: Page, cells: readonly Cell[], widths?: readonly number[]): string {
  return cells
    .map((cell, i) => {
      const padded = i < cells.length - 1;
      const text = cellText(page, cell, padded);
      const gap = i === 0 ? 0 : widths ? cell.gap : Math.min(cell.gap, 1);
      return " ".repeat(gap) + (padded ? pad(page, text, widths?.[i] ?? 0) : text);
    })
    .join("");
}

function cellText(page: Page, cell: Cell, padded: boolean): string {
  const text = (cell.before ?? "") + page.flat(cell.first, cell.last);
  return padded ? pad(page, text, cell.pad ?? 0) : text;
}

function pad(page: Page, text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - page.width(text)));
}

/** Runs of neighbours that `joins`, as index ranges `[start, end)`. */
function runs(settings: readonly Setting[], joins: (a: Setting, b: Setting) => boolean): [number, number][] {
  const found: [number, number][] = [];
  let start = 0;
  for (let i = 1; i <= settings.length; i++) {
    const a = settings[i - 1] as Setting;
    const b = settings[i];
    const together = b !== undefined && !b.separate && joins(a, b);
    if (together) continue;
    found.push([start, i]);
    start = i;
  }
  return found;
}

/** Brings the cells of each table into columns. A line that would become too long that way keeps its own widths. */
function alignCells(page: Page, settings: readonly Setting[], room: number): void {
  const joins = (a: Setting, b: Setting) =>
    a.text !== undefined && b.text !== undefined && a.line.table !== "" && a.line.table === b.line.table;
  for (const [start, end] of runs(settings, joins)) {
    let rows = settings
      .slice(start, end)
      .map((setting) => ({ setting, cells: setting.line.cells ?? [] }))
      .filter(({ setting, cells }) => setting.text !== undefined && cells.length > 1);
    for (let attempt = 0; attempt < 4 && rows.length > 1; attempt++) {
      const widths: number[] = [];
      for (const { cells } of rows) {
        cells.slice(0, -1).forEach((cell, c) => {
          widths[c] = Math.max(widths[c] ?? 0, page.width(cellText(page, cell, true)));
        });
      }
      const aligned = rows.map(({ cells }) => plain(page, cells, widths));
      const fitting = rows.filter((_, i) => page.width(aligned[i] ?? "") <= room);
      if (fitting.length === rows.length) {
        rows.forEach(({ setting }, i) => {
          setting.text = aligned[i];
        });
        break;
      }
      rows = fitting;
    }
  }
}

/** The blanks before the comment behind each line: comments behind lines that follow one another start in the same column. */
function commentColumns(page: Page, settings: readonly Setting[], depth: number): number[] {
  const blanks: number[] = [];
  const has = (row: Setting) => row.text !== undefined && page.trailing(row.line.last).length > 0;
  const joins = (a: Setting, b: Setting) => has(a) && has(b) && page.leading(b.line.first).length === 0;
  for (const [start, end] of runs(settings, joins)) {
    const rows = settings.slice(start, end).filter(has);
    const found = page.commentBlanks(
      rows.map(({ line, text }) => ({ token: line.last, end: depth * page.options.tabWidth + page.width(text ?? "") })),
    );
    rows.forEach((_, k) => {
      blanks[start + k] = found[k] ?? 0;
    });
  }
  return blanks;
}

/**
 * A block: its opening brace, the lines in it, and its closing brace; the comment behind the latter is the caller's.
 * `begin` is the token with which the line of the opening brace begins.
 */
export function braces(page: Page, begin: number, open: number, close: number, lines: readonly Line[], depth: number): Doc {
  const inside = [...setLines(page, lines, depth + 1), above(page, close, lines.length === 0, false, false)];
  const empty = lines.length === 0 && page.leading(close).length + page.trailing(open).length === 0;
  return [page.token(open), page.commentBehind(begin, open, depth), indent(inside), empty ? [] : hardline, page.token(close)];
}
