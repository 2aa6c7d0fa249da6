/** The emitted Murphi, checked by rumur: the same verdicts, and where there is no fault the same number of states. */
import { expect, test } from "vitest";
import { specWithFlags } from "../../bench/search-spec.js";
import { murphiText } from "../../src/compiler/emit/murphi/murphi.js";
import { buildProgram } from "../../src/compiler/model-check/build-program.js";
import { search } from "../../src/compiler/model-check/search.js";
import { seed } from "../seed.js";
import { generator, randomSpec } from "./random-specs.js";
import { sample } from "./sample.js";
import { rumur } from "./tools.js";
import { compileSpec } from "./verdicts.js";

test.each(sample.map(({ name, program, verdict }) => [name, program, verdict] as const))("%s", (_, program, verdict) => {
  const result = rumur(murphiText(program, []));
  expect([...result.violations]).toEqual([...verdict]);
  if (verdict.size === 0) expect(result.states).toBe(search(program).states);
});

test("the spec of the bench with 5 flags and eight kernels", () => {
  const [program] = compileSpec(specWithFlags(5)).graphs.map(buildProgram);
  if (!program) throw new Error("no path");
  expect(rumur(murphiText(program, [])).states).toBe(search(program).states);
});

test("random specs", () => {
  for (let own = seed; own < seed + 2; own++) {
    const [program] = compileSpec(randomSpec(generator(own))).graphs.map(buildProgram);
    if (!program) continue;
    const ours = search(program);
    const theirs = rumur(murphiText(program, []));
    expect(theirs.violations.size > 0, `EXITDSL_SEED=${own}`).toBe(ours.violations.size > 0);
    expect([...ours.violations], `EXITDSL_SEED=${own}`).toEqual(expect.arrayContaining([...theirs.violations]));
    if (ours.violations.size === 0) expect(theirs.states, `EXITDSL_SEED=${own}`).toBe(ours.states);
  }
});
