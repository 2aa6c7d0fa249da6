/**
 * Chevrotain learns a grammar by running every rule once, in each process; that is a fifth of the time of `exitdsl check`. What
 * parsing needs of it are the lookahead functions, and those are made here from `decisions.ts`, which keeps what was learned.
 */
import type { TokenType } from "chevrotain";
import { decisions } from "./decisions.js";
import { type Decision, decisionOf, type LookaheadFunction, lookaheadFor } from "./lookahead.js";
import { parserTokens } from "./tokens.js";

/** What Chevrotain's own types do not show of a parser. A key stands for a rule, a kind of production, and which of its kind. */
interface Engine {
  selfAnalysisDone: boolean;
  readonly lookAheadFuncsCache: Map<number, LookaheadFunction>;
  readonly shortRuleNameToFull: Readonly<Record<number, string>>;
}

const kinds = ["option", "choice", "gated"] as const satisfies readonly Decision["kind"][];

/** Makes a parser whose rules are all defined ready to parse. What explaining errors needs it does not have. */
export function useKeptAnalysis(parser: object): void {
  const engine = parser as Engine;
  const tokens = new Map(parserTokens.map((type) => [type.name, type]));
  const types = (names: string) => names.split(" ").map((name) => tokens.get(name) as TokenType);
  for (const kind of kinds) {
    for (const [key, starts] of Object.entries(decisions[kind])) {
      engine.lookAheadFuncsCache.set(Number(key), lookaheadFor({ kind, starts: starts.split("|").map(types) }));
    }
  }
  engine.selfAnalysisDone = true;
}

/** The text of `decisions.ts`, from a parser that has learned its grammar. */
export function writtenDecisions(parser: object): string {
  const { lookAheadFuncsCache, shortRuleNameToFull } = parser as Engine;
  const lines: Record<Decision["kind"], string> = { option: "", choice: "", gated: "" };
  for (const [key, lookahead] of [...lookAheadFuncsCache].sort(([a], [b]) => a - b)) {
    const rule = shortRuleNameToFull[key & ~0xfff];
    const decision = decisionOf(lookahead);
    if (!decision) throw new Error(`a production of rule ${rule} is not decided by its first token`);
    const starts = decision.starts.map((types) => types.map(({ name }) => name).join(" ")).join("|");
    lines[decision.kind] += `    ${key}: "${starts}", // ${rule}\n`;
  }
  return `/**
 * Made by \`npm run grammar\` from the parser's rules: the tokens that each optional or repeated part may start with, and each of
 * the alternatives of a choice, by the keys that Chevrotain gives them.
 */
import type { Decision } from "./lookahead.js";

export const decisions: Readonly<Record<Decision["kind"], Readonly<Record<number, string>>>> = {
${kinds.map((kind) => `  ${kind}: {\n${lines[kind]}  },\n`).join("")}};
`;
}
