/**
 * Source texts and places in them. An offset is a UTF-16 code unit index into `Source.text`, as JavaScript counts;
 * lines and columns are computed only when a diagnostic is shown.
 */

/** One input text. `name` is what diagnostics print: a path as the user gave it, or `profile:linux-6.12`. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** A half-open range `[start, end)` of a source. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** A place for people: both are counted from 1; `column` counts code points, as terminals and editors show them. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const lineStartsOf = new WeakMap<Source, Uint32Array>();

/** The offset at which each line starts; a line ends with LF, CRLF or CR. */
export function lineStarts(source: Source): Uint32Array {
  const known = lineStartsOf.get(source);
  if (known) return known;
  const { text } = source;
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || (c === 13 && text.charCodeAt(i + 1) !== 10)) starts.push(i + 1);
  }
  const result = Uint32Array.from(starts);
  lineStartsOf.set(source, result);
  return result;
}

/** The 0-based index of the line that holds `offset`. */
export function lineIndexAt(source: Source, offset: number): number {
  const starts = lineStarts(source);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The place that was asked for last: the next one is often near it, on a line that may have millions of characters. */
const lastPlaceOf = new WeakMap<Source, { readonly line: number; readonly offset: number; readonly column: number }>();

/** Line and column of an offset. */
export function positionAt(source: Source, offset: number): Position {
  const line = lineIndexAt(source, offset);
  const last = lastPlaceOf.get(source);
  const near = last?.line === line ? last : { offset: lineStarts(source)[line] as number, column: 1 };
  const distance = codePoints(source.text, Math.min(near.offset, offset), Math.max(near.offset, offset));
  const column = near.column + (offset < near.offset ? -distance : distance);
  lastPlaceOf.set(source, { line, offset, column });
  return { line: line + 1, column };
}

/** How many characters begin in `[from, to)`: all units but the second halves of surrogate pairs. */
function codePoints(text: string, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    const isSecondHalf = isLowSurrogate(text.charCodeAt(i)) && isHighSurrogate(text.charCodeAt(i - 1));
    if (!isSecondHalf) count++;
  }
  return count;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** The text of a line without its line end. */
export function lineText(source: Source, line: number): string {
  const starts = lineStarts(source);
  const start = starts[line] as number;
  let end = line + 1 < starts.length ? (starts[line + 1] as number) : source.text.length;
  while (end > start && isLineEnd(source.text.charCodeAt(end - 1))) end--;
  return source.text.slice(start, end);
}

function isLineEnd(unit: number): boolean {
  return unit === 10 || unit === 13;
}
