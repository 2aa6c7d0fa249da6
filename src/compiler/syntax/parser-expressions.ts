/** Names in lists, states and expressions. */
import type { IToken } from "chevrotain";
import { integerValue } from "./lexer.js";
import { limits } from "./limits.js";
import type { Rule } from "./parser-base.js";
import { RecoveringParser } from "./parser-recovery.js";
import { ExpressionBuilder } from "./precedence.js";
import * as t from "./tokens.js";
import type { BinaryOperator, Expression, IntegerLiteral, Name, StateSetting, Target } from "./tree.js";

export abstract class ExpressionParser extends RecoveringParser {
  /** `a, b` */
  readonly names: Rule<Name[]> = this.RULE("names", (): Name[] => {
    const names: Name[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => names.push(this.name(this.CONSUME(t.Word))) });
    return names;
  });

  /** `A | B` */
  readonly flagSet: Rule<Name[]> = this.RULE("flagSet", (): Name[] => {
    const names: Name[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Bar, DEF: () => names.push(this.name(this.CONSUME(t.Word))) });
    return names;
  });

  /** `thread_info.flags` */
  readonly path: Rule<Name[]> = this.RULE("path", (): Name[] => {
    const names: Name[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Dot, DEF: () => names.push(this.name(this.CONSUME(t.Word))) });
    return names;
  });

  /** `rax, eflags.zf`: a path is one name here. */
  readonly paths: Rule<Name[]> = this.RULE("paths", (): Name[] => {
    const names: Name[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        const parts = this.SUBRULE(this.path);
        if (this.RECORDING_PHASE) return;
        const [first] = parts as [Name];
        names.push(parts.length === 1 ? first : { start: first.start, end: this.end(), text: parts.map(({ text }) => text).join(".") });
      },
    });
    return names;
  });

  /** `registers user except rdi rsp`: a comma would end the setting, so the registers stand side by side, on one line. */
  readonly setting: Rule<StateSetting> = this.RULE("setting", (): StateSetting => {
    const state = this.name(this.CONSUME(t.Word));
    const value = this.name(this.CONSUME2(t.Word));
    const except: Name[] = [];
    this.OPTION(() => {
      this.CONSUME(t.keyword.except);
      except.push(this.name(this.CONSUME(t.Identifier)));
      this.MANY({ GATE: () => this.onSameLine(), DEF: () => except.push(this.name(this.CONSUME2(t.Identifier))) });
    });
    return { start: state.start, end: this.end(), state, value, except };
  });

  readonly settings: Rule<StateSetting[]> = this.RULE("settings", (): StateSetting[] => {
    const settings: StateSetting[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => settings.push(this.SUBRULE(this.setting)) });
    return settings;
  });

  /** `user`, `kernel`, `user or kernel` */
  readonly target: Rule<Target> = this.RULE("target", (): Target => {
    const start = this.LA(1).startOffset;
    let user = false;
    let kernel = false;
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.keyword.user);
          user = true;
          this.OPTION(() => {
            this.CONSUME(t.keyword.or);
            this.CONSUME(t.keyword.kernel);
            kernel = true;
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME2(t.keyword.kernel);
          kernel = true;
          this.OPTION2(() => {
            this.CONSUME2(t.keyword.or);
            this.CONSUME2(t.keyword.user);
            user = true;
          });
        },
      },
    ]);
    return { start, end: this.end(), user, kernel };
  });

  readonly expression: Rule<Expression> = this.RULE("expression", (): Expression => this.flatExpression(true));

  /** An expression before a `because` that belongs to the declaration. In its parentheses anything may stand. */
  readonly plainExpression: Rule<Expression> = this.RULE("plainExpression", (): Expression => this.flatExpression(false));

  private flatExpression(reasons: boolean): Expression {
    const builder = new ExpressionBuilder();
    let first = true;
    this.AT_LEAST_ONE_SEP({
      SEP: t.BinaryOperator,
      DEF: () => {
        if (first) first = false;
        else this.takeOperator(builder, this.LA(0));
        this.MANY(() => {
          const token = this.CONSUME(t.keyword.not);
          builder.not(token.startOffset);
          this.limit(builder, token);
        });
        builder.operand(this.SUBRULE(this.operand));
        if (reasons) {
          this.MANY2(() => {
            const token = this.CONSUME(t.keyword.because);
            const reason = this.string(this.CONSUME(t.Text));
            if (!this.RECORDING_PHASE) builder.because(reason);
            this.limit(builder, token);
          });
        }
      },
    });
    const expression = builder.finish();
    if (builder.misplaced) this.reportMisplaced(builder.misplaced);
    return expression;
  }

  readonly operand: Rule<Expression> = this.RULE(
    "operand",
    (): Expression =>
      this.OR<Expression>([
        {
          ALT: () => {
            const path = this.SUBRULE(this.path);
            return { kind: "name", start: path[0]?.start ?? 0, end: this.end(), path };
          },
        },
        {
          ALT: () => {
            const { start, end, value } = this.integer(this.CONSUME(t.Integer));
            return { kind: "integer", start, end, value };
          },
        },
        {
          ALT: () => {
            const { startOffset: start } = this.CONSUME(t.Minus);
            const { end, value } = this.integer(this.CONSUME2(t.Integer));
            if (value > 1n << 63n)
              this.sink.report("EX1028", start, end, { text: `-${value}` }, { help: "the smallest number is -0x8000_0000_0000_0000" });
            return { kind: "integer", start, end, value: -value };
          },
        },
        {
          ALT: () => {
            const open = this.CONSUME(t.LeftParenthesis);
            this.enter(open);
            const inner = this.SUBRULE(this.expression);
            this.CONSUME(t.RightParenthesis);
            this.depth--;
            // What is in parentheses takes them into its range.
            return { ...inner, start: open.startOffset, end: this.end() };
          },
        },
      ]),
  );

  private takeOperator(builder: ExpressionBuilder, token: IToken): void {
    // The label and not the image: `&&` is taken for `and`.
    builder.operator(token.tokenType.LABEL as BinaryOperator, token.startOffset);
    this.limit(builder, token);
  }

  private limit(builder: ExpressionBuilder, token: IToken): void {
    if (builder.size > limits.operators) this.abandon("EX1032", token, limits.operators, "name a part of it with `condition`");
  }

  /** A malformed literal was reported by the lexer; 0 stands for it. */
  protected integer(token: IToken): IntegerLiteral {
    return { start: token.startOffset, end: token.startOffset + token.image.length, value: integerValue(token.image) ?? 0n };
  }

  private reportMisplaced({ code, operator, start, end }: NonNullable<ExpressionBuilder["misplaced"]>): void {
    const help = {
      EX1010: "a comparison is true or false, and not a number: join two of them with `and`",
      EX1011: "a `because` ends its clause; go on with `and` or `or`",
      EX1012: operator === "has" ? "write `lacks`, the opposite of `has`" : "put the `not` before the whole comparison",
    }[code];
    this.sink.report(code, start, end, { operator }, { help });
  }
}
