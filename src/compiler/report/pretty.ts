/** For people: the source with its labels, how it comes to the fault, why it matters, and what to do. */
import type { Diagnostic, Fix, TraceStep } from "../diagnostics/diagnostic.js";
import type { Source } from "../text/source.js";
import { visible } from "../text/visible.js";
import { type FrameLabel, frame, largestLine, wholeLines } from "./frame.js";
import { cells, shown } from "./line.js";
import { count, place, type Reporter } from "./reporter.js";
import { type Style, styleFor } from "./style.js";

export const pretty: Reporter = (diagnostics, context) => {
  if (diagnostics.length === 0) return "";
  const style = styleFor(context.colour);
  return [...diagnostics.map((d) => one(d, style)), `${summary(diagnostics, style)}\n`].join("\n");
};

function one(diagnostic: Diagnostic, style: Style): string {
  const severity = style[diagnostic.severity];
  const labels: FrameLabel[] = [
    { ...diagnostic.primary, sign: "^", paint: severity },
    ...diagnostic.secondary.map((label) => ({ ...label, sign: "-", paint: style.secondary })),
  ];
  const width = String(largestLine(labels)).length;
  const gutter = (line?: number) => style.gutter(`${String(line ?? "").padStart(width)} |`);
  const indent = " ".repeat(width);
  const rows = [severity(`${diagnostic.severity}[${diagnostic.code}]`) + style.strong(`: ${visible(diagnostic.message)}`)];
  bySource(labels).forEach(([source, own], index) => {
    rows.push(`${indent}${style.gutter(index === 0 ? "-->" : ":::")} ${place((own[0] as FrameLabel).span)}`, gutter());
    rows.push(...frame(source, own, gutter));
  });
  const point = (word: string, text: string) => rows.push(...pointed(indent, word, text, style));
  rows.push(gutter());
  if (diagnostic.trace.length > 0) rows.push(...story(diagnostic.trace, indent, style));
  for (const note of diagnostic.notes) point("note", note);
  if (diagnostic.help !== undefined) point("help", diagnostic.help);
  for (const fix of diagnostic.fixes) {
    point("fix", fix.title);
    rows.push(...fixRows(fix, indent, style));
  }
  point("more", `exitdsl explain ${diagnostic.code}`);
  return `${rows.join("\n")}\n`;
}

/** The labels of each source, the primary label's source first. */
function bySource(labels: readonly FrameLabel[]): [Source, FrameLabel[]][] {
  const sources = new Map<Source, FrameLabel[]>();
  for (const label of labels) {
    const own = sources.get(label.span.source);
    if (own) own.push(label);
    else sources.set(label.span.source, [label]);
  }
  return [...sources];
}

/** `= note: text`, the further lines of the text under the first one. */
function pointed(indent: string, word: string, text: string, style: Style): string[] {
  const [first = "", ...further] = text.split("\n").map(visible);
  const under = " ".repeat(`${indent} = ${word}: `.length);
  return [`${indent} ${style.gutter("=")} ${style.strong(word)}: ${first}`, ...further.map((line) => under + line)];
}

/** The trace, a numbered story with its places in a column. */
function story(trace: readonly TraceStep[], indent: string, style: Style): string[] {
  const places = trace.map((step) => (step.span ? place(step.span) : ""));
  const placeCells = Math.max(...places.map(cells));
  const numberCells = String(trace.length).length;
  const rows = trace.map((step, index) => {
    const at = places[index] as string;
    const number = String(index + 1).padStart(numberCells);
    return `${indent}   ${number}. ${style.gutter(at)}${" ".repeat(placeCells - cells(at))}  ${visible(step.text)}`;
  });
  return [`${indent} ${style.gutter("=")} ${style.strong("how it comes to this")}:`, ...rows];
}

/** Each edit as the lines before (`-`) and after it (`+`), with the lines that stay. */
function fixRows(fix: Fix, indent: string, style: Style): string[] {
  return fix.edits.flatMap(({ span, text }) => {
    const lines = wholeLines(span.source, span.start, span.end);
    const whole = span.source.text.slice(lines.start, lines.end);
    const before = splitLines(whole);
    const after = splitLines(whole.slice(0, span.start - lines.start) + text + whole.slice(span.end - lines.start));
    const shortest = Math.min(before.length, after.length);
    let same = 0;
    while (same < shortest && before[same] === after[same]) same++;
    let sameEnd = 0;
    while (sameEnd < shortest - same && before.at(-1 - sameEnd) === after.at(-1 - sameEnd)) sameEnd++;
    const rows = (sign: string, content: readonly string[], paint: (text: string) => string) =>
      content.map((row) => paint(`${indent}   ${sign} ${shown(row)}`.trimEnd()));
    const plain = (row: string) => row;
    return [
      `${indent}   ${style.gutter(place(span))}`,
      ...rows(" ", before.slice(0, same), plain),
      ...rows("-", before.slice(same, before.length - sameEnd), style.removed),
      ...rows("+", after.slice(same, after.length - sameEnd), style.added),
      ...rows(" ", before.slice(before.length - sameEnd), plain),
    ];
  });
}

function splitLines(text: string): string[] {
  return text.split(/\r\n|[\r\n]/);
}

function summary(diagnostics: readonly Diagnostic[], style: Style): string {
  const { errors, warnings } = count(diagnostics);
  const parts = [
    ...(errors > 0 ? [style.error(plural(errors, "error"))] : []),
    ...(warnings > 0 ? [style.warning(plural(warnings, "warning"))] : []),
  ];
  return parts.join(" and ");
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
