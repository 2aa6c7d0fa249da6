/** Which layers find a mutant. */
import type { Feature } from "../compiler/model/model.js";
import { stateChangeDifference } from "./assembled.js";
import { makeBatch, runBatch } from "./batch.js";
import { compare } from "./compare.js";
import type { EmulatorName } from "./emulator.js";
import { emulators, runOn } from "./emulators.js";
import type { Bench, Image } from "./image.js";
import { canRun, kernelsOf, someOf } from "./kernels.js";
import type { Mutant } from "./mutants.js";
import type { Random } from "./random.js";

/** In the order in which they cost. */
export const layers = ["build", "state changes", "end state", "single step", "injection"] as const;
export type Layer = (typeof layers)[number];

/** Cases a path and layer; milliseconds after which a machine that hangs is stopped. */
const endCases = 400;
/** What is left gets these: an edge that few cases come by. */
const moreCases = 3000;
const stepCases = 150;
const limit = 10_000;

/** A kernel, and what it is run on. */
export interface Machine {
  readonly on: ReadonlySet<Feature>;
  readonly emulator: EmulatorName;
}

/** Up to eight kernels on QEMU, the largest first, then up to eight of those that only Bochs can be. */
export function machinesOf(bench: Bench, random: Random): readonly Machine[] {
  const onQemu = someOf(kernelsOf(bench), 8, random).toReversed();
  const onBochs = kernelsOf(bench, emulators.bochs).filter((on) => ![...on].every((feature) => canRun(feature)));
  return [
    ...onQemu.map((on) => ({ on, emulator: "qemu" as const })),
    ...someOf(onBochs, 8, random).map((on) => ({ on, emulator: "bochs" as const })),
  ];
}

/**
 * @param machines where the mutant is looked for: the first kernel whose code it changes is run
 * @param wanted of the layers that find it: all, or the first, behind which nothing more is run
 * @returns "absent" when it changes none of them
 */
export async function killers(
  bench: Bench,
  machines: readonly Machine[],
  mutant: Mutant,
  seed: number,
  wanted: "all" | "first" = "all",
): Promise<ReadonlySet<Layer> | "absent"> {
  let image: Image;
  let machine: Machine | undefined;
  try {
    machine = mutant.language === "C" ? machines[0] : await firstChanged(bench, machines, mutant);
    if (!machine) return "absent";
    image = runOn(await bench.image(machine.on, mutant.change), machine.emulator);
  } catch {
    return new Set(["build"]);
  }
  const killed = new Set<Layer>();
  const done = () => wanted === "first" && killed.size > 0;
  if (stateChangeDifference(image) !== "") killed.add("state changes");
  if (done()) return killed;
  const paths = bench.plans.map((_, i) => i);
  const differences = async (cases: number, stepped: boolean, injected = false) => {
    const batch = makeBatch(image, paths, seed, 0, cases * paths.length, stepped, injected);
    return compare(batch, await runBatch(batch, limit), Number.POSITIVE_INFINITY).differences;
  };
  if ((await differences(endCases, false)).length > 0) killed.add("end state");
  if (done()) return killed;
  const steps = await differences(stepCases, true);
  // A case that ends otherwise is the end state's to find, stepped or not.
  if (steps.some((d) => d.seen === "step")) killed.add("single step");
  if (done()) return killed;
  // NMIs and interrupts find what they alone disturb, so only what is right without them counts.
  const alone = new Set(steps.map((d) => d.index));
  if ((await differences(stepCases, true, true)).some((d) => !alone.has(d.index))) killed.add("injection");
  if (killed.size === 0)
    for (const { seen } of await differences(moreCases, true)) killed.add(seen === "end" ? "end state" : "single step");
  return killed;
}

/** What the outputs as they are come to in a kernel, for all mutants that are looked for in it. */
const unchanged = new WeakMap<Machine, string>();

async function firstChanged(bench: Bench, machines: readonly Machine[], mutant: Mutant): Promise<Machine | undefined> {
  for (const machine of machines) {
    const before = unchanged.get(machine) ?? (await bytesOf(bench, machine, (_, text) => text));
    unchanged.set(machine, before);
    if ((await bytesOf(bench, machine, mutant.change)) !== before) return machine;
  }
  return undefined;
}

async function bytesOf(bench: Bench, { on }: Machine, change: Mutant["change"]): Promise<string> {
  return (await bench.assembled(on, change)).lines.flatMap((l) => [...l.bytes, l.relocation]).join();
}
