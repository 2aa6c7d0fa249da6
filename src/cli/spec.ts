/** A spec on the disk: its text, and what its imports mean. Imports come from profiles that ship with the tool, or from under a root. */
import { realpathSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import type { CompileInput } from "../compiler/compile.js";
import { diagnostic } from "../compiler/diagnostics/catalogue.js";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import { type ImportFailure, isProfileName } from "../compiler/model/imports.js";
import { limits } from "../compiler/syntax/limits.js";
import type { Source } from "../compiler/text/source.js";
import { causeOf, codeOf, FileError } from "./failures.js";
import { type InputFile, readBytes } from "./files.js";
import type { InputSettings } from "./options.js";
import { decode, withoutMark } from "./text.js";

export interface Spec {
  /** The very object that the compiler is to be given: imports are found by it. */
  readonly source: CompileInput;
  /** Why it cannot be compiled at all: it is not UTF-8, or too large. */
  readonly problem: Diagnostic | undefined;
  /** The files that were read so far, as paths that can be opened, the spec first. */
  readonly filesRead: () => readonly string[];
}

/** Reads a spec. Throws a `FileError` if it cannot be read. */
export function readSpec(input: InputFile, settings: InputSettings, profiles: Readonly<Record<string, string>>): Spec {
  const name = settings.shownName(input.name);
  const { text, problem } = mainText(input, name);
  const imports = new Imports(resolve(input.path ?? settings.stdinPath ?? "standard-input"), settings, profiles);
  const source: CompileInput = { name, text, resolveImport: (wanted, from) => imports.resolve(wanted, from) };
  imports.enter(source, input.name);
  return {
    source,
    problem: problem?.(source),
    filesRead: () => [...(input.path === undefined ? [] : [input.path]), ...imports.read],
  };
}

function mainText(input: InputFile, name: string): { text: string; problem?: (source: Source) => Diagnostic } {
  const content = read(input);
  if ("notAFile" in content) throw new FileError(input.name, `it is ${content.notAFile}`);
  if ("tooLarge" in content) {
    return {
      text: "",
      problem: (source) => diagnostic("EX2009", { source, start: 0, end: 0 }, { path: name, limit: limits.fileSize }, {}),
    };
  }
  const decoded = decode(content.bytes);
  if (decoded.problem === undefined) return { text: withoutMark(decoded.text) };
  const { text, problem, offset } = decoded;
  return {
    text,
    problem: (source) => {
      const span = { source, start: offset, end: Math.min(offset + 1, text.length) };
      return diagnostic("EX2008", span, { path: name, problem }, { help: "save it as UTF-8" });
    },
  };
}

function read(input: InputFile): ReturnType<typeof readBytes> {
  try {
    return readBytes(input.path, "any");
  } catch (error) {
    throw new FileError(input.name, error);
  }
}

/** Finds imported files; each is read once. */
class Imports {
  /** The files that were read. */
  readonly read: string[] = [];
  readonly #root: string;
  readonly #settings: InputSettings;
  readonly #profiles: Readonly<Record<string, string>>;
  /** The path of each source as the user would write it; none for a profile. */
  readonly #pathOf = new Map<Source, string>();
  /** By real path, or `profile:…`. */
  readonly #known = new Map<string, Source | ImportFailure>();

  constructor(mainPath: string, settings: InputSettings, profiles: Readonly<Record<string, string>>) {
    this.#settings = settings;
    this.#profiles = profiles;
    this.#root = realRoot(settings.root ?? dirname(mainPath));
  }

  enter(source: Source, path: string): void {
    this.#pathOf.set(source, path);
    const real = realPath(path);
    if (real !== undefined) this.#known.set(real, source);
  }

  resolve(path: string, from: Source): Source | ImportFailure {
    if (isProfileName(path)) return this.#once(`profile:${path}`, () => this.#profile(path));
    const importer = this.#pathOf.get(from);
    if (importer === undefined) return { failure: "missing" };
    const wanted = join(dirname(importer), path);
    // Asked before the disk is, so that an import cannot tell what there is outside of the root.
    if (!this.#isInside(resolve(wanted)) && !this.#isInside(resolve(realPath(dirname(importer)) ?? "", path)))
      return { failure: "outside-root" };
    const real = realPath(wanted);
    if (real === undefined) return this.#once(`path:${wanted}`, () => this.#file(wanted));
    return this.#isInside(real) ? this.#once(real, () => this.#file(wanted)) : { failure: "outside-root" };
  }

  #once(key: string, find: () => Source | ImportFailure): Source | ImportFailure {
    const known = this.#known.get(key) ?? find();
    this.#known.set(key, known);
    return known;
  }

  #isInside(path: string): boolean {
    return path.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep);
  }

  #profile(name: string): Source | ImportFailure {
    const text = Object.hasOwn(this.#profiles, name) ? this.#profiles[name] : undefined;
    return text === undefined ? { failure: "unknown-profile", known: Object.keys(this.#profiles) } : { name: `profile:${name}`, text };
  }

  #file(path: string): Source | ImportFailure {
    try {
      const content = readBytes(path, "regular");
      if ("notAFile" in content) return { failure: "not-a-file", detail: content.notAFile };
      if ("tooLarge" in content) return { failure: "too-large", limit: limits.fileSize };
      const { text, problem } = decode(content.bytes);
      if (problem !== undefined) return { failure: "not-utf8", detail: problem };
      const source = { name: this.#settings.shownName(path), text: withoutMark(text) };
      this.#pathOf.set(source, path);
      this.read.push(path);
      return source;
    } catch (error) {
      return codeOf(error) === "ENOENT" ? { failure: "missing" } : { failure: "unreadable", detail: causeOf(error) };
    }
  }
}

function realRoot(root: string): string {
  try {
    return realpathSync(root);
  } catch (error) {
    throw new FileError(root, error);
  }
}

/** Undefined where there is no such file, or none that can be reached. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
