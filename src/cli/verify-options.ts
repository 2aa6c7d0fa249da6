/** What `verify`'s options mean. */
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Model } from "../compiler/model/model.js";
import { nearest } from "../compiler/text/nearest.js";
import { visible } from "../compiler/text/visible.js";
import type { Settings, Shard } from "../verify/campaign.js";
import type { EmulatorName } from "../verify/emulator.js";
import { emulators } from "../verify/emulators.js";
import { wholeNumber } from "./arguments.js";
import { UsageError } from "./failures.js";

export interface VerifyOptions {
  readonly seed: string | undefined;
  readonly cases: string;
  readonly kernels: string;
  readonly emulator: string;
  readonly path: readonly string[] | undefined;
  readonly time: string | undefined;
  readonly shard: string | undefined;
  readonly jobs: string | undefined;
}

const largestSeed = 0xffff_ffff;

export function settingsOf(options: VerifyOptions, model: Model): Settings {
  return {
    seed: options.seed === undefined ? randomInt(largestSeed) : wholeNumber("seed", options.seed, 0, largestSeed),
    cases: wholeNumber("cases", options.cases, 1, 100_000_000),
    kernels: options.kernels === "all" ? Number.MAX_SAFE_INTEGER : wholeNumber("kernels", options.kernels, 1, 1_000_000),
    emulator: emulatorNamed(options.emulator),
    paths: options.path?.map((name) => pathNamed(model, name)),
  };
}

function emulatorNamed(name: string): EmulatorName {
  if (Object.hasOwn(emulators, name)) return name as EmulatorName;
  throw new UsageError(`\`--emulator\` is ${Object.keys(emulators).join(" or ")}, not \`${visible(name)}\``);
}

function pathNamed(model: Model, name: string): string {
  const names = model.exits.map((e) => e.name);
  if (names.includes(name)) return name;
  const near = nearest(name, names);
  throw new UsageError(`no path is called ${visible(name)}; ${near ? `did you mean ${near}?` : `there are ${names.join(", ")}`}`);
}

export function jobsOf(options: VerifyOptions): number {
  return options.jobs === undefined ? availableParallelism() : wholeNumber("jobs", options.jobs, 1, 1024);
}

export function shardOf(options: VerifyOptions): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(options.shard ?? "1/1") ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new UsageError(`\`--shard\` takes I/N with I from 1 to N, as in 3/16, not \`${visible(options.shard ?? "")}\``);
}

const seconds: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600 };

/** Milliseconds; endless if no time is given. */
export function timeOf(options: VerifyOptions): number {
  if (options.time === undefined) return Number.POSITIVE_INFINITY;
  const [, number, unit = ""] = /^(\d{1,9})([smh]?)$/.exec(options.time) ?? [];
  if (number === undefined) throw new UsageError(`\`--time\` takes a time such as 60s, 10m or 2h, not \`${visible(options.time)}\``);
  return Number(number) * (seconds[unit] ?? 1) * 1000;
}

/** The command that runs the same campaign again. */
export function commandLine(spec: string, { cases, emulator, kernels, paths, seed }: Settings, shard: Shard): readonly string[] {
  return [
    ...["exitdsl", "verify", spec, "--seed", String(seed), "--cases", String(cases)],
    ...["--kernels", kernels === Number.MAX_SAFE_INTEGER ? "all" : String(kernels)],
    ...(emulator === "qemu" ? [] : ["--emulator", emulator]),
    ...(paths ?? []).flatMap((path) => ["--path", path]),
    ...(shard.count > 1 ? ["--shard", `${shard.index}/${shard.count}`] : []),
  ];
}

/** For a POSIX shell. */
export function quoted(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
