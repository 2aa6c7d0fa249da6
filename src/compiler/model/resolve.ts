/**
 * Resolves names and types of a spec and the files that it imports. Declarations are entered kind by kind, so that their
 * order in a file does not matter, except among masks and among conditions, which may use only earlier ones of their kind.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { builtInStates } from "../machine/states.js";
import type { Declaration, ExitDeclaration, Name, TailDeclaration } from "../syntax/tree.js";
import type { Source, Span } from "../text/source.js";
import { type ActionContext, resolveBlock, resolveWaiver } from "./actions.js";
import { builtInSteps, declareStep, declareWork } from "./contracts.js";
import {
  completeFeature,
  declareConstant,
  declareEvents,
  declareFeature,
  declareFlags,
  declareFrame,
  declareMask,
  declareState,
  dotted,
  settingsOf,
} from "./declarations.js";
import { readsFrame, resolveTest } from "./expressions.js";
import { admissible } from "./features.js";
import type { Action, Assumption, Entry, Event, Exit, Feature, FlagWord, Frame, Model, Step, Tail, Work } from "./model.js";
import { resolveObligations } from "./obligations.js";
import { type EntityKind, type ParsedFile, Scope } from "./scope.js";

/** The editions of the language that this compiler reads. */
export const editions = [2026];

/** Resolves `files`, imports before importers, the compiled spec last. No model is given where a name or type is wrong. */
export function resolve(files: readonly ParsedFile[]): { readonly model: Model | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const scope = new Scope();
  const main = files[files.length - 1];
  if (!main) return { model: undefined, diagnostics: [] };
  for (const file of files) checkEdition(scope, file);
  const model = new Resolver(scope, files).resolve(main);
  const failed = scope.diagnostics.some((d) => d.severity === "error");
  return { model: failed ? undefined : model, diagnostics: scope.diagnostics };
}

function checkEdition(scope: Scope, { source, file }: ParsedFile): void {
  const known = editions.join(", ");
  if (!file.edition) {
    const span = { source, start: 0, end: 0 };
    const fixes = [{ title: "write `edition 2026`", edits: [{ span, text: "edition 2026\n\n" }] }];
    scope.report(
      "EX2024",
      span,
      {},
      { help: "begin the file with `edition 2026`, so that later versions of the language cannot change what it means", fixes },
    );
  } else if (!editions.includes(Number(file.edition.value))) {
    scope.report(
      "EX2023",
      scope.span(source, file.edition),
      { edition: String(file.edition.value) },
      { help: `it knows edition ${known}` },
    );
  }
}

type Located<K extends Declaration["kind"]> = { readonly source: Source; readonly declaration: Extract<Declaration, { kind: K }> };

class Resolver {
  private readonly scope: Scope;
  private readonly files: readonly ParsedFile[];
  private frame: Frame | undefined;

  constructor(scope: Scope, files: readonly ParsedFile[]) {
    this.scope = scope;
    this.files = files;
    for (const state of builtInStates) {
      const index = scope.dimensions.size;
      const values = state.values.map((v) => v.name);
      const usual = values.indexOf(state.usual);
      scope.dimensions.set(state.name, { name: state.name, index, values, usual, builtIn: true, span: undefined, doc: state.doc });
    }
  }

  /** All declarations of a kind, in order. */
  private all<K extends Declaration["kind"]>(kind: K): Located<K>[] {
    return this.files.flatMap(({ source, file }) =>
      file.declarations.flatMap((d) => (d.kind === kind ? [{ source, declaration: d as Extract<Declaration, { kind: K }> }] : [])),
    );
  }

  /** Enters the names of all declarations, so that one of another kind is told from one that there is not. */
  private announce(): void {
    const { scope } = this;
    const add = (kind: EntityKind, source: Source, name: Name): void => {
      if (!scope.announced.has(name.text)) scope.announced.set(name.text, { kind, span: scope.span(source, name) });
    };
    for (const { source, file } of this.files) {
      for (const d of file.declarations) {
        if (d.kind === "event") for (const name of d.names) add("event", source, name);
        else if (d.kind === "flags") {
          add("flags word", source, d.name);
          for (const flag of d.flags) add("flag", source, flag.name);
        } else if (d.kind !== "state" && d.kind !== "require" && d.kind !== "assume") add(d.kind, source, d.name);
      }
    }
  }

