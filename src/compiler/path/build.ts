/**
 * Builds the path graph of an exit from its actions: guards, feature conditions and implicit reads become nodes, steps of
 * `leave` become placed instructions. What cannot be built is reported here; whether it is right is the checker's question.
 */
import { type Code, type Details, diagnostic, type MessageArguments } from "../diagnostics/catalogue.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { terminalNamed } from "../machine/terminals.js";
import { visitTest } from "../model/expressions.js";
import { isFeatureTest } from "../model/features.js";
import type { Action, Call, Entry, Event, Exit, FlagWord, Frame, Model, Step, Tail, Test, Token, Work } from "../model/model.js";
import type { Span } from "../text/source.js";
import { arrivalOf, asExit } from "./entry.js";
import { leaves, waysPassing } from "./flow.js";
import type { BranchNode, PathGraph, PathNode, ReadNode } from "./graph.js";
import { KnownFeatures } from "./known-features.js";
import type { Location } from "./location.js";
import { isPlaced } from "./place.js";
import { placeStep } from "./place-step.js";
import { afterPrepare, joinLocations, startLocation } from "./symbolic.js";
import { lowerTest } from "./tests.js";

/** The most nodes that one path may have, its copies of tails included. */
export const maximumNodes = 20_000;

export interface BuildResult {
  /** Undefined where the path could not be built; a diagnostic says why. */
  readonly graph: PathGraph | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** With `part`, `prepare` alone: of a `leave` that is still to be planned nothing is said. */
export function buildGraph(model: Model, exit: Exit, part?: "prepare"): BuildResult {
  if (!model.frame) return { graph: undefined, diagnostics: [] };
  const builder = new Builder(model, exit, model.frame);
  const prepare = builder.prepare();
  const leave = builder.leave(part === undefined);
  const { diagnostics } = builder;
  if (builder.nodes.length > maximumNodes) {
    diagnostics.push(diagnostic("EX2044", exit.span, { name: exit.name, count: builder.nodes.length, what: "steps", limit: maximumNodes }));
  }
  const failed = diagnostics.some((d) => d.severity === "error");
  const graph: PathGraph = { model, exit, prepare, leave, nodes: builder.nodes, callsPrepare: exit.prepare !== undefined };
  return { graph: failed ? undefined : graph, diagnostics };
}

/** The graph of an entry: its statements are the `leave` of an exit that never leaves. */
export function buildEntry(model: Model, entry: Entry, event: Event): BuildResult {
  if (!model.frame) return { graph: undefined, diagnostics: [] };
  const exit = asExit(entry, event);
  const builder = new Builder(model, exit, model.frame, arrivalOf(event, model.dimensions, model.frame));
  const leave = builder.entry();
  const { diagnostics, nodes } = builder;
  return { graph: diagnostics.length > 0 ? undefined : { model, exit, prepare: [], leave, nodes, callsPrepare: false }, diagnostics };
}

/** A tail as it would be behind a jump to it from a location; what cannot be built there makes it undefined. */
export function buildTail(model: Model, exit: Exit, tail: Tail, before: Location): PathNode | undefined {
  if (!model.frame) return undefined;
  const builder = new Builder(model, exit, model.frame);
  const [node] = builder.jumpFrom(tail, before);
  return builder.diagnostics.length === 0 ? node : undefined;
}

type Distribute<T> = T extends PathNode ? Omit<T, "id" | "side"> : never;

class Builder {
  readonly nodes: PathNode[] = [];
  readonly diagnostics: Diagnostic[] = [];
  private readonly model: Model;
  private readonly exit: Exit;
  private readonly frame: Frame;
  private readonly tokens: readonly Token[];
  private side: "prepare" | "leave" = "prepare";
  private isEntry = false;
  /** Words with a snapshot at the point that is being built. */
  private snapshots = new Set<FlagWord>();
  private location: Location;
  /** What the tests around the point that is being built say of the kernel. */
  private known = KnownFeatures.none;
  private readonly openTails: Tail[] = [];

