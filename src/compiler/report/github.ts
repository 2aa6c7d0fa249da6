/** Workflow commands of GitHub Actions, which show each diagnostic beside its line: `::error file=…,line=…::message`. */
import { catalogue } from "../diagnostics/catalogue.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { positionAt } from "../text/source.js";
import { visible, visibleLines } from "../text/visible.js";
import { place, type Reporter } from "./reporter.js";

export const github: Reporter = (diagnostics) => diagnostics.map((d) => `${command(d)}\n`).join("");

function command(diagnostic: Diagnostic): string {
  const { span } = diagnostic.primary;
  const start = positionAt(span.source, span.start);
  const end = positionAt(span.source, span.end);
  const properties: [string, string | number][] = [
    ["file", visible(span.source.name)],
    ["line", start.line],
    ["endLine", end.line],
  ];
  // GitHub ignores the columns of a range over several lines.
  if (start.line === end.line) properties.push(["col", start.column], ["endColumn", end.column]);
  properties.push(["title", `${diagnostic.code}: ${catalogue[diagnostic.code].title}`]);
  const written = properties.map(([name, value]) => `${name}=${escapeProperty(String(value))}`).join(",");
  return `::${diagnostic.severity} ${written}::${escapeData(body(diagnostic))}`;
}

function body(diagnostic: Diagnostic): string {
  const lines = [visible(diagnostic.message)];
  diagnostic.trace.forEach((step, index) => {
    lines.push(`${index + 1}. ${visible(step.text)}${step.span ? ` (${place(step.span)})` : ""}`);
  });
  for (const note of diagnostic.notes) lines.push(`note: ${visibleLines(note)}`);
  if (diagnostic.help !== undefined) lines.push(`help: ${visibleLines(diagnostic.help)}`);
  return lines.join("\n");
}

// The escapes that the runner undoes: https://github.com/actions/toolkit, packages/core, command.ts.
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
