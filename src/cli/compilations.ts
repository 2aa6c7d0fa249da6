/** Compiles the specs that a command line names. */
import { type Compilation, compile } from "../compiler/compile.js";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import type { BackEnd } from "../compiler/emit/artefact.js";
import { findSpecs, type InputFile } from "./files.js";
import type { InputSettings } from "./options.js";
import { readSpec } from "./spec.js";

export interface CompiledSpec {
  readonly input: InputFile;
  /** What reports and outputs call the spec. */
  readonly name: string;
  readonly compilation: Compilation;
  /** The files that it was made from, as paths that can be opened. */
  readonly filesRead: readonly string[];
}

export interface CompiledSpecs {
  readonly specs: readonly CompiledSpec[];
  readonly diagnostics: readonly Diagnostic[];
}

/** In ms. `performance` would do, but Node loads several modules when it is first touched. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

export async function compileSpecs(
  operands: readonly string[],
  settings: InputSettings,
  options: { readonly backEnds?: readonly BackEnd[]; readonly spdx?: string | undefined } = {},
): Promise<CompiledSpecs> {
  const inputs = findSpecs(operands, settings.stdinPath);
  const { default: profiles } = await import("bundled:profiles");
  const specs: CompiledSpec[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const input of inputs) {
    const { source, problem, filesRead } = readSpec(input, settings, profiles);
    if (problem) {
      diagnostics.push(problem);
      continue;
    }
    const compilation = compile(source, { ...options, now });
    diagnostics.push(...compilation.diagnostics);
    specs.push({ input, name: source.name, compilation, filesRead: filesRead() });
  }
  return { specs, diagnostics };
}