  constructor(model: Model, exit: Exit, frame: Frame, start?: Location) {
    this.model = model;
    this.exit = exit;
    this.frame = frame;
    this.tokens = [...new Map(exit.events.flatMap((e) => e.tokens).map((t) => [t.name, t])).values()];
    this.location = start ?? startLocation(this.tokens, frame, exit.events);
  }

  private report<C extends Code>(code: C, span: Span, args: MessageArguments<C>, details?: Details): void {
    this.diagnostics.push(diagnostic(code, span, args, details));
  }

  /** Gives a node its number; it is pushed before its children are built, so that numbers are in program order. */
  private reserve(): number {
    this.nodes.push(undefined as unknown as PathNode);
    return this.nodes.length - 1;
  }

  private node(fields: Distribute<PathNode>, id = this.reserve()): PathNode {
    const node = { ...fields, id, side: this.side } as PathNode;
    this.nodes[id] = node;
    return node;
  }

  // ── prepare ──

  prepare(): PathNode[] {
    const { prepare } = this.exit;
    if (!prepare) return [];
    this.side = "prepare";
    const nodes = this.actions(prepare.body);
    const { returns } = prepare;
    if (!returns) return nodes;
    const decided = waysPassing(nodes, (node) => node.kind === "evaluate" && node.condition === returns);
    if (decided === "never") nodes.push(...this.evaluate(returns, prepare.span));
    if (decided === "sometimes") {
      const help = `put \`evaluate ${returns.name}\` where every way comes by, or leave it out: it is then decided at the end`;
      this.report("EX3008", prepare.span, { condition: returns.name }, { help });
    }
    return nodes;
  }

  private evaluate(condition: Extract<PathNode, { kind: "evaluate" }>["condition"], span: Span): PathNode[] {
    const reads = this.implicitReads(condition.test, span);
    return [...reads, this.node({ kind: "evaluate", condition, returned: condition === this.exit.prepare?.returns, span })];
  }

  /** Reads for the flags that a test needs and that no snapshot tells. */
  private implicitReads(test: Test, span: Span): PathNode[] {
    const words = new Set<FlagWord>();
    visitTest(test, (t) => {
      if (t.kind === "flags" && !this.snapshots.has(t.word)) words.add(t.word);
    });
    return [...words].map((word) => this.read(word, false, "implicit", span));
  }

  /** A call from `prepare`; flags that are passed to it are a snapshot, too. */
  private callInC(item: Work | Step, call: Call, span: Span): PathNode[] {
    const reads = call.arguments.flatMap((argument) =>
      argument.kind === "flags" && !this.snapshots.has(argument.word) ? [this.read(argument.word, false, "implicit", span)] : [],
    );
    return [...reads, this.node({ kind: "call", item, span })];
  }

  private read(word: FlagWord, take: boolean, reason: ReadNode["reason"], span: Span): ReadNode {
    this.snapshots.add(word);
    return this.node({ kind: "read", word, take, reason, span }) as ReadNode;
  }

  // ── leave ──

  leave(whole: boolean): PathNode[] {
    this.side = "leave";
    this.snapshots = new Set();
    if (this.exit.prepare) this.location = afterPrepare(this.location, this.exit.prepare.returns !== undefined);
    const nodes = this.actions(this.exit.leave);
    if (whole && this.diagnostics.length === 0) this.mustLeave(nodes, this.exit.span, `\`${this.exit.name}\``);
    return nodes;
  }

  entry(): PathNode[] {
    this.side = "leave";
    this.isEntry = true;
    return this.actions(this.exit.leave);
  }

  private mustLeave(nodes: readonly PathNode[], span: Span, what: string): void {
    // A path that is cut short because it is too large ends nowhere, and that is said already.
    if (leaves(nodes) || this.nodes.length > maximumNodes) return;
    const notes = ["the processor would run on into whatever code the assembler puts next"];
    this.report("EX5006", span, { what }, { notes, help: "end every way with a terminal (`iretq`, `sysretq` …) or `jump TAIL`" });
  }

  // ── Actions ──

  private actions(actions: readonly Action[]): PathNode[] {
    const result: PathNode[] = [];
    for (const action of actions) {
      if (this.nodes.length > maximumNodes) return result;
      if (leaves(result)) {
        const before = result[result.length - 1] as PathNode;
        const secondary = [{ span: before.span, message: "the path has left here" }];
        this.report("EX5007", action.span, {}, { secondary, help: "remove it, or move it up" });
        return result;
      }
      result.push(...this.action(action));
    }
    return result;
  }

