/**
 * Exit paths of real kernels, as they were and as they were repaired. What was wrong is refused, with the right code, at the right line and
 * for the right reason; what was repaired passes without a finding.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/compiler/diagnostics/catalogue.js";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import { format } from "../../src/compiler/format/format.js";
import { pretty } from "../../src/compiler/report/pretty.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { positionAt } from "../../src/compiler/text/source.js";
import { bugIds, readBug, readCorpus, readUnstated, specPath } from "../../tools/bugs/corpus.js";
import { bugsPage } from "../../tools/bugs/page.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ids = bugIds(root);

const rendered = (diagnostics: readonly Diagnostic[]) => pretty(diagnostics, { version: "", colour: false });
const lineOf = ({ primary }: Diagnostic) => positionAt(primary.span.source, primary.span.start).line;

describe.each(ids.stated)("%s", (id) => {
  const bug = readBug(root, id);

  test("says what it is", () => {
    expect(bug.id).toBe(id);
    expect(Object.keys(catalogue)).toContain(bug.code);
    for (const text of [bug.reference, bug.kernel, bug.what, bug.reason]) expect(text).not.toBe("");
    expect(bug.year).toMatch(/^\d{4}$/);
  });

  test("is refused for its fault", () => {
    const first = bug.wrong[0];
    if (!first) throw new Error("nothing is said against the wrong one");
    expect(`${first.code} at line ${lineOf(first)}`).toBe(`${bug.code} at line ${bug.line}`);
    expect(rendered([first])).toContain(bug.reason);
  });

  test("is refused for nothing else", () => {
    const codes = new Set<string>(bug.wrong.map((d) => d.code));
    expect([...codes].sort()).toEqual([bug.code, ...(bug.also ?? [])].sort());
  });

  test("passes when it is repaired", () => {
    expect(rendered(bug.fixed)).toBe("");
  });

  test.each(["wrong.exitdsl", "fixed.exitdsl"])("%s is told about at its top, and formatted", async (file) => {
    const text = readFileSync(specPath(root, id, file), "utf8");
    expect(text).toMatch(/^\/\//);
    expect(parse({ name: file, text }).diagnostics).toEqual([]);
    expect((await format({ name: file, text })).text).toBe(text);
  });
});

describe.each(ids.unstated)("%s, which is not stated", (id) => {
  test("says why", () => {
    const unstated = readUnstated(root, id);
    expect(unstated.id).toBe(id);
    expect(unstated.reference).not.toBe("");
    expect(unstated.year).toMatch(/^\d{4}$/);
    expect(unstated.why.length).toBeGreaterThan(20);
  });

  test("is not stated elsewhere", () => {
    expect(ids.stated).not.toContain(id);
  });
});

test("docs/bugs.md is up to date: otherwise run `npm run bugs`", () => {
  expect(readFileSync(new URL("../../docs/bugs.md", import.meta.url), "utf8")).toBe(bugsPage(readCorpus(root)));
});
