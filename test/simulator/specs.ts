/** Specs for the tests of the simulator: texts and examples, compiled without a command line. */
import { readdirSync, readFileSync } from "node:fs";
import { emitSimulator, emitSimulatorScript } from "../../src/compiler/emit/simulator/simulator.js";
import { collectFiles, type ResolveImport } from "../../src/compiler/model/imports.js";
import type { Model } from "../../src/compiler/model/model.js";
import { resolve } from "../../src/compiler/model/resolve.js";
import { buildGraph } from "../../src/compiler/path/build.js";
import type { PathGraph } from "../../src/compiler/path/graph.js";
import { isPlanned, plan } from "../../src/compiler/plan/plan.js";
import { parse } from "../../src/compiler/syntax/parse.js";

const folder = (name: string) => new URL(`../../${name}/`, import.meta.url);

/** The examples' names without their extension. */
export const exampleNames: readonly string[] = readdirSync(folder("examples"))
  .filter((f) => f.endsWith(".exitdsl"))
  .map((f) => f.replace(/\.exitdsl$/, ""))
  .sort();

const resolveImport: ResolveImport = (path) => {
  const file = path.startsWith(".") ? new URL(path, folder("examples")) : new URL(`${path}.exitdsl`, folder("profiles"));
  return { name: path.startsWith(".") ? path : `profile:${path}`, text: readFileSync(file, "utf8") };
};

export interface Simulated {
  readonly stem: string;
  readonly model: Model;
  readonly graphs: readonly PathGraph[];
  /** The TypeScript module's text. */
  readonly typescript: string;
  /** The same as JavaScript. */
  readonly javascript: string;
}

export function simulateExample(name: string): Simulated {
  return simulateText(readFileSync(new URL(`${name}.exitdsl`, folder("examples")), "utf8"), name);
}

/** A text's simulator, whether or not the path rules hold: what is tested here is what it does. */
export function simulateText(text: string, stem = "spec"): Simulated {
  const { files, diagnostics: found } = collectFiles({ name: `${stem}.exitdsl`, text }, resolveImport, parse);
  const resolved = resolve(files);
  const diagnostics = [...found, ...resolved.diagnostics];
  const { model } = resolved;
  const graphs = (model?.exits ?? []).flatMap((exit) => {
    const listed = (isPlanned(exit) ? plan(model as Model, exit).exit : undefined) ?? exit;
    const built = buildGraph(model as Model, listed);
    diagnostics.push(...built.diagnostics);
    return built.graph ? [built.graph] : [];
  });
  if (!model || diagnostics.some((d) => d.severity === "error")) {
    throw new Error(diagnostics.map((d) => `${d.code} ${d.message} ${d.help ?? ""}`).join("\n"));
  }
  const options = { stem, digest: "0".repeat(64), version: "0.1.0" };
  const typescript = emitSimulator(model, graphs, options)[0]?.text ?? "";
  return { stem, model, graphs, typescript, javascript: emitSimulatorScript(model, graphs, options) };
}

// ── What a module exports, as far as tests of any spec can say it ──

type Words = Readonly<Record<string, number>>;

export interface Machine {
  readonly words: Uint32Array;
  vendor: "intel" | "amd";
  addressBits: 48 | 57;
  irqs: boolean;
  get(word: number): bigint;
  set(word: number, value: bigint): void;
  copyFrom(other: Machine): void;
}

export interface ScriptEntry {
  readonly set?: Readonly<Record<string, number>>;
  readonly async?: Readonly<Record<string, number>>;
  readonly frame?: Readonly<Record<string, bigint>>;
}

export interface Outcome {
  readonly result: boolean | undefined;
  readonly terminal: string;
  readonly target: "user" | "kernel";
  readonly fault: { readonly vector: string; readonly ring: 0 | 3; readonly recovery: string | undefined } | undefined;
}

export interface SimulatorModule {
  readonly Machine: new () => Machine;
  readonly register: Words;
  readonly system: Words;
  readonly frame: Words;
  readonly flags: Words;
  readonly flag: Words;
  readonly value?: Words;
  readonly memory?: Words;
  readonly stack?: Words;
  readonly msr?: Words;
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly run: (
          machine: Machine,
          features: Readonly<Record<string, boolean>>,
          script: readonly ScriptEntry[],
          trace?: number[],
        ) => Outcome;
        readonly events: number;
        readonly steps: readonly (readonly [string, string])[];
      }
    >
  >;
  readonly describe: (path: string, code: number) => string;
}

/** Loads a module's JavaScript, as `simulate` does. */
export async function load({ javascript }: Simulated): Promise<SimulatorModule> {
  return (await import(`data:text/javascript;base64,${Buffer.from(javascript).toString("base64")}`)) as SimulatorModule;
}
