/**
 * The emitted assembly and C, run on the bench machine: where paths land, each single step, and the object's state-changing
 * instructions, all against the simulator and the line of code. EXITDSL_SEED chooses the cases, EXITDSL_RUN_CASES how many a path and
 * kernel has, EXITDSL_RUN_KERNELS how many combinations of features are built.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stateChangeDifference } from "../../src/verify/assembled.js";
import { makeBatch, runBatch } from "../../src/verify/batch.js";
import { compare } from "../../src/verify/compare.js";
import { Bench, type Image } from "../../src/verify/image.js";
import { someKernels } from "../../src/verify/kernels.js";
import { Random } from "../../src/verify/random.js";
import { machineFolder, specOf } from "./specs.js";

const seed = Number(process.env.EXITDSL_SEED ?? Date.now() % 0x1_0000_0000) >>> 0;
const casesPerPath = Number(process.env.EXITDSL_RUN_CASES ?? 1000);
const kernels = Number(process.env.EXITDSL_RUN_KERNELS ?? 4);
/** Cases that one run of QEMU has; a stepped one writes a log for each. */
const batchSize = 10_000;
const minutes = 60_000;

beforeAll(() => {
  console.log(`EXITDSL_SEED=${seed} EXITDSL_RUN_CASES=${casesPerPath} EXITDSL_RUN_KERNELS=${kernels}`);
});

/** Ways out that every run must come by. */
const needed: Readonly<Record<string, readonly string[]>> = {
  "tiny-kernel": ["trap_return: iretq to user", "trap_return: iretq to kernel", "trap_return: iretq #GP"],
  "four-paths-2015": [
    "syscall_return: sysretq to user",
    "syscall_return: iretq to user",
    "syscall_return: iretq over espfix to user",
    "syscall_return: iretq #GP to bad_iret",
    "interrupt_return: iretq to user",
    "interrupt_return: iretq to kernel",
    "interrupt_return: iretq over espfix to user",
    "paranoid_return: iretq to kernel",
    "nmi_return: iretq to kernel",
  ],
  "linux-6.12": [
    "syscall_return: sysretq to user",
    "syscall_return: iretq over espfix to user",
    "interrupt_return: iretq to user",
    "interrupt_return: iretq to kernel",
    "interrupt_return: iretq #GP to bad_iret",
    "paranoid_return: iretq to kernel",
    "nmi_return_to_user: iretq to user",
  ],
  "freebsd-ast": [
    "fast_syscall_return: sysretq to user",
    "fast_syscall_return: iretq to user",
    "doreti: iretq to user",
    "doreti: iretq to kernel",
    "doreti: iretq #GP to doreti_iret_fault",
  ],
};

describe.each(Object.keys(needed))(`%s, seed ${seed}`, (name) => {
  let bench: Bench;
  let images: readonly Image[];
  beforeAll(async () => {
    bench = await Bench.of(specOf(name), machineFolder);
    const chosen = someKernels(bench, kernels, new Random(seed));
    const built: Image[] = [];
    for (const on of chosen) built.push(await bench.image(on));
    images = built;
  }, minutes);
  afterAll(() => bench.dispose());

  const told = (image: Image) => `features ${[...image.on].map((f) => f.name).join(" ") || "none"}`;

  async function runAll(count: number, stepped: boolean): Promise<ReadonlyMap<string, number>> {
    const ways = new Map<string, number>();
    let [cases, steps, unseen, time] = [0, 0, 0, 0];
    for (const image of images) {
      for (let first = 0; first < count; first += batchSize) {
        const paths = bench.plans.map((_, i) => i);
        const batch = makeBatch(image, paths, seed, first, Math.min(batchSize, count - first), stepped);
        const results = await runBatch(batch);
        const comparison = compare(batch, results);
        if (comparison.differences.length > 0) expect.fail([told(image), ...comparison.differences.flatMap((d) => d.story)].join("\n"));
        for (const [i, tally] of comparison.paths.entries()) {
          if (!tally) continue;
          for (const [how, times] of Object.entries(tally.ways)) {
            const way = `${bench.plans[i]?.graph.exit.name}: ${how}`;
            ways.set(way, (ways.get(way) ?? 0) + times);
          }
          cases += tally.cases;
          steps += tally.steps;
          unseen += tally.unseen;
        }
        time += results.time;
      }
    }
    const rate = Math.round(((stepped ? steps : cases) / time) * 1000);
    console.log(
      `${name}: ${images.length} kernels, ${cases} cases${stepped ? `, ${steps} steps` : ""}, ${unseen} not seen on TCG; ${rate} ${stepped ? "steps" : "cases"}/s in QEMU`,
    );
    return ways;
  }

  test("paths land where and as the simulator says", { timeout: 60 * minutes }, async () => {
    const ways = await runAll(casesPerPath * bench.plans.length, false);
    console.log(
      [...ways]
        .sort()
        .map(([way, times]) => `  ${way}: ${times}`)
        .join("\n"),
    );
    expect(needed[name]?.filter((way) => !ways.has(way))).toEqual([]);
  });

  test("each single step is the simulator's", { timeout: 60 * minutes }, async () => {
    await runAll(Math.ceil(casesPerPath / 4) * bench.plans.length, true);
  });

  test("the object has the state-changing instructions of the spec, and no other", () => {
    for (const image of images) expect(stateChangeDifference(image), told(image)).toBe("");
  });
});
