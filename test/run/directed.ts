/** Cases of which the frame is chosen, so that two emulators can be asked what they make of the same. */
import { BatchMaker, runBatch } from "../../src/verify/batch.js";
import { CaseMaker } from "../../src/verify/cases.js";
import { type Comparison, compare } from "../../src/verify/compare.js";
import type { EmulatorName } from "../../src/verify/emulator.js";
import { runOn } from "../../src/verify/emulators.js";
import type { Image } from "../../src/verify/image.js";

/** Fields of the frame; the others are random. */
export type Frame = Readonly<Record<string, bigint>>;

/** What was seen of one case. */
export interface Landing {
  readonly vector: number;
  readonly ring: number;
  readonly rip: bigint;
  readonly rsp: bigint;
  readonly gsBase: bigint;
  readonly recovery: string | undefined;
  /**
   * The machine's words: registers, system, memory, flags. Without RF, which QEMU sets at faults and Bochs does not; and without RSP's
   * upper half in compatibility mode, which nobody sees there: QEMU clears it, Bochs leaves what was in it.
   */
  readonly words: readonly number[];
}

export interface DirectedRun {
  readonly landings: readonly Landing[];
  readonly comparison: Comparison;
}

/** Runs a path from frames with which there is nothing to do: no flag is set, no handler rewrites anything. */
export async function runDirected(image: Image, exit: string, emulator: EmulatorName, frames: readonly Frame[]): Promise<DirectedRun> {
  const { module, plans, recoveries, spec } = image.bench;
  const path = plans.findIndex((p) => p.graph.exit.name === exit);
  const maker = new CaseMaker(image);
  const batch = new BatchMaker(runOn(image, emulator), false, frames.length);
  for (const [i, frame] of frames.entries()) {
    batch.add(i, (machine) => {
      const made = maker.make(path, 1, i, machine);
      for (const [field, value] of Object.entries(frame)) machine.set(module.frame[field] ?? -1, value);
      for (const word of [...Object.values(module.flags ?? {}), ...Object.values(module.value ?? {})]) machine.set(word, 0n);
      // TF and NT of the kernel's own RFLAGS are other cases' business.
      machine.set(module.system.rflags ?? 0, 2n);
      return {
        ...made,
        features: Object.fromEntries(spec.model.features.map((f) => [f.name, image.on.has(f)])),
        featureBits: [...image.on].reduce((bits, f) => bits | (1n << BigInt(f.index)), 0n),
        script: [],
      };
    });
  }
  const made = batch.made(1);
  const results = await runBatch(made);
  const landings = frames.slice(0, results.completed).map((_, i): Landing => {
    const { recovery, vector, words } = results.result(i);
    const word = (index = 0): bigint => (BigInt(words[index + 1] ?? 0) << 32n) | BigInt(words[index] ?? 0);
    const { cs, gs_base, rflags = 0, rip } = module.system;
    const { rsp = 0 } = module.register;
    const compatible = word(cs) === 0x23n;
    return {
      vector,
      ring: Number(word(cs) & 3n),
      rip: word(rip),
      rsp: compatible ? word(rsp) & 0xffff_ffffn : word(rsp),
      gsBase: word(gs_base),
      recovery: recoveries[recovery - 1],
      words: [...words].map((half, at) => (at === rflags ? half & ~0x10000 : compatible && at === rsp + 1 ? 0 : half)),
    };
  });
  return { landings, comparison: compare(made, results, frames.length) };
}
