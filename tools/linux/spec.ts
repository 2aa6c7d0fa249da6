/** Compiles a spec of this repository with its imports, with a change if one is wanted. */
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { type Compilation, type CompileOptions, compile } from "../../src/compiler/compile.js";
import { isProfileName, type ResolveImport } from "../../src/compiler/model/imports.js";

/** `from`, which is once in the file (a path from the root), becomes `to`. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** `file` is a path from `root`. @throws when `change` does not apply exactly once */
export function compileFrom(root: string, file: string, options: CompileOptions & { readonly change?: Change } = {}): Compilation {
  const { change, ...rest } = options;
  const read = (path: string): string => {
    const text = readFileSync(join(root, path), "utf8");
    if (path !== change?.file) return text;
    if (text.split(change.from).length !== 2) throw new Error(`\`${change.from}\` is not once in ${path}`);
    return text.replace(change.from, change.to);
  };
  const resolveImport: ResolveImport = (path, from) => {
    if (isProfileName(path)) return { name: `profile:${path}`, text: read(`profiles/${path}.exitdsl`) };
    const name = posix.join(posix.dirname(from.name), path);
    return { name, text: read(name) };
  };
  return compile({ name: file, text: read(file), resolveImport }, rest);
}
