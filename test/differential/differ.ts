/**
 * Builds a spec's emitted C with the stub harness, and its simulator with the JavaScript runner, and compares the two on the same
 * cases: hashes of blocks first, then the block that differs case by case, then the one case event by event.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { emitSimulatorScript } from "../../src/compiler/emit/simulator/simulator.js";
import { type Plan, plainPlan, planOf } from "../../src/verify/plan.js";
import type { Emitted } from "../c/specs.js";
import { kernelFlags, run } from "../c/tools.js";
import { harnessHeader, harnessProgram } from "./harness.js";

const execute = promisify(execFile);

export interface Range {
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  readonly exhaustive: boolean;
}

export interface Mismatch {
  readonly path: string;
  /** The case's number; with the seed it is the whole case. */
  readonly index: number;
  /** Both traces, for a person. */
  readonly report: string;
}

/** A spec's programs in a folder of their own. */
export class Differ {
  readonly plans: readonly Plan[];
  private readonly folder: string;

  private constructor(plans: readonly Plan[], folder: string) {
    this.plans = plans;
    this.folder = folder;
  }

  /**
   * @param change what is done to the C first: the test of this test
   * @param sanitize with the address and undefined-behaviour sanitizers
   */
  static async of(
    emitted: Emitted,
    options: { readonly change?: (text: string) => string; readonly sanitize?: boolean } = {},
  ): Promise<Differ> {
    const { change = (text: string) => text, sanitize = false } = options;
    const { artefacts, graphs, model, stem } = emitted;
    const plans = graphs.filter((g) => g.exit.prepare !== undefined).map(planOf);
    const folder = mkdtempSync(join(tmpdir(), "exitdsl-differential-"));
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
    for (const { name, text } of artefacts) write(name, name.endsWith(".c") ? change(text) : text);
    write("harness-kernel.h", harnessHeader(plans));
    write("harness.c", harnessProgram(stem, plans));
    plans.forEach((plan, i) => {
      write(`plan${i}.json`, JSON.stringify(plainPlan(plan)));
    });
    write("simulator.mjs", emitSimulatorScript(model, graphs, { stem, digest: "", version: "" }));
    const embedding = '-DEXITDSL_KERNEL_HEADER="harness-kernel.h"';
    const checks = sanitize ? ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"] : [];
    const compile = (args: readonly string[]) => {
      const { status, output } = run("gcc", args, folder);
      if (status !== 0 || output !== "") throw new Error(`gcc ${args.join(" ")}\n${output}`);
    };
    compile([...kernelFlags, ...checks, embedding, "-c", `${stem}.c`, "-o", "emitted.o"]);
    // The harness looks at the frame as numbers of two sizes; it is hosted, and not what is tested.
    compile([
      "-std=gnu11",
      "-O2",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-Wno-unused",
      "-fno-strict-aliasing",
      ...checks,
      embedding,
      "harness.c",
      "emitted.o",
      "-o",
      "harness",
    ]);
    await build({
      entryPoints: [fileURLToPath(new URL("simulate.ts", import.meta.url))],
      outfile: join(folder, "simulate.mjs"),
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
    });
    return new Differ(plans, folder);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** The first case of a path in which C and simulator differ, if there is one. */
  async compare(path: number, range: Range): Promise<Mismatch | undefined> {
    const blocks = await this.hashes(path, range, 1000);
    const differing = firstDifference(blocks.c, blocks.simulator);
    if (differing === undefined) return undefined;
    const first = range.first + differing * 1000;
    const single = await this.hashes(path, { ...range, first, count: Math.min(1000, range.count - differing * 1000) }, 1);
    const within = firstDifference(single.c, single.simulator);
    if (within === undefined) throw new Error(`block ${differing} differs, but none of its cases does`);
    const index = first + within;
    return { path: this.plan(path).name, index, report: await this.report(path, { ...range, first: index, count: 1 }) };
  }

  /** How many cases an exhaustive run has: each combination of features and flags, with every script of `length` entries. */
  exhaustiveCount(path: number, length: number): number {
    const { combinations, flagBits: flags } = plainPlan(this.plan(path));
    return combinations.length * 2 ** flags.length * (flags.length + 1) ** length;
  }

  /** In how many of `count` random cases each event and each result of a path happens, by their readable names. */
  async coverage(path: number, seed: number, count: number): Promise<ReadonlyMap<string, number>> {
    const plan = this.plan(path);
    const results = plan.graph.exit.prepare?.returns ? ["returns false", "returns true"] : ["returns nothing"];
    const all = new Map([...plan.events.map((e) => e.text), ...results].map((text) => [text, 0]));
    for (const line of await this.simulator(path, ["coverage", String(seed), String(count)])) {
      all.set(readable(plan, line), Number(line.split(" ")[2]));
    }
    return all;
  }

  private plan(path: number): Plan {
    const plan = this.plans[path];
    if (!plan) throw new Error(`there is no path ${path}`);
    return plan;
  }

  private async hashes(
    path: number,
    range: Range,
    block: number,
  ): Promise<{ readonly c: readonly string[]; readonly simulator: readonly string[] }> {
    const numbers = [range.seed, range.first, range.count, block, range.exhaustive ? 1 : 0].map(String);
    const [c, simulator] = await Promise.all([this.harness([String(path), ...numbers]), this.simulator(path, numbers)]);
    return { c, simulator };
  }

  private async report(path: number, { seed, first, exhaustive }: Range): Promise<string> {
    const numbers = [String(seed), String(first), exhaustive ? "1" : "0"];
    const [c, simulator] = await Promise.all([
      this.harness(["trace", String(path), ...numbers]),
      this.simulator(path, ["trace", ...numbers]),
    ]);
    const plan = this.plan(path);
    const width = 44;
    const rows = Array.from({ length: Math.max(c.length, simulator.length) }, (_, i) => {
      const [left, right] = [readable(plan, c[i]), readable(plan, simulator[i])];
      return `${left === right ? " " : "!"} ${left.padEnd(width)} ${right}`;
    });
    return [
      `${plan.name}, seed ${seed}, case ${first}${exhaustive ? ", exhaustive" : ""}`,
      `  ${"C".padEnd(width)} simulator`,
      ...rows,
    ].join("\n");
  }

  private async harness(args: readonly string[]): Promise<readonly string[]> {
    return linesOf((await execute(join(this.folder, "harness"), [...args], { maxBuffer: 1 << 28 })).stdout);
  }

  private async simulator(path: number, args: readonly string[]): Promise<readonly string[]> {
    const files = ["simulate.mjs", `plan${path}.json`, "simulator.mjs"].map((f) => join(this.folder, f));
    return linesOf((await execute(process.execPath, [...files, ...args], { maxBuffer: 1 << 28 })).stdout);
  }
}

function linesOf(text: string): readonly string[] {
  return text.trimEnd().split("\n");
}

function firstDifference(a: readonly string[], b: readonly string[]): number | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i;
  return undefined;
}

/** `event 3` → `call schedule`; `field 16 0x…` → `frame.ip 0x…`. */
function readable(plan: Plan, line: string | undefined): string {
  if (line === undefined) return "";
  const [kind = "", number = "", value = ""] = line.split(" ");
  const index = Number(number);
  switch (kind) {
    case "event":
      return plan.events.find((e) => e.code === index)?.text ?? line;
    case "result":
      return `returns ${["false", "true", "nothing", "never"][index] ?? line}`;
    case "irqs":
      return `irqs ${index === 1 ? "on" : "off"}`;
    case "word":
      return `${plan.words[index]?.name ?? line} = ${value}`;
    case "field":
      return `frame.${plan.model.frame?.fields[index]?.name ?? line} = ${value}`;
    default:
      return line;
  }
}
