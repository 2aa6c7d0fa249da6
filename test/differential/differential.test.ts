/**
 * The C functions, compiled and run against stubs, and the simulator do the same: the same events in the same order, the same
 * result, the same flags, frame and IRQ state. EXITDSL_SEED chooses the cases, EXITDSL_CASES how many each path has.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emitted, emitExample, emitText, exampleNames } from "../c/specs.js";
import { seed } from "../seed.js";
import { Differ, type Mismatch } from "./differ.js";

const cases = Number(process.env.EXITDSL_CASES ?? 1_000_000);
const exhaustiveLimit = Math.min(cases, 300_000);
const minutes = 60_000;

beforeAll(() => {
  console.log(`EXITDSL_SEED=${seed} EXITDSL_CASES=${cases}`);
});

// Beside the examples a spec with every statement: with some features its loop never ends, and both sides must say so.
const everyStatement = readFileSync(new URL("../c/every-statement.exitdsl", import.meta.url), "utf8");
const specs: readonly Emitted[] = [
  ...exampleNames.map(emitExample).filter((e) => e.artefacts.length > 0),
  emitText(everyStatement, { name: "every-statement.exitdsl", stem: "every-statement" }),
];

function fail(mismatch: Mismatch | undefined): void {
  if (mismatch) expect.fail(`C and simulator differ\n${mismatch.report}`);
}

describe.each(specs.map((e) => ({ name: e.stem, emitted: e })))("$name", ({ emitted }) => {
  let differ: Differ;
  beforeAll(async () => {
    differ = await Differ.of(emitted);
  });
  afterAll(() => differ.dispose());
  const paths = emitted.graphs.flatMap((g) => (g.exit.prepare ? [g.exit.prepare.name] : [])).map((name, index) => ({ name, index }));

  test.each(paths)(`$name: ${cases} random cases`, { timeout: 10 * minutes }, async ({ index }) => {
    fail(await differ.compare(index, { seed, first: 0, count: cases, exhaustive: false }));
  });

  test.each(paths)("$name: the random cases come by everything", async ({ index }) => {
    const count = 20_000;
    const rare = [...(await differ.coverage(index, 1, count))].filter(([, times]) => times < count / 1000);
    expect(rare).toEqual([]);
  });

  test.each(paths)("$name: all flags and features, with all short scripts", { timeout: 10 * minutes }, async ({ index }) => {
    const lengths = [3, 2, 1, 0].filter((length) => differ.exhaustiveCount(index, length) <= exhaustiveLimit);
    // A path with too many flags has its random cases.
    const count = lengths[0] === undefined ? exhaustiveLimit : differ.exhaustiveCount(index, lengths[0]);
    fail(await differ.compare(index, { seed, first: 0, count, exhaustive: true }));
  });

  test("under the address and undefined-behaviour sanitizers", { timeout: 10 * minutes }, async () => {
    const sanitized = await Differ.of(emitted, { sanitize: true });
    for (const { index } of paths)
      fail(await sanitized.compare(index, { seed, first: 0, count: Math.min(cases, 20_000), exhaustive: false }));
    sanitized.dispose();
  });
});
