/** Specs for the tests of emitted C: texts and examples, compiled without a command line. */
import { readdirSync, readFileSync } from "node:fs";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import type { Artefact } from "../../src/compiler/emit/artefact.js";
import { c } from "../../src/compiler/emit/c/c.js";
import { usesOf } from "../../src/compiler/emit/c/uses.js";
import { combinations } from "../../src/compiler/model/features.js";
import { collectFiles, type ResolveImport } from "../../src/compiler/model/imports.js";
import type { Feature, Model } from "../../src/compiler/model/model.js";
import { resolve } from "../../src/compiler/model/resolve.js";
import { buildGraph } from "../../src/compiler/path/build.js";
import type { PathGraph } from "../../src/compiler/path/graph.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { listed } from "../plan/listed.js";

const folder = (name: string) => new URL(`../../${name}/`, import.meta.url);

/** The examples' names without their extension. */
export const exampleNames: readonly string[] = readdirSync(folder("examples"))
  .filter((f) => f.endsWith(".exitdsl"))
  .map((f) => f.replace(/\.exitdsl$/, ""))
  .sort();

/** Profiles, and files beside the examples. */
export const resolveImport: ResolveImport = (path) => {
  const file = path.startsWith(".") ? new URL(path, folder("examples")) : new URL(`${path}.exitdsl`, folder("profiles"));
  return { name: path.startsWith(".") ? path : `profile:${path}`, text: readFileSync(file, "utf8") };
};

export interface Emitted {
  readonly stem: string;
  readonly model: Model;
  readonly graphs: readonly PathGraph[];
  readonly artefacts: readonly Artefact[];
  readonly diagnostics: readonly Diagnostic[];
}

export function emitExample(name: string): Emitted {
  return emitText(readFileSync(new URL(`${name}.exitdsl`, folder("examples")), "utf8"), {
    name: `${name}.exitdsl`,
    stem: name,
    plans: true,
  });
}

/** A text's C, whether or not the path rules hold: what is tested here is how it is written. */
export function emitText(
  text: string,
  options: { readonly name?: string; readonly stem?: string; readonly spdx?: string; readonly plans?: boolean } = {},
): Emitted {
  const { name = "spec.exitdsl", stem = "spec", spdx, plans = false } = options;
  const { files, diagnostics: found } = collectFiles({ name, text }, resolveImport, parse);
  const resolved = resolve(files);
  const diagnostics = [...found, ...resolved.diagnostics];
  const { model } = resolved;
  const graphs = (model?.exits ?? []).flatMap((exit) => {
    const built = buildGraph(model as Model, plans ? listed(model as Model, exit) : exit);
    diagnostics.push(...built.diagnostics);
    return built.graph ? [built.graph] : [];
  });
  if (!model || diagnostics.some((d) => d.severity === "error")) {
    throw new Error(diagnostics.map((d) => `${d.code} ${d.message} ${d.help ?? ""}`).join("\n"));
  }
  const refused = c.check(model, graphs);
  const artefacts = refused.length > 0 ? [] : c.emit(model, graphs, { stem, digest: "0".repeat(64), version: "0.1.0", spdx });
  return { stem, model, graphs, artefacts, diagnostics: refused };
}

/** The features that the C of a spec asks for, and their admissible combinations. */
export function featuresOf({ model, graphs }: Emitted): {
  readonly features: readonly Feature[];
  readonly combinations: readonly ReadonlySet<Feature>[];
} {
  const { features } = usesOf(model, graphs);
  return { features, combinations: combinations(features) };
}
