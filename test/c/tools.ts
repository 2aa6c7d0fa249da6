/** Runs GCC and sparse in a folder of its own. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Artefact } from "../../src/compiler/emit/artefact.js";

/** How a kernel compiles the emitted C: no warnings, no red zone, no vector registers, no library. */
export const kernelFlags = [
  "-std=gnu11",
  "-O2",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-ffreestanding",
  "-mno-red-zone",
  "-mgeneral-regs-only",
  "-mpreferred-stack-boundary=3",
];

const packages = { gcc: "gcc", sparse: "sparse", objdump: "binutils" } as const;

export interface Result {
  readonly status: number;
  /** What it said, on both streams. */
  readonly output: string;
}

/** Runs a tool; that it is missing is an error which names the package. */
export function run(tool: keyof typeof packages, args: readonly string[], folder: string): Result {
  const { error, status, stdout, stderr } = spawnSync(tool, args, { cwd: folder, encoding: "utf8" });
  if (error && "code" in error && error.code === "ENOENT") throw new Error(`${tool} is not installed: apt-get install ${packages[tool]}`);
  if (error) throw error;
  return { status: status ?? 1, output: stdout + stderr };
}

/** A temporary folder with these files; `dispose` removes it. */
export function folderWith(artefacts: readonly Artefact[]): { readonly path: string; readonly dispose: () => void } {
  const path = mkdtempSync(join(tmpdir(), "exitdsl-c-"));
  for (const { name, text } of artefacts) writeFileSync(join(path, name), text);
  return { path, dispose: () => rmSync(path, { recursive: true }) };
}

/** Runs a program that was compiled. @throws when it fails */
export function execute(file: string, args: readonly string[]): string {
  return execFileSync(file, args, { encoding: "utf8", maxBuffer: 1 << 26 });
}