  private action(action: Action): PathNode[] {
    const { span } = action;
    switch (action.kind) {
      case "run": {
        const { work } = action;
        const body = (): PathNode[] => {
          const call = () => this.callInC(work, work.call, span);
          if (!work.guard) return call();
          const reads = this.implicitReads(work.guard, span);
          return [...reads, this.branch(work.guard, "guard", span, call)];
        };
        return this.onFeatures(work.condition, span, body);
      }
      case "do":
        return this.onFeatures(action.step.condition, span, () => this.step(action.step, action.except, span));
      case "irqs":
        return [this.node({ kind: "irqs", on: action.on, span })];
      case "read":
        return [this.read(action.word, action.take, "written", span)];
      case "clear": {
        const word = action.flags[0]?.word;
        return word ? [this.node({ kind: "clear", word, flags: action.flags, span })] : [];
      }
      case "repeat": {
        const id = this.reserve();
        const read = this.read(action.mask.word, false, "loop", action.span);
        const test: Test = { kind: "flags", word: action.mask.word, flags: action.mask.flags, span: action.mask.span };
        const before = new Set(this.snapshots);
        const body = this.actions(action.body);
        this.snapshots = before;
        return [this.node({ kind: "loop", read, test, body, span: action.mask.span }, id)];
      }
      case "when":
        return this.when(action);
      case "evaluate":
        return this.evaluate(action.condition, span);
      case "restore":
        return this.restore(action.steps, span);
      case "window": {
        const id = this.reserve();
        return [this.node({ kind: "window", name: action.name, body: this.actions(action.body), span }, id)];
      }
      case "waive":
        return [this.node({ kind: "waive", waiver: action.waiver, span })];
      case "assume":
        return [this.node({ kind: "assume", setting: action.setting, because: action.because, span })];
      case "jump":
        return this.jump(action.tail, span);
      case "terminal": {
        const terminal = terminalNamed(action.terminal);
        if (!terminal) return [];
        const { label, recovery } = action;
        return [this.node({ kind: "terminal", terminal, label, recovery, before: this.location, span })];
      }
    }
  }

  private when(action: Extract<Action, { kind: "when" }>): PathNode[] {
    const { test, span } = action;
    if (this.side === "prepare" || this.isEntry || isFeatureTest(test)) {
      const reads = this.side === "prepare" ? this.implicitReads(test, span) : [];
      const otherwise = () => this.actions(action.otherwise);
      return [...reads, this.branch(test, isFeatureTest(test) ? "feature" : "when", span, () => this.actions(action.then), otherwise)];
    }
    // Assembly makes one test at a time: `A and B` becomes a test within a test.
    if (test.kind === "and" && test.operands.length > 1) {
      if (action.otherwise.length > 0) {
        const problem = "assembly makes one test at a time, and the `else` of an `and` would have to be written twice";
        this.report("EX5010", span, { problem }, { help: "write one `when` inside the other, or let `prepare` return the condition" });
        return [];
      }
      const [first, ...rest] = test.operands as readonly [Test, ...Test[]];
      const inner: Test = rest.length === 1 ? (rest[0] as Test) : { ...test, operands: rest };
      return this.when({ ...action, test: first, then: [{ ...action, test: inner }] });
    }
    const lowered = lowerTest(test, this.location, { frame: this.frame, tokens: this.tokens, returns: this.exit.prepare?.returns });
    if ("problem" in lowered) {
      this.report("EX5010", span, { problem: lowered.problem }, { help: lowered.help });
      return [];
    }
    return [
      this.branch(
        test,
        "when",
        span,
        () => this.actions(action.then),
        () => this.actions(action.otherwise),
        lowered,
      ),
    ];
  }