  resolve(main: ParsedFile): Model {
    const { scope } = this;
    this.announce();
    const features = this.features();
    for (const { source, declaration } of this.all("constant")) declareConstant(scope, source, declaration);
    for (const { source, declaration } of this.all("state")) declareState(scope, source, declaration);
    const flagWords = this.flagWords();
    for (const { source, declaration } of this.all("mask"))
      if (!declareMask(scope, source, declaration)) scope.refused.add(declaration.name.text);
    for (const { source, declaration: d } of this.all("value")) {
      scope.declare(source, d.name, {
        kind: "value",
        value: { name: d.name.text, span: scope.span(source, d.name), doc: d.doc, location: dotted(d.location) },
      });
    }
    this.frame = this.theFrame();
    this.conditions();
    const events = this.all("event").flatMap(({ source, declaration }) => declareEvents(scope, source, declaration, this.frame));
    const works = this.all("work").flatMap(({ source, declaration }) => {
      const work = declareWork(scope, source, declaration, this.frame);
      if (!work) scope.refused.add(declaration.name.text);
      return work ?? [];
    });
    const steps = this.steps(main);
    const { requires, owed, duties } = resolveObligations(scope, this.all("require"), this.frame);
    const assumptions = this.assumptions();
    const tails = this.tails(events, steps);
    const entries = this.entries(steps);
    const exits = this.exits(steps);
    this.checkSymbols(tails, exits, works, steps);
    const of = <K extends "constant" | "mask" | "value" | "condition">(kind: K) =>
      [...scope.entities.values()].flatMap((e) => (e.kind === kind ? [e.value as Extract<typeof e, { kind: K }>["value"]] : []));
    return {
      edition: Number(main.file.edition?.value ?? editions[0]),
      name: main.source.name,
      features,
      constants: of("constant"),
      dimensions: [...scope.dimensions.values()],
      flagWords,
      flags: flagWords.flatMap((w) => w.flags),
      masks: of("mask"),
      values: of("value"),
      frame: this.frame,
      events,
      conditions: of("condition"),
      works,
      steps,
      requires,
      owed,
      duties,
      assumptions,
      tails: [...tails.values()],
      entries,
      exits,
    };
  }

  private features(): Feature[] {
    const declared = this.all("feature").map((d, i) => ({ ...d, feature: declareFeature(this.scope, d.source, d.declaration, i) }));
    for (const { source, declaration, feature } of declared) completeFeature(this.scope, source, declaration, feature);
    const features = declared.map((d) => d.feature);
    for (const feature of features) {
      if (admissible(feature)) continue;
      const notes = ["following its `needs` leads to a feature that one of them `excludes`"];
      this.scope.report("EX2035", feature.span, { name: feature.name }, { notes, help: "correct the `needs` and `excludes`" });
    }
    return features;
  }

  private flagWords(): FlagWord[] {
    const words: FlagWord[] = [];
    for (const { source, declaration } of this.all("flags")) {
      const firstFlag = words.reduce((n, w) => n + w.flags.length, 0);
      words.push(declareFlags(this.scope, source, declaration, words.length, firstFlag));
    }
    return words;
  }

  private theFrame(): Frame | undefined {
    const declared = this.all("frame").map(({ source, declaration }) => declareFrame(this.scope, source, declaration));
    const [first, second] = declared;
    if (first && second) {
      const secondary = [{ span: first.span, message: "the first one" }];
      this.scope.report("EX2040", second.span, { problem: "a spec has one frame, and this is a second" }, { secondary });
    }
    const exit = this.all("exit")[0];
    if (!first && exit) {
      const span = this.scope.span(exit.source, exit.declaration.name);
      this.scope.report(
        "EX2040",
        span,
        { problem: "an exit restores a frame, and the spec declares none" },
        { help: "declare `frame NAME { … }`, or import a profile that does" },
      );
    }
    return first;
  }

  private conditions(): void {
    const { scope, frame } = this;
    for (const { source, declaration: d } of this.all("condition")) {
      const test = resolveTest({ source, scope, frame }, d.test);
      if (!test) {
        scope.refused.add(d.name.text);
        continue;
      }
      const value = { name: d.name.text, span: scope.span(source, d.name), doc: d.doc, test, readsFrame: readsFrame(test) };
      scope.declare(source, d.name, { kind: "condition", value });
    }
  }

  private steps(main: ParsedFile): Step[] {
    const steps = builtInSteps(main.source);
    for (const step of steps) this.scope.entities.set(step.name, { kind: "step", value: step });
    for (const { source, declaration } of this.all("step")) {
      const step = declareStep(this.scope, source, declaration, this.frame);
      if (step) steps.push(step);
      else this.scope.refused.add(declaration.name.text);
    }
    return steps;
  }

  private assumptions(): Assumption[] {
    return this.all("assume").flatMap(({ source, declaration: d }): Assumption[] => {
      const span = this.scope.span(source, d);
      if (!d.because) this.scope.report("EX2038", span, { statement: "this `assume`" }, { help: 'say why it holds: `because "…"`' });
      return d.because ? [{ fact: d.fact.value, because: d.because.value, span }] : [];
    });
  }

