/** What a campaign, or a share of one, has seen: what is written to files, and how shares are put together. */
import * as v from "valibot";
import { type Campaign, layerNamed, type Shard, unitsOf } from "./campaign.js";
import type { Failure, UnitResult } from "./unit.js";

/** Changes when a file of before could be misread. */
const format = "exitdsl verify 2";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const names = v.array(v.string());

const tallySchema = v.object({
  /** Indices of the kernels in which the path ran. */
  kernels: v.array(count),
  cases: count,
  /** Of those, the ones that ran step by step. */
  steppedCases: count,
  steps: count,
  /** How often the handlers of injected NMIs and interrupts ran. */
  nmis: count,
  interrupts: count,
  unseen: count,
  different: count,
  ways: v.record(v.string(), count),
});

const failureSchema = v.object({
  unit: count,
  layer: v.string(),
  kernel: names,
  path: v.optional(v.string()),
  seed: count,
  index: count,
  disagreements: v.array(v.object({ what: v.string(), simulator: v.string(), machine: v.string() })),
  story: names,
  /** Units in which a case of the path shows it. */
  units: count,
  shrunk: v.optional(
    v.object({
      /** What is different in the smallest case. */
      disagreements: v.array(v.object({ what: v.string(), simulator: v.string(), machine: v.string() })),
      /** Both traces around the place where they part. */
      trace: names,
      /** Where they part: the instruction or event, and its line of the spec. */
      parts: v.optional(v.object({ text: v.string(), place: v.string() })),
      /** Arguments of `exitdsl`. */
      simulate: names,
      /** An NMI came that the spec has no path for, and that `simulate` does not play. */
      outside: v.boolean(),
      runs: count,
    }),
  ),
});

const resultSchema = v.object({
  format: v.literal(format),
  version: v.string(),
  spec: v.string(),
  /** Of the spec and all that it imports. */
  digest: v.string(),
  campaign: v.object({
    seed: count,
    cases: count,
    emulator: v.picklist(["qemu", "bochs"]),
    kernels: v.array(names),
    possible: count,
    /** Features that no kernel has which the emulator can be. */
    without: names,
    paths: names,
    units: count,
  }),
  /** The shares that this is made of. */
  shards: v.object({ of: v.pipe(count, v.minValue(1)), indices: v.array(v.pipe(count, v.minValue(1))) }),
  /** Units that were run. */
  done: count,
  /** Numbers of units that were not, and why not. */
  notRun: v.object({ units: v.array(count), reason: v.string() }),
  objects: count,
  tallies: v.record(v.string(), tallySchema),
  failures: v.array(failureSchema),
  /**
   * Milliseconds, and what was done in them: in the emulator, its start and end included, by all jobs together; and from first to last. Cases
   * into which something comes count in the last only.
   */
  time: v.object({
    cases: count,
    casesInEmulator: v.number(),
    steps: count,
    stepsInEmulator: v.number(),
    wall: v.number(),
  }),
});

export type Result = v.InferOutput<typeof resultSchema>;
export type ShownFailure = Result["failures"][number];
export type Shrunk = NonNullable<ShownFailure["shrunk"]>;

/** A failure that stands for all of its path and kind. */
export interface ToldFailure extends Failure {
  readonly units: number;
  readonly shrunk?: Shrunk;
}

/** What failures have in common that are told as one. */
export function kindOfFailure({ disagreements, path }: Pick<ShownFailure | Failure, "disagreements" | "path">): string {
  return `${path} ${disagreements[0]?.what}`;
}

export type PathResult = Result["tallies"][string];

export interface Identity {
  readonly version: string;
  readonly spec: string;
  readonly digest: string;
  /** Names of the campaign's paths. */
  readonly paths: readonly string[];
}

/** The result of a share. @param wall milliseconds @param reason why units were not run, if any were not */
export function resultOf(
  identity: Identity,
  campaign: Campaign,
  shard: Shard,
  results: readonly UnitResult[],
  failures: readonly ToldFailure[],
  { reason, wall }: { readonly reason: string; readonly wall: number },
): Result {
  const ran = new Set(results.map((r) => r.unit.number));
  const notRun = unitsOf(campaign, shard).flatMap((u) => (ran.has(u.number) ? [] : [u.number]));
  const { paths, ...rest } = identity;
  const tallies: Record<string, PathResult> = Object.fromEntries(paths.map((path) => [path, noTally()]));
  const time = { cases: 0, casesInEmulator: 0, steps: 0, stepsInEmulator: 0, wall };
  for (const { inEmulator, tallies: own, unit } of results) {
    const { injected, stepped } = layerNamed(unit.layer);
    if (stepped && !injected) time.stepsInEmulator += inEmulator;
    else if (!stepped) time.casesInEmulator += inEmulator;
    for (const [path, tally] of Object.entries(own)) {
      const { cases, steps } = tally;
      if (stepped && !injected) time.steps += steps;
      else if (!stepped) time.cases += cases;
      add(tallies, path, { ...tally, kernels: [unit.kernel], steppedCases: stepped ? cases : 0 });
    }
  }
  const { settings } = campaign;
  return {
    format,
    ...rest,
    campaign: {
      seed: settings.seed,
      cases: settings.cases,
      emulator: settings.emulator,
      kernels: campaign.kernels.map((on) => [...on].map((f) => f.name)),
      possible: campaign.possible,
      without: campaign.without.map((f) => f.name),
      paths: [...paths],
      units: campaign.units.length,
    },
    shards: { of: shard.count, indices: [shard.index] },
    done: results.length,
    notRun: { units: notRun, reason: notRun.length > 0 ? reason : "" },
    objects: results.filter((r) => r.unit.layer === "state changes").length,
    tallies,
    failures: failures.map(plain),
    time,
  };
}

