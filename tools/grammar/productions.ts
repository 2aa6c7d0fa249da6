/** The grammar as data, from the parser's own rules (chevrotain records them when the parser is built). */
import {
  Alternation,
  Alternative,
  type IProduction,
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
import { SpecParser } from "../../src/compiler/syntax/parser.js";
import * as t from "../../src/compiler/syntax/tokens.js";

export type Production =
  /** A keyword or sign, as written. */
  | { readonly kind: "text"; readonly text: string }
  /** A rule, or a kind of token that the lexical part describes. */
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "sequence"; readonly items: readonly Production[] }
  | { readonly kind: "choice"; readonly items: readonly Production[] }
  | { readonly kind: "optional"; readonly item: Production }
  /** None or more. */
  | { readonly kind: "repeat"; readonly item: Production }
  /** One or more, with something between them or not. */
  | { readonly kind: "list"; readonly item: Production; readonly separator: Production | undefined };

/** Kinds of tokens and what the grammar calls them. */
const tokenNames = new Map<TokenType, string>([
  [t.Word, "word"],
  [t.BinaryOperator, "operator"],
  [t.Identifier, "identifier"],
  [t.Integer, "integer"],
  [t.Text, "string"],
]);

/** The sections of the grammar's pages. A rule that is in none of them is written out where it is used. */
export const sections: readonly (readonly [title: string, rules: readonly string[]])[] = [
  ["File", ["file", "import", "declaration"]],
  [
    "Features, constants, states",
    ["feature", "featureClause", "constant", "state", "flags", "flag", "mask", "value", "condition", "require", "assume"],
  ],
  ["Frames and events", ["frame", "field", "event", "eventClause"]],
  ["Work and steps", ["work", "workClause", "step", "stepClause", "effect"]],
  ["Paths", ["exit", "exitPart", "tail", "block", "statement", "when", "waive", "terminal"]],
  [
    "Names, states, expressions",
    ["names", "flagSet", "path", "paths", "target", "setting", "settings", "expression", "plainExpression", "operand"],
  ],
];

/** What a rule cannot say: limits of its repetitions, and which alternative is taken. */
export const notes: Readonly<Record<string, string>> = {
  frame: "`user when` ends the fields: a field called `user` is not followed by `when`",
  exitPart: "at most one `prepare`, before at most one `leave`",
  setting: "the registers stand on one line",
  waive: "an identifier that starts with EX and a digit is a rule's code",
  statement: "a terminal is an identifier: keywords are not terminals",
  when: "an `else` without `if` is the last",
  expression: "for precedence see `operator` in exitdsl.ebnf; `because` follows a whole comparison",
  plainExpression: "before a `because` that belongs to the declaration; in parentheses stands any expression",
};

/** All rules that can be reached from `file`, those of no section written out, in the order of the sections. */
export function grammar(): ReadonlyMap<string, Production> {
  const rules = new SpecParser("learned").getGAstProductions();
  const shown = sections.flatMap(([, names]) => names);
  return new Map(shown.map((name) => [name, sequence((rules[name] as Rule).definition, new Set(shown), rules)]));
}

function sequence(definition: readonly IProduction[], shown: ReadonlySet<string>, rules: Readonly<Record<string, Rule>>): Production {
  const items = definition.flatMap((production) => {
    const item = convert(production, shown, rules);
    return item.kind === "sequence" ? item.items : [item];
  });
  return items.length === 1 ? (items[0] as Production) : { kind: "sequence", items };
}

function convert(production: IProduction, shown: ReadonlySet<string>, rules: Readonly<Record<string, Rule>>): Production {
  const inner = (definition: readonly IProduction[]) => sequence(definition, shown, rules);
  if (production instanceof Terminal) return token(production.terminalType);
  if (production instanceof NonTerminal) {
    if (shown.has(production.nonTerminalName)) return { kind: "rule", name: production.nonTerminalName };
    return inner((rules[production.nonTerminalName] as Rule).definition);
  }
  if (production instanceof Option) return { kind: "optional", item: inner(production.definition) };
  if (production instanceof Repetition) return { kind: "repeat", item: inner(production.definition) };
  if (production instanceof RepetitionMandatory) return { kind: "list", item: inner(production.definition), separator: undefined };
  if (production instanceof RepetitionMandatoryWithSeparator) {
    return { kind: "list", item: inner(production.definition), separator: token(production.separator) };
  }
  if (production instanceof RepetitionWithSeparator) {
    return { kind: "optional", item: { kind: "list", item: inner(production.definition), separator: token(production.separator) } };
  }
  if (production instanceof Alternation) {
    const items = production.definition.flatMap((alternative) => {
      const item = inner((alternative as Alternative).definition);
      return item.kind === "choice" ? item.items : [item];
    });
    return { kind: "choice", items };
  }
  if (production instanceof Alternative) return inner(production.definition);
  throw new Error(`a production of no known kind: ${production.constructor.name}`);
}

function token(type: TokenType): Production {
  const name = tokenNames.get(type);
  return name === undefined ? { kind: "text", text: type.LABEL ?? type.name } : { kind: "rule", name };
}
