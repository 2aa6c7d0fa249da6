/**
 * A campaign: kernels × paths × cases, in layers. It is a list of units that the spec and the settings alone decide, so that a share of
 * the list can be run anywhere, and the shares together are the whole.
 */
import type { Feature } from "../compiler/model/model.js";
import type { EmulatorName } from "./emulator.js";
import { emulators } from "./emulators.js";
import type { Bench } from "./image.js";
import { kernelsOf, someOf } from "./kernels.js";
import { CannotEmbed } from "./limits.js";
import { Random } from "./random.js";

/** How the outputs are looked at. A layer without cases looks at the object file. */
export const layers = [
  { name: "state changes", share: 0, unit: 0, stepped: false, injected: false },
  { name: "end state", share: 1, unit: 40_000, stepped: false, injected: false },
  { name: "single step", share: 1 / 4, unit: 10_000, stepped: true, injected: false },
  { name: "injection", share: 1 / 4, unit: 10_000, stepped: true, injected: true },
] as const satisfies readonly {
  readonly name: string;
  /** Of the cases that were asked for: what is logged takes its time. */
  readonly share: number;
  /** Cases that one run of the emulator has: many enough that its start does not count, few enough for results and logs of 100 MB. */
  readonly unit: number;
  readonly stepped: boolean;
  /** NMIs and interrupts come between instructions. */
  readonly injected: boolean;
}[];

export type Layer = (typeof layers)[number]["name"];

export function layerNamed(name: Layer): { readonly stepped: boolean; readonly injected: boolean } {
  return layers.find((l) => l.name === name) ?? { stepped: false, injected: false };
}

export interface Settings {
  readonly seed: number;
  /** End-state cases that each path has in each kernel. */
  readonly cases: number;
  /** How many kernels at most. */
  readonly kernels: number;
  readonly emulator: EmulatorName;
  /** Names of exits; undefined: all of them. */
  readonly paths: readonly string[] | undefined;
}

/** What runs in one go. */
export interface Unit {
  readonly number: number;
  /** Index into the campaign's kernels. */
  readonly kernel: number;
  readonly layer: Layer;
  readonly seed: number;
  /** Cases of all paths together; 0 where the layer has none. */
  readonly count: number;
}

export interface Campaign {
  readonly settings: Settings;
  readonly kernels: readonly ReadonlySet<Feature>[];
  /** Kernels that the machine can run, chosen or not. */
  readonly possible: number;
  /** Features of the assembly that none of them has. */
  readonly without: readonly Feature[];
  /** Indices of the paths. */
  readonly paths: readonly number[];
  readonly units: readonly Unit[];
}

/** The campaign of a spec's bench. A budget that ends it early has then seen something of each kernel: parts come in turn. */
export function campaignOf(bench: Bench, settings: Settings): Campaign {
  const paths = bench.plans.flatMap(({ graph }, i) => (settings.paths?.includes(graph.exit.name) === false ? [] : [i]));
  const emulator = emulators[settings.emulator];
  const possible = kernelsOf(bench, emulator);
  if (possible.length === 0) throw new CannotEmbed(`all of its kernels leave by ERETU or ERETS, and ${emulator.name} has no FRED`);
  const without = bench.assemblyFeatures.filter((feature) => !possible.some((on) => on.has(feature)));
  const kernels = someOf(possible, settings.kernels, new Random(settings.seed));
  const random = new Random(~settings.seed);
  const units: Unit[] = [];
  const add = (kernel: number, layer: Layer, count: number) =>
    void units.push({ number: units.length, kernel, layer, seed: random.next(), count });
  for (let part = 0, before = -1; units.length > before; part++) {
    before = units.length;
    for (const kernel of kernels.keys()) {
      for (const { name, share, unit } of layers) {
        const total = Math.ceil(settings.cases * share) * paths.length;
        if (part === 0 && total === 0) add(kernel, name, 0);
        if (part * unit < total) add(kernel, name, Math.min(unit, total - part * unit));
      }
    }
  }
  return { settings, kernels, possible: possible.length, without, paths, units };
}

/** A part of a campaign: each unit whose number is `index` - 1, counted in `count`s. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

export function unitsOf({ units }: Pick<Campaign, "units">, { index, count }: Shard): readonly Unit[] {
  return units.filter((unit) => unit.number % count === index - 1);
}
