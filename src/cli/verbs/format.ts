import { realpathSync, statSync } from "node:fs";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { visible } from "../../compiler/text/visible.js";
import { defineVerb } from "../arguments.js";
import { exitCodes, FileError, UsageError } from "../failures.js";
import { findSpecs } from "../files.js";
import { inputOptions, inputSettings, reportOptions } from "../options.js";
import { type Output, writeOutputs } from "../outputs.js";
import { formatOf, report } from "../report.js";
import { readSpec } from "../spec.js";
import { writeError, writeOutput } from "../streams.js";

export const verb = defineVerb({
  name: "fmt",
  operands: "FILE|FOLDER|- …",
  description: "Lays specs out in the one way. One file is printed; several need `--write` or `--check`.",
  options: {
    write: { type: "boolean", short: "w", description: "rewrite the files that are laid out otherwise" },
    check: { type: "boolean", description: "name the files that are laid out otherwise, and write nothing" },
    ...reportOptions,
    "stdin-filepath": inputOptions["stdin-filepath"],
    "path-prefix-map": inputOptions["path-prefix-map"],
  },
  examples: ["exitdsl fmt --write specs/", "exitdsl fmt - < draft.exitdsl"],
  run: async (values, operands) => {
    const reportFormat = formatOf(values.format);
    const settings = inputSettings({ ...values, root: undefined });
    if (values.write && values.check) throw new UsageError("`--write` and `--check` exclude each other");
    const inputs = findSpecs(operands, settings.stdinPath);
    if (values.write && inputs.some((i) => i.path === undefined)) throw new UsageError("`--write` cannot rewrite standard input");
    if (!values.write && !values.check && inputs.length > 1) throw new UsageError("say `--write` or `--check` for several files");
    const { format } = await import("../../compiler/format/format.js");
    const diagnostics: Diagnostic[] = [];
    const changed: Output[] = [];
    for (const input of inputs) {
      const { source, problem } = readSpec(input, settings, {});
      const result = problem ? { text: undefined, diagnostics: [problem] } : await format(source);
      diagnostics.push(...result.diagnostics);
      if (result.text === undefined) continue;
      if (!values.write && !values.check) writeOutput(result.text);
      else if (result.text !== source.text) changed.push({ path: input.path ?? input.name, text: result.text });
    }
    const code = await report(diagnostics, reportFormat);
    if (values.write) writeOutputs(changed.map(inPlace));
    if (!values.check || changed.length === 0) return code;
    for (const { path } of changed) writeError(`not formatted: ${visible(path)}\n`);
    return exitCodes.findings;
  },
});

/** The file itself where the path is a link, with its permissions. */
function inPlace({ path, text }: Output): Output {
  try {
    return { path: realpathSync(path), text, mode: statSync(path).mode & 0o7777 };
  } catch (error) {
    throw new FileError(path, error);
  }
}
