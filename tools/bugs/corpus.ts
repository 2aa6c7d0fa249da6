/**
 * The bugs of `test/bugs`: what each folder and file there says, and what the compiler says of its specs.
 *
 * `<id>/wrong.exitdsl` and `fixed.exitdsl` are a kernel's exit path before and after a repair that was really made, `bug.json` is a
 * `Bug`. `unstated/<id>.json` is a bug that the language cannot state, an `Unstated`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../src/compiler/compile.js";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import { isProfileName, type ResolveImport } from "../../src/compiler/model/imports.js";

export interface Bug {
  readonly id: string;
  /** CVE, commit, advisory: where it can be read about. */
  readonly reference: string;
  readonly year: string;
  readonly kernel: string;
  /** What went wrong, in a sentence or two. */
  readonly what: string;
  /** The diagnostic that refuses `wrong.exitdsl`, and the line where it points. */
  readonly code: string;
  readonly line: number;
  /** A part of its message, labels, notes, trace or help, which shows that it is refused for the right reason. */
  readonly reason: string;
  /** Further codes of the same fault, where one cannot be without the other. */
  readonly also?: readonly string[];
  /** What of the bug is stated and what is not, where it is stated in part only. */
  readonly inPart?: string;
}

export interface Unstated {
  readonly id: string;
  readonly reference: string;
  readonly year: string;
  /** Why the language cannot state it. */
  readonly why: string;
}

export interface StatedBug extends Bug {
  readonly wrong: readonly Diagnostic[];
  readonly fixed: readonly Diagnostic[];
}

export interface Corpus {
  readonly stated: readonly StatedBug[];
  readonly unstated: readonly Unstated[];
}

/** Ids of the bugs in `test/bugs` of the repository at `root`, in order of the alphabet. */
export function bugIds(root: string): { readonly stated: readonly string[]; readonly unstated: readonly string[] } {
  const folder = join(root, "test/bugs");
  const stated = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== "unstated");
  const unstated = readdirSync(join(folder, "unstated")).filter((name) => name.endsWith(".json"));
  return { stated: stated.map((entry) => entry.name).sort(), unstated: unstated.map((name) => name.replace(/\.json$/, "")).sort() };
}

/** Reads one bug and compiles both of its specs. */
export function readBug(root: string, id: string): StatedBug {
  return {
    ...(JSON.parse(readFileSync(join(root, "test/bugs", id, "bug.json"), "utf8")) as Bug),
    wrong: diagnosticsOf(root, id, "wrong.exitdsl"),
    fixed: diagnosticsOf(root, id, "fixed.exitdsl"),
  };
}

export function readUnstated(root: string, id: string): Unstated {
  return JSON.parse(readFileSync(join(root, "test/bugs/unstated", `${id}.json`), "utf8")) as Unstated;
}

export function readCorpus(root: string): Corpus {
  const { stated, unstated } = bugIds(root);
  return { stated: stated.map((id) => readBug(root, id)), unstated: unstated.map((id) => readUnstated(root, id)) };
}

export function specPath(root: string, id: string, file: string): string {
  return join(root, "test/bugs", id, file);
}

function diagnosticsOf(root: string, id: string, file: string): readonly Diagnostic[] {
  const resolveImport: ResolveImport = (path) =>
    isProfileName(path)
      ? { name: `profile:${path}`, text: readFileSync(join(root, `profiles/${path}.exitdsl`), "utf8") }
      : { failure: "missing" };
  return compile({ name: file, text: readFileSync(specPath(root, id, file), "utf8"), resolveImport }).diagnostics;
}
