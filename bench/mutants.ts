/**
 * The measure of what runs the outputs: mutants of the emitted assembly and C, and which layer finds each. From the root:
 * `node tools/run.mjs bench/mutants.ts [SEED [EACH [EXAMPLE …]]]`, EACH: how often each operator is applied to each example's files.
 * Exit code 1 when a mutant survives.
 */
import { emitC } from "../src/compiler/emit/c/c.js";
import { emitGas } from "../src/compiler/emit/gas/gas.js";
import { Bench } from "../src/verify/image.js";
import { someKernels } from "../src/verify/kernels.js";
import { killers, type Layer, layers } from "../src/verify/kill.js";
import { mutantsOf } from "../src/verify/mutants.js";
import { Random } from "../src/verify/random.js";
import { machineFolder, specOf } from "../test/run/specs.js";

const [seedText = "1", eachText = "4", ...examples] = process.argv.slice(2);
const seed = Number(seedText);
const each = Number(eachText);
const names = examples.length > 0 ? examples : ["tiny-kernel", "four-paths-2015", "linux-6.12", "freebsd-ast"];

const found = new Map<Layer, number>();
/** By language and operator: how many were run, how many survived, how many each layer found. */
const operators = new Map<string, { run: number; survived: number; readonly layers: Map<Layer, number> }>();
const counts = { run: 0, survivors: 0, absent: 0 };
const began = performance.now();
console.log(`seed ${seed}, each operator ${each} times an example`);
console.log(`\n| example | language | operator | mutant | ${layers.join(" | ")} |\n|---|---|---|---|${layers.map(() => "---").join("|")}|`);
for (const name of names) {
  const spec = specOf(name);
  const random = new Random(seed);
  const options = { stem: spec.stem, digest: "", version: "" };
  const text = (artefacts: readonly { readonly name: string; readonly text: string }[], extension: string) =>
    artefacts.find((a) => a.name.endsWith(extension))?.text ?? "";
  const mutants = mutantsOf(
    text(emitGas(spec.model, spec.graphs, options), ".S"),
    text(emitC(spec.model, spec.graphs, options), ".c"),
    each,
    random,
  );
  const bench = await Bench.of(spec, machineFolder);
  const kernels = someKernels(bench, 8, random).toReversed();
  for (const mutant of mutants) {
    const killed = await killers(bench, kernels, mutant, seed);
    if (killed === "absent") {
      counts.absent++;
      console.log(
        `| ${[name, mutant.language, mutant.operator, `\`${mutant.story}\``, ...layers.map(() => "")].join(" | ")} | in no kernel`,
      );
      continue;
    }
    counts.run++;
    const key = `${mutant.language}, ${mutant.operator}`;
    const row = operators.get(key) ?? { run: 0, survived: 0, layers: new Map<Layer, number>() };
    operators.set(key, row);
    row.run++;
    if (killed.size === 0) row.survived++;
    for (const layer of killed) row.layers.set(layer, (row.layers.get(layer) ?? 0) + 1);
    if (killed.size === 0) counts.survivors++;
    for (const layer of killed) found.set(layer, (found.get(layer) ?? 0) + 1);
    const marks = layers.map((layer) => (killed.has(layer) ? "x" : ""));
    console.log(
      `| ${[name, mutant.language, mutant.operator, `\`${mutant.story}\``, ...marks].join(" | ")} |${killed.size === 0 ? " survived" : ""}`,
    );
  }
  bench.dispose();
}
console.log(`\n| operator | mutants | ${layers.join(" | ")} | survived |\n|---|---|${layers.map(() => "---").join("|")}|---|`);
for (const [operator, row] of operators)
  console.log(`| ${[operator, row.run, ...layers.map((layer) => row.layers.get(layer) ?? 0), row.survived].join(" | ")} |`);
console.log(
  `\n${counts.run} mutants run, ${counts.run - counts.survivors} killed, ${counts.survivors} survived; by layer: ${layers.map((l) => `${l} ${found.get(l) ?? 0}`).join(", ")}.`,
);
console.log(`${counts.absent} more are in no kernel that the bench machine runs. ${((performance.now() - began) / 1000).toFixed(0)} s`);
process.exitCode = counts.survivors > 0 ? 1 : 0;
