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

/** `file` is a path from `root`. @throws when a change does not apply exactly once */
export function compileFrom(
  root: string,
  file: string,
  options: CompileOptions & { readonly change?: Change | readonly Change[] } = {},
): Compilation {
  const { change = [], ...rest } = options;
  const changes: readonly Change[] = "file" in change ? [change] : change;
  const read = (path: string): string => {
    let text = readFileSync(join(root, path), "utf8");
    for (const { file, from, to } of changes) {
      if (file !== path) continue;
      const [before, after, ...more] = text.split(from);
      if (before === undefined || after === undefined || more.length > 0) throw new Error(`\`${from}\` is not once in ${path}`);
      text = before + to + after;
    }
    return text;
  };
  const resolveImport: ResolveImport = (path, from) => {
    if (isProfileName(path)) return { name: `profile:${path}`, text: read(`profiles/${path}.exitdsl`) };
    const name = posix.join(posix.dirname(from.name), path);
    return { name, text: read(name) };
  };
  return compile({ name: file, text: read(file), resolveImport }, rest);
}
