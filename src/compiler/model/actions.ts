/** Statements of `prepare`, `leave` and tails become actions, each in a place where it can stand. */

import { catalogue } from "../diagnostics/catalogue.js";
import { terminalNamed, terminals } from "../machine/terminals.js";
import type { Block, Statement, TerminalStatement, WaiveStatement, WhenStatement } from "../syntax/tree.js";
import type { Source } from "../text/source.js";
import { resolveOwedFlags, resolveRegisters, resolveSetting } from "./declarations.js";
import { resolveFlags, resolveTest } from "./expressions.js";
import type { Action, Frame, Step, Token, Waiver } from "./model.js";
import type { Scope } from "./scope.js";

export interface ActionContext {
  readonly source: Source;
  readonly scope: Scope;
  readonly frame: Frame | undefined;
  readonly tokens: readonly Token[];
  readonly steps: readonly Step[];
  readonly place: "prepare" | "leave" | "entry";
}

export function resolveBlock(context: ActionContext, block: Block): Action[] {
  return block.statements.flatMap((statement) => resolveStatement(context, statement));
}

function resolveStatement(context: ActionContext, s: Statement): Action[] {
  const { scope, source } = context;
  const span = scope.span(source, s);
  switch (s.kind) {
    case "run": {
      if (!onlyInPrepare(context, s, "`run`")) return [];
      return s.works.flatMap((name): Action[] => {
        const work = scope.lookup(source, name, "work")?.value;
        return work ? [{ kind: "run", work, span: scope.span(source, name) }] : [];
      });
    }
    case "do": {
      // `do swapgs, restore_registers except rdi`: the registers are those of the only step that can leave some out.
      const exempt = !s.steps.some((name) => name.text === "restore_registers");
      return s.steps.flatMap((name): Action[] => {
        const step = scope.lookup(source, name, "step")?.value;
        if (!step) return [];
        const at = scope.span(source, name);
        if (context.place === "prepare" && step.form.kind !== "call") {
          const secondary = [{ span: step.span, message: "its instructions are declared here" }];
          scope.report(
            "EX2033",
            at,
            { statement: `the step \`${step.name}\``, place: "`prepare`" },
            {
              secondary,
              notes: ["`prepare` becomes a C function; only `leave` is assembly"],
              help: "move it to `leave`, or give the step a `call`",
            },
          );
          return [];
        }
        const except = exempt || step.form.kind === "built-in" ? resolveRegisters(scope, source, s.except) : [];
        return [{ kind: "do", step, except, span: at }];
      });
    }
    case "irqs":
      return [{ kind: "irqs", on: s.on, span }];
    case "read": {
      if (!onlyInPrepare(context, s, s.take ? "`take`" : "`read`")) return [];
      const word = scope.lookup(source, s.word, "flags word")?.value;
      return word ? [{ kind: "read", word, take: s.take, span }] : [];
    }
    case "clear": {
      if (!onlyInPrepare(context, s, "`clear`")) return [];
      const resolved = resolveFlags(scope, source, s.flags);
      return resolved ? [{ kind: "clear", flags: resolved.flags, span }] : [];
    }
    case "repeat": {
      if (!onlyInPrepare(context, s, "`repeat`")) return [];
      const body = resolveBlock(context, s.body);
      const resolved = resolveFlags(scope, source, [s.mask]);
      if (!resolved) return [];
      const entity = scope.entities.get(s.mask.text);
      const doc = entity?.kind === "mask" ? entity.value.doc : "";
      return [{ kind: "repeat", mask: { name: s.mask.text, span: scope.span(source, s.mask), doc, ...resolved }, body, span }];
    }
    case "when":
      return resolveWhen(context, s);
    case "evaluate": {
      if (!onlyInPrepare(context, s, "`evaluate`")) return [];
      const condition = scope.lookup(source, s.condition, "condition")?.value;
      return condition ? [{ kind: "evaluate", condition, span }] : [];
    }
    case "restore":
      return resolveRestore(context, s);
    case "window": {
      scope.checkName(source, s.name);
      return [{ kind: "window", name: s.name.text, body: resolveBlock(context, s.body), span }];
    }
    case "waive": {
      const waiver = resolveWaiver(scope, source, s);
      return waiver ? [{ kind: "waive", waiver, span }] : [];
    }
    case "assume-state": {
      const setting = resolveSetting(scope, source, s.setting);
      if (!s.because) scope.report("EX2038", span, { statement: "this `assume`" }, { help: 'say why it holds: `because "…"`' });
      return setting && s.because ? [{ kind: "assume", setting, because: s.because.value, span }] : [];
    }
    case "jump": {
      if (!onlyInLeave(context, s, "`jump`")) return [];
      const tail = scope.lookup(source, s.tail, "tail")?.value;
      return tail ? [{ kind: "jump", tail, span }] : [];
    }
    case "terminal":
      return resolveTerminal(context, s);
  }
}

function resolveWhen(context: ActionContext, s: WhenStatement): Action[] {
  const { scope, source, frame, tokens } = context;
  const test = resolveTest({ source, scope, frame, tokens, states: context.place === "entry" }, s.test);
  const then = resolveBlock(context, s.then);
  const otherwise =
    s.otherwise === undefined ? [] : "kind" in s.otherwise ? resolveWhen(context, s.otherwise) : resolveBlock(context, s.otherwise);
  return test ? [{ kind: "when", test, then, otherwise, span: scope.span(source, s.test) }] : [];
}

