/** Planned tails against trying all orders, on small random machines: as short, in every kernel, and refused where there is none. */
import { describe, expect, test } from "vitest";
import type { Feature } from "../../src/compiler/model/model.js";
import { compileText } from "../docs/compile.js";
import { cheapest, inKernel, instructionsIn } from "./exhaustive.js";
import { machine, Random } from "./machines.js";

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const machines = 10;
/** The restore of 15 registers, and some: what the search of all orders can afford. */
const mostInstructions = 15 + 3;

describe(`random machines from seed ${seed}`, () => {
  let planned = 0;
  test.each(Array.from({ length: machines }, (_, i) => i))("machine %i", { timeout: 120_000 }, (i) => {
    const { spec } = machine(new Random(seed + i));
    const text = spec("    iretq");
    const { model, graphs, diagnostics } = compileText("machine.exitdsl", text);
    const errors = diagnostics.filter((d) => d.severity === "error");
    const exit = model?.exits[0];
    if (!model || !exit) throw new Error(errors.map((d) => d.message).join("\n"));
    expect(
      [...new Set(errors.map((d) => d.code))].filter((code) => code !== "EX5013"),
      text,
    ).toEqual([]);
    const [fast] = model.features as readonly [Feature];
    for (const features of [new Set<Feature>(), new Set([fast])]) {
      const kernel = inKernel(model, features);
      const best = cheapest(kernel, exit, mostInstructions);
      const [graph] = graphs;
      if (graph) {
        planned++;
        const cost = instructionsIn(graph.leave, features);
        if (cost <= mostInstructions) expect(cost, text).toBe(best);
        else expect(best, text).toBeUndefined();
      } else if (features.size > 0) {
        // It is refused, so some kernel has no plan, as far as trying goes.
        const other = cheapest(inKernel(model, new Set()), exit, mostInstructions);
        expect(best === undefined || other === undefined, text).toBe(true);
      }
    }
  });

  test("many of them have a plan", () => expect(planned).toBeGreaterThan(machines / 2));
});
