/** Clauses: the lines of a feature, an event, a work item or a step. */
import { describeToken, startsOf } from "./expectations.js";
import type { Rule } from "./parser-base.js";
import { StatementParser } from "./parser-statements.js";
import * as t from "./tokens.js";
import type * as tree from "./tree.js";

const { keyword } = t;

const clauseRules = ["featureClause", "eventClause", "workClause", "stepClause"] as const;

type ClauseRule = (typeof clauseRules)[number];

/** What holds the clauses, for messages. */
const holders: Readonly<Record<ClauseRule, string>> = {
  featureClause: "a feature",
  eventClause: "an event",
  workClause: "a work item",
  stepClause: "a step",
};

interface ClauseAlternative {
  readonly ALT: () => tree.Clause;
}

export abstract class ClauseParser extends StatementParser {
  /** `{ clause … }`. A clause that fails is left out; one of another declaration is left to the resolver to refuse. */
  protected clauses(rule: Rule<tree.Clause>, ruleName: ClauseRule): tree.Clause[] {
    const open = this.CONSUME(t.LeftBrace);
    const clauses: tree.Clause[] = [];
    const { depth } = this;
    do {
      this.MANY(() => this.readClause(clauses, rule, ruleName, depth));
    } while (this.resumeClauses(clauses, ruleName, depth));
    this.close(open);
    return clauses;
  }

  private readClause(clauses: tree.Clause[], rule: Rule<tree.Clause>, ruleName: string, depth: number): void {
    const first = this.LA(1);
    try {
      clauses.push(this.SUBRULE(rule));
    } catch (error) {
      this.recover(error, ruleName, first, depth);
    }
  }

  private resumeClauses(clauses: tree.Clause[], rule: ClauseRule, depth: number): boolean {
    if (this.RECORDING_PHASE || this.atBlockEnd()) return false;
    const token = this.LA(1);
    const elsewhere = clauseRules.find((other) => startsOf(this, other).types.has(token.tokenType));
    if (elsewhere) {
      this.readClause(clauses, this[elsewhere], elsewhere, depth);
    } else {
      this.replaceOrSkip(rule, startsOf(this, rule).keywords, "EX1003", { found: describeToken(token), declaration: holders[rule] });
    }
    return true;
  }

  private namesClause(word: tree.NamesClause["word"]): tree.NamesClause {
    const { startOffset } = this.CONSUME(keyword[word]);
    const rule = word === "clears" ? this.flagSet : word === "clobbers" ? this.paths : this.names;
    const names = this.SUBRULE(rule);
    return { kind: "names", start: startOffset, end: this.end(), word, names };
  }

  private statesClause(word: tree.StatesClause["word"]): tree.StatesClause {
    const { startOffset } = this.CONSUME(keyword[word]);
    const settings = this.SUBRULE(this.settings);
    return { kind: "states", start: startOffset, end: this.end(), word, settings };
  }

  /** `requires …`, of which a tail has some as well. */
  readonly requiresClause: Rule<tree.StatesClause> = this.RULE("requiresClause", (): tree.StatesClause => this.statesClause("requires"));
  private readonly startsClause: Rule<tree.StatesClause> = this.RULE("startsClause", (): tree.StatesClause => this.statesClause("starts"));
  private readonly arrivesClause: Rule<tree.StatesClause> = this.RULE(
    "arrivesClause",
    (): tree.StatesClause => this.statesClause("arrives"),
  );
  private readonly ensuresClause: Rule<tree.StatesClause> = this.RULE(
    "ensuresClause",
    (): tree.StatesClause => this.statesClause("ensures"),
  );
  private readonly configClause: Rule<tree.NamesClause> = this.RULE("configClause", (): tree.NamesClause => this.namesClause("config"));
  private readonly cpuClause: Rule<tree.NamesClause> = this.RULE("cpuClause", (): tree.NamesClause => this.namesClause("cpu"));
  private readonly excludesClause: Rule<tree.NamesClause> = this.RULE(
    "excludesClause",
    (): tree.NamesClause => this.namesClause("excludes"),
  );
  private readonly needsClause: Rule<tree.NamesClause> = this.RULE("needsClause", (): tree.NamesClause => this.namesClause("needs"));
  private readonly losesClause: Rule<tree.NamesClause> = this.RULE("losesClause", (): tree.NamesClause => this.namesClause("loses"));
  private readonly aboveClause: Rule<tree.NamesClause> = this.RULE("aboveClause", (): tree.NamesClause => this.namesClause("above"));
  private readonly clearsClause: Rule<tree.NamesClause> = this.RULE("clearsClause", (): tree.NamesClause => this.namesClause("clears"));
  private readonly clobbersClause: Rule<tree.NamesClause> = this.RULE(
    "clobbersClause",
    (): tree.NamesClause => this.namesClause("clobbers"),
  );
  private readonly touchesClause: Rule<tree.NamesClause> = this.RULE("touchesClause", (): tree.NamesClause => this.namesClause("touches"));

