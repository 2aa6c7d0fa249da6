/** Runs the real bundle as a process, in a folder of its own. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { buildTool } from "../../tools/build.mjs";

/** A new folder, which goes away after the last test. */
export function folder(): string {
  return mkdtempSync(join(inject("folder"), "cli-"));
}

let tool: Promise<string> | undefined;

/** The path of the tool, freshly built; the files that one worker runs share it. */
export function builtTool(): Promise<string> {
  tool ??= build();
  return tool;
}

async function build(): Promise<string> {
  const path = folder();
  await buildTool(path);
  return join(path, "exitdsl.cjs");
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments for Node itself. */
  readonly node?: readonly string[];
}

export function run(tool: string, args: readonly string[], options: RunOptions = {}): SpawnSyncReturns<string> {
  const { FORCE_COLOR: _, NO_COLOR: __, ...env } = process.env;
  return spawnSync(process.execPath, [...(options.node ?? []), tool, ...args], {
    encoding: "utf8",
    input: options.input ?? "",
    env: { ...env, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
}

/** A command line of bash, in which `$TOOL` runs the tool. */
export function shell(tool: string, command: string, cwd: string): SpawnSyncReturns<string> {
  return spawnSync("bash", ["-c", command], { encoding: "utf8", cwd, env: { ...process.env, TOOL: `${process.execPath} ${tool}` } });
}

/** Writes files, given by their paths in `root`. */
export function write(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** All files under a folder with their texts, by path. */
export function contents(root: string, under = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, under)).sort()) {
    const path = join(under, name);
    if (statSync(join(root, path)).isDirectory()) Object.assign(found, contents(root, path));
    else found[path] = readFileSync(join(root, path), "utf8");
  }
  return found;
}

/** A spec without an error, which has a path and outputs. */
export const tiny = readFileSync(new URL("../../examples/tiny-kernel.exitdsl", import.meta.url), "utf8");

/** A spec with one error: `nowhere` is unknown. */
export const wrong = 'edition 2026\nimport "bare"\n\nmask m = nowhere\n';
