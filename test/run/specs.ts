/** The examples as the compiler has them, for tests and programs that start in the repository's root. */
import { readFileSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { collectFiles } from "../../src/compiler/model/imports.js";
import { resolve } from "../../src/compiler/model/resolve.js";
import { buildGraph } from "../../src/compiler/path/build.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import type { Spec } from "../../src/verify/image.js";
import { compileFrom } from "../../tools/linux/spec.js";
import { listed } from "../plan/listed.js";

/** The bench machine's sources. */
export const machineFolder = resolvePath("machine");

/** Linux 6.12's exit paths and entries as one spec. */
const everyPathOfLinux = "linux-6.12-all";

/** @param stem of an example, or `linux-6.12-all` */
export function specOf(stem: string): Spec {
  if (stem === everyPathOfLinux) {
    const { model, graphs } = compileFrom(".", "test/linux-6.12/linux-6.12.exitdsl");
    if (!model) throw new Error("the exit paths of Linux 6.12 do not compile");
    return { stem, model, graphs };
  }
  return specFrom("examples", stem);
}

/** A spec as the compiler has it, whatever the checker says of it. @param folder where its file is, from the repository's root */
export function specFrom(folder: string, stem: string): Spec {
  const text = readFileSync(`${folder}/${stem}.exitdsl`, "utf8");
  const { files } = collectFiles(
    { name: `${stem}.exitdsl`, text },
    (path) => ({ name: `profile:${path}`, text: readFileSync(`profiles/${path}.exitdsl`, "utf8") }),
    parse,
  );
  const { model, diagnostics } = resolve(files);
  if (!model) throw new Error(diagnostics.map((d) => d.message).join("\n"));
  const graphs = model.exits.map((exit) => {
    const { graph } = buildGraph(model, listed(model, exit));
    if (!graph) throw new Error(`${stem}: ${exit.name} has no graph`);
    return graph;
  });
  return { stem, model, graphs };
}
