/** Runs a share of a campaign in several lanes, until it is done or the time is up. */
import type { Campaign, Unit } from "./campaign.js";
import { runOn } from "./emulators.js";
import type { Bench, Change, Image } from "./image.js";
import type { Lane } from "./lanes.js";
import type { UnitResult } from "./unit.js";

export interface Budget {
  /** As `performance.now()` counts: no unit begins after it. */
  readonly deadline: number;
  /** So many failures are enough. */
  readonly failures: number;
}

export interface EngineRun {
  readonly results: readonly UnitResult[];
  /** Why units were left out, if any were. */
  readonly reason: string;
  readonly imageOf: (kernel: number) => Promise<Image>;
}

/** @param told is called after each unit @throws ToolFailed when the outputs cannot be built */
export async function runUnits(
  bench: Bench,
  campaign: Campaign,
  units: readonly Unit[],
  lanes: readonly Lane[],
  { deadline, failures: enough }: Budget,
  told: (results: readonly UnitResult[]) => void,
  change?: Change,
): Promise<EngineRun> {
  const build = async (kernel: number) =>
    runOn(await bench.image(campaign.kernels[kernel] ?? new Set(), change), campaign.settings.emulator);
  const images = new Map<number, Promise<Image>>();
  const imageOf = (kernel: number) => {
    const image = images.get(kernel) ?? build(kernel);
    images.set(kernel, image);
    return image;
  };
  const results: UnitResult[] = [];
  let reason = "";
  let next = 0;
  const takeUnits = async (lane: Lane): Promise<void> => {
    for (;;) {
      if (performance.now() >= deadline) reason = "the time was up";
      else if (results.reduce((sum, r) => sum + r.failures.length, 0) >= enough) reason = `${enough} failures were enough`;
      const unit = units[next];
      if (reason !== "" || !unit) return;
      next++;
      results.push(await lane.run(await imageOf(unit.kernel), campaign.paths, unit));
      told(results);
    }
  };
  await Promise.all(lanes.map(takeUnits));
  results.sort((a, b) => a.unit.number - b.unit.number);
  return { results, reason: next < units.length ? reason : "", imageOf };
}
