/**
 * From a path graph to its model. Points are made from the end backwards, so that ways that go on alike find the same point; what
 * moves no variable of the model makes none. So the copies of a tail, and the branches between two terminals that owe the same,
 * vanish.
 */
import { combinations } from "../model/features.js";
import type { Condition, Contract, Flag, Test, Waiver } from "../model/model.js";
import { leaves } from "../path/flow.js";
import type { InstructionsNode, PathGraph, PathNode, TerminalNode } from "../path/graph.js";
import type { Span } from "../text/source.js";
import { dropDecidedTests } from "./decisions.js";
import { livePoints } from "./live.js";
import { modelFlags, type Owed, owedFlags } from "./model-flags.js";
import { irqsAfter, numbered, readsRegisters, startsOf, testedFeatures, usedDecisions } from "./parts.js";
import type { ModelFlag, ModelProgram, ModelTest, Point, ReadPoint, Start, TerminalPoint } from "./program.js";
import { readBy, simplified } from "./tests.js";

export function buildProgram(graph: PathGraph): ModelProgram {
  const program = new ProgramBuilder(graph, usedDecisions(graph)).build();
  // Where both ways behind a decision go on alike, it decided nothing.
  const used = program.decisions.filter((_, i) => program.live.some(({ decisions }) => (decisions & (1 << i)) !== 0));
  return used.length === program.decisions.length ? program : new ProgramBuilder(graph, used).build();
}

/** What holds where a block stands. */
interface Scope {
  readonly waivers: readonly Waiver[];
  /** Conditions that were tested on the way and hold. */
  readonly known: ReadonlySet<Condition>;
}

type Fresh = Point extends infer P ? (P extends Point ? Omit<P, "id" | "spans"> : never) : never;

class ProgramBuilder {
  private readonly graph: PathGraph;
  private readonly owed: readonly Owed[];
  private readonly flags: readonly ModelFlag[];
  private readonly bitOf = new Map<Flag, number>();
  private readonly starts: readonly Start[];
  private readonly decisions: readonly Condition[];
  private readonly decided: ReadonlySet<Condition>;
  private readonly aging: number;
  private readonly known = new Map<string, Point>();
  private points = 0;

  constructor(graph: PathGraph, decisions: readonly Condition[]) {
    this.graph = graph;
    this.owed = owedFlags(graph);
    this.flags = modelFlags(graph, this.owed);
    this.flags.forEach((flag, i) => {
      for (const member of flag.members) this.bitOf.set(member, i);
    });
    this.starts = startsOf(graph);
    this.decisions = decisions;
    this.decided = new Set(this.decisions);
    this.aging = this.decisions.reduce((bits, c, i) => bits | (readsRegisters(c.test) ? 1 << i : 0), 0);
  }

  build(): ModelProgram {
    const { graph } = this;
    const scope: Scope = { waivers: graph.exit.waivers, known: new Set() };
    // A path without a terminal on some way is refused before; its end stands for nothing.
    const end = this.terminal([], [], {
      kind: "terminal",
      terminals: [],
      irqsOffToUser: false,
      irqsOffToKernel: false,
      duties: [],
      relies: 0,
    });
    const entry = this.block(
      graph.prepare,
      scope,
      this.block(graph.leave, { ...scope, waivers: [...scope.waivers, ...waiversIn(graph.prepare)] }, end),
    );
    const points = numbered(entry);
    dropDecidedTests(points, this.decisions.length);
    const tested = testedFeatures(points);
    const features = graph.model.features.filter((f) => tested.has(f.index));
    return {
      graph,
      features,
      combinations: combinations(features),
      flags: this.flags,
      asyncFlags: this.flags.reduce((bits, f, i) => bits | (f.async ? 1 << i : 0), 0),
      decisions: this.decisions,
      aging: this.aging,
      starts: this.starts,
      points,
      live: livePoints(points, this.flags),
    };
  }

  private bits(flags: readonly Flag[]): number {
    return flags.reduce((bits, f) => bits | (1 << (this.bitOf.get(f) ?? 31)), 0) & 0x7fffffff;
  }

  // ── Points ──

  /** The point with these fields: an old one if there is one, so that ways that go on alike are one. */
  private point(fields: Fresh, span: Span): Point {
    const { next, then, otherwise, ...own } = fields as Fresh & { next?: Point; then?: Point; otherwise?: Point };
    const key = `${JSON.stringify(own)} ${next?.id} ${then?.id} ${otherwise?.id}`;
    const known = this.known.get(key);
    if (known) {
      if (!known.spans.includes(span)) known.spans.push(span);
      return known;
    }
    const point = { ...fields, id: this.points++, spans: [span] } as Point;
    this.known.set(key, point);
    return point;
  }

