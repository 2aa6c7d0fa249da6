/** Runs SPIN, rumur and z3 on texts, each in a folder of its own. That one is missing is an error which names the package. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Violation } from "../../src/compiler/model-check/program.js";

const packages: Readonly<Record<string, string>> = { spin: "spin", rumur: "rumur", gcc: "gcc", z3: "z3" };

function run(command: string, args: readonly string[], cwd: string): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 27 });
  if (error && "code" in error && error.code === "ENOENT")
    throw new Error(`${command} is not installed: apt-get install ${packages[command]}`);
  if (error) throw error;
  // A checker that finds a fault says so in its exit code; what did not run at all says it here.
  if (status === null || (packages[command] !== undefined && command !== "z3" && status !== 0))
    throw new Error(`${command}: ${stdout}${stderr}`);
  return stdout + stderr;
}

export function inFolder<T>(action: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "exitdsl-model-"));
  try {
    return action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Verdict {
  readonly states: number;
  readonly violations: ReadonlySet<Violation>;
}

/** SPIN's verdict on a Promela model: all assertions that can fail. */
export function spin(text: string): Verdict {
  return inFolder((folder) => {
    writeFileSync(join(folder, "model.pml"), text);
    run("spin", ["-a", "model.pml"], folder);
    run("gcc", ["-O0", "-w", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"], folder);
    const output = run("./pan", ["-c0", "-w20", "-m100000"], folder);
    const states = /(\d+) states, stored/.exec(output);
    if (!states || /max search depth too small|pan:\d+: invalid end state/.test(output)) throw new Error(output);
    const failed = [...output.matchAll(/assertion violated (.*?) \(at depth/g)].map((m) => m[1] as string);
    if (failed.length === 0 && !/errors: 0/.test(output)) throw new Error(output);
    return { states: Number(states[1]), violations: new Set(failed.map(asserted)) };
  });
}

function asserted(expression: string): Violation {
  if (expression.includes("decision_")) return "stale";
  return expression.includes("flags") ? "pending" : "irqs";
}

const invariants: readonly (readonly [string, Violation])[] = [
  ["IRQs are off where the path leaves", "irqs"],
  ["no work is pending where user mode goes on", "pending"],
  ["no decision is used after the saved registers were rewritten", "stale"],
];

/**
 * rumur's verdict on a Murphi model. Where there are faults it tells some: of a state the first, and it does not go on from there.
 * So the states are all of them only where there is none.
 */
export function rumur(text: string): Verdict {
  return inFolder((folder) => {
    writeFileSync(join(folder, "model.m"), text);
    run(
      "rumur",
      [
        "--deadlock-detection",
        "off",
        "--counterexample-trace",
        "off",
        "--max-errors",
        "1000000",
        "--threads",
        "1",
        "--output",
        "model.c",
        "model.m",
      ],
      folder,
    );
    run("gcc", ["-O1", "-w", "-mcx16", "-o", "model", "model.c", "-lpthread"], folder);
    const output = run("./model", [], folder);
    // It tells how far it is, too; the last number is the sum.
    const states = [...output.matchAll(/(\d+) states/g)].at(-1);
    if (!states) throw new Error(output);
    const violations = invariants.flatMap(([name, violation]) => (output.includes(`"${name}"`) ? [violation] : []));
    return { states: Number(states[1]), violations: new Set(violations) };
  });
}

export interface Answer {
  readonly question: string;
  readonly answer: string;
  /** What a counterexample gives each constant; empty where it is proved. */
  readonly model: ReadonlyMap<string, bigint>;
}

/** z3's answers to the questions of an SMT-LIB file. */
export function z3(text: string): readonly Answer[] {
  return inFolder((folder) => {
    writeFileSync(join(folder, "query.smt2"), text);
    const output = run("z3", ["dump_models=true", "query.smt2"], folder);
    if (/\(error/.test(output)) throw new Error(output);
    return [...output.matchAll(/^(\w.*)\n(sat|unsat|unknown)$((?:\n[ ()].*)*)/gm)].map(([, question = "", answer = "", model = ""]) => ({
      question,
      answer,
      model: new Map(
        [...model.matchAll(/define-fun (\S+) \(\) \(_ BitVec \d+\)\s+#([xb])([0-9a-f]+)/g)].map((m) => [
          m[1] as string,
          BigInt(`0${m[2]}${m[3]}`),
        ]),
      ),
    }));
  });
}
