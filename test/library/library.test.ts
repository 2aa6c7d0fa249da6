import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile, parse, positionAt, pretty, profiles, type ResolveImport, version } from "../../src/index.js";

const tiny = readFileSync(new URL("../../examples/tiny-kernel.exitdsl", import.meta.url), "utf8");

describe("compile", () => {
  it("gives outputs, the model and the graphs of a spec without errors", () => {
    const { artefacts, diagnostics, model, graphs, statistics } = compile({ name: "folder/tiny.exitdsl", text: tiny });
    expect(diagnostics).toEqual([]);
    expect(artefacts.map((a) => a.name).sort()).toEqual([
      "tiny-embed.h",
      "tiny-embed.inc",
      "tiny.S",
      "tiny.c",
      "tiny.h",
      "tiny.simulator.ts",
    ]);
    for (const { text } of artefacts) expect(text.endsWith("\n")).toBe(true);
    expect(model?.exits.map((e) => e.name)).toEqual(["trap_return"]);
    expect(graphs).toHaveLength(1);
    expect(statistics[0]).toMatchObject({ name: "trap_return", featureCombinations: 1 });
  });

  it("emits what is asked for, and nothing for a check", () => {
    expect(compile({ name: "tiny.exitdsl", text: tiny }, { emit: ["simulator"] }).artefacts.map((a) => a.name)).toEqual([
      "tiny.simulator.ts",
    ]);
    expect(compile({ name: "tiny.exitdsl", text: tiny }, { emit: [] }).artefacts).toEqual([]);
  });

  it("gives the same outputs every time", () => {
    const once = compile({ name: "tiny.exitdsl", text: tiny }).artefacts;
    expect(compile({ name: "elsewhere/tiny.exitdsl", text: tiny }).artefacts).toEqual(once);
  });

  it("gives diagnostics and no outputs where there is an error", () => {
    const { artefacts, diagnostics, model } = compile({ name: "a.exitdsl", text: "edition 2026\nmask m = nothing\n" });
    expect(artefacts).toEqual([]);
    expect(model).toBeUndefined();
    expect(diagnostics.map((d) => d.code)).toEqual(["EX2020"]);
    expect(pretty(diagnostics, { version, colour: false })).toContain("--> a.exitdsl:2:10");
  });

  it("does not go on from a stage with errors: a missing import is no flood of unknown names", () => {
    const text = 'edition 2026\nimport "./missing.exitdsl"\nmask m = nothing\n';
    expect(compile({ name: "a.exitdsl", text }).diagnostics.map((d) => d.code)).toEqual(["EX2001"]);
  });

  it("limits what it reports, and counts the rest", () => {
    const text = `edition 2026\n${Array.from({ length: 600 }, (_, i) => `mask m${i} = nothing\n`).join("")}`;
    const { diagnostics } = compile({ name: "a.exitdsl", text });
    expect(diagnostics).toHaveLength(501);
    expect(diagnostics.at(-1)).toMatchObject({ code: "EX2019", message: "there are 100 more diagnostics, which are not shown" });
  });
});

describe("imports", () => {
  const files: Record<string, string> = {
    "./flags.exitdsl": "edition 2026\nflags word in task.flags { FLAG bit 0 }\n",
    "./loop.exitdsl": 'edition 2026\nimport "./loop.exitdsl"\n',
  };
  const resolveImport: ResolveImport = (path) => (path in files ? { name: path, text: files[path] as string } : { failure: "missing" });
  const codes = (...imports: string[]) => {
    const text = `edition 2026\n${imports.map((path) => `import "${path}"\n`).join("")}`;
    return compile({ name: "main.exitdsl", text, resolveImport }).diagnostics.map((d) => d.code);
  };

  it("finds profiles by itself, and files through its host", () => {
    expect(Object.keys(profiles)).toContain("linux-6.12");
    expect(codes("bare", "./flags.exitdsl", "./flags.exitdsl")).toEqual([]);
    expect(codes("./nothing.exitdsl")).toEqual(["EX2001"]);
    expect(codes("unknown-profile")).toEqual(["EX2002"]);
  });

  it("notices a circle even if the host makes a new object each time", () => {
    expect(codes("./loop.exitdsl")).toEqual(["EX2003"]);
  });

  it("every profile compiles by itself", () => {
    for (const [name, text] of Object.entries(profiles)) expect(compile({ name, text }).diagnostics).toEqual([]);
  });
});

it("parse gives the tree", () => {
  const source = { name: "a", text: "edition 2026\nmask m = A | B\n" };
  const { file, diagnostics } = parse(source);
  expect(diagnostics).toEqual([]);
  expect(file.declarations[0]).toMatchObject({ kind: "mask", name: { text: "m" } });
  expect(positionAt(source, file.declarations[0]?.start ?? 0)).toEqual({ line: 2, column: 1 });
});
