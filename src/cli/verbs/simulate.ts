import { defineVerb } from "../arguments.js";
import { compileSpecs } from "../compilations.js";
import { exitCodes, UsageError } from "../failures.js";
import { inputOptions, inputSettings, reportOptions } from "../options.js";
import { formatOf, report } from "../report.js";
import { runInput } from "../run-input.js";
import { writeOutput } from "../streams.js";
import { traceTable } from "../trace-table.js";

export const verb = defineVerb({
  name: "simulate",
  operands: "FILE|- --path NAME",
  description:
    "Shows what one run of a path does, step by step. What is not said is as after an entry from user mode where the path goes there:\n" +
    "no flag is set, no feature is on, the saved registers have values that are easy to recognise.",
  options: {
    path: { type: "string", short: "p", value: "NAME", description: "the exit to run; needed where the spec has several" },
    entry: { type: "string", value: "EVENT", description: "how the kernel was entered, where the exit serves several events" },
    from: { type: "string", value: "MODE", description: "user or kernel: where the event came from" },
    feature: { type: "string", multiple: true, value: "NAMES", description: "features that this kernel has" },
    flags: {
      type: "string",
      multiple: true,
      value: "NAMES",
      description: "flags or masks that are set at the start, or all of a word: WORD=NUMBER",
    },
    frame: { type: "string", multiple: true, value: "FIELD=NUMBER", description: "a saved register" },
    set: { type: "string", multiple: true, value: "NAME=NUMBER", description: "a register, memory, or a value that conditions read" },
    vendor: { type: "string", default: "intel", value: "NAME", description: "intel or amd: which ring a SYSRET that fails faults in" },
    nmi: {
      type: "string",
      value: "N[:EXIT]",
      description: "an NMI comes before the N-th instruction, and is left by this exit, or by the spec's own for NMIs",
    },
    event: {
      type: "string",
      multiple: true,
      value: "TEXT",
      description: "what happens at the next event of the C side, or at the N-th: `N: async FLAGS; set FLAGS; frame FIELD=NUMBER`",
    },
    ...reportOptions,
    ...inputOptions,
  },
  examples: [
    "exitdsl simulate four-paths.exitdsl --path interrupt_return --flags TIF_SIGPENDING --feature CONTEXT_TRACKING",
    "exitdsl simulate four-paths.exitdsl --path interrupt_return --flags TIF_SIGPENDING --event '2: async TIF_NEED_RESCHED'",
  ],
  run: async (values, operands) => {
    const format = formatOf(values.format);
    const { specs, diagnostics } = await compileSpecs(operands, inputSettings(values));
    const code = await report(diagnostics, format === "pretty" || format === "short" || diagnostics.length > 0 ? format : "short");
    if (code !== exitCodes.fine) return code;
    const [spec, ...others] = specs;
    if (!spec || others.length > 0) throw new UsageError("simulate takes one spec");
    const model = spec.compilation.model;
    if (!model) throw new Error("a spec without errors has no model");
    const { Simulation } = await import("../simulation.js");
    const simulation = await Simulation.of(spec.compilation);
    const input = runInput(model, values, simulation.settable(), simulation.nmiExits());
    const run = simulation.run(input);
    if (input.nmi && run.nmi === "none")
      throw new UsageError(
        `the run has ${run.steps.filter((s) => s.event === undefined).length} instructions: none is number ${input.nmi.before}`,
      );
    writeOutput(traceTable(model, input, run));
    return run.outcome && run.nmi !== "no way back" ? exitCodes.fine : exitCodes.findings;
  },
});
