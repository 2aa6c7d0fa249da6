import { defineVerb } from "../arguments.js";
import { compileSpecs } from "../compilations.js";
import { inputOptions, inputSettings, reportOptions } from "../options.js";
import { formatOf, report } from "../report.js";
import { writeOutput } from "../streams.js";
import { summaryTable } from "../summary.js";

export const verb = defineVerb({
  name: "check",
  operands: "FILE|FOLDER|- …",
  description: "Checks specs: names, types, and every path for every combination of features that the spec admits.",
  options: {
    ...reportOptions,
    ...inputOptions,
    trace: { type: "boolean", description: "tell every step to a fault, with all that it changes in the state vector" },
    summary: { type: "boolean", description: "print a table with what was checked, a line a path" },
  },
  examples: ["exitdsl check four-paths.exitdsl", "exitdsl check --format sarif specs/ > findings.sarif"],
  run: async (values, operands) => {
    const format = formatOf(values.format);
    const { specs, diagnostics } = await compileSpecs(operands, inputSettings(values));
    const told = values.trace ? diagnostics.map((d) => (d.steps.length > 0 ? { ...d, trace: d.steps } : d)) : diagnostics;
    const code = await report(told, format);
    if (values.summary) writeOutput(`${summaryTable(specs)}\n`);
    return code;
  },
});