/** As plain data without what is undefined, as it comes back from a file. */
function plain(failure: ToldFailure): ShownFailure {
  return JSON.parse(JSON.stringify(failure)) as ShownFailure;
}

function noTally(): PathResult {
  return { kernels: [], cases: 0, steppedCases: 0, steps: 0, nmis: 0, interrupts: 0, unseen: 0, different: 0, ways: {} };
}

function add(tallies: Record<string, PathResult>, path: string, more: PathResult): void {
  const sum = tallies[path] ?? noTally();
  for (const key of ["cases", "steppedCases", "steps", "nmis", "interrupts", "unseen", "different"] as const) sum[key] += more[key];
  for (const [way, times] of Object.entries(more.ways)) sum.ways[way] = (sum.ways[way] ?? 0) + times;
  sum.kernels = [...new Set([...sum.kernels, ...more.kernels])].sort((a, b) => a - b);
  sum.ways = Object.fromEntries(Object.entries(sum.ways).sort());
  tallies[path] = sum;
}

// ── Files ──

export function writeResult(result: Result): string {
  return `${JSON.stringify(result, undefined, 2)}\n`;
}

/** Results cannot be read, or do not belong together; the message says what is wrong with which. */
export class CannotMerge extends Error {}

/** @param name what messages call the file @throws CannotMerge */
export function readResult(name: string, text: string): Result {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new CannotMerge(`${name} is no JSON`);
  }
  const parsed = v.safeParse(resultSchema, content);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new CannotMerge(`${name} is no result of \`exitdsl verify\`: ${v.getDotPath(issue) ?? "its top"}: ${issue.message}`);
}

/** All shares of a campaign in one. @throws CannotMerge when they are not of one campaign, or one is missing or there twice */
export function merge(files: readonly { readonly name: string; readonly result: Result }[]): Result {
  const [first, ...others] = files;
  if (!first) throw new CannotMerge("there is nothing to merge");
  for (const { name, result } of others) refuseOther(first, name, result);
  const { of } = first.result.shards;
  const owner = new Map<number, string>();
  for (const { name, result } of files) {
    for (const index of result.shards.indices) {
      const other = owner.get(index);
      if (other !== undefined) throw new CannotMerge(`shard ${index}/${of} is in ${other} and in ${name}`);
      owner.set(index, name);
    }
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !owner.has(index));
  if (missing.length > 0) throw new CannotMerge(`missing: ${missing.map((index) => `shard ${index}/${of}`).join(", ")}`);
  const results = files.map((f) => f.result);
  const tallies: Record<string, PathResult> = {};
  const time = { cases: 0, casesInEmulator: 0, steps: 0, stepsInEmulator: 0, wall: 0 };
  for (const result of results) {
    for (const [path, tally] of Object.entries(result.tallies)) add(tallies, path, tally);
    for (const key of ["cases", "casesInEmulator", "steps", "stepsInEmulator"] as const) time[key] += result.time[key];
    time.wall = Math.max(time.wall, result.time.wall);
  }
  return {
    ...first.result,
    shards: { of: 1, indices: [1] },
    done: results.reduce((sum, r) => sum + r.done, 0),
    notRun: {
      units: results.flatMap((r) => r.notRun.units).sort((a, b) => a - b),
      reason: [...new Set(results.flatMap((r) => r.notRun.reason || []))].join("; "),
    },
    objects: results.reduce((sum, r) => sum + r.objects, 0),
    tallies,
    failures: firsts(results.flatMap((r) => r.failures)),
    time,
  };
}

/** The first of each kind; a shrunk one, if there is any. */
function firsts(failures: readonly ShownFailure[]): ShownFailure[] {
  const kinds = new Map<string, ShownFailure>();
  for (const failure of [...failures].sort((a, b) => a.unit - b.unit || a.index - b.index)) {
    const kind = kindOfFailure(failure);
    const first = kinds.get(kind);
    const units = (first?.units ?? 0) + failure.units;
    kinds.set(kind, { ...(first && (first.shrunk || !failure.shrunk) ? first : failure), units });
  }
  return [...kinds.values()];
}

function refuseOther(first: { readonly name: string; readonly result: Result }, name: string, result: Result): void {
  const told: readonly (readonly [what: string, of: (r: Result) => unknown])[] = [
    ["another version of exitdsl", (r) => r.version],
    ["another spec", (r) => r.digest],
    ["another seed", (r) => r.campaign.seed],
    ["another emulator", (r) => r.campaign.emulator],
    ["another number of cases", (r) => r.campaign.cases],
    ["other kernels or paths", (r) => [r.campaign.kernels, r.campaign.paths, r.campaign.units]],
    ["another number of shards", (r) => r.shards.of],
  ];
  for (const [what, of] of told) {
    const [wanted, found] = [JSON.stringify(of(first.result)), JSON.stringify(of(result))];
    if (wanted !== found) throw new CannotMerge(`${name} is of ${what} than ${first.name}: ${shown(found)}, not ${shown(wanted)}`);
  }
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Nothing different, and nothing left out. */
export function isFine({ failures }: Result): boolean {
  return failures.length === 0;
}
