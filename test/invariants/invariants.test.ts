/**
 * The numbered ordering rules of the exit paths, one by one: a spec that breaks one is refused, with the diagnostics that the table names and no
 * others; the spec that it is made from passes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/compiler/diagnostics/catalogue.js";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import { format } from "../../src/compiler/format/format.js";
import { readBug } from "../../tools/bugs/corpus.js";
import { invariantsPage } from "../../tools/invariants/page.js";
import type { Invariant, Shown } from "../../tools/invariants/row.js";
import { invariants } from "../../tools/invariants/rows.js";
import { compileFrom } from "../../tools/linux/spec.js";
import { readRepositoryFile } from "../docs/compile.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const told = (diagnostics: readonly Diagnostic[]) => diagnostics.map((d) => `${d.code} ${d.message}`);

function refused(shown: Shown): readonly Diagnostic[] {
  switch (shown.kind) {
    case "bug":
      return readBug(root, shown.id).wrong;
    case "ui":
      return compileFrom(root, `test/ui/${shown.name}.exitdsl`).diagnostics;
    case "change":
      return compileFrom(root, shown.base, { change: shown.changes }).diagnostics;
  }
}

const shown = invariants.flatMap((i) => (i.shown ? [{ ...i, shown: i.shown }] : []));
const bases = [...new Set(shown.flatMap((i) => (i.shown.kind === "change" ? [i.shown.base] : [])))];

test.each(bases)("%s passes as it is", (base) => {
  expect(told(compileFrom(root, base).diagnostics)).toEqual([]);
});

test.each(shown)("INV-$number: $rule", ({ codes, shown: spec }) => {
  const found = refused(spec);
  expect(
    found.map((d) => d.code),
    told(found).join("\n"),
  ).toEqual(codes);
});

describe("the table", () => {
  // 19, 32 to 34 and so on do not exist.
  const gaps = [19, 32, 33, 34, 39, 48, 49, 59, 67, 68, 69, 82, 83, 84, 98, 99, 110, 111, 116, 117];

  test("has every number once, in order", () => {
    const all = Array.from({ length: 126 }, (_, i) => i + 1).filter((n) => !gaps.includes(n));
    expect(invariants.map((i) => i.number)).toEqual(all);
  });

  test("says why where nothing is shown", () => {
    const silent = ({ shown: spec, codes, note }: Invariant) => (spec ? codes.length === 0 : codes.length > 0 || (note ?? "").length < 30);
    expect(invariants.filter(silent)).toEqual([]);
  });

  test("knows every number that code, profiles and pages name", () => {
    const numbers = new Set(invariants.map((i) => i.number));
    const folders = ["profiles", "src/compiler/check/rules", "src/compiler/machine", "docs/diagnostics", "test/linux-6.12"];
    const texts = folders.flatMap((folder) =>
      readdirSync(new URL(`../../${folder}/`, import.meta.url), { withFileTypes: true }).flatMap((entry) =>
        entry.isFile() ? [readFileSync(new URL(`../../${folder}/${entry.name}`, import.meta.url), "utf8")] : [],
      ),
    );
    const named = texts.flatMap((text) => [...text.matchAll(/INV-(\d+)/g)].map((match) => Number(match[1])));
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((n) => !numbers.has(n))).toEqual([]);
  });

  test("names codes that exist", () => {
    expect(invariants.flatMap((i) => i.codes).filter((code) => !(code in catalogue))).toEqual([]);
  });
});

test("docs/invariants.md is up to date: otherwise run `npm run invariants`", () => {
  expect(readRepositoryFile("docs/invariants.md")).toBe(invariantsPage());
});

test("kernel.exitdsl is laid out by the formatter", async () => {
  const text = readRepositoryFile("test/invariants/kernel.exitdsl");
  expect((await format({ name: "kernel.exitdsl", text })).text).toBe(text);
});