  private terminal(spans: readonly Span[], names: readonly string[], fields: Omit<TerminalPoint, "id" | "spans">): Point {
    const key = JSON.stringify({ ...fields, terminals: [] });
    let known = this.known.get(key) as TerminalPoint | undefined;
    if (!known) {
      known = { ...fields, terminals: [], id: this.points++, spans: [] };
      this.known.set(key, known);
    }
    for (const span of spans) if (!known.spans.includes(span)) known.spans.push(span);
    for (const name of names) if (!known.terminals.includes(name)) known.terminals.push(name);
    return known;
  }

  private block(nodes: readonly PathNode[], scope: Scope, next: Point): Point {
    const scopes: Scope[] = [];
    let current = scope;
    for (const node of nodes) {
      scopes.push(current);
      if (node.kind === "waive") current = { ...current, waivers: [...current.waivers, node.waiver] };
      // Behind `when not C { … iretq }` the condition holds.
      if (node.kind === "branch" && leaves(node.then)) current = this.knowing(current, node.test, false);
      else if (node.kind === "branch" && leaves(node.otherwise)) current = this.knowing(current, node.test, true);
    }
    return nodes.reduceRight((point, node, i) => this.node(node, scopes[i] as Scope, point), next);
  }

  private node(node: PathNode, scope: Scope, next: Point): Point {
    switch (node.kind) {
      case "irqs":
        return this.point({ kind: "irqs", on: node.on, next }, node.span);
      case "read":
        return this.read(this.wordBits(node.word.index), node.take, node.span, next);
      case "clear":
        return this.change({ clears: this.bits(node.flags) }, node.span, next);
      case "call":
        return this.change(this.contract(node.item), node.span, next);
      case "instructions":
        return this.instructions(node, next);
      case "evaluate": {
        const decision = this.decisions.indexOf(node.condition);
        if (decision < 0) return next;
        return this.point({ kind: "decide", decision, test: this.test(node.condition.test), next }, node.span);
      }
      case "branch": {
        const test = this.test(node.test);
        const then = () => this.block(node.then, this.knowing(scope, node.test, true), next);
        const otherwise = () => this.block(node.otherwise, this.knowing(scope, node.test, false), next);
        if (test.kind === "constant") return test.value ? then() : otherwise();
        return this.branch(test, scope, node.span, then(), otherwise());
      }
      case "loop": {
        const head: ReadPoint = {
          kind: "read",
          flags: this.wordBits(node.read.word.index),
          take: false,
          id: this.points++,
          spans: [node.read.span],
          next,
        };
        head.next = this.branch(this.test(node.test), scope, node.span, this.block(node.body, scope, head), next);
        return head;
      }
      case "assume":
        return node.setting.dimension.name === "irqs" ? this.change({ irqs: this.irqsValue(node.setting) }, node.span, next) : next;
      case "waive":
        return next;
      case "window":
      case "jump":
        return this.block(node.body, scope, next);
      case "terminal":
        return this.leave(node, scope);
    }
  }

  private wordBits(word: number): number {
    return this.flags.reduce((bits, flag, i) => (flag.word.index === word ? bits | (1 << i) : bits), 0);
  }

  private read(flags: number, take: boolean, span: Span, next: Point): Point {
    return flags === 0 ? next : this.point({ kind: "read", flags, take, next }, span);
  }

  private change(
    fields: Partial<Pick<Extract<Point, { kind: "change" }>, "item" | "clears" | "maySet" | "rewrites" | "irqs">>,
    span: Span,
    next: Point,
  ): Point {
    const { item, clears = 0, maySet = 0, rewrites = false, irqs } = fields;
    const ages = rewrites && this.aging !== 0;
    if (clears === 0 && maySet === 0 && !ages && irqs === undefined) return next;
    return this.point({ kind: "change", item, clears, maySet, rewrites: ages, irqs, next }, span);
  }

  private contract(item: Contract) {
    const irqs = item.ensures.find((s) => s.dimension.name === "irqs");
    return {
      item: item.name,
      clears: this.bits(item.clears),
      maySet: this.bits(item.maySet),
      rewrites: item.rewritesFrame,
      irqs: irqs && this.irqsValue(irqs),
    };
  }

  private irqsValue({ dimension, value }: Contract["ensures"][number]): boolean {
    return dimension.values[value] === "on";
  }

