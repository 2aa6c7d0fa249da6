/** Linux 6.12: the planned ways are no longer than the listed ones, in any kernel; and the page says so. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compare } from "../../tools/planning/compare.js";
import { withTable } from "../../tools/planning/page.js";

test("no planned way is longer than the listed one", () => {
  const all = compare();
  expect(all.length).toBeGreaterThan(500);
  expect(all.filter((c) => c.planned > c.listed)).toEqual([]);
});

test("docs/planning.md has the table of today: otherwise run `node tools/run.mjs tools/generate-planning.ts`", () => {
  const page = readFileSync("docs/planning.md", "utf8");
  expect(withTable(page)).toBe(page);
});
