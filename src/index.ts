/**
 * The library: `import { compile } from "exitdsl"`. It touches no files and runs in a browser too.
 *
 * @example
 * const { artefacts, diagnostics } = compile({ name: "mine.exitdsl", text });
 * if (diagnostics.length > 0) console.error(pretty(diagnostics, { version, colour: true }));
 */
import bundledProfiles from "bundled:profiles";
import { type Compilation, compile as compileWith } from "./compiler/compile.js";
import type { BackEnd } from "./compiler/emit/artefact.js";
import { backEnds, everyBackEnd } from "./compiler/emit/back-ends.js";
import { isProfileName, type ResolveImport } from "./compiler/model/imports.js";

export type { Compilation } from "./compiler/compile.js";
export { type Code, catalogue } from "./compiler/diagnostics/catalogue.js";
export type { Diagnostic, Fix, Label, Severity, TraceStep } from "./compiler/diagnostics/diagnostic.js";
export type { Artefact } from "./compiler/emit/artefact.js";
export type { ImportFailure, ResolveImport } from "./compiler/model/imports.js";
export type { Model } from "./compiler/model/model.js";
export type { PathGraph } from "./compiler/path/graph.js";
export { github } from "./compiler/report/github.js";
export { json } from "./compiler/report/json.js";
export { pretty } from "./compiler/report/pretty.js";
export type { ReportContext, Reporter } from "./compiler/report/reporter.js";
export { sarif } from "./compiler/report/sarif.js";
export { short } from "./compiler/report/short.js";
export type { PathStatistics } from "./compiler/statistics.js";
export { parse } from "./compiler/syntax/parse.js";
export { type Position, positionAt, type Source, type Span } from "./compiler/text/source.js";
export { version } from "./compiler/version.js";

/** The text of each profile that ships with the compiler, by its name: `linux-6.12`. */
export const profiles: Readonly<Record<string, string>> = bundledProfiles;

export interface Input {
  /** What diagnostics call the spec; its outputs are named after it. */
  readonly name: string;
  readonly text: string;
  /** Finds the files that the spec imports by path; profiles are found without it. Not given: there are none. */
  readonly resolveImport?: ResolveImport;
}

export interface Options {
  /** What to emit; assembly, C and the simulator if not given, nothing (a check) for `[]`. */
  readonly emit?: readonly BackEnd["name"][];
  /** An SPDX licence expression for the first line of each output. */
  readonly spdx?: string;
}

/** Compiles one spec. `artefacts` is empty where `diagnostics` has an error. Throws only for a fault of the compiler. */
export function compile(input: Input, options: Options = {}): Compilation {
  const { emit } = options;
  const resolveImport: ResolveImport = (path, from) => {
    if (isProfileName(path)) return profile(path);
    return input.resolveImport?.(path, from) ?? { failure: "missing" };
  };
  const chosen = emit === undefined ? backEnds : everyBackEnd.filter((backEnd) => emit.includes(backEnd.name));
  return compileWith({ name: input.name, text: input.text, resolveImport }, { backEnds: chosen, spdx: options.spdx });
}

function profile(name: string): ReturnType<ResolveImport> {
  const text = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  return text === undefined ? { failure: "unknown-profile", known: Object.keys(profiles) } : { name: `profile:${name}`, text };
}
