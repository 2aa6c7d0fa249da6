/** Statements of `prepare`, `leave` and tails. */
import { EOF } from "chevrotain";
import { describeToken, startsOf } from "./expectations.js";
import { retype } from "./lexer.js";
import type { Rule } from "./parser-base.js";
import { ExpressionParser } from "./parser-expressions.js";
import * as t from "./tokens.js";
import type * as tree from "./tree.js";

const { keyword } = t;

export abstract class StatementParser extends ExpressionParser {
  readonly block: Rule<tree.Block> = this.RULE("block", (): tree.Block => {
    const open = this.CONSUME(t.LeftBrace);
    this.enter(open);
    const statements: tree.Statement[] = [];
    this.readStatements(statements);
    this.close(open);
    this.depth--;
    return { start: open.startOffset, end: this.end(), statements };
  });

  /** The inside of a block. A statement that fails is left out. */
  protected readStatements(statements: tree.Statement[]): void {
    const { depth } = this;
    do {
      this.MANY(() => {
        const first = this.LA(1);
        if (first.tokenType === t.Identifier && this.correctedStatement()) return;
        try {
          statements.push(this.SUBRULE(this.statement));
        } catch (error) {
          this.recover(error, "statement", first, depth);
        }
      });
    } while (this.resumeStatements());
  }

  /** Where no statement starts: reports that, and returns whether there may be more statements. */
  private resumeStatements(): boolean {
    if (this.RECORDING_PHASE || this.atBlockEnd()) return false;
    const token = this.LA(1);
    if (token.tokenType !== t.LeftBrace) {
      this.replaceOrSkip("statement", startsOf(this, "statement").keywords, "EX1004", { found: describeToken(token) });
      return true;
    }
    this.reportBlock("EX1004");
    this.SUBRULE9(this.block);
    return true;
  }

  /** A block whose head was not understood is read for its errors; one that never had a head is an error itself. */
  protected reportBlock(code: "EX1001" | "EX1004"): void {
    const token = this.LA(1);
    if (this.resumedAt === token.startOffset) return;
    if (code === "EX1004")
      this.reportAt(token, code, { found: "`{`" }, { help: "a block follows `when`, `else`, `repeat while pending` or `window`" });
    else this.reportAt(token, code, { expected: "`prepare`, `leave` or `waive`", found: "`{`" }, {});
  }

  /**
   * A misspelt keyword looks like a terminal, but a terminal is the last word of its line.
   * Returns whether the word was skipped because it is no statement of its own.
   */
  private correctedStatement(): boolean {
    const token = this.LA(1);
    const next = this.LA(2);
    switch (next.tokenType) {
      case EOF:
      case t.RightBrace:
      case keyword.when:
      case keyword.at:
      case keyword.on:
        return false;
    }
    if (this.beginsLine(this.indexOf(next))) return false;
    const meant = this.meantKeyword(token, [...startsOf(this, "statement").keywords, "else"]);
    if (meant === undefined) return false;
    this.reportAt(token, "EX1004", { found: describeToken(token) }, this.suggestion(token, meant));
    if (meant === "else") {
      this.SKIP_TOKEN();
      this.resumedAt = next.startOffset;
      return true;
    }
    retype(token, t.keywordByText.get(meant) ?? token.tokenType);
    return false;
  }

