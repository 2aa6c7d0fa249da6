/** The checker's verdict on what the emitted models ask, read from its diagnostics. */
import { readdirSync, readFileSync } from "node:fs";
import { starts } from "../../src/compiler/check/check.js";
import { pathContext } from "../../src/compiler/check/context.js";
import { Explorer } from "../../src/compiler/check/explore.js";
import type { Visit } from "../../src/compiler/check/rule.js";
import { terminals } from "../../src/compiler/check/rules/terminals.js";
import { type Compilation, compile } from "../../src/compiler/compile.js";
import type { Violation } from "../../src/compiler/model-check/program.js";
import { compileText, readRepositoryFile } from "../docs/compile.js";

export function checkerVerdict({ diagnostics }: Compilation): ReadonlySet<Violation> {
  return new Set(
    diagnostics.flatMap(({ code, message }): readonly Violation[] => {
      if (code === "EX3001") return ["pending"];
      if (code === "EX3007") return ["stale"];
      return code === "EX5001" && message.includes("irqs") ? ["irqs"] : [];
    }),
  );
}

/**
 * The same, with all that the rules find: a diagnostic about IRQs that are on is told once, where they first do harm, and not again
 * where the path leaves.
 */
export function rulesVerdict(compilation: Compilation): ReadonlySet<Violation> {
  const found = new Set(checkerVerdict(compilation));
  for (const graph of compilation.graphs) {
    const context = pathContext(graph);
    if (!("graph" in context)) throw new Error(`more than ${context.limit} ${context.what}`);
    const report: Visit["report"] = (finding) => {
      if (finding.code === "EX5001" && finding.cause?.kind === "dimension" && finding.cause.dimension.name === "irqs") found.add("irqs");
    };
    const explorer = new Explorer(context, (node, { vector, combinations }, instruction) =>
      terminals({ context, node, vector, combinations, instruction, report }),
    );
    explorer.run(starts(context).map((vector) => ({ vector, combinations: context.features.all })));
  }
  return found;
}

const folder = (name: string) => readdirSync(new URL(`../../${name}/`, import.meta.url)).filter((f) => f.endsWith(".exitdsl"));

/** The examples, and the specs with one fault each that have a path. */
export const exampleFiles: readonly string[] = folder("examples").map((f) => `examples/${f}`);
export const brokenFiles: readonly string[] = folder("test/ui").map((f) => `test/ui/${f}`);

/** The corpus of real bugs: each as it was, and as it was mended. */
export const corpusFiles: readonly string[] = readdirSync(new URL("../bugs/", import.meta.url), { recursive: true, encoding: "utf8" })
  .filter((f) => /[/\\](?:wrong|fixed)\.exitdsl$/.test(f))
  .map((f) => `test/bugs/${f}`)
  .sort();

export function compileFile(file: string): Compilation {
  return compileText(file.replace(/^.*\//, ""), readRepositoryFile(file));
}

/** A spec of a test; the profile `bare` is all that it can import. */
export function compileSpec(text: string): Compilation {
  const bare = readFileSync(new URL("../../profiles/bare.exitdsl", import.meta.url), "utf8");
  return compile({ name: "spec.exitdsl", text, resolveImport: () => ({ name: "profile:bare", text: bare }) });
}
