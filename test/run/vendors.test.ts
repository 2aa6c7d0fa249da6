/**
 * The two makers' processors. QEMU's SYSRET is AMD's: with a RIP that is not canonical it goes to user mode and faults there. Bochs's is
 * Intel's: it faults in ring 0, with the user's RSP and GS.base. Bochs also has what TCG has not: PCID, VIF and VIP, and IRET's own check.
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBatch, runBatch } from "../../src/verify/batch.js";
import { bochs } from "../../src/verify/bochs.js";
import { compare } from "../../src/verify/compare.js";
import { runOn } from "../../src/verify/emulators.js";
import { Bench, type Image } from "../../src/verify/image.js";
import { kernelsOf } from "../../src/verify/kernels.js";
import { compileText, readRepositoryFile } from "../docs/compile.js";
import { seed } from "../seed.js";
import { type Frame, runDirected } from "./directed.js";
import { machineFolder, specFrom, specOf } from "./specs.js";

const exit = "syscall_return";
/** The lowest address that is not canonical. */
const hole = 0x8000_0000_0000n;
const nowhere = 0x7ffd_0000_0000n;
const gp = 13;
const doubleFault = 8;

/** A frame that SYSRET applies to, but for what is said. */
const frame = (changes: Frame = {}): Frame => {
  const whole = { ip: 0x4000_0c15n, cs: 0x33n, flags: 0x246n, sp: nowhere, ss: 0x2bn, ...changes };
  return { ...whole, cx: changes.cx ?? whole.ip, r11: changes.r11 ?? whole.flags };
};

const smallest = (bench: Bench) => kernelsOf(bench).find((on) => on.size === 0) ?? new Set();
const largest = (bench: Bench) => [...kernelsOf(bench, bochs)].sort((a, b) => b.size - a.size)[0] ?? new Set();
const stories = ({ differences }: { differences: readonly { story: readonly string[] }[] }) =>
  differences.flatMap((d) => d.story).join("\n");

const benches = new Map<string, Promise<Bench>>();
/** An example's bench, built once. */
function benchOf(example: string): Promise<Bench> {
  const bench = benches.get(example) ?? Bench.of(specOf(example), machineFolder);
  benches.set(example, bench);
  return bench;
}

afterAll(async () => {
  for (const bench of await Promise.all(benches.values())) bench.dispose();
});

describe("a RIP that is not canonical", () => {
  const wrong = "EX5004-sysret-rip-not-canonical";
  let right: Bench;
  let refused: Bench;
  let correct: Image;
  let unchecked: Image;
  let writable: bigint;
  beforeAll(async () => {
    right = await benchOf("four-paths-2015");
    refused = await Bench.of(specFrom("test/ui", wrong), machineFolder);
    correct = await right.image(smallest(right));
    unchecked = await refused.image(smallest(refused));
    writable = BigInt(unchecked.addresses.get("trampoline_stack_top") ?? 0);
  });
  afterAll(() => refused.dispose());

  const address = (image: Image, text: RegExp) => {
    const line = image.code.lines.find((l) => text.test(l.text));
    if (!line) throw new Error(`there is no ${text}`);
    return BigInt(image.codeStart + line.address);
  };

  test("the checker refuses the spec that lets it come to SYSRET", () => {
    const { diagnostics } = compileText(`${wrong}.exitdsl`, readRepositoryFile(`test/ui/${wrong}.exitdsl`));
    expect(diagnostics.map((d) => d.code)).toContain("EX5004");
  });

  test("and rightly: run all the same, it faults in user mode on AMD's, in the kernel, on the stack of the user's choice, on Intel's", async () => {
    const frames = [frame({ ip: hole, sp: writable }), frame({ ip: hole, sp: nowhere })];
    const amd = await runDirected(unchecked, exit, "qemu", frames);
    const intel = await runDirected(unchecked, exit, "bochs", frames);
    for (const run of [amd, intel]) expect(stories(run.comparison)).toBe("");
    for (const [i, sp] of [writable, nowhere].entries()) {
      expect(amd.landings[i]).toMatchObject({ vector: gp, ring: 3, rip: hole, rsp: sp });
      expect(intel.landings[i]).toMatchObject({ ring: 0, rip: address(unchecked, /^sysretq?$/), rsp: sp, recovery: undefined });
      // SWAPGS has been executed: the handler finds the user's GS.base in ring 0.
      expect(intel.landings[i]?.gsBase).toBe(amd.landings[i]?.gsBase);
    }
    // The processor has pushed the exception's frame where the user said; where it cannot, #DF comes on its own stack.
    expect(intel.landings.map((l) => l.vector)).toEqual([gp, doubleFault]);
  });

  test("the correct spec leaves by IRET, which faults in the kernel, on the kernel's stack, and is recovered from; TCG does not show it", async () => {
    const frames = [frame({ ip: hole, sp: writable }), frame({ ip: -hole - 1n, sp: nowhere })];
    const amd = await runDirected(correct, exit, "qemu", frames);
    const intel = await runDirected(correct, exit, "bochs", frames);
    for (const run of [amd, intel]) expect(stories(run.comparison)).toBe("");
    expect(amd.comparison.paths[0]).toMatchObject({ unseen: 2, ways: { "iretq #GP to bad_iret": 2 } });
    expect(intel.comparison.paths[0]).toMatchObject({ unseen: 0, ways: { "iretq #GP to bad_iret": 2 } });
    expect(amd.landings).toMatchObject([
      { vector: gp, ring: 3, rip: hole },
      { vector: gp, ring: 3 },
    ]);
    const iret = address(correct, /^iretq?$/);
    const kernelStack = BigInt(correct.addresses.get("machine_thread_stack") ?? 0);
    for (const { rsp, ...landing } of intel.landings) {
      expect(landing).toMatchObject({ vector: gp, ring: 0, rip: iret, recovery: "bad_iret" });
      expect(rsp - kernelStack).toBeLessThan(16384n);
    }
  });

  test("code that has lost its check is seen on Bochs, and not on QEMU, where these frames end as IRET's do", async () => {
    const image = await right.image(smallest(right), (name, text) => {
      const changed = text.replace(/\n.*->ip < TASK_SIZE_MAX &&/, "");
      if (name.endsWith(".c")) expect(changed).not.toBe(text);
      return name.endsWith(".c") ? changed : text;
    });
    const frames = [frame({ ip: hole, sp: writable })];
    const amd = await runDirected(image, exit, "qemu", frames);
    expect(stories(amd.comparison)).toBe("");
    expect(amd.comparison.paths[0]?.unseen).toBe(1);
    expect(stories((await runDirected(image, exit, "bochs", frames)).comparison)).toMatch(/recovery: simulator bad_iret, machine none/);
  });

  test("what is no matter of makers comes out word for word the same", async () => {
    const on = new Set(right.spec.model.features.filter((f) => f.name === "ESPFIX64"));
    const image = await right.image(on);
    const frames = [
      frame(),
      frame({ ip: hole - 0x1001n, cx: 1n }),
      frame({ r11: 0x202n }),
      frame({ flags: 0x40cd7n }),
      frame({ flags: 0x346n }),
      frame({ cs: 0x23n, ip: 0x4000_0001n }),
      frame({ ss: 7n, sp: 0x1234_5678n, cs: 0x23n }),
      frame({ cs: 0n }),
      frame({ ss: 0x18n }),
    ];
    const amd = await runDirected(image, exit, "qemu", frames);
    const intel = await runDirected(image, exit, "bochs", frames);
    for (const run of [amd, intel]) expect(stories(run.comparison)).toBe("");
    expect(amd.comparison.paths[0]).toEqual(intel.comparison.paths[0]);
    expect(amd.landings).toEqual(intel.landings);
    expect(Object.keys(amd.comparison.paths[0]?.ways ?? {}).sort()).toEqual([
      "iretq #GP to bad_iret",
      "iretq over espfix to user",
      "iretq to user",
      "sysretq to user",
    ]);
  });

  test("VIF and VIP, which TCG does not load, are the user's again after SYSRET and after IRET", async () => {
    const frames = [0x18_0246n, 0x08_0246n, 0x10_0246n].flatMap((flags) => [frame({ flags }), frame({ flags, cx: 1n })]);
    const { comparison } = await runDirected(correct, exit, "bochs", frames);
    expect(stories(comparison)).toBe("");
    expect(comparison.paths[0]?.ways).toEqual({ "sysretq to user": 3, "iretq to user": 3 });
  });
});