function resolveRestore(context: ActionContext, s: Extract<Statement, { kind: "restore" }>): Action[] {
  const { scope, source, tokens } = context;
  if (!onlyInLeave(context, s, "`restore`")) return [];
  const dimension = scope.dimensions.get(s.state.text);
  if (!dimension) {
    scope.unknown(source, s.state, "state", scope.dimensions.keys());
    return [];
  }
  if (!tokens.some((t) => t.name === s.token.text)) {
    scope.unknown(
      source,
      s.token,
      "token of these events",
      tokens.map((t) => t.name),
    );
    return [];
  }
  const steps = context.steps.filter((step) => step.restores?.dimension === dimension && step.restores.token === s.token.text);
  const span = scope.span(source, s);
  if (steps.length === 0) {
    scope.report(
      "EX2043",
      span,
      { state: dimension.name, token: s.token.text },
      { help: `declare a step with the clause \`restores ${dimension.name} from ${s.token.text}\`` },
    );
    return [];
  }
  return [{ kind: "restore", dimension, token: s.token.text, steps, span }];
}

function resolveTerminal(context: ActionContext, s: TerminalStatement): Action[] {
  const { scope, source, frame, tokens } = context;
  if (!onlyInLeave(context, s, `\`${s.terminal.text}\``)) return [];
  const span = scope.span(source, s);
  if (!terminalNamed(s.terminal.text)) {
    const known = terminals.map((t) => `\`${t.name}\``).join(", ");
    scope.report(
      "EX2041",
      scope.span(source, s.terminal),
      { name: s.terminal.text },
      { help: `the terminals are ${known}; a step is written \`do ${s.terminal.text}\`` },
    );
    return [];
  }
  if (s.label) scope.checkName(source, s.label);
  if (s.recovery) scope.checkName(source, s.recovery);
  const action: Action = { kind: "terminal", terminal: s.terminal.text, label: s.label?.text, recovery: s.recovery?.text, span };
  if (!s.test) return [action];
  const test = resolveTest({ source, scope, frame, tokens }, s.test);
  return test ? [{ kind: "when", test, then: [action], otherwise: [], span: scope.span(source, s.test) }] : [];
}

export function resolveWaiver(scope: Scope, source: Source, s: WaiveStatement): Waiver | undefined {
  const span = scope.span(source, s);
  if (!s.because) {
    scope.report(
      "EX2038",
      span,
      { statement: "this `waive`" },
      { help: 'a rule is only put aside with its reason in the text: `because "…"`' },
    );
    return undefined;
  }
  const because = s.because.value;
  if ("text" in s.rule) {
    if (canBeWaived(s.rule.text)) return { rule: { kind: "code", code: s.rule.text }, because, span };
    const help = "name a rule by its code, such as `waive EX3001`, or an obligation by its state, such as `waive buffers clean`";
    scope.report(
      "EX2031",
      scope.span(source, s.rule),
      { actual: `\`${s.rule.text}\``, expected: "a rule that can be put aside" },
      { help },
    );
    return undefined;
  }
  const flags = resolveOwedFlags(scope, s.rule);
  if (flags) return { rule: { kind: "flags", flags }, because, span };
  const setting = resolveSetting(scope, source, s.rule);
  return setting && { rule: { kind: "state", setting }, because, span };
}

/** Rules of paths. Where a path cannot be built (no way out, a test that assembly cannot make), there is nothing to put aside. */
function canBeWaived(code: string): boolean {
  return (
    Object.hasOwn(catalogue, code) && /^EX[3-8]/.test(code) && !["EX3008", "EX3900", "EX5006", "EX5007", "EX5009", "EX5010"].includes(code)
  );
}

function onlyInPrepare(context: ActionContext, s: Statement, statement: string): boolean {
  if (context.place === "prepare") return true;
  if (context.place === "entry") return outsideEntry(context, s, statement);
  const notes = ["`leave` is assembly, where the registers are given back; decisions about work belong to the C side"];
  context.scope.report(
    "EX2033",
    context.scope.span(context.source, s),
    { statement, place: "`leave`" },
    { notes, help: "move it to `prepare`" },
  );
  return false;
}

function onlyInLeave(context: ActionContext, s: Statement, statement: string): boolean {
  if (context.place === "leave") return true;
  if (context.place === "entry") return outsideEntry(context, s, statement);
  const notes = ["`prepare` is a C function and returns; the way out of the kernel is assembly"];
  context.scope.report(
    "EX2033",
    context.scope.span(context.source, s),
    { statement, place: "`prepare`" },
    { notes, help: "move it to `leave`" },
  );
  return false;
}

function outsideEntry(context: ActionContext, s: Statement, statement: string): false {
  const notes = ["an entry ends where C takes over; work and the way out belong to the exit of its event"];
  const help = "an entry is made of `do`, `when`, `irqs`, `window`, `assume` and `waive`";
  context.scope.report("EX2033", context.scope.span(context.source, s), { statement, place: "an entry" }, { notes, help });
  return false;
}
