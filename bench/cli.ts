/**
 * The time to start: `exitdsl check` on one example against `node -e 0`, each a process, by turns. The aim is at most twice the
 * time of `node -e 0`, plus the check itself, which is what the quickest of some more compilations takes in one process.
 * Run: node tools/build.mjs && node tools/run.mjs bench/cli.ts
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { compile } from "../src/compiler/compile.js";

const rounds = 31;
const example = process.argv[2] ?? "examples/tiny-kernel.exitdsl";

function milliseconds(action: () => void): number {
  const started = performance.now();
  action();
  return performance.now() - started;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;
}

function run(args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr}`);
}

function checkItself(): number {
  const resolveImport = (path: string) => ({ name: `profile:${path}`, text: readFileSync(`profiles/${path}.exitdsl`, "utf8") });
  const input = { name: example, text: readFileSync(example, "utf8"), resolveImport };
  compile(input);
  return Math.min(...Array.from({ length: 9 }, () => milliseconds(() => compile(input))));
}

const empty: number[] = [];
const check: number[] = [];
for (let round = 0; round < rounds; round++) {
  empty.push(milliseconds(() => run(["-e", "0"])));
  check.push(milliseconds(() => run(["dist/exitdsl.cjs", "check", example])));
}
const itself = checkItself();
const ratios = check.map((time, round) => (time - itself) / (empty[round] as number));

console.log(`node -e 0        ${median(empty).toFixed(1)} ms (median of ${rounds})`);
console.log(`exitdsl check    ${median(check).toFixed(1)} ms, of which the check itself ${itself.toFixed(1)} ms`);
console.log(`without it       ${median(ratios).toFixed(2)} times node -e 0 (aim: at most 2)`);
