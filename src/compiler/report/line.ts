/** One source line on a terminal: which cells its characters take, and which part of a very long line is shown. */
import stringWidth from "string-width";
import { lineStarts, lineText, type Source } from "../text/source.js";
import { visible } from "../text/visible.js";

const tab = "    ";
/** Cells of a line that are shown at most; a longer line is cut around its labels. */
const maximumCells = 160;
const cellsBeforeLabel = 40;

/** How `text` is shown: tabs as four blanks, whatever a terminal must not see as an escape. */
export function shown(text: string): string {
  return text
    .split("\t")
    .map((part) => visible(part))
    .join(tab);
}

/** Terminal cells that a shown text takes: two for wide characters, none for combining ones (UAX #11). */
export function cells(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text);
}

export interface ShownLine {
  readonly text: string;
  /** The cell, from 0, at which the character at this offset of the source is shown. */
  cellOf(offset: number): number;
  /** The offset of the first character that is no blank. */
  readonly firstOffset: number;
}

/** The line `index` (from 0), cut around the offsets `[from, to)` if it is too long. */
export function showLine(source: Source, index: number, from: number, to: number): ShownLine {
  const raw = lineText(source, index);
  const start = lineStarts(source)[index] as number;
  const firstOffset = start + (raw.length - raw.trimStart().length);
  const cut = raw.length > maximumCells ? cutAround(raw, from - start, to - start) : { from: 0, to: raw.length };
  const before = cut.from > 0 ? "…" : "";
  const after = cut.to < raw.length ? "…" : "";
  return {
    text: before + shown(raw.slice(cut.from, cut.to)) + after,
    cellOf: (offset) => before.length + cells(shown(raw.slice(cut.from, Math.min(Math.max(offset - start, cut.from), cut.to)))),
    firstOffset,
  };
}

function cutAround(raw: string, from: number, to: number): { from: number; to: number } {
  const wanted = to - from < maximumCells - cellsBeforeLabel ? from - cellsBeforeLabel : from - 4;
  const start = Math.max(0, Math.min(wanted, raw.length - maximumCells));
  return { from: outsidePair(raw, start), to: outsidePair(raw, Math.min(raw.length, start + maximumCells)) };
}

/** Not between the two halves of a surrogate pair. */
function outsidePair(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}
