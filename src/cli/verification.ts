/** Runs `verify`: the spec's bench in a folder of its own, the campaign in threads, and what became of it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { digestOf } from "../compiler/emit/digest.js";
import { visible } from "../compiler/text/visible.js";
import { version } from "../compiler/version.js";
import { campaignOf, unitsOf } from "../verify/campaign.js";
import { emulators } from "../verify/emulators.js";
import { runUnits } from "../verify/engine.js";
import { Bench } from "../verify/image.js";
import { type Lane, laneInThread } from "../verify/lanes.js";
import { CannotEmbed } from "../verify/limits.js";
import { removeMemoryFiles } from "../verify/qemu.js";
import { CannotMerge, merge, type Result, readResult, resultOf } from "../verify/result.js";
import { tellFailures } from "../verify/shrink.js";
import { MissingTool, needTools, ToolFailed } from "../verify/tools.js";
import type { CompiledSpec } from "./compilations.js";
import { EnvironmentError, FileError, laneWord, Refusal, UsageError } from "./failures.js";
import { Progress } from "./progress.js";
import { counted } from "./summary.js";
import { commandLine, jobsOf, settingsOf, shardOf, timeOf, type VerifyOptions } from "./verify-options.js";

interface Options extends VerifyOptions {
  readonly keep: string | undefined;
}

export interface Verification {
  readonly result: Result;
  /** The command that runs it again. */
  readonly repeat: readonly string[];
}

/** So many failures are enough: each stands for all of its kind in a unit. */
const enough = 20;

/** @throws Refusal for a spec that the machine cannot be the kernel of, EnvironmentError when a tool is missing */
export async function verification(spec: CompiledSpec, options: Options): Promise<Verification> {
  const { graphs, model } = spec.compilation;
  if (!model) throw new Error("a spec without errors has no model");
  const settings = settingsOf(options, model);
  const shard = shardOf(options);
  const jobs = jobsOf(options);
  // Threads get copies of all that the model refers to, and functions cannot be copied.
  for (const source of spec.compilation.sources) Object.defineProperty(source, "resolveImport", { enumerable: false });
  const started = performance.now();
  const deadline = started + timeOf(options);
  const folder = await buildFolder(options.keep);
  const remove = () => {
    if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
    removeMemoryFiles();
  };
  const interrupted = () => {
    remove();
    process.exit(130);
  };
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  const lanes: Lane[] = [];
  try {
    needTools(emulators[settings.emulator].tools);
    // The file's own name could be one of the machine's.
    const bench = await Bench.of({ stem: "emitted", model, graphs }, join(folder, "machine"), { folder, importModule });
    const campaign = campaignOf(bench, settings);
    const units = unitsOf(campaign, shard);
    for (let i = 0; i < Math.min(jobs, units.length); i++) lanes.push(laneInThread(bench, launcher, [laneWord]));
    const progress = new Progress();
    const budget = { deadline, failures: enough };
    const { imageOf, reason, results } = await runUnits(bench, campaign, units, lanes, budget, (done) => {
      const failures = done.reduce((sum, r) => sum + r.failures.length, 0);
      const cases = done.reduce((sum, r) => sum + r.unit.count, 0);
      progress.tell(`${done.length} of ${counted(units.length, "unit")}, ${counted(cases, "case")}, ${counted(failures, "difference")}`);
    });
    const wall = performance.now() - started;
    if (results.some((r) => r.failures.length > 0)) progress.tell("making the cases smaller");
    const file = spec.input.path ?? "-";
    const failures = await tellFailures(results, imageOf, file);
    progress.end();
    const identity = {
      version,
      spec: spec.name,
      digest: digestOf(spec.compilation.sources),
      paths: campaign.paths.map((p) => bench.plans[p]?.graph.exit.name ?? ""),
    };
    return {
      result: resultOf(identity, campaign, shard, results, failures, { reason, wall }),
      repeat: commandLine(file, settings, shard),
    };
  } catch (error) {
    throw explained(spec.name, error);
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    remove();
  }
}

/** A folder with the machine's sources in it. */
async function buildFolder(keep: string | undefined): Promise<string> {
  const { default: sources } = await import("bundled:machine");
  try {
    const folder = resolve(keep ?? mkdtempSync(join(tmpdir(), "exitdsl-verify-")));
    mkdirSync(folder, { recursive: true });
    if (readdirSync(folder).length > 0)
      throw new UsageError(`\`--keep\` takes a new folder or an empty one, and ${visible(folder)} is not`);
    mkdirSync(join(folder, "machine"));
    for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, "machine", name), text);
    return folder;
  } catch (error) {
    throw error instanceof UsageError ? error : new FileError(keep ?? tmpdir(), error);
  }
}

function explained(name: string, error: unknown): unknown {
  if (error instanceof MissingTool) return new EnvironmentError(error.message);
  if (error instanceof CannotEmbed) return new Refusal(`${visible(name)} cannot be run on the bench machine: ${error.message}`);
  if (error instanceof ToolFailed)
    return new Refusal(`the outputs of ${visible(name)} cannot be built with the bench machine:\n${error.message}`);
  return error;
}

/** @throws FileError for files that cannot be read, or do not belong together */
export function mergeFiles(names: readonly string[]): Result {
  if (names.length === 0) throw new UsageError("`--merge` takes the results of all parts");
  const read = (name: string) => {
    try {
      return readFileSync(name, "utf8");
    } catch (error) {
      throw new FileError(name, error);
    }
  };
  try {
    return merge(names.map((name) => ({ name: visible(name), result: readResult(visible(name), read(name)) })));
  } catch (error) {
    throw error instanceof CannotMerge ? new EnvironmentError(`these results cannot be merged: ${error.message}`) : error;
  }
}
