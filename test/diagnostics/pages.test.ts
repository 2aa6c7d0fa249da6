/** Every diagnostic has a page, and what the page shows is so. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compileSpecs } from "../../src/cli/compilations.js";
import { inputSettings } from "../../src/cli/options.js";
import { catalogue } from "../../src/compiler/diagnostics/catalogue.js";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import { backEnds } from "../../src/compiler/emit/back-ends.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { indexPage } from "../../tools/diagnostics/index-page.js";
import { type Generated, generators } from "./generators.js";
import { type Example, type Page, pages } from "./pages.js";

const folder = mkdtempSync(join(tmpdir(), "exitdsl-pages-"));
afterAll(() => rmSync(folder, { recursive: true }));
let specs = 0;
const noSettings = inputSettings({ root: undefined, "stdin-filepath": undefined, "path-prefix-map": undefined });

/** Compiles a spec as the command line does, from files of its own. */
async function diagnosticsOf({ files, prepare }: Generated): Promise<readonly Diagnostic[]> {
  const own = join(folder, String(specs++));
  mkdirSync(own);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(own, name)), { recursive: true });
    writeFileSync(join(own, name), content);
  }
  prepare?.(own);
  const { diagnostics } = await compileSpecs([join(own, "spec.exitdsl")], noSettings, { backEnds });
  return diagnostics;
}

const asGenerated = ({ spec, files }: Example): Generated => ({ files: { "spec.exitdsl": spec, ...files } });

/** The texts beyond 4 MiB are refused by the host; the compiler's own limit is met by what gives it the text directly. */
async function wrongDiagnostics({ code, generator, wrong }: Page): Promise<readonly Diagnostic[]> {
  if (!generator) return wrong ? diagnosticsOf(asGenerated(wrong)) : [];
  const generated = generators[generator]?.() ?? { files: {} };
  const text = generated.files["spec.exitdsl"];
  return code === "EX1030" ? parse({ name: "spec.exitdsl", text: String(text) }).diagnostics : diagnosticsOf(generated);
}

test("each code has a page, and each page a code", () => {
  expect(pages.map((page) => page.code).sort()).toEqual(Object.keys(catalogue).sort());
});

test("the index is up to date: otherwise run `npm run diagnostics`", () => {
  expect(readFileSync(new URL("../../docs/diagnostics/README.md", import.meta.url), "utf8")).toBe(indexPage());
});

test("each generator is a page's", () => {
  expect(pages.flatMap((page) => page.generator ?? []).sort()).toEqual(Object.keys(generators).sort());
});

describe.each(pages)("$code", (page) => {
  const { code, title, text, generator, right } = page;

  test("has the catalogue's title", () => {
    expect(title).toBe(`# ${code}: ${catalogue[code as keyof typeof catalogue].title}`);
  });

  test("fits in a terminal", () => {
    expect(text.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  test("the wrong example has this fault and no other", async () => {
    const codes = new Set((await wrongDiagnostics(page)).map((d) => d.code as string));
    const others = generator === undefined ? undefined : generators[generator]?.().others;
    expect([...codes].sort()).toEqual([code, ...(others === undefined ? [] : [others])].sort());
  });

  test("the right example has none", async () => {
    if (!right) throw new Error("the page has no right example");
    expect((await diagnosticsOf(asGenerated(right))).map((d) => `${d.code} ${d.message}`)).toEqual([]);
  });
});
