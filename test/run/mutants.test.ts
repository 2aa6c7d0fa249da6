/** Mutants of the emitted assembly and C are found: a share of what `bench/mutants.ts` runs, the same one each time. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { equivalence } from "../../bench/equivalent-mutants.js";
import { Bench } from "../../src/verify/image.js";
import { killers, type Machine, machinesOf } from "../../src/verify/kill.js";
import { mutantsOf } from "../../src/verify/mutants.js";
import { Random } from "../../src/verify/random.js";
import { machineFolder, specOf } from "./specs.js";

const seed = 2;
const example = "four-paths-2015";

describe(`one of each operator in ${example}`, () => {
  const spec = specOf(example);
  const mutants = mutantsOf(spec, 1, new Random(seed));
  let bench: Bench;
  let machines: readonly Machine[];
  beforeAll(async () => {
    bench = await Bench.of(spec, machineFolder);
    machines = machinesOf(bench, new Random(seed));
  });
  afterAll(() => bench.dispose());

  test("there is one of each operator that the outputs have a place for", () => {
    expect(mutants.map((m) => `${m.language} ${m.operator}`)).toMatchInlineSnapshot(`
      [
        "assembly drop",
        "assembly double",
        "assembly swap",
        "assembly earlier",
        "assembly later",
        "assembly condition",
        "assembly register",
        "assembly offset",
        "assembly number",
        "assembly guard",
        "C drop",
        "C double",
        "C swap",
        "C condition",
        "C loop",
        "C operator",
        "C guard",
        "C mask",
      ]
    `);
  });

  test.each(mutants)("$language, $operator: $story", { timeout: 600_000 }, async (mutant) => {
    const killed = await killers(bench, machines, mutant, seed, "first");
    if (killed === "absent") throw new Error("the mutant is in no kernel");
    const { language, operator, story } = mutant;
    if (equivalence({ example, language, operator, story }) === undefined) expect(killed.size).toBeGreaterThan(0);
  });
});
