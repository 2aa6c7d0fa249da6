/**
 * Exhaustive search for the seed rule: the compiler's own engine beside SPIN, on the same model of the same path, both with dead
 * variables reset; by turns, in one run. Then the checker itself, which needs no enumeration, at 16 asynchronous flags.
 *
 * `node tools/run.mjs bench/search.ts [FLAGS …]`; SPIN needs about 500 MB at 10 flags.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../src/compiler/compile.js";
import { promelaText } from "../src/compiler/emit/promela/promela.js";
import { buildProgram } from "../src/compiler/model-check/build-program.js";
import type { ModelProgram } from "../src/compiler/model-check/program.js";
import { search } from "../src/compiler/model-check/search.js";
import { specWithFlags } from "./search-spec.js";

const rounds = 3;
const widths = [5, 12, 9, 9, 9, 6, 13, 9, 6, 15, 8, 8, 10];
const goals = new Map([
  [8, 5],
  [10, 20],
]);

function compiled(flags: number) {
  const text = specWithFlags(flags);
  const resolveImport = (path: string) => ({ name: `profile:${path}`, text: readFileSync(`profiles/${path}.exitdsl`, "utf8") });
  const result = compile({ name: "bench.exitdsl", text, resolveImport });
  const [first] = result.diagnostics;
  if (first) throw new Error(`${first.code} ${first.message}`);
  return result;
}

function programOf(flags: number): ModelProgram {
  const [graph] = compiled(flags).graphs;
  if (!graph) throw new Error("no path");
  return buildProgram(graph);
}

const [mode, ...numbers] = process.argv.slice(2);
if (mode === "--own") own(Number(numbers[0]));
else if (mode === "--checker") checker(Number(numbers[0]));
else compare(process.argv.slice(2).map(Number));

// ── In processes of their own, so that memory is told for each ──

/** The engine: search alone, in milliseconds, in a cold process; and again when V8 has compiled it, as pan is compiled before it runs. */
function own(flags: number): void {
  const program = programOf(flags);
  const timed = () => {
    const start = performance.now();
    const { states, controlStates } = search(program);
    return { states, controlStates, milliseconds: performance.now() - start };
  };
  const cold = timed();
  const megabytes = process.resourceUsage().maxRSS / 1024;
  const warm = Math.min(...Array.from({ length: 5 }, () => timed().milliseconds));
  console.log(JSON.stringify({ ...cold, warm, megabytes }));
}

/** The whole compiler, without outputs. */
function checker(flags: number): void {
  const start = performance.now();
  const { statistics } = compiled(flags);
  const milliseconds = performance.now() - start;
  console.log(JSON.stringify({ states: statistics[0]?.states, milliseconds, megabytes: process.resourceUsage().maxRSS / 1024 }));
}

interface Measured {
  readonly states: number;
  readonly controlStates: number;
  readonly milliseconds: number;
  readonly warm: number;
  readonly megabytes: number;
}

function inProcess(kind: string, flags: number): Measured {
  const script = process.env.EXITDSL_BENCH ?? "";
  return JSON.parse(execFileSync(process.execPath, [script, kind, String(flags)], { encoding: "utf8" })) as Measured;
}

// ── SPIN ──

interface SpinRun {
  readonly states: number;
  readonly milliseconds: number;
  readonly megabytes: number;
}

/** Translates and compiles; gives the milliseconds that this takes. */
function compileSpin(folder: string, program: ModelProgram): number {
  writeFileSync(join(folder, "model.pml"), promelaText(program, ["bench"]));
  const start = performance.now();
  execFileSync("spin", ["-a", "model.pml"], { cwd: folder });
  execFileSync("gcc", ["-O2", "-w", "-DSAFETY", "-o", "pan", "pan.c"], { cwd: folder });
  return performance.now() - start;
}

