/** A case in which the outputs are wrong is made small, and its line of `simulate` shows what would have been right. */
import { beforeAll, expect, test } from "vitest";
import { verifyReport } from "../../src/cli/verify-report.js";
import { BatchMaker, injectionRandom } from "../../src/verify/batch.js";
import { campaignOf } from "../../src/verify/campaign.js";
import { caseOf, drawnCase } from "../../src/verify/draft.js";
import { runUnits } from "../../src/verify/engine.js";
import { Bench, type Change } from "../../src/verify/image.js";
import { laneHere } from "../../src/verify/lanes.js";
import { simulateArguments } from "../../src/verify/replay.js";
import { resultOf } from "../../src/verify/result.js";
import { stepNumbers } from "../../src/verify/runner.js";
import { tellFailures } from "../../src/verify/shrink.js";
import { builtTool, run } from "../cli/tool.js";
import { seed } from "../seed.js";
import { machineFolder, specOf } from "./specs.js";

const minutes = 60_000;

let tool: string;
beforeAll(async () => {
  tool = await builtTool();
});

/** What `verify` tells when `from` is replaced in the outputs, and what the lines of `simulate` print that it gives. */
async function shrunk(name: string, extension: string, from: string | RegExp, to: string, enough = 100) {
  const bench = await Bench.of(specOf(name), machineFolder);
  const change: Change = (file, text) => {
    if (!file.endsWith(extension)) return text;
    expect(text.replace(from, to)).not.toBe(text);
    return text.replace(from, to);
  };
  try {
    const campaign = campaignOf(bench, { seed, cases: 500, kernels: 1, emulator: "qemu", paths: undefined });
    const budget = { deadline: Number.POSITIVE_INFINITY, failures: enough };
    const { imageOf, results } = await runUnits(bench, campaign, campaign.units, [laneHere], budget, () => {}, change);
    const failures = await tellFailures(results, imageOf, `examples/${name}.exitdsl`, Number.POSITIVE_INFINITY);
    const identity = { version: "", spec: name, digest: "", paths: bench.plans.map((p) => p.graph.exit.name) };
    const result = resultOf(identity, campaign, { index: 1, count: 1 }, results, failures, { reason: "", wall: 1 });
    const cases = failures.flatMap(({ disagreements: [first], shrunk: small }) => {
      if (!small) return [];
      const { status, stderr, stdout } = run(tool, small.simulate);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      return [{ what: first?.what, small, line: small.simulate.join(" "), shown: stdout }];
    });
    return { report: verifyReport(result, undefined, false), cases };
  } finally {
    bench.dispose();
  }
}

test("SWAPGS that is missing", { timeout: 20 * minutes }, async () => {
  const { cases, report } = await shrunk("tiny-kernel", ".S", /\tswapgs.*\n/, "");
  const step = cases.find((c) => c.what === "instruction");
  // Nothing of a random case is left: the first case from user mode shows it.
  expect(step?.line).toBe("simulate examples/tiny-kernel.exitdsl --path trap_return --vendor amd");
  expect(step?.small.parts).toEqual({ text: "swapgs", place: expect.stringMatching(/^profile:bare:\d+$/) });
  expect(step?.shown).toMatch(/^ +swapgs .*gs_base = 0x7f1000000000/m);
  expect(report).toMatch(/^ +> +5 {2}swapgs +pop %r15$/m);
  const end = cases.find((c) => c.what === "gs_base");
  expect(end?.line).toMatch(/^simulate examples\/tiny-kernel.exitdsl --path trap_return --vendor amd --set gs_base=0x[0-9a-f]+$/);
  expect(end?.small.disagreements.map((d) => d.what)).toEqual(["gs_base", "kernel_gs_base"]);
  expect(end?.shown).toContain(`gs_base ${end?.small.disagreements[0]?.simulator}\n`);
});

