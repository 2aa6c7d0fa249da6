import { defineVerb } from "../arguments.js";
import { compileSpecs } from "../compilations.js";
import { exitCodes, UsageError } from "../failures.js";
import { inputOptions, inputSettings } from "../options.js";
import { writeOutputs } from "../outputs.js";
import { report, wantsColour } from "../report.js";
import { writeOutput } from "../streams.js";

export const verb = defineVerb({
  name: "verify",
  operands: "FILE | --merge RESULT …",
  description:
    "Runs the emitted assembly and C in ring 0 of a machine (QEMU without KVM, or Bochs), and compares end states, single steps and the object\n" +
    "file with the simulator and the spec. Needs gcc, binutils, and qemu-system-x86 or bochs.",
  options: {
    seed: { type: "string", value: "N", description: "chooses the cases and kernels; a random one if not given" },
    cases: {
      type: "string",
      default: "2000",
      value: "N",
      description: "cases that each path has in each kernel; 20000 for a full campaign",
    },
    kernels: { type: "string", default: "4", value: "N|all", description: "how many combinations of features are built" },
    emulator: {
      type: "string",
      default: "qemu",
      value: "NAME",
      description: "qemu, which has AMD's SYSRET, or bochs, which has Intel's, and PCID, and is slower",
    },
    path: { type: "string", multiple: true, value: "EXIT", description: "only this path; can be given several times" },
    time: { type: "string", value: "TIME", description: "stop after 60s, 10m or 2h, and say what was not run" },
    jobs: { type: "string", value: "N", description: "threads, each with a machine of its own; as many as there are CPUs if not given" },
    shard: { type: "string", value: "I/N", description: "only the I-th of N parts; the parts together are the whole" },
    out: { type: "string", value: "RESULT", description: "write what was seen to this file, as JSON" },
    merge: { type: "boolean", description: "put the results of all parts together" },
    keep: { type: "string", value: "FOLDER", description: "build in this folder, and keep images and sources" },
    format: { type: "string", default: "pretty", value: "FORMAT", description: "pretty or json" },
    ...inputOptions,
  },
  examples: [
    "exitdsl verify four-paths.exitdsl --seed 7",
    "exitdsl verify four-paths.exitdsl --cases 20000 --kernels all --seed 7 --shard 3/16 --out 3.json",
    "exitdsl verify --merge *.json",
  ],
  run: async (values, operands) => {
    if (values.format !== "pretty" && values.format !== "json") throw new UsageError("`--format` of verify is pretty or json");
    const { format, out } = values;
    const { isFine, writeResult } = await import("../../verify/result.js");
    const { verifyReport } = await import("../verify-report.js");
    const colour = await wantsColour(1);
    const show = (result: Parameters<typeof verifyReport>[0], repeat?: readonly string[]) => {
      if (out !== undefined) writeOutputs([{ path: out, text: writeResult(result) }]);
      writeOutput(format === "json" ? writeResult(result) : verifyReport(result, repeat, colour));
      return isFine(result) ? exitCodes.fine : exitCodes.findings;
    };
    if (values.merge) {
      const { mergeFiles } = await import("../verification.js");
      return show(mergeFiles(operands));
    }
    const { specs, diagnostics } = await compileSpecs(operands, inputSettings(values));
    const failed = diagnostics.some((d) => d.severity === "error");
    const code = await report(diagnostics, failed || format === "pretty" ? format : "short");
    if (code !== exitCodes.fine) return code;
    const [spec, ...others] = specs;
    if (!spec || others.length > 0) throw new UsageError("verify takes one spec");
    const { verification } = await import("../verification.js");
    const { repeat, result } = await verification(spec, values);
    return show(result, repeat);
  },
});
