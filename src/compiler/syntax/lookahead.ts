/**
 * What one token of lookahead decides, from FIRST sets that are worked out once for the whole grammar. It gives the parser the
 * functions that Chevrotain's own strategy gives it; that one walks the grammar anew for each. Productions that may be empty
 * it leaves to the other; the grammar has no such choice, or `decisions.ts` could not hold all.
 */
import {
  Alternation,
  type ILookaheadStrategy,
  type IProduction,
  LLkLookaheadStrategy,
  NonTerminal,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
  type Rule,
  Terminal,
  type TokenType,
} from "chevrotain";

/** The token types that can come first, by precedence of the grammar; `empty`: there may be none at all. */
interface First {
  readonly types: ReadonlySet<TokenType>;
  readonly empty: boolean;
}

/** A parser, as a lookahead function sees it; `LA_FAST` is what Chevrotain's own functions call. */
interface Parser {
  LA_FAST(howMuch: number): { readonly tokenTypeIdx: number };
}

/**
 * What a lookahead function decides, by the tokens that each of some alternatives may start with: "option", whether to take the one
 * that there is; "choice", which one to take; "gated", the same, where an alternative may also have a condition of its own.
 */
export interface Decision {
  readonly kind: "option" | "choice" | "gated";
  readonly starts: readonly (readonly TokenType[])[];
}

const decisions = new WeakMap<LookaheadFunction, Decision>();

/** Of a function that is made here; undefined for one of Chevrotain's. */
export function decisionOf(lookahead: LookaheadFunction): Decision | undefined {
  return decisions.get(lookahead);
}

type Alternatives = Parameters<ReturnType<ILookaheadStrategy["buildLookaheadForAlternation"]>>[0];
/** Returns whether to take an option, or the index of the alternative to take, undefined for none. */
export type LookaheadFunction = (this: Parser, alternatives: Alternatives) => boolean | number | undefined;

export function lookaheadFor(decision: Decision): LookaheadFunction {
  const { kind, starts } = decision;
  const lookahead = kind === "option" ? takes(starts.flat()) : kind === "choice" ? chooses(starts) : choosesAtGates(starts);
  decisions.set(lookahead, decision);
  return lookahead;
}

function takes(types: readonly TokenType[]): LookaheadFunction {
  const starts: boolean[] = [];
  for (const token of indices(types)) starts[token] = true;
  return function (this: Parser) {
    return starts[this.LA_FAST(1).tokenTypeIdx] === true;
  };
}

function chooses(starts: Decision["starts"]): LookaheadFunction {
  const choice: (number | undefined)[] = [];
  for (const [index, types] of starts.entries()) {
    for (const token of indices(types)) choice[token] ??= index;
  }
  return function (this: Parser) {
    return choice[this.LA_FAST(1).tokenTypeIdx];
  };
}

function choosesAtGates(starts: Decision["starts"]): LookaheadFunction {
  const tokens = starts.map((types) => new Set(indices(types)));
  return function (this: Parser, alternatives = []) {
    const next = this.LA_FAST(1).tokenTypeIdx;
    const found = alternatives.findIndex(({ GATE }, index) => tokens[index]?.has(next) && GATE?.call(this) !== false);
    return found < 0 ? undefined : found;
  };
}

type ForAlternation = Parameters<ILookaheadStrategy["buildLookaheadForAlternation"]>[0];
type ForChoice = ReturnType<ILookaheadStrategy["buildLookaheadForAlternation"]>;
type ForOption = ReturnType<ILookaheadStrategy["buildLookaheadForOptional"]>;
type ForOptional = Parameters<ILookaheadStrategy["buildLookaheadForOptional"]>[0];

const productionClasses = { Option, Repetition, RepetitionMandatory, RepetitionMandatoryWithSeparator, RepetitionWithSeparator } as const;

export class FirstTokenLookahead extends LLkLookaheadStrategy {
  readonly #firstOfRule = new Map<Rule, First>();

  override buildLookaheadForAlternation(options: ForAlternation) {
    const { rule, prodOccurrence, hasPredicates } = options;
    const alternation = find(rule.definition, (p) => p instanceof Alternation && p.idx === prodOccurrence);
    const firsts = alternation?.definition.map((alternative) => this.#first(definitionOf(alternative)));
    if (!firsts || firsts.some(({ empty }) => empty)) return super.buildLookaheadForAlternation(options);
    return lookaheadFor({ kind: hasPredicates ? "gated" : "choice", starts: firsts.map(({ types }) => [...types]) }) as ForChoice;
  }

  override buildLookaheadForOptional(options: ForOptional) {
    const { rule, prodOccurrence, prodType } = options;
    const production = productionClasses[prodType];
    const found = find(rule.definition, (p) => p instanceof production && p.idx === prodOccurrence);
    const first = found && this.#first(found.definition);
    if (!first || first.empty) return super.buildLookaheadForOptional(options);
    return lookaheadFor({ kind: "option", starts: [[...first.types]] }) as ForOption;
  }

  #first(sequence: readonly IProduction[]): First {
    const types = new Set<TokenType>();
    for (const production of sequence) {
      const first = this.#firstOf(production);
      for (const type of first.types) types.add(type);
      if (!first.empty) return { types, empty: false };
    }
    return { types, empty: true };
  }

  #firstOf(production: IProduction): First {
    if (production instanceof Terminal) return { types: new Set([production.terminalType]), empty: false };
    if (production instanceof NonTerminal) return this.#firstOfReferenced(production.referencedRule);
    if (production instanceof Alternation) {
      const firsts = production.definition.map((alternative) => this.#first(definitionOf(alternative)));
      return { types: new Set(firsts.flatMap(({ types }) => [...types])), empty: firsts.some(({ empty }) => empty) };
    }
    const { types, empty } = this.#first(definitionOf(production));
    const mandatory = production instanceof RepetitionMandatory || production instanceof RepetitionMandatoryWithSeparator;
    return { types, empty: empty || !mandatory };
  }

  #firstOfReferenced(rule: Rule): First {
    const known = this.#firstOfRule.get(rule) ?? this.#first(rule.definition);
    this.#firstOfRule.set(rule, known);
    return known;
  }
}

/** The first production for which `wanted` holds, at any depth of one rule. */
function find(definition: readonly IProduction[], wanted: (production: IProduction) => boolean): Inner | undefined {
  for (const production of definition) {
    if (wanted(production)) return production as Inner;
    const inner = production instanceof NonTerminal ? undefined : find(definitionOf(production), wanted);
    if (inner) return inner;
  }
  return undefined;
}

/** Every production but a token is made of others. */
type Inner = IProduction & { readonly definition: readonly IProduction[] };

function definitionOf(production: IProduction): readonly IProduction[] {
  return production instanceof Terminal ? [] : (production as Inner).definition;
}

/** A token type's own number and those of the types that extend it. */
function* indices(types: readonly TokenType[]): Iterable<number> {
  for (const { tokenTypeIdx, categoryMatches } of types) {
    if (tokenTypeIdx !== undefined) yield tokenTypeIdx;
    yield* categoryMatches ?? [];
  }
}
