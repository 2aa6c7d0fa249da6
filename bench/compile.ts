/**
 * How compile time grows with the length of a spec, and how long all examples take with all back ends, in one process.
 * Ratios are of the best times, which other work on the machine adds least to, and both sides of one are run by turns.
 * Run: node tools/run.mjs bench/compile.ts
 */
import { readdirSync, readFileSync } from "node:fs";
import { compile } from "../src/compiler/compile.js";
import { backEnds } from "../src/compiler/emit/back-ends.js";
import { generateSpec } from "./generate.js";

const rounds = 15;

function profile(path: string): { readonly name: string; readonly text: string } {
  return { name: `profile:${path}`, text: readFileSync(`profiles/${path}.exitdsl`, "utf8") };
}

function milliseconds(name: string, text: string): number {
  const started = performance.now();
  const { diagnostics, artefacts } = compile({ name, text, resolveImport: profile }, { backEnds });
  const took = performance.now() - started;
  if (diagnostics.length > 0 || artefacts.length === 0) throw new Error(`${name}: ${diagnostics[0]?.message ?? "no output"}`);
  return took;
}

// The first compilations of a process, as a user's are: nothing is warm.
const started = performance.now();
const examples = readdirSync("examples").filter((name) => name.endsWith(".exitdsl"));
for (const name of examples) milliseconds(name, readFileSync(`examples/${name}`, "utf8"));
const together = performance.now() - started;
console.log(
  `all ${examples.length} examples, every feature combination, ${backEnds.length} back ends: ${together.toFixed(0)} ms (aim: under 1000)`,
);

const lengths = [1_000, 2_000, 5_000, 10_000];
const texts = lengths.map(generateSpec);
const times = lengths.map((): number[] => []);
for (let round = 0; round < rounds; round++) {
  for (const [i, text] of texts.entries()) times[i]?.push(milliseconds(`${lengths[i]}.exitdsl`, text));
}
const base = Math.min(...(times[0] ?? []));
console.log(`best of ${rounds}`);
console.log("lines    compile   times that of 1,000 lines");
times.forEach((list, i) => {
  const best = Math.min(...list);
  console.log(`${String(lengths[i]).padStart(6)}  ${`${best.toFixed(0)} ms`.padStart(8)}   ${(best / base).toFixed(2)}`);
});
console.log("aim: at most 11 at 10,000 lines");