  private readonly statements_ = [
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.run);
        const works = this.SUBRULE(this.names);
        return { kind: "run", start: startOffset, end: this.end(), works };
      },
    },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.do);
        const steps = this.SUBRULE1(this.names);
        const except = this.OPTION(() => {
          this.CONSUME(keyword.except);
          return this.SUBRULE2(this.names);
        });
        return { kind: "do", start: startOffset, end: this.end(), steps, except: except ?? [] };
      },
    },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.irqs);
        const on = this.OR2([this.word(keyword.on, true), this.word(keyword.off, false)]);
        return { kind: "irqs", start: startOffset, end: this.end(), on };
      },
    },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.read);
        const word = this.name(this.CONSUME(t.Word));
        return { kind: "read", start: startOffset, end: word.end, word, take: false };
      },
    },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.take);
        const word = this.name(this.CONSUME1(t.Word));
        return { kind: "read", start: startOffset, end: word.end, word, take: true };
      },
    },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.clear);
        const flags = this.SUBRULE(this.flagSet);
        return { kind: "clear", start: startOffset, end: this.end(), flags };
      },
    },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.repeat);
        this.CONSUME(keyword.while);
        this.CONSUME(keyword.pending);
        const mask = this.name(this.CONSUME2(t.Word));
        const body = this.SUBRULE(this.block);
        return { kind: "repeat", start: startOffset, end: body.end, mask, body };
      },
    },
    { ALT: (): tree.Statement => this.SUBRULE(this.when) },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.evaluate);
        const condition = this.name(this.CONSUME3(t.Word));
        return { kind: "evaluate", start: startOffset, end: condition.end, condition };
      },
    },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.restore);
        const state = this.name(this.CONSUME4(t.Word));
        this.CONSUME(keyword.from);
        const token = this.name(this.CONSUME5(t.Word));
        return { kind: "restore", start: startOffset, end: token.end, state, token };
      },
    },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.window);
        const name = this.name(this.CONSUME6(t.Word));
        const body = this.SUBRULE1(this.block);
        return { kind: "window", start: startOffset, end: body.end, name, body };
      },
    },
    { ALT: (): tree.Statement => this.SUBRULE(this.waive) },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.assume);
        const setting = this.SUBRULE(this.setting);
        const because = this.SUBRULE(this.reason);
        return { kind: "assume-state", start: startOffset, end: this.end(), setting, because };
      },
    },
    {
      ALT: (): tree.Statement => {
        const { startOffset } = this.CONSUME(keyword.jump);
        const tail = this.name(this.CONSUME7(t.Word));
        return { kind: "jump", start: startOffset, end: tail.end, tail };
      },
    },
    { ALT: (): tree.Statement => this.SUBRULE(this.terminal) },
  ];

  readonly statement: Rule<tree.Statement> = this.RULE("statement", (): tree.Statement => this.OR(this.statements_));

  /** `because "…"`, which the resolver misses where it must not be left out. */
  readonly reason: Rule<tree.StringLiteral | undefined> = this.RULE("reason", (): tree.StringLiteral | undefined =>
    this.OPTION(() => {
      this.CONSUME(keyword.because);
      return this.string(this.CONSUME(t.Text));
    }),
  );

  readonly when: Rule<tree.WhenStatement> = this.RULE("when", (): tree.WhenStatement => {
    const { depth } = this;
    const { startOffset } = this.CONSUME(keyword.when);
    interface Arm {
      readonly start: number;
      readonly test: tree.Expression;
      readonly body: tree.Block;
    }
    const arms: Arm[] = [{ start: startOffset, test: this.SUBRULE(this.expression), body: this.SUBRULE(this.block) }];
    let last: tree.Block | undefined;
    this.MANY({
      GATE: () => last === undefined,
      DEF: () => {
        const word = this.CONSUME(keyword.else);
        this.OR([
          {
            ALT: () => {
              const { startOffset: start } = this.CONSUME(keyword.if);
              // The tree nests these, so that they count.
              this.enter(word);
              arms.push({ start, test: this.SUBRULE2(this.expression), body: this.SUBRULE2(this.block) });
            },
          },
          { ALT: () => (last = this.SUBRULE3(this.block)) },
        ]);
      },
    });
    this.depth = depth;
    let otherwise: tree.Block | tree.WhenStatement | undefined = last;
    for (let i = arms.length - 1; i > 0; i--) {
      const { start, test, body: then } = arms[i] as Arm;
      otherwise = { kind: "when", start, end: this.end(), test, then, otherwise };
    }
    const { start, test, body: then } = arms[0] as Arm;
    return { kind: "when", start, end: this.end(), test, then, otherwise };
  });

  /** A rule of the compiler is waived by its code, an obligation by the state that it asks for. */
  readonly waive: Rule<tree.WaiveStatement> = this.RULE("waive", (): tree.WaiveStatement => {
    const { startOffset } = this.CONSUME(keyword.waive);
    const first = this.LA(1);
    const rule = this.OR<tree.Name | tree.StateSetting>([
      { GATE: () => /^EX[0-9]/.test(first.image), ALT: () => this.name(this.CONSUME(t.Identifier)) },
      { ALT: () => this.SUBRULE(this.setting) },
    ]);
    const because = this.SUBRULE(this.reason);
    return { kind: "waive", start: startOffset, end: this.end(), rule, because };
  });

  readonly terminal: Rule<tree.TerminalStatement> = this.RULE("terminal", (): tree.TerminalStatement => {
    const terminal = this.name(this.CONSUME(t.Identifier));
    const test = this.OPTION(() => {
      this.CONSUME(keyword.when);
      return this.SUBRULE(this.expression);
    });
    const label = this.OPTION2(() => {
      this.CONSUME(keyword.at);
      return this.name(this.CONSUME(t.Word));
    });
    const recovery = this.OPTION3(() => {
      this.CONSUME(keyword.on);
      this.CONSUME(keyword.fault);
      return this.name(this.CONSUME2(t.Word));
    });
    return { kind: "terminal", start: terminal.start, end: this.end(), terminal, test, label, recovery };
  });
}
