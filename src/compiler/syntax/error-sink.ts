import { type Code, type Details, diagnostic, type MessageArguments } from "../diagnostics/catalogue.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Source, Span } from "../text/source.js";
import { limits } from "./limits.js";

/** Collects the syntax errors of one file, up to `limits.errors`. */
export class ErrorSink {
  readonly #source: Source;
  readonly #diagnostics: Diagnostic[] = [];

  constructor(source: Source) {
    this.#source = source;
  }

  /** No more errors are taken. */
  get full(): boolean {
    return this.#diagnostics.length > limits.errors;
  }

  span(start: number, end: number): Span {
    return { source: this.#source, start, end };
  }

  report<C extends Code>(code: C, start: number, end: number, args: MessageArguments<C>, details?: Details): void {
    if (this.full) return;
    if (this.#diagnostics.length === limits.errors) {
      this.#diagnostics.push(diagnostic("EX1033", this.span(start, end), { limit: limits.errors }));
      return;
    }
    this.#diagnostics.push(diagnostic(code, this.span(start, end), args, details));
  }

  /** Does an error lie, wholly or in part, in the range from `start` up to and with `end`? */
  touches(start: number, end: number): boolean {
    return this.#diagnostics.some(({ primary: { span } }) => span.start <= end && span.end >= start);
  }

  /** All errors in the order of the text. */
  sorted(): Diagnostic[] {
    return this.#diagnostics.toSorted((a, b) => a.primary.span.start - b.primary.span.start);
  }
}