  /** A step's instructions that turn IRQs on or off, one by one, then what its contract says. */
  private instructions({ instructions, step, span }: InstructionsNode, next: Point): Point {
    const { frame } = this.graph.model;
    return instructions.reduceRight<Point>(
      (after, placed) => {
        const on = irqsAfter(placed, frame);
        return on === undefined ? after : this.point({ kind: "irqs", on, next: after }, placed.span);
      },
      this.change(this.contract(step), span, next),
    );
  }

  private branch(test: ModelTest, scope: Scope, span: Span, then: Point, otherwise: Point): Point {
    const relies = isWaived(scope, "EX3007") ? 0 : readBy(test).decisions & this.aging;
    if (then === otherwise && relies === 0) return then;
    return this.point({ kind: "test", test, relies, then, otherwise }, span);
  }

  private leave({ terminal, span }: TerminalNode, scope: Scope): Point {
    const { toUser, toKernel, requiresToUser, requiresToKernel, frameRequirements } = terminal;
    const needsOff = (list: typeof requiresToUser) => list.some(([dimension, value]) => dimension === "irqs" && value === "off");
    const irqsWaived = isWaived(scope, "EX5001");
    const relies = [...scope.known].reduce((bits, c) => bits | (this.decided.has(c) ? 1 << this.decisions.indexOf(c) : 0), 0) & this.aging;
    return this.terminal([span], [terminal.name], {
      kind: "terminal",
      terminals: [],
      irqsOffToUser: toUser && needsOff(requiresToUser) && !irqsWaived,
      irqsOffToKernel: toKernel && needsOff(requiresToKernel) && !irqsWaived,
      duties: isWaived(scope, "EX3001") || !this.starts.some((s) => s.toUser) ? [] : this.duties(scope),
      relies: frameRequirements.length > 0 && !isWaived(scope, "EX3007") ? relies : 0,
    });
  }

  private duties(scope: Scope): TerminalPoint["duties"] {
    const waived = new Set(scope.waivers.flatMap(({ rule }) => (rule.kind === "flags" ? rule.flags : [])));
    const duties = new Map<string, { flags: number; when: ModelTest | undefined }>();
    for (const { flag, conditions } of this.owed) {
      const bit = this.bits([flag]);
      if (waived.has(flag) || bit === 0) continue;
      const always = conditions.some((c) => c === undefined);
      const operands = conditions.flatMap((c) => (c ? [this.test(c)] : []));
      const when = always ? undefined : simplified({ kind: "or", operands });
      if (when?.kind === "constant" && !when.value) continue;
      const key = JSON.stringify(when);
      const duty = duties.get(key) ?? { flags: 0, when: when?.kind === "constant" ? undefined : when };
      duty.flags |= bit;
      duties.set(key, duty);
    }
    return [...duties.values()];
  }

  // ── Tests ──

  private test(test: Test): ModelTest {
    return simplified(this.lowered(test));
  }

  private lowered(test: Test): ModelTest {
    switch (test.kind) {
      case "constant":
        return { kind: "constant", value: test.value };
      case "feature":
        return { kind: "feature", feature: test.feature.index };
      case "flags":
        return { kind: "seen", flags: this.bits(test.flags) };
      case "frame-user":
        return this.starts.every((s) => s.toUser === this.starts[0]?.toUser)
          ? { kind: "constant", value: this.starts[0]?.toUser ?? false }
          : { kind: "to-user" };
      case "compare":
      case "state":
        return { kind: "unknown" };
      case "condition": {
        const inner = this.lowered(test.condition.test);
        const decision = this.decisions.indexOf(test.condition);
        return decision < 0 ? inner : { kind: "decision", decision, test: inner };
      }
      case "not":
        return { kind: "not", operand: this.lowered(test.operand) };
      case "and":
      case "or":
        return { kind: test.kind, operands: test.operands.map((o) => this.lowered(o)) };
    }
  }

  private knowing(scope: Scope, test: Test, outcome: boolean): Scope {
    const known = new Set(scope.known);
    const learn = (t: Test, holds: boolean): void => {
      if (t.kind === "condition" && holds) {
        known.add(t.condition);
        learn(t.condition.test, true);
      } else if (t.kind === "not") learn(t.operand, !holds);
      else if ((t.kind === "and" && holds) || (t.kind === "or" && !holds)) for (const operand of t.operands) learn(operand, holds);
    };
    learn(test, outcome);
    return known.size === scope.known.size ? scope : { ...scope, known };
  }
}

function isWaived(scope: Scope, code: string): boolean {
  return scope.waivers.some(({ rule }) => rule.kind === "code" && rule.code === code);
}

function waiversIn(nodes: readonly PathNode[]): Waiver[] {
  return nodes.flatMap((node) => (node.kind === "waive" ? [node.waiver] : []));
}
