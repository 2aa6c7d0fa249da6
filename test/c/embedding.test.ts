/** docs/embedding.md: its example compiles and links with its own commands, and it names everything that embedding headers ask for. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { gas } from "../../src/compiler/emit/gas/gas.js";
import { emitExample, exampleNames } from "./specs.js";
import { folderWith, run } from "./tools.js";

const document = readFileSync(new URL("../../docs/embedding.md", import.meta.url), "utf8");
const blocks = [...document.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)].map(([, language = "", name = "", text = ""]) => ({
  language,
  name,
  text,
}));

test("the example is built by the commands of the page, and nothing is missing", () => {
  const { artefacts, graphs, model, stem } = emitExample("tiny-kernel");
  const assembly = gas.emit(model, graphs, { stem, digest: "", version: "" });
  const { path, dispose } = folderWith([...artefacts, ...assembly, ...blocks.filter((b) => b.name !== "")]);
  const scripts = blocks.filter((b) => b.language === "sh").map((b) => b.text);
  expect(scripts).toHaveLength(2);
  for (const script of scripts) {
    // The command line has its own tests; here its outputs are in place.
    const { status, stdout, stderr } = spawnSync("sh", ["-e", "-c", script.replace(/^exitdsl build .*$/m, "")], {
      cwd: path,
      encoding: "utf8",
    });
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: "" });
  }
  // The path of the page: entry, handler, exit, C side.
  const { output } = run("objdump", ["-d", "--no-show-raw-insn", "kernel"], path);
  for (const text of ["<timer_entry>:", "jmp .*<trap_return>", "call .*<prepare_trap_return>", "<schedule>", "\\biretq\\b"])
    expect(output).toMatch(new RegExp(text));
  dispose();
});

test("the page names everything that an embedding header asks for", () => {
  for (const name of exampleNames) {
    const { artefacts, model } = emitExample(name);
    const header = artefacts.find((a) => a.name.endsWith("-embed.h"))?.text ?? "";
    for (const [, macro = ""] of header.matchAll(/^#ifndef (\w+)$/gm)) {
      if (macro.startsWith("__")) continue;
      const general = macro
        .replace(/^(exitdsl_(?:address|read|take|clear)_)(\w+)$/, (all, verb, word) =>
          model.flagWords.some((w) => w.name === word) ? `${verb}WORD` : all,
        )
        .replace(/^exitdsl_value_\w+$/, "exitdsl_value_VALUE")
        .replace(/^EXITDSL_(\w+)$/, (all, feature) => (model.features.some((f) => f.name === feature) ? "EXITDSL_FEATURE" : all));
      expect(document, `${name}: ${macro}`).toContain(general);
    }
  }
});