  private branch(
    test: Test,
    reason: BranchNode["reason"],
    span: Span,
    then: () => PathNode[],
    otherwise: () => PathNode[] = () => [],
    lowered: Pick<BranchNode, "condition" | "whenZero"> = { condition: [], whenZero: false },
  ): PathNode {
    const id = this.reserve();
    const { known, location } = this;
    const snapshots = new Set(this.snapshots);
    this.known = known.and(test, true);
    const thenNodes = then();
    const afterThen = this.location;
    const thenSnapshots = this.snapshots;
    this.location = location;
    this.snapshots = new Set(snapshots);
    this.known = known.and(test, false);
    const otherwiseNodes = otherwise();
    const decided = known.decide(test);
    if (leaves(otherwiseNodes) || (decided === true && !leaves(thenNodes))) this.location = afterThen;
    else if (!leaves(thenNodes) && decided === undefined) this.location = joinLocations(afterThen, this.location, this.frame);
    // Behind an arm that has left, the kernels are those of the other one.
    this.known = leaves(otherwiseNodes) ? known.and(test, true) : leaves(thenNodes) ? known.and(test, false) : known;
    this.snapshots = new Set([...this.snapshots].filter((word) => thenSnapshots.has(word)));
    return this.node({ kind: "branch", test, reason, then: thenNodes, otherwise: otherwiseNodes, span, ...lowered }, id);
  }

  /** A branch on features, or the arm that all kernels take which come here. */
  private onFeatures(condition: Test | undefined, span: Span, then: () => PathNode[], otherwise: () => PathNode[] = () => []): PathNode[] {
    const decided = condition && this.known.decide(condition);
    if (!condition || decided === true) return then();
    return decided === false ? otherwise() : [this.branch(condition, "feature", span, then, otherwise)];
  }

  private step(step: Step, except: readonly string[], span: Span): PathNode[] {
    const { form } = step;
    if (form.kind === "call" && this.side === "prepare") return this.callInC(step, form.call, span);
    if (except.length > 0 && form.kind !== "built-in") {
      this.report(
        "EX2033",
        span,
        { statement: "`except`", place: `\`do ${step.name}\`` },
        { help: "only `restore_registers` leaves registers out" },
      );
      return [];
    }
    if (form.kind === "call" && form.call.arguments.length > 0) {
      const problem = `\`${form.call.function}\` takes arguments, and in \`leave\` there is nobody to pass them`;
      this.report("EX5010", span, { problem }, { help: "call it in `prepare`, or give it no arguments" });
      return [];
    }
    const { model, frame, tokens } = this;
    const result = placeStep({ model, frame, tokens, span }, step, except, this.location);
    if (!isPlaced(result)) {
      const secondary = result.span === span ? [] : [{ span: result.span, message: "this instruction" }];
      this.report(
        "EX5010",
        span,
        { problem: result.problem },
        { secondary, help: "do this step where what it needs can still be reached" },
      );
      return [];
    }
    this.location = result.after;
    return [this.node({ kind: "instructions", step, instructions: result.placed, after: result.after, span })];
  }

  /** One of several steps, chosen by features: the first whose `if` holds. */
  private restore(steps: readonly Step[], span: Span): PathNode[] {
    const [first, ...rest] = steps;
    if (!first) return [];
    return this.onFeatures(
      first.condition,
      span,
      () => this.step(first, [], span),
      () => this.restore(rest, span),
    );
  }

  jumpFrom(tail: Tail, before: Location): PathNode[] {
    this.side = "leave";
    this.location = before;
    return this.jump(tail, tail.span);
  }

  private jump(tail: Tail, span: Span): PathNode[] {
    if (this.openTails.includes(tail)) {
      const secondary = this.openTails.map((t) => ({ span: t.span, message: `\`${t.name}\` is on the way` }));
      this.report("EX5009", span, { tail: tail.name }, { secondary, help: "the way out has no loops; end one of them with a terminal" });
      return [];
    }
    const id = this.reserve();
    const { known, location: before } = this;
    this.openTails.push(tail);
    // It is emitted once, for all that jump to it.
    this.known = KnownFeatures.none;
    const body = this.actions(tail.body);
    this.known = known;
    this.openTails.pop();
    if (this.diagnostics.length === 0) this.mustLeave(body, tail.span, `the tail \`${tail.name}\``);
    return [this.node({ kind: "jump", tail, before, body, span }, id)];
  }
}
