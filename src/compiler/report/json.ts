/** All that a diagnostic holds, as JSON for other programs. Its shape is versioned: a field is added, never renamed. */
import { catalogue } from "../diagnostics/catalogue.js";
import type { Diagnostic, Label } from "../diagnostics/diagnostic.js";
import { positionAt, type Span } from "../text/source.js";
import { visibleJson } from "../text/visible.js";
import { count, type Reporter } from "./reporter.js";

export const json: Reporter = (diagnostics, context) => {
  const report = {
    version: 1,
    tool: { name: "exitdsl", version: context.version },
    summary: count(diagnostics),
    diagnostics: diagnostics.map(entry),
  };
  return `${visibleJson(JSON.stringify(report, undefined, 2))}\n`;
};

function entry(diagnostic: Diagnostic): object {
  return {
    code: diagnostic.code,
    severity: diagnostic.severity,
    title: catalogue[diagnostic.code].title,
    message: diagnostic.message,
    primary: label(diagnostic.primary),
    secondary: diagnostic.secondary.map(label),
    trace: diagnostic.trace.map((step) => ({ place: step.span ? range(step.span) : null, text: step.text })),
    notes: diagnostic.notes,
    help: diagnostic.help ?? null,
    fixes: diagnostic.fixes.map((fix) => ({
      title: fix.title,
      edits: fix.edits.map((edit) => ({ place: range(edit.span), text: edit.text })),
    })),
  };
}

function label(of: Label): object {
  return { place: range(of.span), message: of.message };
}

/** Lines and columns from 1, columns in code points; offsets in UTF-16 code units from 0; the end is exclusive. */
function range(span: Span): object {
  const at = (offset: number) => ({ offset, ...positionAt(span.source, offset) });
  return { file: span.source.name, start: at(span.start), end: at(span.end) };
}
