/**
 * The set of files that a spec consists of. This decides order, cycles and limits; what a path means on a disk or in an editor
 * is the host's business, so that the compiler itself touches no files.
 */
import { diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Import, SpecFile } from "../syntax/tree.js";
import type { Source, Span } from "../text/source.js";
import type { ParsedFile } from "./scope.js";

/** Files that one spec may consist of, itself and profiles included. */
export const maximumFiles = 64;

/** Why an import gave no text; `detail` fills the message. */
export type ImportFailure =
  | { readonly failure: "missing" | "outside-root" }
  | { readonly failure: "unreadable" | "not-a-file" | "not-utf8"; readonly detail: string }
  | { readonly failure: "too-large"; readonly limit: number }
  | { readonly failure: "unknown-profile"; readonly known: readonly string[] };

/** Finds the file that `path` means in `from`: a profile's name (`linux-6.12`), or a path relative to `from` (`./common.exitdsl`). */
export type ResolveImport = (path: string, from: Source) => Source | ImportFailure;

export interface CollectedFiles {
  /** Imports before importers, the spec last; each file once. */
  readonly files: readonly ParsedFile[];
  readonly diagnostics: readonly Diagnostic[];
}

type Parse = (source: Source) => { readonly file: SpecFile; readonly diagnostics: readonly Diagnostic[] };

/** Parses `main` and all that it imports. Two sources with the same name and text are the same file. */
export function collectFiles(main: Source, resolveImport: ResolveImport, parse: Parse): CollectedFiles {
  const files: ParsedFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const known: Source[] = [];
  /** The imports that lead to the file at hand. */
  const chain: { readonly source: Source; readonly importedAt: Span | undefined }[] = [];
  let full = false;

  const visit = (source: Source, importedAt: Span | undefined): void => {
    known.push(source);
    chain.push({ source, importedAt });
    const { file, diagnostics: found } = parse(source);
    diagnostics.push(...found);
    for (const imported of file.imports) follow(source, imported);
    chain.pop();
    files.push({ source, file });
  };

  const follow = (source: Source, { path }: Import): void => {
    const span = { source, start: path.start, end: path.end };
    const target = importPathProblem(path.value) ? undefined : resolveImport(path.value, source);
    if (!target) {
      const help = 'write `import "linux-6.12"` for a profile, or `import "./common.exitdsl"` for a file beside this one';
      diagnostics.push(diagnostic("EX2010", span, { path: path.value }, { help }));
    } else if ("failure" in target) {
      diagnostics.push(failed(target, path.value, span));
    } else if (chain.some((link) => isSame(link.source, target))) {
      diagnostics.push(cycle(target, path.value, span));
    } else if (!known.some((other) => isSame(other, target))) {
      if (known.length < maximumFiles) visit(target, span);
      else if (!full) {
        full = true;
        diagnostics.push(diagnostic("EX2007", span, { limit: maximumFiles }, { help: "join files that belong together" }));
      }
    }
  };

  const cycle = (target: Source, path: string, span: Span): Diagnostic => {
    const from = chain.findIndex((link) => isSame(link.source, target));
    const trace = chain.slice(from + 1).map(({ source, importedAt }) => ({ span: importedAt, text: `${source.name} is imported` }));
    return diagnostic(
      "EX2003",
      span,
      { path },
      {
        label: `${target.name} again`,
        trace: [...trace, { span, text: `${target.name} is imported again` }],
        help: "move what both files need into a third one that imports neither",
      },
    );
  };

  visit(main, undefined);
  return { files, diagnostics };
}

function isSame(a: Source, b: Source): boolean {
  return a === b || (a.name === b.name && a.text === b.text);
}

/** Is it the name of a profile, and not a path? */
export function isProfileName(path: string): boolean {
  return /^[a-z0-9][a-z0-9._-]*$/.test(path) && !path.endsWith(".exitdsl");
}

function importPathProblem(path: string): boolean {
  return !isProfileName(path) && (!/^\.\.?\//.test(path) || path.includes("\0"));
}

function failed(failure: ImportFailure, path: string, span: Span): Diagnostic {
  switch (failure.failure) {
    case "missing":
      return diagnostic("EX2001", span, { path }, { help: "an import is looked for beside the file that it stands in" });
    case "unknown-profile":
      return diagnostic(
        "EX2002",
        span,
        { name: path },
        { help: `there are: ${failure.known.join(", ")}; a file's path starts with \`./\`` },
      );
    case "outside-root":
      return diagnostic(
        "EX2004",
        span,
        { path },
        {
          notes: ["a spec reads no files but those under its root, so that one from elsewhere can be compiled without harm"],
          help: "move the file, or name a root that holds both with `--root DIRECTORY`",
        },
      );
    case "unreadable":
      return diagnostic("EX2005", span, { path, reason: failure.detail }, {});
    case "not-a-file":
      return diagnostic("EX2006", span, { path, what: failure.detail }, { help: "import the files one by one" });
    case "not-utf8":
      return diagnostic("EX2008", span, { path, problem: failure.detail }, { help: "save it as UTF-8" });
    case "too-large":
      return diagnostic("EX2009", span, { path, limit: failure.limit }, { help: "split it" });
  }
}
