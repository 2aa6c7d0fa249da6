/** What all reporters share. A reporter turns diagnostics into text and decides nothing about them. */
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { positionAt, type Span } from "../text/source.js";
import { visible } from "../text/visible.js";

export interface ReportContext {
  /** The compiler's version. */
  readonly version: string;
  /** Write ANSI colours; only `pretty` does. */
  readonly colour: boolean;
}

/** All of `diagnostics` as one text that ends with a line end; the line-oriented ones give "" when there are none. */
export type Reporter = (diagnostics: readonly Diagnostic[], context: ReportContext) => string;

/** `file:line:column` of a span's start, safe to print. */
export function place(span: Span): string {
  const { line, column } = positionAt(span.source, span.start);
  return `${visible(span.source.name)}:${line}:${column}`;
}

export interface Counts {
  readonly errors: number;
  readonly warnings: number;
}

export function count(diagnostics: readonly Diagnostic[]): Counts {
  const errors = diagnostics.filter((d) => d.severity === "error").length;
  return { errors, warnings: diagnostics.length - errors };
}
