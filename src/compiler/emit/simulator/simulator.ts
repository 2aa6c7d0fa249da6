/**
 * The simulator back end: one TypeScript module a spec, without imports, one function a path. It is specialised code: a path's
 * graph becomes statements, its instructions become moves between the words of a machine. `emitSimulatorScript` gives the same
 * module as plain JavaScript, for programs that load it at once (`import("data:text/javascript,…")`).
 */
import type { Exit, Model } from "../../model/model.js";
import { pathEvents } from "../../path/events.js";
import type { PathGraph, PathNode } from "../../path/graph.js";
import { type LinearProgram, linearProgram } from "../../path/linear.js";
import { lineIndexAt, type Span } from "../../text/source.js";
import type { Artefact, BackEnd, EmitOptions } from "../artefact.js";
import { commentSafe, fileNameOf, headerLines } from "../artefact.js";
import { specLine } from "../c/text.js";
import { checkSimulator } from "./check.js";
import { LeaveWriter, textOf } from "./leave.js";
import { Module } from "./module.js";
import { functionOf, machineClass, scriptHelpers, types } from "./preamble.js";
import { PrepareWriter } from "./prepare.js";
import type { Doc, Language } from "./print.js";
import { comment, Dialect, docComment, print, properties, quote, rows, tuple } from "./print.js";

/** Emits `NAME.simulator.ts`; nothing for a spec without exits. */
export function emitSimulator(model: Model, graphs: readonly PathGraph[], options: EmitOptions): readonly Artefact[] {
  if (graphs.length === 0) return [];
  return [{ name: `${options.stem}.simulator.ts`, text: moduleText(model, graphs, options, "typescript") }];
}

/** The module as JavaScript: what `simulate` loads. It exports the same names. */
export function emitSimulatorScript(model: Model, graphs: readonly PathGraph[], options: EmitOptions): string {
  return moduleText(model, graphs, options, "javascript");
}

export const simulator: BackEnd = { name: "simulator", check: checkSimulator, emit: emitSimulator };

interface PathText {
  readonly exit: Exit;
  readonly name: string;
  /** The function, printed. */
  readonly declaration: string;
  readonly events: number;
  readonly steps: readonly Doc[];
}

function moduleText(model: Model, graphs: readonly PathGraph[], options: EmitOptions, language: Language): string {
  const module = new Module(model, new Dialect(language));
  const program = linearProgram(model, graphs);
  const paths = graphs.map((graph) => pathText(module, graph, program));
  const constants = module.constantDeclarations();
  const helpers = module.helperDeclarations();
  const { docs: words, size } = module.words.declarations(module.dialect);
  const licence = options.spdx === undefined ? "" : commentSafe(options.spdx).trim();
  return [
    print([
      ...(licence === "" ? [] : [`// SPDX-License-Identifier: ${licence}`]),
      ...headerLines(model, options).map(comment),
      ...docComment([about]),
      ...words,
      ...module.flagDeclarations(),
      ...constants,
      ...types(module),
      ...machineClass(module, size),
    ]),
    ...paths.map((path) => print(["", ...docComment([path.exit.doc])]) + path.declaration),
    print([...table(module, paths), ...scriptHelpers(module), ...helpers]),
  ].join("");
}

const about = [
  "What each path does to a machine, as ordinary code: `paths.NAME.run(machine,",
  "features, script, trace)`. It changes the machine and says how it left; the",
  "codes that it appends to `trace` are told by `describe`.",
].join("\n");

// ── One path ──

function pathText(module: Module, graph: PathGraph, program: LinearProgram): PathText {
  const { exit, model } = graph;
  const events = pathEvents(graph);
  const prepare = PrepareWriter.decided(module, graph, () => notes(model));
  module.usesFeatures = false;
  const note = notes(model);
  const leave = new LeaveWriter(module, graph, program, events.length, prepare.result, note);
  const body: Doc[] = ["const w = machine.words;"];
  if (prepare.takesScript) body.push("let next = 0;");
  body.push(...leave.prologue(), ...prepare.write(), ...leave.afterPrepare(), ...leave.write());
  const optional = (used: boolean, name: string, type: string) => `${used ? "" : "_"}${name}${type}`;
  const parameters = [
    "machine: Machine",
    optional(module.usesFeatures, "features", ": Features"),
    optional(prepare.takesScript, "script", ": readonly ScriptEntry[]"),
    "trace?: number[]",
  ];
  const name = module.local(exit.name);
  const steps = [
    ...events.map((event) => step(event.text, event.spans)),
    ...leave.instructions.map((item) => step(textOf(item), [item.span])),
  ];
  const declaration = print([functionOf(module, name, parameters, "Outcome", body, "export ")]);
  return { exit, name, declaration, events: events.length, steps };
}

function step(text: string, spans: readonly Span[]): Doc {
  return tuple([quote(text), quote(places(spans))]);
}

/** `four-paths-2015.exitdsl:36,38`: the file and its lines. */
function places(spans: readonly Span[]): string {
  const lines = new Map<string, Set<number>>();
  for (const { source, start } of spans) {
    const file = fileNameOf(source.name);
    lines.set(file, (lines.get(file) ?? new Set()).add(lineIndexAt(source, start) + 1));
  }
  return [...lines].map(([file, numbers]) => `${file}:${[...numbers].join(",")}`).join(" ");
}

/** The spec's line as a comment, once for all that it asks for in a row. */
function notes(model: Model): (node: PathNode) => readonly Doc[] {
  let last = "";
  return (node) => {
    const text = specLine(node.span, model.name);
    if (text === last) return [];
    last = text;
    return [comment(text)];
  };
}

// ── What the codes mean ──

function table(module: Module, paths: readonly PathText[]): readonly Doc[] {
  const { dialect } = module;
  const entries = paths.map((path): Doc => {
    const fields: readonly Doc[] = [`run: ${path.name}`, `events: ${path.events}`, rows("steps: ", path.steps, "")];
    return properties(`${path.exit.name}: `, fields, "");
  });
  const satisfied = dialect.type(" satisfies Record<string, Path>");
  const told = functionOf(
    module,
    "describe",
    ["path: keyof typeof paths", "code: number"],
    "string",
    [`const steps${dialect.type(': Path["steps"]')} = paths[path].steps;`, `return steps[code]?.[0] ?? "nothing that the path does";`],
    "export ",
  );
  return [
    "",
    ...docComment(["The paths by name."]),
    properties("export const paths = ", entries, `${satisfied};`),
    "",
    ...docComment(["The event or instruction that a code in the trace of a path stands for."]),
    told,
  ];
}
