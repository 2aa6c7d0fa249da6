/** Specs for the tests of emitted assembly: texts and examples, without what the checker says of them. */
import { readdirSync, readFileSync } from "node:fs";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import type { Artefact } from "../../src/compiler/emit/artefact.js";
import { gas } from "../../src/compiler/emit/gas/gas.js";
import { collectFiles, type ResolveImport } from "../../src/compiler/model/imports.js";
import type { Model } from "../../src/compiler/model/model.js";
import { resolve } from "../../src/compiler/model/resolve.js";
import { buildGraph } from "../../src/compiler/path/build.js";
import type { PathGraph } from "../../src/compiler/path/graph.js";
import { type LinearInstruction, type LinearLabel, type LinearProgram, linearProgram } from "../../src/compiler/path/linear.js";
import { parse } from "../../src/compiler/syntax/parse.js";

import { listed } from "../plan/listed.js";

export { assembledItems } from "../../src/verify/assembled.js";

const folder = (name: string) => new URL(`../../${name}/`, import.meta.url);

export const exampleNames: readonly string[] = readdirSync(folder("examples"))
  .filter((file) => file.endsWith(".exitdsl"))
  .map((file) => file.replace(/\.exitdsl$/, ""))
  .sort();

export interface Emitted {
  readonly stem: string;
  readonly model: Model;
  readonly graphs: readonly PathGraph[];
  readonly program: LinearProgram;
  readonly artefacts: readonly Artefact[];
  readonly diagnostics: readonly Diagnostic[];
}

export const emitExample = (stem: string): Emitted =>
  emitText(readFileSync(new URL(`${stem}.exitdsl`, folder("examples")), "utf8"), stem, `${stem}.exitdsl`, true);

/** `plans`: a `leave` that names only its ends is planned. Texts of tests are emitted as they are, whatever the checker would say. */
export function emitText(text: string, stem = "spec", name = `${stem}.exitdsl`, plans = false): Emitted {
  const resolveImport: ResolveImport = (path) => ({
    name: `profile:${path}`,
    text: readFileSync(new URL(`${path}.exitdsl`, folder("profiles")), "utf8"),
  });
  const { files, diagnostics: found } = collectFiles({ name, text }, resolveImport, parse);
  const { model, diagnostics: more } = resolve(files);
  const problems = [...found, ...more];
  const graphs = (model?.exits ?? []).flatMap((exit) => {
    const built = buildGraph(model as Model, plans ? listed(model as Model, exit) : exit);
    problems.push(...built.diagnostics);
    return built.graph ? [built.graph] : [];
  });
  const errors = problems.filter((d) => d.severity === "error");
  if (!model || errors.length > 0) throw new Error(errors.map((d) => `${d.code} ${d.message} ${d.help ?? ""}`).join("\n"));
  const diagnostics = gas.check(model, graphs);
  const artefacts =
    diagnostics.length > 0 ? [] : gas.emit(model, graphs, { stem, digest: "0".repeat(64), version: "0.1.0", spdx: "GPL-2.0-only OR MIT" });
  return { stem, model, graphs, program: linearProgram(model, graphs), artefacts, diagnostics };
}

/** An instruction or a label of the line of code as one kernel has it. */
export type Expected = LinearInstruction | LinearLabel;
