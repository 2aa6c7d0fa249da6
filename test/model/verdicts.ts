/** The checker's verdict on what the emitted models ask, read from its diagnostics. */
import { readFileSync, readdirSync } from "node:fs";
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

const folder = (name: string) => readdirSync(new URL(`../../${name}/`, import.meta.url)).filter((f) => f.endsWith(".exitdsl"));

/** The examples, and the specs with one fault each that have a path. */
export const exampleFiles: readonly string[] = folder("examples").map((f) => `examples/${f}`);
export const brokenFiles: readonly string[] = folder("test/ui").map((f) => `test/ui/${f}`);

export function compileFile(file: string): Compilation {
  return compileText(file.replace(/^.*\//, ""), readRepositoryFile(file));
}

/** A spec of a test; the profile `bare` is all that it can import. */
export function compileSpec(text: string): Compilation {
  const bare = readFileSync(new URL("../../profiles/bare.exitdsl", import.meta.url), "utf8");
  return compile({ name: "spec.exitdsl", text, resolveImport: () => ({ name: "profile:bare", text: bare }) });
}
