/**
 * The part of the `pretty` report that shows source lines with their labels:
 *
 *     12 |   irqs on
 *        |   ^^^^^^^ turned on here
 *
 * Labels over several lines get a bar of their own at the left.
 */
import type { Label } from "../diagnostics/diagnostic.js";
import { lineIndexAt, lineStarts, lineText, type Source } from "../text/source.js";
import { type ShownLine, showLine, shown } from "./line.js";
import type { Paint } from "./style.js";

export interface FrameLabel extends Label {
  /** `^` for the primary label, `-` for others. */
  readonly sign: string;
  readonly paint: Paint;
}

/** A label within one line. */
interface Mark {
  readonly label: FrameLabel;
  readonly line: number;
}

/** A label over several lines; `column` is its bar's place from the left. */
interface Bar {
  readonly label: FrameLabel;
  readonly first: number;
  readonly last: number;
  readonly column: number;
}

/** The rows of one source, without the header; `gutter(n)` paints the line number column, `gutter()` an empty one. */
export function frame(source: Source, labels: readonly FrameLabel[], gutter: (line?: number) => string): string[] {
  const marks: Mark[] = [];
  const bars: Bar[] = [];
  for (const label of labels) {
    const first = lineIndexAt(source, label.span.start);
    const last = lastLine(source, label);
    if (first === last) marks.push({ label, line: first });
    else bars.push({ label, first, last, column: bars.length });
  }
  const rows: string[] = [];
  let previous: number | undefined;
  for (const line of linesToShow(marks, bars)) {
    const gap = previous === undefined ? 0 : line - previous - 1;
    if (gap > 1) rows.push(join(gutter(), barsAt(bars, previous as number, line), "..."));
    else if (gap === 1) rows.push(...lineRows(source, line - 1, [], bars, gutter));
    rows.push(
      ...lineRows(
        source,
        line,
        marks.filter((m) => m.line === line),
        bars,
        gutter,
      ),
    );
    previous = line;
  }
  return rows;
}

/** The line of a label's last character; a span that ends with a line end does not reach into the next line. */
function lastLine(source: Source, label: Label): number {
  return lineIndexAt(source, Math.max(label.span.start, label.span.end - 1));
}

/** The largest line number, from 1, that the labels touch. */
export function largestLine(labels: readonly Label[]): number {
  return Math.max(...labels.map((label) => lastLine(label.span.source, label) + 1));
}

function linesToShow(marks: readonly Mark[], bars: readonly Bar[]): number[] {
  const lines = new Set(marks.map((m) => m.line));
  for (const bar of bars) {
    lines.add(bar.first);
    lines.add(bar.last);
  }
  return [...lines].sort((a, b) => a - b);
}

function lineRows(source: Source, line: number, marks: readonly Mark[], bars: readonly Bar[], gutter: (line?: number) => string): string[] {
  const touching = [...marks.map((m) => m.label.span), ...bars.flatMap((b) => edgesOn(b, line))];
  const lineStart = lineStarts(source)[line] as number;
  const from = touching.length > 0 ? Math.min(...touching.map((s) => s.start)) : lineStart;
  const to = touching.length > 0 ? Math.max(...touching.map((s) => s.end)) : lineStart;
  const view = showLine(source, line, from, to);
  const startsHere = (bar: Bar) => bar.first === line;
  const startsWithLine = (bar: Bar) => startsHere(bar) && bar.label.span.start <= view.firstOffset;

  const open = bars.map((b) => (startsWithLine(b) ? b.label.paint("/") : b.first < line && line <= b.last ? b.label.paint("|") : " "));
  const rows = [join(gutter(line + 1), open, view.text)];
  const active = (at: Bar) =>
    bars.map((b) => (b !== at && ((b.first < line && line <= b.last) || startsWithLine(b)) ? b.label.paint("|") : " "));
  const through = bars.map((b) => ((b.first < line && line <= b.last) || startsWithLine(b) ? b.label.paint("|") : " "));
  for (const row of markRows(marks, view)) rows.push(join(gutter(), through, row));
  for (const bar of bars) {
    if (startsHere(bar) && !startsWithLine(bar)) rows.push(join(gutter(), arm(active(bar), bar, view.cellOf(bar.label.span.start)), ""));
    if (bar.last === line) {
      const end = Math.max(0, view.cellOf(bar.label.span.end) - 1);
      const columns = active(bar);
      columns[bar.column] = bar.label.paint("|");
      rows.push(join(gutter(), arm(columns, bar, end), bar.label.paint(message(bar.label))));
    }
  }
  return rows;
}

