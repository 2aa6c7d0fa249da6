/** Planned tails against trying all orders, on small random machines: as short, in every kernel, and refused where there is none. */
import { expect, test } from "vitest";
import type { Feature } from "../../src/compiler/model/model.js";
import { compileText } from "../docs/compile.js";
import { seed } from "../seed.js";
import { cheapest, inKernel, instructionsIn } from "./exhaustive.js";
import { machine, Random } from "./machines.js";

/** The restore of 15 registers, and some: what trying all orders can afford. */
const mostInstructions = 15 + 6;
/** Kernels with a plan, and machines without one, that are to be tried; about one machine in three has a plan. */
const wanted = { planned: 16, refused: 4 };
const mostMachines = 1000;

test(`random machines from seed ${seed}`, { timeout: 600_000 }, () => {
  let [planned, refused] = [0, 0];
  for (let i = 0; planned < wanted.planned || refused < wanted.refused; i++) {
    expect(i, `${planned} kernels with a plan, ${refused} machines without`).toBeLessThan(mostMachines);
    const { spec } = machine(new Random(seed + i));
    const text = spec("    iretq");
    const { model, graphs, diagnostics } = compileText("machine.exitdsl", text);
    const errors = diagnostics.filter((d) => d.severity === "error");
    const exit = model?.exits[0];
    if (!model || !exit) throw new Error(errors.map((d) => d.message).join("\n"));
    const [graph] = graphs;
    // What was planned passes the checker; where nothing was, that is all that is wrong.
    expect(
      errors.map((d) => d.code).filter((code) => graph || code !== "EX5013"),
      `EXITDSL_SEED=${seed + i}\n${text}`,
    ).toEqual([]);
    if (graph ? planned >= wanted.planned : refused >= wanted.refused) continue;
    const [fast] = model.features as readonly [Feature];
    const best = [new Set<Feature>(), new Set([fast])].map((features) => {
      const cost = graph ? instructionsIn(graph.leave, features) : mostInstructions;
      return { cost, found: cheapest(inKernel(model, features), exit, Math.min(cost, mostInstructions)) };
    });
    const conclusive = best.filter(({ found }) => found !== "too many");
    if (graph) {
      planned += conclusive.length;
      for (const { cost, found } of conclusive)
        expect(found, `EXITDSL_SEED=${seed + i}\n${text}`).toBe(cost <= mostInstructions ? cost : "none");
    } else if (conclusive.length === best.length) {
      refused++;
      // Some kernel has no plan, as far as trying goes.
      expect(
        best.map(({ found }) => found),
        `EXITDSL_SEED=${seed + i}\n${text}`,
      ).toContain("none");
    }
  }
});

test.each([1018, 1148, 1220, 50941, 51924, 52016])("machine %i: what is planned passes where steps of some kernels move RSP", (own) => {
  const { diagnostics, graphs } = compileText("machine.exitdsl", machine(new Random(own)).spec("    iretq"));
  expect(diagnostics).toEqual([]);
  expect(graphs.length).toBe(1);
});