test("a loop of C that looks once", { timeout: 20 * minutes }, async () => {
  const { cases, report } = await shrunk("four-paths-2015", ".c", "while (thread_flags", "if (thread_flags");
  const [first] = cases;
  expect(first?.what).toBe("events");
  // It ends as soon as nothing can be taken away any more, in a few rounds of two runs each.
  expect(first?.small.runs).toBeLessThan(20);
  // One flag that brings it into the loop, and another that comes while it is in it.
  const flag = "TIF_\\w+";
  expect(first?.line).toMatch(
    new RegExp(
      `^simulate examples/four-paths-2015.exitdsl --path syscall_return --vendor amd( --flags ${flag}(,${flag})?)?( --event \\d+: (set|async) ${flag}){1,2}$`,
    ),
  );
  const { place, text } = first?.small.parts ?? {};
  expect(text).toBe("irqs on");
  // The run shows the event at the line of the spec that the report names.
  expect(first?.shown).toMatch(new RegExp(`\\d+ +irqs on +${place?.replaceAll(".", "\\.")} `));
  expect(report).toMatch(/^ +> +\d+ {2}irqs on +—$/m);
});

test("a machine that hangs", { timeout: 20 * minutes }, async () => {
  const { cases } = await shrunk("tiny-kernel", ".S", "\taddq\t$16, %rsp", "1:\tjmp\t1b", 1);
  expect(cases.map((c) => c.what)).toEqual(["the case did not come to its end"]);
  expect(cases[0]?.line).toMatch(/^simulate examples\/tiny-kernel.exitdsl --path trap_return( --from kernel)? --vendor amd$/);
  expect(cases[0]?.small.parts).toEqual({ text: "addq $16, %rsp", place: expect.stringMatching(/^tiny-kernel.exitdsl:\d+$/) });
});

test("what comes into a case is played by its line of `simulate`, too: the NMI's steps, and flags that an interrupt sets", {
  timeout: 20 * minutes,
}, async () => {
  const bench = await Bench.of(specOf("four-paths-2015"), machineFolder);
  try {
    const image = await bench.image(new Set(bench.assemblyFeatures));
    let [nmis, interrupts] = [0, 0];
    for (let index = 0; nmis < 6 || interrupts < 2; index++) {
      expect(index).toBeLessThan(200);
      const path = index % 2;
      const draft = drawnCase(image, path, seed, index);
      const maker = new BatchMaker(image, true, 1);
      maker.add(0, (machine) => caseOf(bench, draft, machine), injectionRandom(seed, index));
      const { injected, steps: own = [] } = maker.made(0).cases[0] ?? {};
      if (!injected || (injected.steps.length === 0 && !injected.interrupt) || injected.nmis > 1) continue;
      if (injected.steps.length > 0) nmis++;
      if (injected.interrupt) interrupts++;
      const line = simulateArguments(image, "examples/four-paths-2015.exitdsl", draft, [], injected);
      const { status, stderr, stdout } = run(tool, line);
      expect({ status, stderr }, line.join(" ")).toEqual({ status: expect.any(Number), stderr: "" });
      const texts = (numbers: readonly number[]) =>
        numbers
          .filter((_, i) => i % stepNumbers === 0)
          .map((code) => bench.module.paths[bench.plans[code >>> 16]?.graph.exit.name ?? ""]?.steps[code & 0xffff]?.[0]);
      // Without the boundary to which the NMI leads back, which is logged twice, and done once.
      const nmi = texts(injected.steps).slice(0, injected.nmis > 0 && !injected.mayNotCome ? -1 : undefined);
      const expected = texts(own).toSpliced(injected.after - 1, 0, ...nmi);
      const shown = stdout.split("\n").flatMap((row) => /^ {7}(?:\w+: )?(\S.*?) {2,}\S+:\d/.exec(row)?.[1] ?? []);
      expect(shown, line.join(" ")).toEqual(expected);
    }
  } finally {
    bench.dispose();
  }
});