  /** Tails may jump to one another, so they are declared before their bodies are resolved. */
  private tails(events: readonly Event[], steps: readonly Step[]): Map<TailDeclaration, Tail> {
    const { scope, frame } = this;
    const tokens = [...new Map(events.flatMap((e) => e.tokens).map((t) => [t.name, t])).values()];
    const tails = new Map<TailDeclaration, Tail>();
    const bodies: { body: Action[]; context: ActionContext; declaration: TailDeclaration }[] = [];
    for (const { source, declaration: d } of this.all("tail")) {
      const body: Action[] = [];
      const requires = settingsOf(scope, source, new Map([["requires", [...d.requires]]]), "requires");
      const tail: Tail = {
        name: d.name.text,
        span: scope.span(source, d.name),
        doc: d.doc,
        toUser: d.target.user,
        toKernel: d.target.kernel,
        requires,
        body,
      };
      scope.declare(source, d.name, { kind: "tail", value: tail });
      tails.set(d, tail);
      bodies.push({ body, context: { source, scope, frame, tokens, steps, place: "leave" }, declaration: d });
    }
    for (const { body, context, declaration } of bodies) body.push(...resolveBlock(context, declaration.body));
    return tails;
  }

  private entries(steps: readonly Step[]): Entry[] {
    const { scope, frame } = this;
    return this.all("entry").map(({ source, declaration: d }) => {
      const events = d.events.flatMap((name) => scope.lookup(source, name, "event")?.value ?? []);
      const tokens = [...new Map(events.flatMap((e) => e.tokens).map((t) => [t.name, t])).values()];
      const body = resolveBlock({ source, scope, frame, tokens, steps, place: "entry" }, d.body);
      const entry: Entry = { name: d.name.text, span: scope.span(source, d.name), doc: d.doc, events, body };
      scope.declare(source, d.name, { kind: "entry", value: entry });
      return entry;
    });
  }

  private exits(steps: readonly Step[]): Exit[] {
    return this.all("exit").flatMap(({ source, declaration }) => this.exit(source, declaration, steps) ?? []);
  }

  private exit(source: Source, d: ExitDeclaration, steps: readonly Step[]): Exit | undefined {
    const { scope, frame } = this;
    const span = scope.span(source, d.name);
    const events = d.events.flatMap((name) => scope.lookup(source, name, "event")?.value ?? []);
    for (const event of events) {
      const origin =
        d.target.user && !event.fromUser
          ? d.target.kernel
            ? undefined
            : "user"
          : d.target.kernel && !event.fromKernel && !d.target.user
            ? "kernel"
            : undefined;
      if (origin) {
        const secondary = [{ span: event.span, message: "its `origin` is declared here" }];
        scope.report("EX2046", scope.span(source, d.target), { event: event.name, origin, exit: d.name.text }, { secondary });
      }
    }
    const tokens = [...new Map(events.flatMap((e) => e.tokens).map((t) => [t.name, t])).values()];
    const common = { source, scope, frame, tokens, steps };
    const prepare = d.prepare && {
      name: d.prepare.name.text,
      returns: d.prepare.returns && scope.lookup(source, d.prepare.returns, "condition")?.value,
      body: resolveBlock({ ...common, place: "prepare" }, d.prepare.body),
      span: scope.span(source, d.prepare.name),
    };
    if (d.prepare) scope.checkName(source, d.prepare.name);
    if (!d.leave) scope.report("EX2045", span, { name: d.name.text }, { help: "add `leave { … }` with its steps and its terminal" });
    const leave = d.leave ? resolveBlock({ ...common, place: "leave" }, d.leave) : [];
    const waivers = d.waives.flatMap((w) => resolveWaiver(scope, source, w) ?? []);
    const exit: Exit = {
      name: d.name.text,
      span,
      doc: d.doc,
      events,
      toUser: d.target.user,
      toKernel: d.target.kernel,
      prepare,
      leave,
      waivers,
    };
    scope.declare(source, d.name, { kind: "exit", value: exit });
    return exit;
  }

  /** Everything that becomes a global symbol has a name of its own. */
  private checkSymbols(tails: Map<unknown, Tail>, exits: readonly Exit[], works: readonly Work[], steps: readonly Step[]): void {
    const symbols = new Map<string, Span>();
    const define = (name: string, span: Span) => {
      const earlier = symbols.get(name);
      if (earlier) {
        const secondary = [{ span: earlier, message: "the other one" }];
        this.scope.report("EX2042", span, { name }, { secondary, help: "the assembler and the linker need one name each; rename one" });
      } else symbols.set(name, span);
    };
    for (const call of [...works.map((w) => w.call), ...steps.flatMap((s) => (s.form.kind === "call" ? [s.form.call] : []))]) {
      if (!symbols.has(call.function)) symbols.set(call.function, call.span);
    }
    const walk = (actions: readonly Action[]) => {
      for (const action of actions) {
        if (action.kind === "terminal" && action.label !== undefined) define(action.label, action.span);
        if (action.kind === "window") {
          define(`${action.name}_start`, action.span);
          define(`${action.name}_end`, action.span);
        }
        if (action.kind === "window" || action.kind === "repeat") walk(action.body);
        if (action.kind === "when") {
          walk(action.then);
          walk(action.otherwise);
        }
      }
    };
    for (const exit of exits) {
      define(exit.name, exit.span);
      if (exit.prepare) define(exit.prepare.name, exit.prepare.span);
      walk(exit.leave);
    }
    for (const tail of tails.values()) {
      define(tail.name, tail.span);
      walk(tail.body);
    }
  }
}
