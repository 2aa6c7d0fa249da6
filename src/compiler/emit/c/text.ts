/** C text: comments that nothing can break out of, number literals, and lines kept short. */

import type { Span } from "../../text/source.js";
import { lineIndexAt, lineText } from "../../text/source.js";
import { commentSafe, fileNameOf } from "../artefact.js";

/** The kernel's coding style: lines of emitted code end before this column where they can be broken, tabs counted as eight. */
export const lineWidth = 100;

/**
 * One line of a comment: `commentSafe`, and no trigraph (`??/` is a backslash to a compiler told `-std=c11`),
 * and no backslash at its end, which would join the next line to it.
 */
export function commentText(text: string): string {
  return commentSafe(text)
    .replaceAll("?", (_, at: number, whole: string) => (whole[at - 1] === "?" ? " ?" : "?"))
    .replace(/\*+\\+(?=\s*\/)/g, "* ")
    .replace(/[\\\s]+$/, "")
    .trimStart();
}

/** Breaks a text into lines of at most `width` characters, at blanks; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((w) => w !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** A comment in the kernel's style, on one line or as a block with a star a line; [] for an empty text. */
export function commentLines(paragraphs: readonly string[], indent = ""): string[] {
  const lines = paragraphs.flatMap((p) => {
    const wrapped = wrap(commentText(p), lineWidth - 4 - columns(indent));
    return wrapped.length > 0 ? wrapped.map(commentText) : [""];
  });
  while (lines.length > 0 && lines[0] === "") lines.shift();
  while (lines.length > 0 && lines[lines.length - 1] === "") lines.pop();
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${indent}/* ${lines[0]} */`];
  return [`${indent}/*`, ...lines.map((l) => `${indent} * ${l}`.trimEnd()), `${indent} */`];
}

/** The paragraphs of a doc comment of the spec, to be filled anew; empty lines, list items and indented lines stay as they are. */
export function docParagraphs(doc: string): string[] {
  const paragraphs: string[] = [];
  let open = false;
  for (const line of doc === "" ? [] : doc.split("\n")) {
    const prose = !/^\s*$|^\s{2}|^\s*(?:[-*]|\d+\.)\s/.test(line);
    if (prose && open) paragraphs.push(`${paragraphs.pop()} ${line}`);
    else paragraphs.push(line);
    open = line.trim() !== "";
  }
  return paragraphs;
}

/** `text` with a comment behind it, or below a comment where the line would be too long. */
export function trailing(text: string, comment: string, indent = ""): string[] {
  const safe = commentText(comment);
  if (safe === "") return [indent + text];
  const line = `${indent}${text}\t/* ${safe} */`;
  return columns(line) <= lineWidth ? [line] : [...commentLines([comment], indent), indent + text];
}

/** How wide a line is with tabs of eight columns. */
export function columns(line: string): number {
  let column = 0;
  for (const c of line) column = c === "\t" ? column + 8 - (column % 8) : column + 1;
  return column;
}

/** An unsigned 64-bit literal: decimal up to 9, `-1ULL` and the like near the top, hexadecimal for the rest. */
export function literal(value: bigint): string {
  if (value < 10n) return value.toString();
  const below = (1n << 64n) - value;
  if (below <= 0xffffn) return `-${below}ULL`;
  return value < 1n << 31n ? `0x${value.toString(16)}` : `0x${value.toString(16)}ULL`;
}

/** `93: irqs off`: the spec's line, with the file in front where it is not the spec itself. */
export function specLine(span: Span, specName: string): string {
  const index = lineIndexAt(span.source, span.start);
  const file = span.source.name === specName ? "" : `${fileNameOf(span.source.name)}:`;
  // Without the braces at its ends, and without its comment: strings may hold slashes.
  const text = lineText(span.source, index).replace(/^((?:[^"/]|"(?:[^"\\]|\\.)*"|\/(?!\/))*)\/\/.*$/, "$1");
  return `${file}${index + 1}: ${text
    .trim()
    .replace(/^\}\s*(?=\S)/, "")
    .replace(/\s*\{$/, "")}`;
}
