/** Runs the programs that building and running an image needs: binutils, GCC, QEMU, Bochs. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const packages = {
  as: "binutils",
  ld: "binutils",
  nm: "binutils",
  objcopy: "binutils",
  objdump: "binutils",
  gcc: "gcc",
  "qemu-system-x86_64": "qemu-system-x86",
  script: "bsdutils",
  bochs: "bochs bochs-term",
};

export type Tool = keyof typeof packages;

export interface ToolOutput {
  /** The exit code; undefined when the program was ended by a signal, such as that of the time limit. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A tool of the system is missing; the message has the line that installs it. */
export class MissingTool extends Error {
  constructor(...tools: readonly Tool[]) {
    const needed = [...new Set(tools.map((tool) => packages[tool]))];
    super(`not installed: ${tools.join(", ")}. On Debian: apt-get install ${needed.join(" ")}`);
  }
}

/** What a campaign runs. @param emulator its tools @throws MissingTool for all that are missing, before anything is done */
export function needTools(emulator: readonly Tool[]): void {
  const tools: readonly Tool[] = ["as", "gcc", "ld", "nm", "objdump", ...emulator];
  const missing = tools.filter((tool) => !isThere(tool));
  if (missing.length > 0) throw new MissingTool(...missing);
}

function isThere(tool: Tool): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** How often it is asked whether a tool hangs, in milliseconds. */
const watchInterval = 50;

/**
 * Runs a tool and waits for its end, whatever that is.
 * @param limit milliseconds
 * @param hangs is asked while it runs, with the process's number; true ends it
 * @throws MissingTool
 */
export function start(
  tool: Tool,
  args: readonly string[],
  folder: string,
  limit = 60_000,
  hangs?: (process: number) => boolean,
): Promise<ToolOutput> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, timeout: limit, killSignal: "SIGKILL", maxBuffer: 1 << 28 } as const;
    const child = execFile(tool, [...args], options, (error, stdout, stderr) => {
      clearInterval(watch);
      if (error?.code === "ENOENT") reject(new MissingTool(tool));
      else resolve({ status: error === null ? 0 : typeof error.code === "number" ? error.code : undefined, stdout, stderr });
    });
    const watch = hangs && setInterval(() => child.pid !== undefined && hangs(child.pid) && child.kill("SIGKILL"), watchInterval);
  });
}

/** A tool refuses what it was given; the message is its own, after its command line. */
export class ToolFailed extends Error {}

/** Runs a tool that has to succeed. @returns its output @throws ToolFailed */
export async function run(tool: Tool, args: readonly string[], folder: string): Promise<string> {
  const { status, stdout, stderr } = await start(tool, args, folder);
  if (status !== 0) throw new ToolFailed(`${tool} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}
