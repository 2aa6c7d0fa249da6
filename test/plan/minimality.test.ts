/** Planned tails against trying all orders, on small random machines: as short, in every kernel, and refused where there is none. */
import { describe, expect, test } from "vitest";
import type { Feature } from "../../src/compiler/model/model.js";
import { compileText } from "../docs/compile.js";
import { cheapest, inKernel, instructionsIn } from "./exhaustive.js";
import { machine, Random } from "./machines.js";

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const machines = 40;
/** The restore of 15 registers, and some: what trying all orders can afford. */
const mostInstructions = 15 + 6;

describe(`random machines from seed ${seed}`, () => {
  let planned = 0;
  test.each(Array.from({ length: machines }, (_, i) => i))("machine %i", { timeout: 240_000 }, (i) => {
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
    const [graph] = graphs;
    const kernels = [new Set<Feature>(), new Set([fast])];
    const best = kernels.map((features) => {
      const cost = graph ? instructionsIn(graph.leave, features) : mostInstructions;
      return { cost, found: cheapest(inKernel(model, features), exit, Math.min(cost, mostInstructions)) };
    });
    const conclusive = best.filter(({ found }) => found !== "too many");
    if (graph) planned += conclusive.length;
    for (const { cost, found } of graph ? conclusive : []) expect(found, text).toBe(cost <= mostInstructions ? cost : "none");
    // It is refused, so some kernel has no plan, as far as trying goes.
    if (!graph && conclusive.length === best.length)
      expect(
        best.map(({ found }) => found),
        text,
      ).toContain("none");
  });

  test("many of them have a plan", () => expect(planned).toBeGreaterThan(machines / 3));
});
