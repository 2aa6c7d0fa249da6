/** The specs that are mutated: the examples, Linux 6.12 of the tests, and what the corpus of bugs holds of repaired paths. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { type Compilation, compile } from "../../src/compiler/compile.js";
import type { BackEnd } from "../../src/compiler/emit/artefact.js";
import { isProfileName, type ResolveImport } from "../../src/compiler/model/imports.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { bugIds } from "../bugs/corpus.js";
import { type Mutant, mutantsOf, namesOf } from "./operators.js";

export interface SpecUnderTest {
  readonly name: string;
  /** From the repository's root. */
  readonly path: string;
  /** Reads a file of it, from the root. */
  readonly read: (path: string) => string;
}

export interface SpecMutant extends Mutant {
  readonly spec: SpecUnderTest;
  /** The file that was changed. */
  readonly file: string;
}

export function specsUnderTest(root: string): readonly SpecUnderTest[] {
  const cache = new Map<string, string>();
  const read = (path: string): string => {
    const known = cache.get(path) ?? readFileSync(join(root, path), "utf8");
    cache.set(path, known);
    return known;
  };
  const examples = readdirSync(join(root, "examples"))
    .filter((name) => name.endsWith(".exitdsl"))
    .map((name) => ({ name: name.replace(/\.exitdsl$/, ""), path: `examples/${name}`, read }));
  const linux = { name: "linux-6.12, all paths", path: "test/linux-6.12/linux-6.12.exitdsl", read };
  const bugs = bugIds(root).stated.map((id) => ({ name: id, path: `test/bugs/${id}/fixed.exitdsl`, read }));
  return [...examples, linux, ...bugs];
}

/** Compiles a spec, with one file's text exchanged. */
export function compileSpec(
  { path, read }: SpecUnderTest,
  changed?: { readonly file: string; readonly text: string },
  backEnds: readonly BackEnd[] = [],
): Compilation {
  const textOf = (file: string) => (file === changed?.file ? changed.text : read(file));
  const resolveImport: ResolveImport = (wanted, from) => {
    const name = isProfileName(wanted) ? `profiles/${wanted}.exitdsl` : posix.join(posix.dirname(from.name), wanted);
    return { name, text: textOf(name) };
  };
  return compile({ name: path, text: textOf(path), resolveImport }, { backEnds });
}

/** All mutants of a spec. @throws when the spec itself is not accepted */
export function mutantsOfSpec(spec: SpecUnderTest): readonly SpecMutant[] {
  const { sources, diagnostics } = compileSpec(spec);
  const [first] = diagnostics;
  if (first) throw new Error(`${spec.name}: ${first.code} ${first.message}`);
  const files = sources.map((source) => ({ source, tree: parse(source).file }));
  const names = namesOf(files.map(({ tree }) => tree));
  const seen = new Set<string>();
  return files
    .flatMap(({ source, tree }) => mutantsOf(source.text, tree, names).map((mutant) => ({ ...mutant, spec, file: source.name })))
    .filter(({ file, text }) => {
      const key = `${file} ${text}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}