/** The parts of a bar's label that lie on a line: its first character, or its last. */
function edgesOn(bar: Bar, line: number): { start: number; end: number }[] {
  const { start, end } = bar.label.span;
  return [...(bar.first === line ? [{ start, end: start + 1 }] : []), ...(bar.last === line ? [{ start: end - 1, end }] : [])];
}

/** `|_____^`: from the bar's column to `cell` of the text. */
function arm(columns: readonly string[], bar: Bar, cell: number): string[] {
  const reach = columns.length - bar.column - 1;
  const line = bar.label.paint("_".repeat(reach + 1 + cell) + bar.label.sign);
  const own = columns[bar.column] === " " ? " " : columns[bar.column];
  return [...columns.slice(0, bar.column), own as string, line];
}

function barsAt(bars: readonly Bar[], above: number, below: number): string[] {
  return bars.map((b) => (b.first <= above && b.last >= below ? b.label.paint("|") : " "));
}

/** The gutter, the bars and the text of one row, without blanks at the end. */
function join(gutter: string, bars: readonly string[], text: string): string {
  return `${gutter} ${bars.join("")}${bars.length > 0 && text !== "" ? " " : ""}${text}`.trimEnd();
}

/** The rows of underlines and messages under a line. */
function markRows(marks: readonly Mark[], view: ShownLine): string[] {
  if (marks.length === 0) return [];
  const placed = marks
    .map(({ label }) => {
      const from = view.cellOf(label.span.start);
      return { label, from, to: Math.max(from + 1, view.cellOf(label.span.end)) };
    })
    .sort((a, b) => a.from - b.from || b.to - a.to);
  const under = new Cells();
  // Later ones over earlier ones: nested labels stay visible, and the primary one is drawn last.
  for (const { label, from, to } of [...placed].sort((a, b) => Number(a.label.sign === "^") - Number(b.label.sign === "^"))) {
    for (let cell = from; cell < to; cell++) under.put(cell, label.sign, label.paint);
  }
  const last = placed.at(-1);
  const inline = last && placed.every((p) => p.to <= last.to) ? last : undefined;
  const rows = [under.text() + (inline && message(inline.label) !== "" ? ` ${inline.label.paint(message(inline.label))}` : "")];
  const hanging = placed.filter((p) => p !== inline && message(p.label) !== "");
  if (hanging.length > 0) rows.push(connectors(hanging).text());
  for (let i = hanging.length - 1; i >= 0; i--) {
    const { label, from } = hanging[i] as (typeof hanging)[number];
    const left = connectors(hanging.slice(0, i).filter((p) => p.from < from));
    rows.push(left.text(from) + label.paint(message(label)));
  }
  return rows;
}

function connectors(placed: readonly { readonly label: FrameLabel; readonly from: number }[]): Cells {
  const row = new Cells();
  for (const { label, from } of placed) row.put(from, "|", label.paint);
  return row;
}

function message(label: Label): string {
  return shown(label.message);
}

/** A row of single-cell signs. */
class Cells {
  readonly #signs: { sign: string; paint: Paint }[] = [];

  put(cell: number, sign: string, paint: Paint): void {
    this.#signs[cell] = { sign, paint };
  }

  /** The row, filled with blanks up to `width`; neighbours of one style are painted together. */
  text(width = 0): string {
    let row = "";
    for (let cell = 0; cell < Math.max(width, this.#signs.length); ) {
      const at = this.#signs[cell];
      let end = cell + 1;
      while (end < this.#signs.length && this.#signs[end]?.paint === at?.paint && this.#signs[end]?.sign === at?.sign) end++;
      if (!at && end >= this.#signs.length) end = Math.max(end, width);
      row += at ? at.paint(at.sign.repeat(end - cell)) : " ".repeat(end - cell);
      cell = end;
    }
    return row;
  }
}

/** The range of the whole lines that hold `start` and `end`. */
export function wholeLines(source: Source, start: number, end: number): { start: number; end: number } {
  const last = lineIndexAt(source, end);
  return {
    start: lineStarts(source)[lineIndexAt(source, start)] as number,
    end: (lineStarts(source)[last] as number) + lineText(source, last).length,
  };
}
