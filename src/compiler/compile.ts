/**
 * The whole pipeline: text → tree → model → path graphs → checks → outputs. Pure: what an import means is the host's answer,
 * and outputs are returned, not written. Each stage runs only where the ones before it found no error, so that one mistake is
 * reported once.
 */
import { check } from "./check/check.js";
import { checkEntries } from "./check/entry.js";
import { type Boundaries, checkInterruptions } from "./check/interruption.js";
import { diagnostic } from "./diagnostics/catalogue.js";
import type { Diagnostic } from "./diagnostics/diagnostic.js";
import type { Artefact, BackEnd, EmitOptions } from "./emit/artefact.js";
import { digestOf } from "./emit/digest.js";
import { collectFiles, type ResolveImport } from "./model/imports.js";
import type { Model } from "./model/model.js";
import { resolve } from "./model/resolve.js";
import { buildGraph } from "./path/build.js";
import type { PathGraph } from "./path/graph.js";
import { isPlanned, plan } from "./plan/plan.js";
import { countPath, type PathStatistics } from "./statistics.js";
import { parse } from "./syntax/parse.js";
import type { Source } from "./text/source.js";
import { version } from "./version.js";

export interface CompileInput extends Source {
  readonly resolveImport: ResolveImport;
}

export interface CompileOptions {
  /** The back ends that emit; none: the spec is only checked. */
  readonly backEnds?: readonly BackEnd[];
  /** What outputs are named after; the file's name without folders and extension if it is not given. */
  readonly stem?: string;
  readonly spdx?: string | undefined;
  /** A clock in milliseconds, for the statistics. */
  readonly now?: () => number;
}

export interface Compilation {
  /** The spec and all that it imports, imports first. */
  readonly sources: readonly Source[];
  /** Undefined where a name or type is wrong. */
  readonly model: Model | undefined;
  readonly graphs: readonly PathGraph[];
  /** Empty where there is an error. */
  readonly artefacts: readonly Artefact[];
  readonly diagnostics: readonly Diagnostic[];
  /** One a path that was checked. */
  readonly statistics: readonly PathStatistics[];
}

/** Diagnostics that one compilation reports; more are counted. */
const maximumDiagnostics = 500;

/** Compiles one spec. It throws only for a fault of the compiler, whatever the text is. */
export function compile(input: CompileInput, options: CompileOptions = {}): Compilation {
  const { backEnds = [], now = () => 0 } = options;
  const { files, diagnostics: found } = collectFiles(input, input.resolveImport, parse);
  const sources = files.map((f) => f.source);
  const diagnostics = [...found];
  const graphs: PathGraph[] = [];
  const statistics: PathStatistics[] = [];
  const boundaries: Boundaries[] = [];
  const artefacts: Artefact[] = [];
  const failed = () => diagnostics.some((d) => d.severity === "error");
  const add = (more: readonly Diagnostic[]) => {
    for (const d of more) diagnostics.push(d);
  };

  const resolved = failed() ? undefined : resolve(files);
  add(resolved?.diagnostics ?? []);
  const model = resolved?.model;
  for (const exit of model?.exits ?? []) {
    const started = now();
    const planned = isPlanned(exit) ? plan(model as Model, exit) : { exit, diagnostics: [] };
    if (!planned.exit) {
      // What is wrong before is why there is no plan.
      const before = buildGraph(model as Model, { ...exit, leave: [] }, "prepare").graph;
      const wrong = before ? check(before).diagnostics.filter((d) => d.severity === "error") : [];
      add(wrong.length > 0 ? wrong : planned.diagnostics);
      continue;
    }
    add(planned.diagnostics);
    const { graph, diagnostics: building } = buildGraph(model as Model, planned.exit);
    add(building);
    if (!graph) continue;
    const checked = check(graph);
    add(checked.diagnostics);
    boundaries.push(...checked.boundaries);
    graphs.push(graph);
    statistics.push({ ...countPath(graph), ...checked.statistics, milliseconds: now() - started });
  }
  if (model) {
    const entries = checkEntries(model, boundaries);
    add(checkInterruptions(model, [...boundaries, ...entries.flatMap((e) => e.boundaries)]));
    for (const { diagnostics: entering } of entries) add(entering);
  }
  if (model && !failed()) {
    add(backEnds.flatMap((b) => b.check(model, graphs)));
    const emitOptions: EmitOptions = {
      stem: options.stem ?? stemOf(input.name),
      digest: digestOf(backEnds.length > 0 ? sources : []),
      version,
      spdx: options.spdx,
    };
    if (!failed()) artefacts.push(...backEnds.flatMap((b) => b.emit(model, graphs, emitOptions)));
  }
  return { sources, model, graphs, artefacts, diagnostics: limited(told(diagnostics)), statistics };
}

/** `specs/linux-6.12.exitdsl` → `linux-6.12`. */
export function stemOf(name: string): string {
  return name.replace(/^.*[/\\]/, "").replace(/\.exitdsl$/, "");
}

/** What several exits suffer from in a tail that they share is one fault. */
function told(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const places = new Set<string>();
  return diagnostics.filter(({ code, message, primary: { span } }) => {
    const place = `${code} ${span.source.name} ${span.start} ${message}`;
    const fresh = !places.has(place);
    places.add(place);
    return fresh;
  });
}

function limited(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const next = diagnostics[maximumDiagnostics];
  if (!next) return diagnostics;
  const last = diagnostic("EX2019", next.primary.span, { count: diagnostics.length - maximumDiagnostics }, { label: "the first of them" });
  return [...diagnostics.slice(0, maximumDiagnostics), last];
}
