/** The bench machine itself: what is wrong is found, a machine that stops is told of, and a tool that is missing is named. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stateChangeDifference } from "../../src/verify/assembled.js";
import { makeBatch, runBatch } from "../../src/verify/batch.js";
import { compare } from "../../src/verify/compare.js";
import { Bench } from "../../src/verify/image.js";
import { kernelsOf } from "../../src/verify/kernels.js";
import { start } from "../../src/verify/tools.js";
import { machineFolder, specOf } from "./specs.js";

const seed = 1;

describe("mistakes in the outputs", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.of(specOf("linux-6.12"), machineFolder);
  });
  afterAll(() => bench.dispose());

  /** What the layers say of the outputs when `from` is replaced in the file with this extension. */
  async function found(extension: string, from: string | RegExp, to: string, features: readonly string[] = []) {
    const on = kernelsOf(bench).find((k) => k.size === features.length && [...k].every((f) => features.includes(f.name)));
    if (!on) throw new Error("no such kernel");
    const image = await bench.image(on, (name, text) => {
      if (!name.endsWith(extension)) return text;
      expect(text.replace(from, to)).not.toBe(text);
      return text.replace(from, to);
    });
    const stories = async (stepped: boolean) => {
      const paths = bench.plans.map((_, i) => i);
      const batch = makeBatch(image, paths, seed, 0, 300 * paths.length, stepped);
      return compare(batch, await runBatch(batch), 500)
        .differences.flatMap((d) => (stepped && d.seen === "end" ? [] : d.story))
        .join("\n");
    };
    return { changes: stateChangeDifference(image), ends: await stories(false), steps: await stories(true) };
  }

  test("a second SWAPGS leaves the user's GS base swapped", async () => {
    const { changes, ends, steps } = await found(".S", /\tswapgs.*\n/, "\tswapgs\n\tswapgs\n");
    expect(changes).toMatch(/but the object has `swapgs`/);
    expect(ends).toMatch(/gs_base: simulator .* machine/);
    expect(steps).toMatch(/before `.*`: the machine is at .*`swapgs`/);
  });

  test("VERW that is missing shows only in the steps and in the object", async () => {
    const { changes, ends, steps } = await found(".S", /\tverw.*\n/, "", ["CLEAR_CPU_BUF"]);
    expect(changes).toMatch(/`verw x86_verw_sel\(%rip\)`, but the object has `sysretq?`/);
    expect(ends).toBe("");
    expect(steps).toMatch(/before `verw/);
  });

  test("STI in the shadow before SYSRETQ shows only in the object", async () => {
    const { changes, ends, steps } = await found(".S", /\tsysretq/, "\tsti\n\tsysretq");
    expect(changes).toMatch(/`sysretq`, but the object has `sti`/);
    expect(ends).toBe("");
    expect(steps).not.toBe("");
  });

  test("a step that comes after the page tables are the user's faults", async () => {
    const { ends } = await found(".S", /(\tpushq\t\(%rdi\).*\n)((?:\t\.if.*PCID\n(?:.*\n)*?\t\.endif\n){2})/, "$2$1", ["PTI"]);
    expect(ends).toMatch(/vector (8|14)/);
  });

  test("a loop of C that looks once only", async () => {
    const { ends, steps } = await found(".c", "while (thread_flags", "if (thread_flags");
    expect(ends).toMatch(/events: simulator [\s\S]*machine /);
    expect(steps).toBe("");
  });

  test("an NMI that leaves by Xen's IRET goes on in single steps where it came", async () => {
    const image = await bench.image(new Set(bench.assemblyFeatures.filter((f) => f.name === "XENPV")));
    const batch = makeBatch(image, [0, 1, 2, 3], seed, 0, 400, true, true);
    const { differences, paths } = compare(batch, await runBatch(batch));
    expect(differences).toEqual([]);
    expect(paths[0]?.nmis).toBeGreaterThan(0);
  });

  test("a machine that hangs is stopped, and says in which case", async () => {
    const image = await bench.image(new Set(), (name, text) => (name.endsWith(".S") ? text.replace("\tsysretq", "1:\tjmp 1b") : text));
    const batch = makeBatch(image, [0], seed, 0, 400, false);
    const { differences } = compare(batch, await runBatch(batch, 3000));
    expect(differences.at(-1)?.story.join("\n")).toMatch(
      /syscall_return, seed 1, case \d+\nthe case did not come to its end: the time was up/,
    );
  });
});

describe("mistakes that show only when something comes between two instructions", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.of(specOf("four-paths-2015"), machineFolder);
  });
  afterAll(() => bench.dispose());

  /** What the steps say of the outputs when `from` is replaced in the assembly: left alone, and with NMIs and interrupts. */
  async function found(from: string | RegExp, to: string) {
    const image = await bench.image(new Set(), (name, text) => {
      if (!name.endsWith(".S")) return text;
      expect(text.replace(from, to)).not.toBe(text);
      return text.replace(from, to);
    });
    const ends = async (injected: boolean) => {
      const paths = bench.plans.map((_, i) => i);
      const batch = makeBatch(image, paths, seed, 0, 500 * paths.length, true, injected);
      return compare(batch, await runBatch(batch, 20_000), 5000).differences;
    };
    return { alone: await ends(false), disturbed: await ends(true) };
  }

  test("nothing is wrong with the outputs as they are", async () => {
    expect(await found("never reached", "not reached")).toEqual({ alone: [], disturbed: [] });
  });

  test("a word kept below RSP, which an interrupt overwrites", async () => {
    const { alone, disturbed } = await found(
      "syscall_return:\n\tmovq\t%rsp, %rdi\n",
      "syscall_return:\n\tmovq\t%rsp, -8(%rsp)\n\tmovq\t-8(%rsp), %rdi\n",
    );
    const lost = (list: typeof alone) => list.flatMap((d) => (d.seen === "end" ? d.story : [])).filter((line) => /events/.test(line));
    expect(lost(alone)).toEqual([]);
    expect(lost(disturbed).length).toBeGreaterThan(0);
  });

  test("the note of the NMI handler gone before DF is set: a nested NMI is taken for a first one", async () => {
    const { alone, disturbed } = await found(/(\tstd.*\n)(\tmovq\t\$0, 40.*\n)/, "$2$1");
    expect(alone.filter((d) => d.seen === "end")).toEqual([]);
    const handlers = disturbed.flatMap((d) => d.story).filter((line) => /runs of the NMI's handler|did not come to its end/.test(line));
    expect(handlers.length).toBeGreaterThan(0);
  });

  test("an NMI's return that leaves by the frame which a nested NMI does not change loses that one", async () => {
    const { alone, disturbed } = await found("addq\t$48, %rsp", "addq\t$8, %rsp");
    expect(alone.filter((d) => d.seen === "end" && d.path !== "nmi_return")).toEqual([]);
    expect(disturbed.flatMap((d) => d.story).join("\n")).toMatch(/runs of the NMI's handler: simulator 2, machine 1/);
  });
});

test("a missing tool is named with the line that installs it", async () => {
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    await expect(start("qemu-system-x86_64", [], ".")).rejects.toThrow(
      "not installed: qemu-system-x86_64. On Debian: apt-get install qemu-system-x86",
    );
  } finally {
    process.env.PATH = path;
  }
});
