/** Compiles specs of the tests: profiles come from `profiles/`, other imports from nowhere. */
import { readFileSync } from "node:fs";
import { type Compilation, compile } from "../../src/compiler/compile.js";
import { isProfileName, type ResolveImport } from "../../src/compiler/model/imports.js";
import type { Source } from "../../src/compiler/text/source.js";

/** A file of this repository, by its path from the root. */
export function readRepositoryFile(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

const profiles = new Map<string, Source>();

const resolveImport: ResolveImport = (path) => {
  if (!isProfileName(path)) return { failure: "missing" };
  let profile = profiles.get(path);
  if (!profile) {
    profile = { name: `profile:${path}`, text: readRepositoryFile(`profiles/${path}.exitdsl`) };
    profiles.set(path, profile);
  }
  return profile;
};

/** Checks a spec; nothing is emitted. */
export function compileText(name: string, text: string): Compilation {
  return compile({ name, text, resolveImport });
}
