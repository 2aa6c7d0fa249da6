/** A diagnostic is data; reporters (`report/`) turn it into text. It never knows who shows it. */
import type { Span } from "../text/source.js";
import type { Code } from "./catalogue.js";

export type Severity = "error" | "warning";

export interface Label {
  readonly span: Span;
  readonly message: string;
}

/** One step of the story of a fault: where, and what is true after it. */
export interface TraceStep {
  readonly span: Span | undefined;
  readonly text: string;
}

/** An edit that repairs the fault; all its replacements belong together. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly { readonly span: Span; readonly text: string }[];
}

export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  /** What is true, in one sentence without a final full stop. */
  readonly message: string;
  readonly primary: Label;
  readonly secondary: readonly Label[];
  /** The shortest way from the path's start to the fault; empty for faults of syntax and names. */
  readonly trace: readonly TraceStep[];
  /** The same way with every step and all that it changes in the state vector, for `--trace`. */
  readonly steps: readonly TraceStep[];
  /** Why it matters in this kernel. */
  readonly notes: readonly string[];
  /** How to repair it. */
  readonly help: string | undefined;
  readonly fixes: readonly Fix[];
}
