/** The plugin as people meet it: `prettier --plugin`, as a process, with the built bundle. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatWithCursor } from "prettier/standalone";
import { afterAll, beforeAll, expect, test } from "vitest";
import plugin from "../../src/compiler/format/plugin.js";
import { buildLibrary } from "../../tools/build.mjs";

const root = join(import.meta.dirname, "..", "..");
const fixture = join(import.meta.dirname, "fixtures", "declarations.exitdsl");
const formatted = readFileSync(fixture.replace(".exitdsl", ".formatted.exitdsl"), "utf8");
let folder: string;

// Below the repository, because the bundle looks for `prettier` in the folders above it.
beforeAll(async () => {
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, "prettier-plugin-"));
  await buildLibrary(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function prettier(...words: string[]) {
  const tool = join(root, "node_modules", "prettier", "bin", "prettier.cjs");
  const fixed = [
    tool,
    "--no-config",
    "--no-editorconfig",
    "--ignore-path",
    join(folder, "none"),
    "--with-node-modules",
    "--plugin",
    join(folder, "prettier-plugin.mjs"),
  ];
  return spawnSync(process.execPath, [...fixed, ...words], { encoding: "utf8", cwd: folder });
}

test("prints a file formatted, 120 columns wide unless told otherwise", () => {
  expect(prettier(fixture)).toMatchObject({ status: 0, stdout: formatted, stderr: "" });
});

test("rewrites a file, and then has nothing to say", () => {
  const file = join(folder, "spec.exitdsl");
  writeFileSync(file, readFileSync(fixture));
  expect(prettier("--check", file).status).toBe(1);
  expect(prettier("--write", file).status).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(formatted);
  expect(prettier("--check", file).status).toBe(0);
});

test("shows where a syntax error is, and leaves the file alone", () => {
  const file = join(folder, "wrong.exitdsl");
  const text = "edition 2026\n\nwork w {\n  call f(\n}\n";
  writeFileSync(file, text);
  const { status, stdout, stderr } = prettier("--write", file);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain("SyntaxError: expected ");
  expect(stderr).toContain("5:1)");
  expect(stderr).toContain("> 5 | }");
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("an editor's cursor stays at its word", async () => {
  const text = "feature   SMP\nvalue  depth in   pcpu.d";
  const result = await formatWithCursor(text, { parser: "exitdsl", plugins: [plugin], cursorOffset: text.indexOf("pcpu") });
  expect(result.formatted).toBe("feature SMP\nvalue depth in pcpu.d\n");
  expect(result.cursorOffset).toBe(result.formatted.indexOf("pcpu"));
});
