/** Runs one unit of a campaign on the kernel's image. */
import { stateChangeDifference } from "./assembled.js";
import { makeBatch, runBatch } from "./batch.js";
import { type Layer, layerNamed, type Unit } from "./campaign.js";
import { compare, type Disagreement, type Tally } from "./compare.js";
import { emulators } from "./emulators.js";
import type { Image } from "./image.js";

/** A case that the machine sees in another way than the simulator, or an object file that is not the line of code. */
export interface Failure {
  readonly unit: number;
  readonly layer: Layer;
  /** Features of the kernel's assembly. */
  readonly kernel: readonly string[];
  /** Undefined for the object file. */
  readonly path: string | undefined;
  /** With the unit's seed it is the whole case. */
  readonly seed: number;
  readonly index: number;
  readonly disagreements: readonly Disagreement[];
  readonly story: readonly string[];
}

export interface UnitResult {
  readonly unit: Unit;
  /** By the path's name. */
  readonly tallies: Readonly<Record<string, Tally>>;
  /** The first of each path and kind. */
  readonly failures: readonly Failure[];
  /** Milliseconds from the start of the emulator to its end. */
  readonly inEmulator: number;
}

export async function runUnit(image: Image, paths: readonly number[], unit: Unit): Promise<UnitResult> {
  const kernel = [...image.on].map((f) => f.name);
  const { layer, number, seed } = unit;
  if (unit.count === 0) {
    const story = stateChangeDifference(image);
    const failure = { unit: number, layer, kernel, path: undefined, seed, index: 0, disagreements: [], story: [story] };
    return { unit, tallies: {}, failures: story === "" ? [] : [failure], inEmulator: 0 };
  }
  const { injected, stepped } = layerNamed(layer);
  const batch = makeBatch(image, paths, seed, 0, unit.count, stepped, injected);
  const { limits } = emulators[image.emulator];
  const results = await runBatch(batch, limits.start + unit.count * limits.case);
  const { differences, paths: tallies } = compare(batch, results, Number.POSITIVE_INFINITY);
  const firsts = new Map<string, Failure>();
  for (const { disagreements, index, path, seen, story } of differences) {
    const key = `${path} ${seen} ${disagreements[0]?.what}`;
    if (!firsts.has(key)) firsts.set(key, { unit: number, layer, kernel, path, seed, index, disagreements, story });
  }
  const named = tallies.flatMap((tally, i) => (tally ? [[image.bench.plans[i]?.graph.exit.name ?? "", tally] as const] : []));
  return { unit, tallies: Object.fromEntries(named), failures: [...firsts.values()], inEmulator: results.time };
}
