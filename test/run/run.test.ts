/**
 * The emitted assembly and C, run on the bench machine: where paths land, each single step, and the object's state-changing
 * instructions, all against the simulator and the line of code. EXITDSL_SEED chooses the cases, EXITDSL_RUN_CASES how many a path and
 * kernel has, EXITDSL_RUN_KERNELS how many combinations of features are built.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { verifyReport } from "../../src/cli/verify-report.js";
import { campaignOf, layers } from "../../src/verify/campaign.js";
import { runUnits } from "../../src/verify/engine.js";
import { Bench } from "../../src/verify/image.js";
import { laneHere } from "../../src/verify/lanes.js";
import { resultOf } from "../../src/verify/result.js";
import { seed } from "../seed.js";
import { machineFolder, specOf } from "./specs.js";

const cases = Number(process.env.EXITDSL_RUN_CASES ?? 1000);
const kernels = Number(process.env.EXITDSL_RUN_KERNELS ?? 4);

beforeAll(() => {
  console.log(`EXITDSL_SEED=${seed} EXITDSL_RUN_CASES=${cases} EXITDSL_RUN_KERNELS=${kernels}`);
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
  "linux-6.12-all": [
    "syscall_return: sysretq to user",
    "compat_syscall_return: sysretl to user",
    "compat_syscall_return: iretq to user",
    "syscall_return_by_iret: iretq to user",
    "interrupt_return: iretq to kernel",
    "debug_return_to_kernel: iretq to kernel",
    "machine_check_return_to_kernel: iretq to kernel",
    "vmm_communication_return_to_kernel: iretq to kernel",
    "double_fault_return: iretq to kernel",
    "nmi_return_to_user: iretq to user",
    "nmi_return_to_kernel: iretq to kernel",
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
  test("the machine, step by step and in the end, and the object file are the simulator's and the spec's", {
    timeout: 3_600_000,
  }, async () => {
    const bench = await Bench.of(specOf(name), machineFolder);
    try {
      const campaign = campaignOf(bench, { seed, cases, kernels, emulator: "qemu", paths: undefined });
      const started = performance.now();
      // Two: QEMU runs while the simulator makes what comes next.
      const lanes = [laneHere, laneHere];
      const { reason, results } = await runUnits(
        bench,
        campaign,
        campaign.units,
        lanes,
        { deadline: Number.POSITIVE_INFINITY, failures: 1 },
        () => {},
      );
      const paths = bench.plans.map((p) => p.graph.exit.name);
      const failures = results.flatMap((r) => r.failures);
      const wall = performance.now() - started;
      const result = resultOf(
        { version: "", spec: name, digest: "", paths },
        campaign,
        { index: 1, count: 1 },
        results,
        failures.map((f) => ({ ...f, units: 1 })),
        {
          reason,
          wall,
        },
      );
      console.log(verifyReport(result, undefined, false));
      expect(failures.flatMap((f) => f.story)).toEqual([]);
      expect(result.done).toBe(campaign.units.length);
      // Each layer ran, on each kernel and path, as often as was asked for.
      for (const tally of Object.values(result.tallies)) {
        expect(tally.kernels).toHaveLength(campaign.kernels.length);
        expect(tally.cases).toBe(campaign.kernels.length * layers.reduce((sum, { share }) => sum + Math.ceil(cases * share), 0));
      }
      const ways = Object.entries(result.tallies).flatMap(([path, tally]) => Object.keys(tally.ways).map((way) => `${path}: ${way}`));
      expect(needed[name]?.filter((way) => !ways.includes(way))).toEqual([]);
    } finally {
      bench.dispose();
    }
  });
});
