/** The parser's own lookahead decides exactly as Chevrotain's does, for every production of the grammar and every token. */
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
  const decisions = (decide: (this: unknown) => unknown) =>
    tokens.map((tokenTypeIdx) => decide.call({ LA_FAST: () => ({ tokenTypeIdx }) }));
  let compared = 0;
  for (const rule of Object.values(new SpecParser().getGAstProductions())) {
    const common = { rule, maxLookahead: 1, dynamicTokensEnabled: false };
    for (const production of productions(rule.definition)) {
      const prodOccurrence = (production as Option).idx;
      if (production instanceof Alternation) {
        if ("hasPredicates" in production && production.hasPredicates) continue;
        const options = { ...common, prodOccurrence, hasPredicates: false };
        expect(decisions(ours.buildLookaheadForAlternation(options))).toEqual(decisions(theirs.buildLookaheadForAlternation(options)));
        compared++;
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
