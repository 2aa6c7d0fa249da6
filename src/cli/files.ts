/** Reading: which specs a command line means, and their bytes. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../compiler/syntax/limits.js";
import { FileError, UsageError } from "./failures.js";

/** A spec that a command is to read. */
export interface InputFile {
  /** The path as the user gave it or as it was found; `undefined`: standard input. */
  readonly path: string | undefined;
  /** What diagnostics call it, before `--path-prefix-map`. */
  readonly name: string;
  /** Where its outputs go, relative to the output directory: a folder's specs keep their subfolders. */
  readonly subfolder: string;
}

export const extension = ".exitdsl";

/** The specs that `operands` (files, folders, or `-`) stand for, each once, folders in the order of names. */
export function findSpecs(operands: readonly string[], stdinName: string | undefined): InputFile[] {
  if (operands.length === 0) throw new UsageError("name a file, a folder, or `-` for standard input");
  const found = operands.flatMap((operand): InputFile[] => {
    if (operand === "-") return [{ path: undefined, name: stdinName ?? "standard-input.exitdsl", subfolder: "" }];
    const specs = isDirectory(operand) ? specsIn(operand, "") : [{ path: operand, name: operand, subfolder: "" }];
    if (specs.length === 0) throw new FileError(operand, `there is no *${extension} file in this folder`);
    return specs;
  });
  return [...new Map(found.map((file) => [file.name, file])).values()];
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new FileError(path, error);
  }
}

/** Folders that are hidden or hold dependencies are passed over, and links to folders are not followed: they may lead in a circle. */
function specsIn(folder: string, subfolder: string): InputFile[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    return entries.flatMap((entry): InputFile[] => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        const passedOver = entry.name.startsWith(".") || entry.name === "node_modules";
        return passedOver ? [] : specsIn(path, join(subfolder, entry.name));
      }
      return entry.name.endsWith(extension) ? [{ path, name: path, subfolder }] : [];
    });
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(folder, error);
  }
}

export type Bytes = { readonly bytes: Uint8Array } | { readonly tooLarge: true } | { readonly notAFile: string };

/** The bytes of a file (`undefined`: of standard input), as long as there are not too many. Throws the error of the system call. */
export function readBytes(path: string | undefined, kinds: "regular" | "any"): Bytes {
  // Not blocking: opening a named pipe that nobody writes must not hang.
  const fd = path === undefined ? 0 : openSync(path, kinds === "regular" ? constants.O_RDONLY | constants.O_NONBLOCK : constants.O_RDONLY);
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return { notAFile: "a directory" };
    if (kinds === "regular" && !stat.isFile()) return { notAFile: "a device, a pipe or a socket" };
    if (stat.size > limits.fileSize) return { tooLarge: true };
    return readUpTo(fd, limits.fileSize);
  } finally {
    if (path !== undefined) closeSync(fd);
  }
}

function readUpTo(fd: number, limit: number): Bytes {
  const chunks: Buffer[] = [];
  for (let total = 0; total <= limit; ) {
    const chunk = Buffer.allocUnsafe(65536);
    const length = readSync(fd, chunk);
    if (length === 0) return { bytes: Buffer.concat(chunks) };
    chunks.push(chunk.subarray(0, length));
    total += length;
  }
  return { tooLarge: true };
}
