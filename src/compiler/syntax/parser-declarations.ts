/** Declarations. */

import { describeToken } from "./expectations.js";
import type { Rule } from "./parser-base.js";
import { ClauseParser } from "./parser-clauses.js";
import * as t from "./tokens.js";
import type * as tree from "./tree.js";

const { keyword } = t;

const partsHelp = "an exit has at most one `prepare`, then one `leave`: that is the order in which they run";

export abstract class DeclarationParser extends ClauseParser {
  readonly feature: Rule<tree.FeatureDeclaration> = this.RULE("feature", (): tree.FeatureDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.feature);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    const clauses = this.OPTION(() => this.clauses(this.featureClause, "featureClause"));
    return { kind: "feature", start, end: this.end(), doc, name, clauses: clauses ?? [] };
  });

  /** Each value but the last has its test. */
  readonly constant: Rule<tree.ConstantDeclaration> = this.RULE("constant", (): tree.ConstantDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.constant);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    this.CONSUME(t.Assign);
    const arms: { value: tree.IntegerLiteral; test: tree.Expression | undefined }[] = [];
    let value = this.integer(this.CONSUME(t.Integer));
    this.MANY(() => {
      this.CONSUME(keyword.if);
      arms.push({ value, test: this.SUBRULE(this.plainExpression) });
      this.CONSUME(keyword.else);
      value = this.integer(this.CONSUME2(t.Integer));
    });
    arms.push({ value, test: undefined });
    const because = this.SUBRULE(this.reason);
    return { kind: "constant", start, end: this.end(), doc, name, arms, because };
  });

  readonly state: Rule<tree.StateDeclaration> = this.RULE("state", (): tree.StateDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.state);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    const register = this.OPTION((): tree.Name => {
      this.CONSUME(keyword.in);
      return this.name(this.CONSUME2(t.Word));
    });
    this.CONSUME(t.LeftBrace);
    const values = this.SUBRULE(this.names);
    this.CONSUME(t.RightBrace);
    return { kind: "state", start, end: this.end(), doc, name, register, values };
  });

  readonly flags: Rule<tree.FlagsDeclaration> = this.RULE("flags", (): tree.FlagsDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.flags);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    this.CONSUME(keyword.in);
    const location = this.SUBRULE(this.path);
    const open = this.CONSUME(t.LeftBrace);
    const flags: tree.FlagDeclaration[] = [];
    const { depth } = this;
    do {
      this.MANY(() => {
        const first = this.LA(1);
        try {
          flags.push(this.SUBRULE(this.flag));
        } catch (error) {
          this.recover(error, "flag", first, depth);
        }
      });
    } while (this.resumeUnits("flag", "a flag or `}`"));
    this.close(open);
    return { kind: "flags", start, end: this.end(), doc, name, location, flags };
  });

  readonly flag: Rule<tree.FlagDeclaration> = this.RULE("flag", (): tree.FlagDeclaration => {
    const name = this.name(this.CONSUME(t.Word));
    const doc = this.docBefore(name.start);
    this.CONSUME(keyword.bit);
    const bit = this.integer(this.CONSUME(t.Integer));
    const async = this.OPTION((): tree.Located => {
      const { startOffset } = this.CONSUME(keyword.async);
      return { start: startOffset, end: this.end() };
    });
    return { start: name.start, end: this.end(), doc, name, bit, async };
  });

  readonly mask: Rule<tree.MaskDeclaration> = this.RULE("mask", (): tree.MaskDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.mask);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    this.CONSUME(t.Assign);
    const members = this.SUBRULE(this.flagSet);
    return { kind: "mask", start, end: this.end(), doc, name, members };
  });

  readonly value: Rule<tree.ValueDeclaration> = this.RULE("value", (): tree.ValueDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.value);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    this.CONSUME(keyword.in);
    const location = this.SUBRULE(this.path);
    return { kind: "value", start, end: this.end(), doc, name, location };
  });

  readonly frame: Rule<tree.FrameDeclaration> = this.RULE("frame", (): tree.FrameDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.frame);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    const open = this.CONSUME(t.LeftBrace);
    const fields = [this.SUBRULE(this.field)];
    this.MANY({
      GATE: () => this.startsField(),
      DEF: () => {
        this.CONSUME(t.Comma);
        fields.push(this.SUBRULE2(this.field));
      },
    });
    this.OPTION(() => this.CONSUME2(t.Comma));
    const user = this.OPTION2(() => {
      this.CONSUME(keyword.user);
      this.CONSUME(keyword.when);
      return this.SUBRULE(this.expression);
    });
    this.close(open);
    return { kind: "frame", start, end: this.end(), doc, name, fields, user };
  });

  /** Does another field follow the comma? A field may be called `user`, but `user when` is none. */
  private startsField(): boolean {
    const next = this.LA(2).tokenType;
    return next !== t.RightBrace && !(next === keyword.user && this.LA(3).tokenType === keyword.when);
  }

  readonly field: Rule<tree.FrameField> = this.RULE("field", (): tree.FrameField => {
    const name = this.name(this.CONSUME(t.Word));
    const doc = this.docBefore(name.start);
    const saves = this.OPTION(() => {
      this.CONSUME(keyword.saves);
      return this.name(this.CONSUME2(t.Word));
    });
    return { start: name.start, end: this.end(), doc, name, saves };
  });

  readonly event: Rule<tree.EventDeclaration> = this.RULE("event", (): tree.EventDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.event);
    const doc = this.docBefore(start);
    const names = this.SUBRULE(this.names);
    const clauses = this.clauses(this.eventClause, "eventClause");
    return { kind: "event", start, end: this.end(), doc, names, clauses };
  });

  readonly condition: Rule<tree.ConditionDeclaration> = this.RULE("condition", (): tree.ConditionDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.condition);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    this.CONSUME(t.Assign);
    const test = this.SUBRULE(this.expression);
    return { kind: "condition", start, end: this.end(), doc, name, test };
  });

  readonly work: Rule<tree.WorkDeclaration> = this.RULE("work", (): tree.WorkDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.work);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    const condition = this.SUBRULE(this.presence);
    const clauses = this.clauses(this.workClause, "workClause");
    return { kind: "work", start, end: this.end(), doc, name, condition, clauses };
  });

  readonly step: Rule<tree.StepDeclaration> = this.RULE("step", (): tree.StepDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.step);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    const condition = this.SUBRULE(this.presence);
    const clauses = this.clauses(this.stepClause, "stepClause");
    return { kind: "step", start, end: this.end(), doc, name, condition, clauses };
  });

  /** `if FEATURE…`: the kernels that have it. */
  readonly presence: Rule<tree.Expression | undefined> = this.RULE("presence", (): tree.Expression | undefined =>
    this.OPTION(() => {
      this.CONSUME(keyword.if);
      return this.SUBRULE(this.plainExpression);
    }),
  );

  readonly require: Rule<tree.RequireDeclaration> = this.RULE("require", (): tree.RequireDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.require);
    const doc = this.docBefore(start);
    const setting = this.SUBRULE(this.setting);
    this.CONSUME(keyword.at);
    const target = this.OR<"user" | "kernel" | "interrupts">([
      this.word(keyword.user, "user"),
      this.word(keyword.kernel, "kernel"),
      this.word(keyword.interrupts, "interrupts"),
    ]);
    const events = this.OPTION(() => {
      this.CONSUME(keyword.from);
      return this.SUBRULE(this.names);
    });
    const test = this.OPTION2(() => {
      this.CONSUME(keyword.when);
      return this.SUBRULE(this.plainExpression);
    });
    const condition = this.SUBRULE(this.presence);
    const because = this.SUBRULE(this.reason);
    return { kind: "require", start, end: this.end(), doc, setting, target, events: events ?? [], test, condition, because };
  });

  readonly assume: Rule<tree.AssumeDeclaration> = this.RULE("assume", (): tree.AssumeDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.assume);
    const doc = this.docBefore(start);
    const fact = this.string(this.CONSUME(t.Text));
    const because = this.SUBRULE(this.reason);
    return { kind: "assume", start, end: this.end(), doc, fact, because };
  });

  readonly tail: Rule<tree.TailDeclaration> = this.RULE("tail", (): tree.TailDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.tail);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    this.CONSUME(keyword.to);
    const target = this.SUBRULE(this.target);
    const open = this.CONSUME(t.LeftBrace);
    const requires: tree.Clause[] = [];
    const { depth } = this;
    this.MANY2(() => {
      const first = this.LA(1);
      try {
        requires.push(this.SUBRULE(this.requiresClause));
      } catch (error) {
        this.recover(error, "statement", first, depth);
      }
    });
    const statements: tree.Statement[] = [];
    this.enter(open);
    this.readStatements(statements);
    this.depth--;
    this.close(open);
    const body = { start: open.startOffset, end: this.end(), statements };
    return { kind: "tail", start, end: this.end(), doc, name, target, requires, body };
  });

  readonly entry: Rule<tree.EntryDeclaration> = this.RULE("entry", (): tree.EntryDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.entry);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    this.CONSUME(keyword.from);
    const events = this.SUBRULE(this.names);
    const body = this.SUBRULE(this.block);
    return { kind: "entry", start, end: body.end, doc, name, events, body };
  });

  readonly exit: Rule<tree.ExitDeclaration> = this.RULE("exit", (): tree.ExitDeclaration => {
    const { startOffset: start } = this.CONSUME(keyword.exit);
    const doc = this.docBefore(start);
    const name = this.name(this.CONSUME(t.Word));
    this.CONSUME(keyword.from);
    const events = this.SUBRULE(this.names);
    this.CONSUME(keyword.to);
    const target = this.SUBRULE(this.target);
    const open = this.CONSUME(t.LeftBrace);
    const parts: ExitPart[] = [];
    const { depth } = this;
    do {
      this.MANY(() => {
        const first = this.LA(1);
        try {
          parts.push(this.SUBRULE(this.exitPart));
        } catch (error) {
          this.recover(error, "exitPart", first, depth);
        }
      });
    } while (this.resumeExit());
    this.close(open);
    const { prepare, leave, waives } = this.RECORDING_PHASE ? { prepare: undefined, leave: undefined, waives: [] } : this.arrange(parts);
    return { kind: "exit", start, end: this.end(), doc, name, events, target, prepare, leave, waives };
  });

  /** A part of an exit: at most one `prepare`, then at most one `leave`, and `waive` lines anywhere around them. */
  readonly exitPart: Rule<ExitPart> = this.RULE(
    "exitPart",
    (): ExitPart =>
      this.OR<ExitPart>([
        { ALT: () => this.SUBRULE(this.waive) },
        { ALT: () => ({ kind: "prepare", prepare: this.SUBRULE(this.prepare) }) },
        { ALT: () => ({ kind: "leave", leave: this.SUBRULE(this.leave) }) },
      ]),
  );

  readonly prepare: Rule<tree.Prepare> = this.RULE("prepare", (): tree.Prepare => {
    const { startOffset: start } = this.CONSUME(keyword.prepare);
    const name = this.name(this.CONSUME(t.Word));
    const returns = this.OPTION(() => {
      this.CONSUME(keyword.returns);
      return this.name(this.CONSUME2(t.Word));
    });
    const body = this.SUBRULE(this.block);
    return { start, end: body.end, name, returns, body };
  });

  /** The block starts at `leave`'s brace; the word is the exit's. */
  readonly leave: Rule<tree.Block> = this.RULE("leave", (): tree.Block => {
    this.CONSUME(keyword.leave);
    return this.SUBRULE(this.block);
  });

  private readonly declarations_ = [
    { ALT: (): tree.Declaration => this.SUBRULE(this.feature) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.constant) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.state) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.flags) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.mask) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.value) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.frame) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.event) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.condition) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.work) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.step) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.require) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.assume) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.tail) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.entry) },
    { ALT: (): tree.Declaration => this.SUBRULE(this.exit) },
  ];

  readonly declaration: Rule<tree.Declaration> = this.RULE("declaration", (): tree.Declaration => this.OR(this.declarations_));

  /** Where no flag starts. */
  private resumeUnits(unit: string, expected: string): boolean {
    if (this.RECORDING_PHASE || this.atBlockEnd()) return false;
    const token = this.LA(1);
    this.reportAt(token, "EX1001", { expected, found: describeToken(token) }, {});
    this.skip(unit, this.indexOf(token));
    return true;
  }

  private resumeExit(): boolean {
    if (this.RECORDING_PHASE || this.atBlockEnd()) return false;
    const token = this.LA(1);
    if (token.tokenType !== t.LeftBrace) {
      const found = describeToken(token);
      this.replaceOrSkip("exitPart", ["prepare", "leave", "waive"], "EX1001", { expected: "`prepare`, `leave` or `waive`", found });
    } else {
      this.reportBlock("EX1001");
      this.SUBRULE9(this.block);
    }
    return true;
  }

  private arrange(parts: readonly ExitPart[]): Pick<tree.ExitDeclaration, "prepare" | "leave" | "waives"> {
    let prepare: tree.Prepare | undefined;
    let leave: tree.Block | undefined;
    const waives: tree.WaiveStatement[] = [];
    for (const part of parts) {
      if (part.kind === "waive") waives.push(part);
      else if (part.kind === "prepare") {
        const { start, name } = part.prepare;
        if (prepare) this.sink.report("EX1009", start, name.end, { problem: "an exit has one `prepare`" }, { help: partsHelp });
        else if (leave) this.sink.report("EX1009", start, name.end, { problem: "`prepare` comes before `leave`" }, { help: partsHelp });
        prepare ??= part.prepare;
      } else {
        const { start } = part.leave;
        if (leave) this.sink.report("EX1009", start, start + 1, { problem: "an exit has one `leave`" }, { help: partsHelp });
        leave ??= part.leave;
      }
    }
    return { prepare, leave, waives };
  }
}

type ExitPart =
  | tree.WaiveStatement
  | { readonly kind: "prepare"; readonly prepare: tree.Prepare }
  | { readonly kind: "leave"; readonly leave: tree.Block };
