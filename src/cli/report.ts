/** Shows diagnostics: for people on standard error, for programs on standard output. */
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import type { Reporter } from "../compiler/report/reporter.js";
import { positionAt } from "../compiler/text/source.js";
import { version } from "../compiler/version.js";
import { exitCodes, UsageError } from "./failures.js";
import { writeError, writeOutput } from "./streams.js";

const reporters = {
  pretty: async () => (await import("../compiler/report/pretty.js")).pretty,
  short: async () => (await import("../compiler/report/short.js")).short,
  json: async () => (await import("../compiler/report/json.js")).json,
  sarif: async () => (await import("../compiler/report/sarif.js")).sarif,
  github: async () => (await import("../compiler/report/github.js")).github,
} as const satisfies Record<string, () => Promise<Reporter>>;

export type Format = keyof typeof reporters;

export function formatOf(name: string): Format {
  if (Object.hasOwn(reporters, name)) return name as Format;
  throw new UsageError(`\`--format\` is one of ${Object.keys(reporters).join(", ")}`);
}

/** Shows `diagnostics`, each once, and returns the exit code that they ask for. */
export async function report(diagnostics: readonly Diagnostic[], format: Format): Promise<number> {
  const forPeople = format === "pretty" || format === "short";
  const all = withoutRepeats(diagnostics);
  if (all.length > 0 || !forPeople) {
    const reporter = await reporters[format]();
    const text = reporter(all, { version, colour: forPeople && (await wantsColour(2)) });
    if (forPeople) writeError(text);
    else writeOutput(text);
  }
  return all.some((d) => d.severity === "error") ? exitCodes.findings : exitCodes.fine;
}

/** A file that several specs import is reported once. */
function withoutRepeats(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const byKey = new Map<string, Diagnostic>();
  for (const d of diagnostics) {
    const { line, column } = positionAt(d.primary.span.source, d.primary.span.start);
    const key = JSON.stringify([d.code, d.message, d.primary.span.source.name, line, column]);
    if (!byKey.has(key)) byKey.set(key, d);
  }
  return [...byKey.values()];
}

/** https://no-color.org: any value but the empty one turns colour off. */
export async function wantsColour(descriptor: 1 | 2): Promise<boolean> {
  if (process.env.NO_COLOR) return false;
  if (process.env.FORCE_COLOR) return true;
  const { isatty } = await import("node:tty");
  return isatty(descriptor) && process.env.TERM !== "dumb";
}
