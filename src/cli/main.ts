/** The command line's entry: picks the verb, and turns every way of failing into a message and an exit code. */
import { visible } from "../compiler/text/visible.js";
import { version } from "../compiler/version.js";
import type { AnyVerb } from "./arguments.js";
import { EnvironmentError, exitCodes, FileError, laneWord, Refusal, UsageError } from "./failures.js";
import { writeError, writeOutput } from "./streams.js";

const verbs: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<{ readonly verb: AnyVerb }> }>> = {
  build: { summary: "check specs and write their assembly, C and simulators", load: () => import("./verbs/build.js") },
  check: { summary: "check specs", load: () => import("./verbs/check.js") },
  fmt: { summary: "lay specs out in the one way", load: () => import("./verbs/format.js") },
  simulate: { summary: "show what one run of a path does", load: () => import("./verbs/simulate.js") },
  verify: { summary: "run what is emitted on a machine, against the simulator", load: () => import("./verbs/verify.js") },
  explain: { summary: "tell what a diagnostic means, with examples", load: () => import("./verbs/explain.js") },
};

const help = `exitdsl compiles specs of how an x86-64 kernel leaves to user mode.

${Object.entries(verbs)
  .map(([name, { summary }]) => `  exitdsl ${name.padEnd(9)} ${summary}`)
  .join("\n")}

  exitdsl VERB --help    the options of a verb
  exitdsl --version      the version

Exit codes: 0 fine, 1 errors in a spec or outputs that differ, 2 wrong usage, 3 files that cannot be read or written or tools that are missing, 70 a fault of exitdsl.
`;

async function run(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    if (name !== undefined) writeOutput(help);
    else writeError(help);
    return name === undefined ? exitCodes.usage : exitCodes.fine;
  }
  if (name === "--version" || name === "-V") {
    writeOutput(`exitdsl ${version}\n`);
    return exitCodes.fine;
  }
  if (name === laneWord && (await isLane())) {
    await (await import("../verify/lanes.js")).serveLane(importModule);
    return exitCodes.fine;
  }
  const entry = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!entry) throw new UsageError(`there is no verb \`${visible(name)}\`; there are ${Object.keys(verbs).join(", ")}`);
  const { verb } = await entry.load();
  const options = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (options.includes("--help") || options.includes("-h")) {
    writeOutput(verb.help);
    return exitCodes.fine;
  }
  return verb.run(rest);
}

/** Threads' module is loaded for lanes alone: it takes a good part of the time that `check` does. */
async function isLane(): Promise<boolean> {
  return !(await import("node:worker_threads")).isMainThread;
}

async function main(): Promise<void> {
  try {
    process.exitCode = await run(process.argv.slice(2));
  } catch (error) {
    process.exitCode = failureCode(error);
  }
}

function failureCode(error: unknown): number {
  if (error instanceof UsageError) {
    writeError(`exitdsl: ${error.message}\nTry \`exitdsl --help\`.\n`);
    return exitCodes.usage;
  }
  if (error instanceof FileError || error instanceof EnvironmentError) {
    writeError(`exitdsl: ${error.message}\n`);
    return exitCodes.files;
  }
  if (error instanceof Refusal) {
    writeError(`exitdsl: ${error.message}\n`);
    return exitCodes.findings;
  }
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  writeError(
    `exitdsl: something went wrong inside exitdsl ${version} (${visible(message)}). This is a fault of ours, not of your spec. ` +
      "Nothing was written. Please report it with the spec and the command line, as the README's last section says; " +
      "the output with EXITDSL_DEBUG=1 set helps to find it.\n",
  );
  if (process.env.EXITDSL_DEBUG) writeError(`${stack ?? ""}\n`);
  return exitCodes.internal;
}

void main();
