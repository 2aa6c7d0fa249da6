/** Kernels that the bench machine can run: combinations of features of the assembly. */
import { combinations } from "../compiler/model/features.js";
import type { Feature } from "../compiler/model/model.js";
import type { LinearInstruction, LinearLabel } from "../compiler/path/linear.js";
import { assembledItems } from "./assembled.js";
import type { Emulator } from "./emulator.js";
import type { Bench } from "./image.js";
import { qemu } from "./qemu.js";
import type { Random } from "./random.js";

export function canRun(feature: Feature, { missing }: Emulator = qemu): boolean {
  return !feature.cpu.some((name) => missing.has(name));
}

/** All admissible combinations of features that the assembly tests and the machine has. */
export function kernelsOf(bench: Bench, emulator: Emulator = qemu): readonly ReadonlySet<Feature>[] {
  const kernels = combinations(bench.assemblyFeatures.filter((f) => canRun(f, emulator)));
  if (!emulator.missing.has("X86_FEATURE_FRED") || !bench.program.instructions.some(isFreds)) return kernels;
  // A spec can have FRED's instructions without a feature that says so.
  return kernels.filter((on) => !bench.program.routines.some(({ items }) => assembledItems(items, on).some(isFreds)));
}

function isFreds(item: LinearInstruction | LinearLabel): boolean {
  return item.kind === "instruction" && /^eret[us]$/.test(item.instruction.mnemonic);
}

/** Up to `count` of them: the one with the least features and the one with the most first, then any. */
export function someOf(kernels: readonly ReadonlySet<Feature>[], count: number, random: Random): readonly ReadonlySet<Feature>[] {
  const all = [...kernels].sort((a, b) => a.size - b.size);
  const [smallest, largest] = [all[0], all.at(-1)];
  if (all.length <= count || !smallest || !largest) return all;
  const chosen = new Set([smallest, largest]);
  while (chosen.size < count) chosen.add(all[random.below(all.length)] ?? smallest);
  return [...chosen];
}