  private readonly originClause: Rule<tree.OriginClause> = this.RULE("originClause", (): tree.OriginClause => {
    const { startOffset } = this.CONSUME(keyword.origin);
    const target = this.SUBRULE(this.target);
    let anyPoint = false;
    const faultsOf: tree.Name[] = [];
    this.OPTION(() => {
      this.CONSUME(t.Comma);
      this.OR([
        {
          ALT: () => {
            this.CONSUME(keyword.any);
            this.CONSUME(keyword.point);
            anyPoint = true;
          },
        },
        { ALT: () => faultsOf.push(this.name(this.CONSUME(t.Identifier))) },
      ]);
    });
    return { kind: "origin", start: startOffset, end: this.end(), target, anyPoint, faultsOf };
  });

  private readonly frameClause: Rule<tree.FrameClause> = this.RULE("frameClause", (): tree.FrameClause => {
    const { startOffset } = this.CONSUME(keyword.frame);
    const complete = this.OR([this.word(keyword.complete, true), this.word(keyword.partial, false)]);
    const facts: tree.Expression[] = [];
    this.MANY(() => {
      this.CONSUME(t.Comma);
      facts.push(this.SUBRULE(this.expression));
    });
    return { kind: "frame", start: startOffset, end: this.end(), complete, facts };
  });

  private readonly tokenClause: Rule<tree.TokenClause> = this.RULE("tokenClause", (): tree.TokenClause => {
    const { startOffset } = this.CONSUME(keyword.token);
    const name = this.name(this.CONSUME(t.Word));
    this.CONSUME(keyword.in);
    const register = this.name(this.CONSUME2(t.Word));
    this.CONSUME(keyword.restores);
    const restores = this.name(this.CONSUME3(t.Word));
    return { kind: "token", start: startOffset, end: restores.end, name, register, restores };
  });

  private readonly guardClause: Rule<tree.GuardClause> = this.RULE("guardClause", (): tree.GuardClause => {
    const start = this.LA(1).startOffset;
    const policy = this.OR<tree.GuardClause["policy"]>([
      this.word(t.OneShot, "one-shot"),
      this.word(keyword.once, "once"),
      this.word(keyword.final, "final"),
      this.word(keyword.always, "always"),
    ]);
    const test = this.OPTION(() => {
      this.CONSUME(keyword.when);
      return this.SUBRULE(this.expression);
    });
    return { kind: "guard", start, end: this.end(), policy, test };
  });

  private readonly givenClause: Rule<tree.GivenClause> = this.RULE("givenClause", (): tree.GivenClause => {
    const { startOffset } = this.CONSUME(keyword.given);
    const test = this.SUBRULE(this.expression);
    return { kind: "given", start: startOffset, end: this.end(), test };
  });

  private readonly callClause: Rule<tree.CallClause> = this.RULE("callClause", (): tree.CallClause => {
    const { startOffset } = this.CONSUME(keyword.call);
    const called = this.name(this.CONSUME(t.Word));
    this.CONSUME(t.LeftParenthesis);
    const arguments_ = this.OPTION(() => this.SUBRULE(this.names));
    this.CONSUME(t.RightParenthesis);
    return { kind: "call", start: startOffset, end: this.end(), function: called, arguments: arguments_ ?? [] };
  });

