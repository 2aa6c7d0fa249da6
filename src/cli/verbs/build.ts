import { join } from "node:path";
import { fileNameOf } from "../../compiler/emit/artefact.js";
import { visible } from "../../compiler/text/visible.js";
import { defineVerb } from "../arguments.js";
import { loadBackEnds, usualBackEnds } from "../back-ends.js";
import { type CompiledSpec, compileSpecs } from "../compilations.js";
import { depfile } from "../depfile.js";
import { exitCodes, UsageError } from "../failures.js";
import { inputOptions, inputSettings, reportOptions } from "../options.js";
import { findDrift, type Output, writeOutputs } from "../outputs.js";
import { formatOf, report } from "../report.js";
import { writeError, writeOutput } from "../streams.js";
import { counted, summaryTable } from "../summary.js";

export const verb = defineVerb({
  name: "build",
  operands: "FILE|FOLDER|- … --out DIRECTORY",
  description: "Checks specs and, if none has an error, writes what they compile to: all of it or nothing.",
  options: {
    out: { type: "string", short: "o", default: "out", value: "DIRECTORY", description: "where outputs go" },
    emit: {
      type: "string",
      default: usualBackEnds,
      value: "LIST",
      description: "what to write; promela, murphi and smtlib are models for other checkers",
    },
    check: { type: "boolean", description: "write nothing; report outputs that are missing, changed or left over" },
    depfile: { type: "string", value: "FILE", description: "also write a makefile rule with all files that the outputs are made from" },
    spdx: { type: "string", value: "LICENCE", description: "an SPDX licence expression for the first line of each output" },
    ...reportOptions,
    ...inputOptions,
    summary: { type: "boolean", description: "print a table with what was done, a line a path" },
  },
  examples: ["exitdsl build four-paths.exitdsl --out generated", "exitdsl build --check specs/ --out generated"],
  run: async (values, operands) => {
    const format = formatOf(values.format);
    const backEnds = await loadBackEnds(values.emit);
    const { specs, diagnostics } = await compileSpecs(operands, inputSettings(values), { backEnds, spdx: values.spdx });
    const code = await report(diagnostics, format);
    if (code !== exitCodes.fine) return code;
    const outputs = specs.flatMap((spec) => outputsOf(spec, values.out));
    refuseCollisions(outputs);
    if (values.check) return reportDrift(outputs, specs, operands);
    const rule = values.depfile === undefined ? [] : [{ path: values.depfile, text: depfile(outputs, specs) }];
    writeOutputs([...outputs, ...rule]);
    if (values.summary) writeOutput(`${summaryTable(specs)}: ${counted(outputs.length, "file")} in ${visible(values.out)}\n`);
    return exitCodes.fine;
  },
});

interface SpecOutput extends Output {
  readonly spec: string;
}

function outputsOf({ input, name, compilation }: CompiledSpec, directory: string): SpecOutput[] {
  return compilation.artefacts.map((artefact) => ({
    path: join(directory, input.subfolder, artefact.name),
    text: artefact.text,
    spec: name,
  }));
}

function refuseCollisions(outputs: readonly SpecOutput[]): void {
  const specOf = new Map<string, string>();
  for (const { path, spec } of outputs) {
    const other = specOf.get(path);
    if (other !== undefined) throw new UsageError(`${visible(other)} and ${visible(spec)} would both be written to ${visible(path)}`);
    specOf.set(path, spec);
  }
}

/** An output of a spec that is no more counts as left over only if whole folders were compiled: else others' outputs would. */
function reportDrift(outputs: readonly Output[], specs: readonly CompiledSpec[], operands: readonly string[]): number {
  const names = new Set(specs.map((spec) => fileNameOf(spec.name)));
  const wholeFolders = specs.some((spec) => !operands.includes(spec.input.name) && spec.input.path !== undefined);
  const drift = findDrift(outputs, (spec) => wholeFolders || names.has(spec));
  for (const line of drift) writeError(`${visible(line)}\n`);
  return drift.length > 0 ? exitCodes.findings : exitCodes.fine;
}
