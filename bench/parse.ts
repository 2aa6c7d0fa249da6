/**
 * Text to tree: our parser beside Langium's, of the same language, on the same text, in one run. Both are warm; the best of
 * several rounds counts, taken by turns so that a busy machine hits both alike.
 */
import { readFileSync } from "node:fs";
import { EmptyFileSystem } from "langium";
import { createServicesForGrammar } from "langium/grammar";
import { parse } from "../src/compiler/syntax/parse.js";
import { generateSpec } from "./generate.js";

const lines = 10_000;
const rounds = 20;
const text = generateSpec(lines);
const mebibytes = Buffer.byteLength(text) / 2 ** 20;

const grammar = readFileSync("bench/langium/exitdsl.langium", "utf8");
const services = await createServicesForGrammar({ grammar, module: EmptyFileSystem });
const langium = services.parser.LangiumParser;

function ours(): void {
  const { diagnostics } = parse({ name: "generated.exitdsl", text });
  if (diagnostics.length > 0) throw new Error(`ours: ${diagnostics[0]?.message}`);
}

function theirs(): void {
  const { lexerErrors, parserErrors } = langium.parse(text);
  const first = lexerErrors[0] ?? parserErrors[0];
  if (first) throw new Error(`Langium: ${first.message}`);
}

function time(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

let best = { ours: Number.POSITIVE_INFINITY, theirs: Number.POSITIVE_INFINITY };
for (let round = 0; round < rounds; round++) {
  best = { ours: Math.min(best.ours, time(ours)), theirs: Math.min(best.theirs, time(theirs)) };
}

const rate = (milliseconds: number) => (mebibytes / milliseconds) * 1000;
const row = (name: string, milliseconds: number) =>
  `${name.padEnd(14)} ${milliseconds.toFixed(1).padStart(8)} ms ${rate(milliseconds).toFixed(2).padStart(8)} MiB/s`;
console.log(`text to tree: ${lines.toLocaleString("en")} lines, ${mebibytes.toFixed(2)} MiB, best of ${rounds}`);
console.log(row("exitdsl", best.ours));
console.log(row("Langium 4.2.1", best.theirs));
console.log(`ratio ${(best.theirs / best.ours).toFixed(1)}× (at least 5×), ${rate(best.ours).toFixed(1)} MiB/s (at least 4 MiB/s)`);
if (rate(best.ours) < 4 || best.theirs / best.ours < 5) process.exitCode = 1;