describe.each(["tiny-kernel", "four-paths-2015", "freebsd-ast", "linux-6.12-all"])(`%s on Bochs, seed ${seed}`, (name) => {
  test("steps, ends, NMIs and interrupts are the simulator's, PCID included", async () => {
    const bench = await benchOf(name);
    const on = largest(bench);
    if (name === "linux-6.12-all") expect([...on].map((f) => f.name)).toEqual(expect.arrayContaining(["PTI", "PCID"]));
    const paths = bench.plans.map((_, i) => i);
    const count = 150 * paths.length;
    const batch = makeBatch(runOn(await bench.image(on), "bochs"), paths, seed, 0, count, true, true);
    const results = await runBatch(batch);
    const comparison = compare(batch, results);
    expect(stories(comparison)).toBe("");
    const steps = comparison.paths.reduce((sum, t) => sum + (t?.steps ?? 0), 0);
    console.log(
      `${name}: ${[...on].map((f) => f.name).join(" ")}: ${count} cases, ${steps} steps, ${Math.round(results.time)} ms in Bochs`,
    );
  });
});

describe("a machine that does not come to its end on Bochs", () => {
  /** What is told when the path does this in the place of SYSRET, on the user's page tables. */
  async function told(code: string): Promise<string> {
    const bench = await benchOf("linux-6.12-all");
    const on = new Set(bench.assemblyFeatures.filter((f) => f.name === "PTI"));
    const image = await bench.image(on, (name, text) => (name.endsWith(".S") ? text.replace("\tsysretq", code) : text));
    const batch = makeBatch(runOn(image, "bochs"), [0], 1, 0, 60, false);
    const { differences, paths } = compare(batch, await runBatch(batch));
    expect(paths[0]?.cases).toBeGreaterThan(0);
    return differences.flatMap((d) => d.story).join("\n");
  }

  test("hangs: it is stopped, and the cases before are kept", async () => {
    expect(await told("1:\tjmp\t1b")).toMatch(/case [1-9]\d*\nthe case did not come to its end: the time was up$/);
  });

  test("has no way to take an exception: the reset is told of", async () => {
    expect(await told("\tlidt\t1f(%rip)\n\tud2\n1:\t.quad\t0, 0")).toMatch(
      /case [1-9]\d*\nthe case did not come to its end: a triple fault/,
    );
  });
});

test("Bochs missing is named with the line that installs it", async () => {
  const image = await (await benchOf("tiny-kernel")).image(new Set());
  const path = process.env.PATH;
  const folder = mkdtempSync(join(tmpdir(), "exitdsl-path-"));
  try {
    const batch = makeBatch(runOn(image, "bochs"), [0], 1, 0, 1, false);
    for (const tool of ["ld", "objcopy", "script", "env"]) symlinkSync(`/usr/bin/${tool}`, join(folder, tool));
    process.env.PATH = folder;
    await expect(runBatch(batch)).rejects.toThrow("not installed: bochs. On Debian: apt-get install bochs bochs-term");
  } finally {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  }
});
