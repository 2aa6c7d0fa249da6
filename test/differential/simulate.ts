/**
 * The program that runs the simulator on a path's cases, the counterpart of the C harness, with the same output:
 * `simulate PLAN MODULE SEED FIRST COUNT BLOCK EXHAUSTIVE`, or `simulate PLAN MODULE trace SEED CASE EXHAUSTIVE`. And
 * `simulate PLAN MODULE coverage SEED COUNT` says in how many cases each event and each result happens.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { PlainPlan } from "../../src/verify/plan.js";
import { Cases, type SimulatorModule } from "./cases.js";

const [planFile = "", moduleFile = "", ...rest] = process.argv.slice(2);
const plan: PlainPlan = JSON.parse(readFileSync(planFile, "utf8"));
const module: SimulatorModule = await import(pathToFileURL(moduleFile).href);
const lines: string[] = [];
if (rest[0] === "trace") {
  const [seed = 0, index = 0, exhaustive = 0] = rest.slice(1).map(Number);
  lines.push(...new Cases(plan, module, exhaustive !== 0).describe(seed, index));
} else if (rest[0] === "coverage") {
  const [seed = 0, count = 0] = rest.slice(1).map(Number);
  const cases = new Cases(plan, module, false);
  const seen = new Map<string, number>();
  for (let index = 0; index < count; index++) {
    const happened = cases.describe(seed, index).filter((line) => /^(event|result)/.test(line));
    for (const line of new Set(happened)) seen.set(line, (seen.get(line) ?? 0) + 1);
  }
  lines.push(...[...seen].map(([line, times]) => `${line} ${times}`));
} else {
  const [seed = 0, first = 0, count = 0, block = 1, exhaustive = 0] = rest.map(Number);
  const cases = new Cases(plan, module, exhaustive !== 0);
  for (let done = 0; done < count; done += block) {
    lines.push(
      cases
        .block(seed, first + done, Math.min(block, count - done))
        .toString(16)
        .padStart(8, "0"),
    );
  }
}
process.stdout.write(`${lines.join("\n")}\n`);
