/**
 * The catalogue of diagnostics: each code once, with its severity, its title for `explain` and indexes, and the message,
 * a template whose `{holes}` are typed: a wrong code or a missing argument does not compile.
 * Families: 1 syntax, 2 names and types, 3 IRQs and work, 4 machine state, 5 terminals, 6 NMI and paranoid,
 * 7 context tracking and instrumentation, 8 mitigations, 9 emission. A code is never reused.
 */
import type { Span } from "../text/source.js";
import { entries1 } from "./codes-1-syntax.js";
import { entries2 } from "./codes-2-names.js";
import { entries3to8 } from "./codes-3-8-paths.js";
import { entries9 } from "./codes-9-emission.js";
import type { Diagnostic, Fix, Label, Severity, TraceStep } from "./diagnostic.js";

export interface CatalogueEntry {
  readonly severity: Severity;
  /** A noun phrase for indexes and `explain`. */
  readonly title: string;
  /** What is true; `{name}` is a hole. */
  readonly message: string;
}

export const catalogue = { ...entries1, ...entries2, ...entries3to8, ...entries9 } as const satisfies Record<string, CatalogueEntry>;

export type Code = keyof typeof catalogue;

type Holes<Text extends string> = Text extends `${string}{${infer Hole}}${infer Rest}` ? Hole | Holes<Rest> : never;

/** The arguments that the message of a code takes. */
export type MessageArguments<C extends Code> = { readonly [H in Holes<(typeof catalogue)[C]["message"]>]: string | number };

export interface Details {
  readonly label?: string;
  readonly secondary?: readonly Label[];
  readonly trace?: readonly TraceStep[];
  readonly steps?: readonly TraceStep[];
  readonly notes?: readonly string[];
  readonly help?: string | undefined;
  readonly fixes?: readonly Fix[];
}

/** Makes a diagnostic of the catalogue's entry `code` at `span`. */
export function diagnostic<C extends Code>(code: C, span: Span, args: MessageArguments<C>, details: Details = {}): Diagnostic {
  const entry: CatalogueEntry = catalogue[code];
  const message = entry.message.replace(/\{(\w+)\}/g, (_, hole: string) => String((args as Record<string, string | number>)[hole]));
  return {
    code,
    severity: entry.severity,
    message,
    primary: { span, message: details.label ?? "" },
    secondary: details.secondary ?? [],
    trace: details.trace ?? [],
    steps: details.steps ?? [],
    notes: details.notes ?? [],
    help: details.help,
    fixes: details.fixes ?? [],
  };
}
