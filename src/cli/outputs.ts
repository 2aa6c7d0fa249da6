/** Writing: all outputs of a command or none, and what stands in the way in plain words. */
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { generatedMark } from "../compiler/emit/artefact.js";
import { codeOf, FileError } from "./failures.js";

/** A file to be written. */
export interface Output {
  readonly path: string;
  readonly text: string;
  /** Permissions of an existing file that are to be kept. */
  readonly mode?: number;
}

/**
 * Writes all of `outputs`, or nothing: each goes to a temporary file beside its place, and only when all of them are on the disk
 * are they renamed. On failure nothing is left behind, and a `FileError` names the file and the cause.
 */
export function writeOutputs(outputs: readonly Output[]): void {
  const temporaries: string[] = [];
  const folders: string[] = [];
  // A signal in between would leave temporaries; it is let through when they are gone.
  const later = () => {};
  process.on("SIGINT", later).on("SIGTERM", later);
  try {
    for (const { path } of outputs) makeFolder(dirname(path), folders);
    for (const { path } of outputs) refuseUnlessReplaceable(path);
    for (const output of outputs) writeTemporary(output, temporaries);
    outputs.forEach(({ path }, index) => {
      attempt(path, () => renameSync(temporaries[index] as string, path));
    });
  } catch (error) {
    for (const path of temporaries) rmSync(path, { force: true });
    for (const path of folders.reverse()) quietly(() => rmdirSync(path));
    throw error;
  } finally {
    process.off("SIGINT", later).off("SIGTERM", later);
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new FileError(path, error);
  }
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {}
}

/** Makes `folder` and those above it, and notes the ones that were not there. */
function makeFolder(folder: string, made: string[]): void {
  const missing: string[] = [];
  for (let at = folder; !exists(at); at = dirname(at)) missing.push(at);
  for (const path of missing.reverse()) {
    attempt(path, () => mkdirSync(path));
    made.push(path);
  }
}

function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw new FileError(path, error);
  }
}

function refuseUnlessReplaceable(path: string): void {
  if (!exists(path)) return;
  const stat = attempt(path, () => lstatSync(path));
  if (stat.isDirectory()) throw new FileError(path, "there is a directory in its place");
  if (!stat.isFile() && !stat.isSymbolicLink()) throw new FileError(path, "there is a device, a pipe or a socket in its place");
}

function writeTemporary({ path, text, mode }: Output, temporaries: string[]): void {
  const temporary = join(dirname(path), `.exitdsl-${process.pid}-${temporaries.length}.tmp`);
  attempt(path, () => {
    const fd = openSync(temporary, "wx", mode ?? 0o666);
    temporaries.push(temporary);
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } finally {
      closeSync(fd);
    }
  });
}

/** How the files on the disk differ from `outputs`; empty if they do not. */
export function findDrift(outputs: readonly Output[], isOurs: (specName: string) => boolean): string[] {
  const found: string[] = [];
  for (const { path, text } of outputs) {
    const old = readIfThere(path);
    if (old === undefined) found.push(`missing: ${path}`);
    else if (old !== text) found.push(`changed: ${path}, from line ${firstDifferentLine(old, text)} on`);
  }
  const wanted = new Set(outputs.map((o) => o.path));
  for (const folder of new Set(outputs.map((o) => dirname(o.path)))) {
    for (const path of filesIn(folder)) {
      const spec = wanted.has(path) ? undefined : generatedFrom(path);
      if (spec !== undefined && isOurs(spec)) found.push(`left over: ${path}`);
    }
  }
  return found;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new FileError(path, error);
  }
}

function firstDifferentLine(a: string, b: string): number {
  const left = a.split("\n");
  const right = b.split("\n");
  let line = 0;
  while (line < left.length && left[line] === right[line]) line++;
  return line + 1;
}

function filesIn(folder: string): string[] {
  if (!exists(folder)) return [];
  const entries = attempt(folder, () => readdirSync(folder, { withFileTypes: true }));
  return entries
    .filter((e) => e.isFile())
    .map((e) => join(folder, e.name))
    .sort();
}

/** The spec that the header of an output of ours names; undefined for other files. */
function generatedFrom(path: string): string | undefined {
  const head = (readIfThere(path) ?? "").slice(0, 2000).split("\n", 8).join("\n");
  const at = head.indexOf(generatedMark);
  return at < 0 ? undefined : /^ \S+ from (.*); do not edit\./.exec(head.slice(at + generatedMark.length))?.[1];
}
