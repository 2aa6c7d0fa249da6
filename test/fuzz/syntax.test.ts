/**
 * Whatever the text: the parser does not throw, comes to an end, and names only places inside the text.
 * `EXITDSL_FUZZ` is the number of cases.
 */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../src/compiler/syntax/limits.js";
import { type Parsed, parse } from "../../src/compiler/syntax/parse.js";
import { seed } from "../seed.js";
import { brokenSpecs } from "../syntax/fuzz.js";

const runs = Number(process.env.EXITDSL_FUZZ ?? 80_000);

const specs = ["examples", "profiles"].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".exitdsl"))
    .map((name) => readFileSync(`${folder}/${name}`, "utf8")),
);

/** Throws unless every node of the tree is whole, lies inside its parent, and comes after its elder siblings where they are in a list. */
function checkTree(node: unknown, start: number, end: number): void {
  if (Array.isArray(node)) {
    for (const item of node) checkTree(item, start, end);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  let range = { start, end };
  if ("start" in node && "end" in node) {
    range = node as typeof range;
    const inside = range.start >= start && range.start <= range.end && range.end <= end;
    if (!inside) throw new Error(`[${range.start}, ${range.end}) in [${start}, ${end}): ${Object.keys(node)}`);
  }
  for (const [key, value] of Object.entries(node)) {
    if (value === null) throw new Error(`${key} is null`);
    checkTree(value, range.start, range.end);
  }
}

function checkDiagnostics({ diagnostics }: Parsed, length: number): void {
  if (diagnostics.length > limits.errors + 1) throw new Error(`${diagnostics.length} diagnostics`);
  let last = 0;
  for (const { code, message, primary, secondary, fixes } of diagnostics) {
    if (!/^EX1\d{3}$/.test(code) || message === "" || message.includes("undefined")) throw new Error(`${code}: ${message}`);
    if (primary.span.start < last) throw new Error("diagnostics are out of order");
    last = primary.span.start;
    const spans = [primary, ...secondary].map(({ span }) => span).concat(fixes.flatMap(({ edits }) => edits.map(({ span }) => span)));
    for (const { start, end } of spans)
      if (!(start >= 0 && start <= end && end <= length)) throw new Error(`${code} at [${start}, ${end})`);
  }
}

test(`${runs} broken specs, seed ${seed}`, { timeout: 600_000 }, () => {
  let faulty = 0;
  fc.assert(
    fc.property(brokenSpecs(specs), (text) => {
      const parsed = parse({ name: "fuzz", text });
      checkDiagnostics(parsed, text.length);
      checkTree(parsed.file, 0, text.length);
      if (parsed.diagnostics.length > 0) faulty++;
    }),
    { numRuns: runs, seed, endOnFailure: true },
  );
  // Most mutations hurt; a generator that makes only right specs would show nothing.
  expect(faulty).toBeGreaterThan(runs / 2);
});

test("a spec without its last characters, wherever it is cut", () => {
  const text = specs.reduce((a, b) => (a.length < b.length ? a : b));
  for (let length = 0; length < text.length; length++) {
    const cut = text.slice(0, length);
    const parsed = parse({ name: "cut", text: cut });
    checkDiagnostics(parsed, length);
    checkTree(parsed.file, 0, length);
  }
});
