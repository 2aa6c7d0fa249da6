/**
 * The assembly, disassembled, is what the simulator executes: random runs of every path of every example, each distinct trace walked
 * through `objdump`'s listing address by address, jumps followed, in kernels with random combinations of features.
 */
import { afterAll, describe, expect, test } from "vitest";
import { visitTest } from "../../src/compiler/model/expressions.js";
import { combinations } from "../../src/compiler/model/features.js";
import type { Feature } from "../../src/compiler/model/model.js";
import { isStep } from "../../src/verify/disassembly.js";
import { emitExample, exampleNames } from "../gas/specs.js";
import { type Assembled, assemble, type Disassembled, inFolder } from "../machine/tools.js";
import { seed } from "../seed.js";
import { randomFrom, randomMachine, randomScript } from "../simulator/random.js";
import { load, type SimulatorModule, simulateExample } from "../simulator/specs.js";

/** Kernels that are assembled for each example, and machines that are run through each path of each. */
const kernels = 40;
const machines = 300;

/** What one run returned from its C side, and the instructions that it executed. */
interface Run {
  readonly result: boolean | undefined;
  readonly steps: readonly string[];
}

class Walk {
  private readonly code: Assembled;
  private readonly next = new Map<number, number>();
  private readonly lines = new Map<number, Disassembled>();

  constructor(code: Assembled) {
    this.code = code;
    code.lines.forEach((line, i) => {
      this.lines.set(line.address, line);
      const following = code.lines[i + 1];
      if (following) this.next.set(line.address, following.address);
    });
  }

  /**
   * Follows a trace from an exit's label. A jump on what the prepare function returned goes as the outcome says. Which way another
   * conditional jump goes is what the next instruction tells; where both ways would do, both are followed, and one must be left at
   * the end.
   * @returns what does not fit; "" when all does
   */
  follow(exit: string, { result, steps: trace }: Run): string {
    let here = [this.code.symbols.get(exit) ?? -1];
    for (const [i, step] of trace.entries()) {
      const fitting = here.filter((address) => this.fits(address, step));
      if (fitting.length === 0)
        return `step ${i}: \`${step}\`, but there is ${here.map((a) => this.lines.get(a)?.text ?? `nothing at ${a}`).join(" or ")}`;
      if (i === trace.length - 1) return fitting.length === 1 ? "" : "the end can be at several addresses";
      const returned = trace[i - 1] === "testb %al, %al" ? result : undefined;
      here = [...new Set(fitting.flatMap((address) => this.successors(address, returned)))];
    }
    return "the trace is empty";
  }

  private fits(address: number, step: string): boolean {
    const line = this.lines.get(address);
    return line !== undefined && isStep(line, step, this.code.symbols);
  }

  private successors(address: number, returned: boolean | undefined): number[] {
    const line = this.lines.get(address) as Disassembled;
    const [written = "", target = ""] = line.text.split(/\s+/);
    const through = this.next.get(address);
    if (!/^j/.test(written)) return through === undefined ? [] : [through];
    const taken = (line.relocation === undefined ? undefined : this.code.symbols.get(line.relocation)) ?? Number.parseInt(target, 16);
    if (written.startsWith("jmp") || through === undefined) return [taken];
    return returned === undefined ? [taken, through] : [returned === (written === "jne") ? taken : through];
  }
}

/** Traces of random runs, each once, without the events of the C side. */
function traces(module: SimulatorModule, path: string, features: Readonly<Record<string, boolean>>, random: () => number): readonly Run[] {
  const found = new Map<string, Run>();
  const { events, run, steps } = module.paths[path] as SimulatorModule["paths"][string];
  for (let i = 0; i < machines; i++) {
    const trace: number[] = [];
    let result: boolean | undefined;
    try {
      ({ result } = run(randomMachine(module, random), features, randomScript(module, random), trace));
    } catch (error) {
      // A loop whose flags nothing clears: its trace has no end to compare.
      if (!/never ends/.test(String(error))) throw error;
      continue;
    }
    const instructions = trace.filter((code) => code >= events);
    const key = instructions.join();
    if (!found.has(key)) found.set(key, { result, steps: instructions.map((code) => steps[code]?.[0] ?? "") });
  }
  return [...found.values()];
}

const walked = new Map<string, number>();

describe(`the disassembly along executed traces, seed ${seed}`, () => {
  for (const name of exampleNames) {
    test(name, async () => {
      const emitted = emitExample(name);
      const module = await load(simulateExample(name));
      const tested = new Set<Feature>();
      for (const { items } of emitted.program.routines) {
        for (const item of items)
          if (item.kind === "if" || item.kind === "elseif")
            visitTest(item.test, (t) => void (t.kind === "feature" && tested.add(t.feature)));
      }
      const random = randomFrom(seed);
      const admissible = [...combinations(emitted.model.features.filter((f) => tested.has(f)))];
      const chosen =
        admissible.length <= kernels
          ? admissible
          : Array.from({ length: kernels }, () => admissible[random() % admissible.length] as ReadonlySet<Feature>);
      inFolder(emitted.artefacts, (folder) => {
        for (const on of chosen) {
          const walk = new Walk(
            assemble(
              folder,
              `${name}.S`,
              Object.fromEntries([...tested].map((f) => [`EXITDSL_${f.name}`, on.has(f) ? 1 : 0])),
              ".entry.text",
            ),
          );
          const features = Object.fromEntries(emitted.model.features.map((f) => [f.name, on.has(f)]));
          for (const path of Object.keys(module.paths)) {
            for (const trace of traces(module, path, features, random)) {
              const problem = walk.follow(path, trace);
              if (problem !== "")
                expect.fail(`${path}, features ${[...on].map((f) => f.name).join(" ") || "none"}: ${problem}\n${trace.steps.join("\n")}`);
              walked.set(`${name}/${path}`, (walked.get(`${name}/${path}`) ?? 0) + 1);
            }
          }
        }
      });
      for (const path of Object.keys(module.paths)) expect(walked.get(`${name}/${path}`), path).toBeGreaterThan(0);
    });
  }
});

afterAll(() => {
  console.info(`distinct traces walked: ${[...walked].map(([path, count]) => `${path} ${count}`).join(", ")}`);
});
