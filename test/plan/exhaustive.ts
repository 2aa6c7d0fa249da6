/**
 * The cheapest legal order, by trying them all, shortest first: each sequence of steps, as a listed `leave`, is put to the checker.
 * Knows nothing of the planner: no bounds, no choice of steps. Of sequences that leave everything alike, the first is gone on with.
 */
import { check, starts } from "../../src/compiler/check/check.js";
import { pathContext } from "../../src/compiler/check/context.js";
import { Explorer } from "../../src/compiler/check/explore.js";
import { evaluateFeatures } from "../../src/compiler/model/features.js";
import type { Action, Exit, Feature, Model, Step } from "../../src/compiler/model/model.js";
import { buildGraph } from "../../src/compiler/path/build.js";
import { visitNodes } from "../../src/compiler/path/flow.js";
import type { PathNode } from "../../src/compiler/path/graph.js";

interface Choice {
  readonly step: Step;
  readonly except: readonly string[];
}

/** Instructions of a `leave` in a kernel with these features, whose only branches are features'. */
export function instructionsIn(nodes: readonly PathNode[], features: ReadonlySet<Feature>): number {
  let count = 0;
  for (const node of nodes) {
    if (node.kind === "branch")
      count += instructionsIn(evaluateFeatures(node.test, features) === true ? node.then : node.otherwise, features);
    else if (node.kind === "instructions") count += node.instructions.filter(({ instruction }) => instruction.mnemonic !== ":").length;
    if (node.kind === "terminal") break;
  }
  return count;
}

/** The model as a kernel with just these features has it: other steps are gone, and conditions with them. */
export function inKernel(model: Model, features: ReadonlySet<Feature>): Model {
  const has = ({ condition }: { readonly condition: Step["condition"] }) => !condition || evaluateFeatures(condition, features) === true;
  return {
    ...model,
    steps: model.steps.filter(has).map((step) => ({ ...step, condition: undefined })),
    requires: model.requires.filter(has).map((require) => ({ ...require, condition: undefined })),
  };
}

/** Sequences that are tried for one kernel. */
const mostTries = 1_000;

/** The cost of the cheapest plan of at most `most` instructions: none where there is none, too-many where not all orders could be tried. */
export function cheapest(model: Model, exit: Exit, most: number): number | "none" | "too many" {
  const end = exit.leave.at(-1) as Action;
  const choices: Choice[] = model.steps.flatMap((step): Choice[] => {
    if (step.form.kind === "built-in") {
      return step.form.name === "restore_registers" ? [[], ["rsp"], ["rdi"]].map((except) => ({ step, except })) : [];
    }
    return [{ step, except: [] }];
  });
  /** What a sequence leads to: its cost, whether the end is reached, and a name for all that any further step could tell. */
  const outcome = (chosen: readonly Choice[]): { readonly cost: number; readonly reaches: boolean; readonly state: string } | undefined => {
    const leave = [...chosen.map(({ step, except }): Action => ({ kind: "do", step, except, span: step.span })), end];
    const { graph } = buildGraph(model, { ...exit, leave });
    if (!graph) return undefined;
    let cost = 0;
    let state = "";
    visitNodes(graph.leave, (node) => {
      if (node.kind === "instructions") cost += node.instructions.filter(({ instruction }) => instruction.mnemonic !== ":").length;
      if (node.kind === "terminal")
        state = JSON.stringify([node.before.registers, [...node.before.slots].map(([region, words]) => [region, [...words]])], bigintText);
    });
    if (cost > most) return undefined;
    const errors = check(graph).diagnostics.filter((d) => d.severity === "error");
    // What is wrong at the end may still be put right; what is wrong in a step may not.
    const atEnd = errors.filter((d) => d.primary.span.start === end.span.start && d.primary.span.source === end.span.source);
    if (atEnd.length < errors.length) return undefined;
    const context = pathContext(graph);
    if (!("graph" in context)) throw new Error("too much of something");
    const explorer = new Explorer(context, (node, { vector }) => {
      if (node.kind === "terminal") state += vector.key;
    });
    explorer.run(starts(context).map((vector) => ({ vector, combinations: context.features.all })));
    return { cost, reaches: errors.length === 0, state };
  };
  const seen = new Set<string>();
  let tries = 0;
  const open = new Map<number, (readonly Choice[])[]>([[0, [[]]]]);
  const at = (cost: number) => open.get(cost) ?? [];
  for (let cost = 0; cost <= most; cost++) {
    for (const chosen of at(cost)) {
      if (++tries > mostTries) return "too many";
      const found = outcome(chosen);
      if (!found || seen.has(found.state)) continue;
      if (found.cost > cost) {
        open.set(found.cost, [...at(found.cost), chosen]);
        continue;
      }
      seen.add(found.state);
      if (found.reaches) return cost;
      for (const choice of choices) at(cost).push([...chosen, choice]);
    }
  }
  return "none";
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);
