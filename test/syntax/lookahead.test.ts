/** The parser's own lookahead decides exactly as Chevrotain's does, for every production of the grammar and every token. */
import { readFileSync } from "node:fs";
import {
  Alternation,
  type IProduction,
  LLkLookaheadStrategy,
  NonTerminal,
  Option,
  type OptionalProductionType,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
  Terminal,
} from "chevrotain";
import { expect, it } from "vitest";
import { writtenDecisions } from "../../src/compiler/syntax/kept-analysis.js";
import { FirstTokenLookahead } from "../../src/compiler/syntax/lookahead.js";
import { SpecParser } from "../../src/compiler/syntax/parser.js";
import { parserTokens } from "../../src/compiler/syntax/tokens.js";

const optional: readonly [OptionalProductionType, new (options: never) => IProduction][] = [
  ["Option", Option],
  ["Repetition", Repetition],
  ["RepetitionMandatory", RepetitionMandatory],
  ["RepetitionMandatoryWithSeparator", RepetitionMandatoryWithSeparator],
  ["RepetitionWithSeparator", RepetitionWithSeparator],
];

function productions(definition: readonly IProduction[]): IProduction[] {
  return definition.flatMap((production) => {
    if (production instanceof Terminal || production instanceof NonTerminal) return [production];
    return [production, ...productions((production as Option).definition)];
  });
}

it("decides as Chevrotain's own strategy", () => {
  const [ours, theirs] = [new FirstTokenLookahead({ maxLookahead: 1 }), new LLkLookaheadStrategy({ maxLookahead: 1 })];
  const tokens = Object.values(parserTokens).map(({ tokenTypeIdx }) => tokenTypeIdx as number);
  const decisions = (decide: (this: unknown, alternatives?: never) => unknown, alternatives: readonly object[] = []) =>
    tokens.map((tokenTypeIdx) => decide.call({ LA_FAST: () => ({ tokenTypeIdx }) }, alternatives as never));
  let compared = 0;
  for (const rule of Object.values(new SpecParser("learned").getGAstProductions())) {
    const common = { rule, maxLookahead: 1, dynamicTokensEnabled: false };
    for (const production of productions(rule.definition)) {
      const prodOccurrence = (production as Option).idx;
      if (production instanceof Alternation) {
        const options = { ...common, prodOccurrence, hasPredicates: "hasPredicates" in production && production.hasPredicates === true };
        const [our, their] = [ours.buildLookaheadForAlternation(options), theirs.buildLookaheadForAlternation(options)];
        // Each gate shut, and none.
        for (let shut = 0; shut <= (options.hasPredicates ? production.definition.length : 0); shut++) {
          const gates = production.definition.map((_, index) => ({ GATE: () => index + 1 !== shut }));
          expect(decisions(our, gates)).toEqual(decisions(their, gates));
          compared++;
        }
      }
      const prodType = optional.find(([, type]) => production instanceof type)?.[0];
      if (!prodType) continue;
      const options = { ...common, prodOccurrence, prodType };
      expect(decisions(ours.buildLookaheadForOptional(options))).toEqual(decisions(theirs.buildLookaheadForOptional(options)));
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(50);
});

it("is kept as the grammar is: otherwise run `npm run grammar`", () => {
  expect(readFileSync("src/compiler/syntax/decisions.ts", "utf8")).toBe(writtenDecisions(new SpecParser("learned")));
});