  private readonly asmClause: Rule<tree.AsmClause> = this.RULE("asmClause", (): tree.AsmClause => {
    const { startOffset } = this.CONSUME(keyword.asm);
    const lines: tree.StringLiteral[] = [];
    this.AT_LEAST_ONE(() => lines.push(this.string(this.CONSUME(t.Text))));
    return { kind: "asm", start: startOffset, end: this.end(), lines };
  });

  private readonly mayClause: Rule<tree.MayClause> = this.RULE("mayClause", (): tree.MayClause => {
    const { startOffset } = this.CONSUME(keyword.may);
    const effects: tree.MayEffect[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => effects.push(this.SUBRULE(this.effect)) });
    return { kind: "may", start: startOffset, end: this.end(), effects };
  });

  private readonly effect: Rule<tree.MayEffect> = this.RULE("effect", (): tree.MayEffect => {
    const start = this.LA(1).startOffset;
    let flags: tree.Name[] = [];
    const kind = this.OR<tree.MayEffect["kind"]>([
      this.word(keyword.sleep, "sleep"),
      this.word(keyword.fault, "fault"),
      this.word(keyword.return, "return"),
      {
        ALT: () => {
          this.CONSUME(keyword.rewrite);
          this.CONSUME(keyword.frame);
          return "rewrite-frame";
        },
      },
      {
        ALT: () => {
          this.CONSUME(keyword.set);
          flags = this.SUBRULE(this.flagSet);
          return "set";
        },
      },
    ]);
    const end = this.end();
    return kind === "set" ? { kind, start, end, flags } : { kind, start, end };
  });

  private readonly restoresClause: Rule<tree.RestoresClause> = this.RULE("restoresClause", (): tree.RestoresClause => {
    const { startOffset } = this.CONSUME(keyword.restores);
    const state = this.name(this.CONSUME(t.Word));
    this.CONSUME(keyword.from);
    const token = this.name(this.CONSUME2(t.Word));
    return { kind: "restores", start: startOffset, end: token.end, state, token };
  });

  private readonly savesClause: Rule<tree.SavesClause> = this.RULE("savesClause", (): tree.SavesClause => {
    const { startOffset } = this.CONSUME(keyword.saves);
    const state = this.name(this.CONSUME(t.Word));
    this.CONSUME(keyword.in);
    const token = this.name(this.CONSUME2(t.Word));
    return { kind: "saves", start: startOffset, end: token.end, state, token };
  });

  private alternatives(rules: readonly Rule<tree.Clause>[]): ClauseAlternative[] {
    return rules.map((rule) => ({ ALT: () => this.SUBRULE(rule) }));
  }

  /** What a work item and a step promise alike. */
  private readonly contractClauses: readonly Rule<tree.Clause>[] = [
    this.callClause,
    this.requiresClause,
    this.givenClause,
    this.ensuresClause,
    this.clearsClause,
    this.mayClause,
    this.clobbersClause,
    this.touchesClause,
  ];
  private readonly ofFeature = this.alternatives([this.configClause, this.cpuClause, this.excludesClause, this.needsClause]);
  private readonly ofEvent = this.alternatives([
    this.originClause,
    this.arrivesClause,
    this.startsClause,
    this.frameClause,
    this.losesClause,
    this.aboveClause,
    this.tokenClause,
  ]);
  private readonly ofWork = this.alternatives([this.guardClause, ...this.contractClauses]);
  private readonly ofStep = this.alternatives([this.asmClause, this.savesClause, this.restoresClause, ...this.contractClauses]);

  readonly featureClause: Rule<tree.Clause> = this.RULE("featureClause", (): tree.Clause => this.OR(this.ofFeature));
  readonly eventClause: Rule<tree.Clause> = this.RULE("eventClause", (): tree.Clause => this.OR(this.ofEvent));
  readonly workClause: Rule<tree.Clause> = this.RULE("workClause", (): tree.Clause => this.OR(this.ofWork));
  readonly stepClause: Rule<tree.Clause> = this.RULE("stepClause", (): tree.Clause => this.OR(this.ofStep));
}
