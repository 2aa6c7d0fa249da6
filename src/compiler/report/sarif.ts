/** SARIF 2.1.0 (OASIS), which code-scanning services and editors read. Rules come from the catalogue. */
import type { CodeFlow, Fix, Location, Log, PhysicalLocation, Region, ReportingDescriptor, Result } from "sarif";
import { type Code, catalogue } from "../diagnostics/catalogue.js";
import type { Diagnostic, Fix as DiagnosticFix, Label, TraceStep } from "../diagnostics/diagnostic.js";
import { positionAt, type Span } from "../text/source.js";
import { visible, visibleJson, visibleLines } from "../text/visible.js";
import type { Reporter } from "./reporter.js";

export const sarif: Reporter = (diagnostics, context) => {
  const codes = Object.keys(catalogue) as Code[];
  const indexOf = new Map(codes.map((code, index) => [code, index]));
  const log: Log = {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "exitdsl", version: context.version, semanticVersion: context.version, rules: codes.map(rule) } },
        columnKind: "unicodeCodePoints",
        results: diagnostics.map((d) => result(d, indexOf.get(d.code) as number)),
      },
    ],
  };
  return `${visibleJson(JSON.stringify(log, undefined, 2))}\n`;
};

function rule(code: Code): ReportingDescriptor {
  return {
    id: code,
    shortDescription: { text: catalogue[code].title },
    help: { text: `Run "exitdsl explain ${code}".` },
    defaultConfiguration: { level: catalogue[code].severity },
  };
}

function result(diagnostic: Diagnostic, ruleIndex: number): Result {
  const text = [diagnostic.message, ...diagnostic.notes.map((n) => `Note: ${n}`), ...(diagnostic.help ? [`Help: ${diagnostic.help}`] : [])];
  return {
    ruleId: diagnostic.code,
    ruleIndex,
    level: diagnostic.severity,
    message: { text: text.map(visibleLines).join("\n") },
    locations: [location(diagnostic.primary)],
    ...(diagnostic.secondary.length > 0 && { relatedLocations: diagnostic.secondary.map((l, id) => ({ id, ...location(l) })) }),
    ...(diagnostic.trace.length > 0 && { codeFlows: [codeFlow(diagnostic.trace)] }),
    ...(diagnostic.fixes.length > 0 && { fixes: diagnostic.fixes.map(fix) }),
  };
}

function location(label: Label): Location {
  return { physicalLocation: physical(label.span), ...(label.message !== "" && { message: { text: visible(label.message) } }) };
}

function codeFlow(trace: readonly TraceStep[]): CodeFlow {
  const locations = trace.map((step) => ({
    location: { ...(step.span && { physicalLocation: physical(step.span) }), message: { text: visible(step.text) } },
  }));
  return { threadFlows: [{ locations }] };
}

function fix(of: DiagnosticFix): Fix {
  const byFile = new Map<string, { deletedRegion: Region; insertedContent: { text: string } }[]>();
  for (const edit of of.edits) {
    const uri = uriOf(edit.span.source.name);
    const replacements = byFile.get(uri) ?? [];
    replacements.push({ deletedRegion: region(edit.span), insertedContent: { text: edit.text } });
    byFile.set(uri, replacements);
  }
  return {
    description: { text: visible(of.title) },
    artifactChanges: [...byFile].map(([uri, replacements]) => ({ artifactLocation: { uri }, replacements })),
  };
}

function physical(span: Span): PhysicalLocation {
  return { artifactLocation: { uri: uriOf(span.source.name) }, region: region(span) };
}

function region(span: Span): Region {
  const start = positionAt(span.source, span.start);
  const end = positionAt(span.source, span.end);
  return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
}

/** A relative reference (RFC 3986, 4.2) for a path as the user gave it, an absolute `file:` URI for an absolute one, `profile:…` as it is. */
function uriOf(name: string): string {
  if (/^profile:[\w.-]+$/.test(name)) return name;
  const encoded = name
    .split("/")
    .map((part) => encodeURIComponent(visible(part)))
    .join("/");
  return name.startsWith("/") ? `file://${encoded}` : encoded;
}
