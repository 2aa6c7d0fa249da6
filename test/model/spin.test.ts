/** The emitted Promela, checked by SPIN: what it says of each way out is what the compiler says. */
import { expect, test } from "vitest";
import { promelaText } from "../../src/compiler/emit/promela/promela.js";
import { buildProgram } from "../../src/compiler/model-check/build-program.js";
import { search } from "../../src/compiler/model-check/search.js";
import { seed } from "../seed.js";
import { generator, randomSpec } from "./random-specs.js";
import { sample } from "./sample.js";
import { spin } from "./tools.js";
import { compileSpec } from "./verdicts.js";

test.each(sample.map(({ name, program, verdict }) => [name, program, verdict] as const))("%s", (_, program, verdict) => {
  expect([...spin(promelaText(program, [])).violations].sort()).toEqual([...verdict].sort());
});

test("random specs", () => {
  for (let own = seed; own < seed + 3; own++) {
    const [program] = compileSpec(randomSpec(generator(own))).graphs.map(buildProgram);
    if (program)
      expect([...spin(promelaText(program, [])).violations].sort(), `EXITDSL_SEED=${own}`).toEqual([...search(program).violations].sort());
  }
});