/** The hash table and the stack fit the model, so that SPIN pays neither for large empty ones nor for collisions. */
function runSpin(folder: string, states: number, depth = 1000): SpinRun {
  const size = Math.max(10, Math.ceil(Math.log2(states)) + 1);
  const start = performance.now();
  const { stdout, stderr } = spawnSync("./pan", [`-w${size}`, `-m${depth}`], { cwd: folder, encoding: "utf8" });
  const milliseconds = performance.now() - start;
  const output = stdout + stderr;
  if (/too small/.test(output)) return runSpin(folder, states, depth * 4);
  if (!/errors: 0/.test(output)) throw new Error(output);
  return {
    states: Number(/(\d+) states, stored/.exec(output)?.[1]),
    milliseconds,
    megabytes: Number(/([\d.]+)\s+total actual memory usage/.exec(output)?.[1]),
  };
}

// ── The table ──

function compare(sizes: readonly number[]): void {
  // This file again, bundled, for the processes.
  const folder = mkdtempSync(join(tmpdir(), "exitdsl-search-"));
  try {
    const script = join(folder, "bench.mjs");
    const options = ["--bundle", "--platform=node", "--format=esm", "--target=node20", "--log-level=warning", `--outfile=${script}`];
    execFileSync("node_modules/.bin/esbuild", ["bench/search.ts", ...options]);
    process.env.EXITDSL_BENCH = script;
    table(folder, sizes.length > 0 ? sizes : [4, 6, 8, 10]);
    const { states, milliseconds, megabytes } = inProcess("--checker", 16);
    console.log(
      `\nthe checker at 16 asynchronous flags, whole pipeline in a cold process: ${states} vectors, ${milliseconds.toFixed(0)} ms, ${megabytes.toFixed(0)} MB`,
    );
    fail(milliseconds < 2000 && megabytes < 512, "The checker misses its goal at 16 flags (2 s, 512 MB).");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function table(folder: string, sizes: readonly number[]): void {
  console.log(
    `best of ${rounds} rounds by turns; times are the search alone, of our engine in a cold process, of SPIN the whole run of pan (gcc -O2 -DSAFETY)`,
  );
  const header = [
    "flags",
    "our states",
    "sets",
    "ms",
    "warm",
    "MB",
    "SPIN states",
    "ms",
    "MB",
    "with spin+gcc",
    "ratio",
    "warm",
    "with gcc",
  ];
  console.log(header.map((h, i) => h.padStart(widths[i] as number)).join(""));
  for (const flags of sizes) {
    const program = programOf(flags);
    const compiling = compileSpin(folder, program);
    let ours = inProcess("--own", flags);
    let theirs = runSpin(folder, ours.states);
    for (let round = 1; round < rounds; round++) {
      const next = inProcess("--own", flags);
      if (next.milliseconds < ours.milliseconds) ours = next;
      const other = runSpin(folder, ours.states);
      if (other.milliseconds < theirs.milliseconds) theirs = other;
    }
    const ratio = theirs.milliseconds / ours.milliseconds;
    const withCompiling = theirs.milliseconds + compiling;
    const cells = [
      flags,
      ours.states,
      ours.controlStates,
      ours.milliseconds.toFixed(1),
      ours.warm.toFixed(1),
      ours.megabytes.toFixed(0),
      theirs.states,
      theirs.milliseconds.toFixed(0),
      theirs.megabytes.toFixed(0),
      withCompiling.toFixed(0),
      `${ratio.toFixed(1)}x`,
      `${(theirs.milliseconds / ours.warm).toFixed(1)}x`,
      `${(withCompiling / ours.milliseconds).toFixed(1)}x`,
    ];
    console.log(cells.map((c, i) => String(c).padStart(widths[i] as number)).join(""));
    const goal = goals.get(flags);
    if (goal !== undefined) fail(ratio >= goal, `At ${flags} flags the goal is ${goal}x.`);
  }
}

function fail(reached: boolean, message: string): void {
  if (reached) return;
  console.error(message);
  process.exitCode = 1;
}
