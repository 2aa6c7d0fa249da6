/** What becomes of mutants: refused, or which kind of survivor. */
import { c } from "../../src/compiler/emit/c/c.js";
import { gas } from "../../src/compiler/emit/gas/gas.js";
import type { Operator } from "./operators.js";
import { compileSpec, type SpecMutant, type SpecUnderTest } from "./specs.js";

/** Why a mutant may survive; `kinds` says what each means. */
export type Kind = "refused" | "same code" | "again" | "order" | "not owed" | "look at it";

export const kinds: Readonly<Record<Exclude<Kind, "refused">, string>> = {
  "same code": "the emitted assembly and C are the same",
  again: "something is done twice that changes nothing the second time: a guarded work, a look at the flags, IRQs off, a whole restore",
  order: "another order of things that no contract, state or duty puts in order",
  "not owed": "something is left out, or done for more frames or kernels, that no `require` and no contract asks for",
  "look at it": "a condition, a terminal, a recovery or a mask is another one: each is told below",
};

const byOperator: Readonly<Partial<Record<Operator, Exclude<Kind, "refused">>>> = {
  double: "again",
  "irqs inserted": "again",
  swap: "order",
  "two earlier": "order",
  "two later": "order",
  "into the loop": "order",
  "out of the loop": "order",
  "out of the branch": "not owed",
  drop: "not owed",
  "when dropped": "not owed",
  "else dropped": "not owed",
  "mask member dropped": "not owed",
};

/** The outputs without comments and what follows from them. */
const outputs = new WeakMap<SpecUnderTest, string>();
function outputOf(spec: SpecUnderTest, changed?: SpecMutant): string {
  const { artefacts } = compileSpec(spec, changed, [gas, c]);
  return artefacts.map(({ text }) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\s+/g, " ")).join("\n");
}

export function kindOf(mutant: SpecMutant): Kind {
  if (compileSpec(mutant.spec, mutant).diagnostics.length > 0) return "refused";
  const original = outputs.get(mutant.spec) ?? outputOf(mutant.spec);
  outputs.set(mutant.spec, original);
  // Entries are not emitted.
  const entry = new RegExp(`\\bentry\\s+${mutant.story.split(":")[0]}\\b`).test(mutant.text);
  if (!entry && outputOf(mutant.spec, mutant) === original) return "same code";
  return byOperator[mutant.operator] ?? "look at it";
}
