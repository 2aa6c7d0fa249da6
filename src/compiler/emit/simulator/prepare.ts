/** The C side of a path: the structured graph as statements. Each event takes an entry of the script. */
import type { Condition, FlagWord, Test } from "../../model/model.js";
import { calledFunction, type EventNode, eventCodes, isEvent } from "../../path/events.js";
import { visitNodes } from "../../path/flow.js";
import type { BranchNode, LoopNode, PathGraph, PathNode, ReadNode } from "../../path/graph.js";
import type { Module } from "./module.js";
import type { Doc } from "./print.js";
import { assignChain, binary, block, comment, complement, conditional, quote, test, union } from "./print.js";
import { bitsOf, type Decided, expression, flagNames, isBinary, opposite } from "./tests.js";

type Irqs = "on" | "off" | "unknown";

/** What is known at a point of the path without running it. */
interface Point {
  readonly irqs: Irqs;
  /** Conditions decided on every way to here. */
  readonly decided: ReadonlySet<Condition>;
}

export class PrepareWriter {
  private readonly module: Module;
  private readonly graph: PathGraph;
  private readonly code: (node: EventNode) => number;
  private readonly note: (node: PathNode) => readonly Doc[];
  private readonly snapshots = new Set<FlagWord>();
  private readonly declared = new Set<FlagWord | Condition>();
  private readonly lastEvent: EventNode | undefined;
  private readonly endlessAfter: number;
  private point: Point = { irqs: "unknown", decided: new Set() };
  private usesScript = false;
  /** Can entries of the script do anything? If not, they are not counted. */
  readonly takesScript: boolean;

  /** `note`: the comment that shows a node's line of the spec. */
  constructor(module: Module, graph: PathGraph, note: (node: PathNode) => readonly Doc[], takesScript = true) {
    this.takesScript = takesScript;
    this.module = module;
    this.graph = graph;
    this.note = note;
    this.code = eventCodes(graph);
    const events = graph.nodes.filter(isEvent);
    this.endlessAfter = (events.length + 1) * 33 * Math.max(1, module.model.flagWords.length);
    let last: EventNode | undefined;
    visitNodes(graph.prepare, (node, loops) => {
      if (isEvent(node)) last = loops.length === 0 ? node : undefined;
      else if (node.kind === "loop") last = undefined;
      this.collectSnapshots(node);
    });
    this.lastEvent = last;
  }

  /** The statements of `prepare`. */
  write(): readonly Doc[] {
    const early = this.declarations();
    return [...early, ...this.nodes(this.graph.prepare)];
  }

  /** Written once to see whether the path's script can do anything to it, then with that known. */
  static decided(module: Module, graph: PathGraph, note: () => (node: PathNode) => readonly Doc[]): PrepareWriter {
    const draft = new PrepareWriter(module, graph, note());
    draft.write();
    return new PrepareWriter(module, graph, note(), draft.usesScript);
  }

  /** The variable with the returned condition; "undefined" where nothing is returned. */
  get result(): string {
    const returned = this.graph.exit.prepare?.returns;
    return returned ? this.module.local(returned.name) : "undefined";
  }

  // ── Variables ──

  private collectSnapshots(node: PathNode): void {
    const add = (test: Test): void => {
      if (test.kind === "flags") this.snapshots.add(test.word);
      else if (test.kind === "and" || test.kind === "or") test.operands.forEach(add);
      else if (test.kind === "not") add(test.operand);
      else if (test.kind === "condition") add(test.condition.test);
      else if (test.kind === "frame-user" && this.module.model.frame?.user) add(this.module.model.frame.user);
    };
    if (node.kind === "branch" || node.kind === "loop") add(node.test);
    if (node.kind === "evaluate") add(node.condition.test);
  }

  /** Variables whose first assignment is not one that every way passes, and so cannot be their declaration. */
  private declarations(): readonly Doc[] {
    const first = new Map<FlagWord | Condition, boolean>();
    const count = new Map<FlagWord | Condition, number>();
    const seen = (variable: FlagWord | Condition, node: PathNode): void => {
      count.set(variable, (count.get(variable) ?? 0) + 1);
      if (!first.has(variable)) first.set(variable, this.graph.prepare.includes(node));
    };
    visitNodes(this.graph.prepare, (node) => {
      if (node.kind === "read") seen(node.word, node);
      if (node.kind === "loop") seen(node.read.word, node);
      if (node.kind === "evaluate") seen(node.condition, node);
    });
    const docs: Doc[] = [];
    for (const [variable, atTop] of first) {
      const isWord = "flags" in variable;
      if (atTop || (isWord && !this.snapshots.has(variable))) continue;
      this.declared.add(variable);
      docs.push(`let ${this.module.local(variable.name)} = ${isWord ? "0" : "false"};`);
    }
    return docs;
  }

  /** `name`, or its declaration where this is the first assignment. */
  private assigned(variable: FlagWord | Condition, keyword: "let" | "const"): string {
    const name = this.module.local(variable.name);
    if (this.declared.has(variable)) return name;
    this.declared.add(variable);
    return `${keyword} ${name}`;
  }

  // ── Nodes ──

  private nodes(nodes: readonly PathNode[]): Doc[] {
    return nodes.flatMap((node) => this.node(node));
  }

  private node(node: PathNode): readonly Doc[] {
    switch (node.kind) {
      case "irqs":
        return this.irqs(node);
      case "read":
        return [...this.note(node), ...this.read(node)];
      case "clear": {
        const index = this.module.words.flagWord(node.word.name);
        return [...this.note(node), this.trace(node), this.cleared(index, node.flags), ...this.consume(node)];
      }
      case "call":
        return this.call(node);
      case "evaluate":
        return this.evaluate(node);
      case "branch":
        return this.branch(node);
      case "loop":
        return this.loop(node);
      case "window":
        return this.nodes(node.body);
      case "assume":
      case "waive":
        return [];
      case "instructions":
      case "terminal":
      case "jump":
        throw new Error(`a prepare function cannot hold a node of kind ${node.kind}`);
    }
  }

  private irqs(node: Extract<PathNode, { kind: "irqs" }>): readonly Doc[] {
    const rflags = this.module.words.systemWord("rflags");
    const change = `w[${rflags}] = ${this.module.dialect.at(rflags)} ${node.on ? "|" : "&"} ${node.on ? "0x200" : "~0x200"};`;
    this.point = { ...this.point, irqs: node.on ? "on" : "off" };
    return [...this.note(node), this.trace(node), change, ...this.consume(node)];
  }

  private read(node: ReadNode): readonly Doc[] {
    const index = this.module.words.flagWord(node.word.name);
    const docs: Doc[] = [this.trace(node)];
    const reads = this.graph.nodes.filter((n) => n.kind === "read" && n.word === node.word).length;
    const keyword = reads > 1 || node.reason === "loop" ? "let" : "const";
    if (this.snapshots.has(node.word)) docs.push(`${this.assigned(node.word, keyword)} = ${this.module.dialect.at(index)};`);
    if (node.take) docs.push(`w[${index}] = 0;`);
    return [...docs, ...this.consume(node)];
  }

  private call(node: Extract<PathNode, { kind: "call" }>): readonly Doc[] {
    const { module } = this;
    const { item } = node;
    const docs: Doc[] = [...this.note(node), this.trace(node)];
    for (const word of module.model.flagWords) {
      const cleared = item.clears.filter((f) => f.word === word);
      const index = module.words.flagWord(word.name);
      if (cleared.length > 0) docs.push(this.cleared(index, cleared));
    }
    if (item.maySet.length > 0) {
      const sets = module.model.flagWords.map((word) =>
        union(
          flagNames(
            module,
            item.maySet.filter((f) => f.word === word),
          ),
        ),
      );
      this.usesScript = true;
      docs.push(module.statement("answer", ["w", "script[next]", ...sets]));
    }
    if (item.rewritesFrame && module.model.frame) {
      this.usesScript = true;
      docs.push(module.statement("rewriteFrame", ["machine", "script[next]"]));
    }
    return [...docs, ...this.consume(node)];
  }

  private evaluate(node: Extract<PathNode, { kind: "evaluate" }>): readonly Doc[] {
    const { condition } = node;
    const left = this.assigned(condition, "const");
    const doc = expression(this.module, condition.test, this.decided, true);
    const value = isBinary(this.module, condition.test, this.decided) ? assignChain(left, doc) : [left, " = ", doc, ";"];
    this.point = { ...this.point, decided: new Set([...this.point.decided, condition]) };
    return [...this.note(node), value];
  }

  private loop(node: LoopNode): readonly Doc[] {
    const { module } = this;
    const before = [...this.note(node), ...this.read(node.read)];
    const entry = this.point;
    // Interrupts can be on or off at the head of the second round.
    this.point = { ...entry, irqs: "unknown" };
    const head = expression(module, node.test, this.decided);
    const words = `repeat while pending ${this.maskName(node)}`;
    this.usesScript = true;
    const body: Doc[] = [conditional(`next > script.length + ${this.endlessAfter}`, [module.statement("endless", [quote(words)])], [])];
    body.push(...this.nodes(node.body));
    const after = this.point.irqs;
    body.push(...this.read(node.read));
    this.point = { decided: entry.decided, irqs: entry.irqs === after ? after : "unknown" };
    return [...before, block(test("while", head), body)];
  }

  private maskName(node: LoopNode): string {
    if (node.test.kind !== "flags") return "…";
    const { flags, word } = node.test;
    return this.module.model.masks.find((m) => m.word === word && bitsOf(m.flags) === bitsOf(flags))?.name ?? word.name;
  }

  private branch(first: BranchNode): readonly Doc[] {
    const { node, test: merging } = merged(first);
    const note = this.note(node);
    const before = this.point;
    const then = this.nodes(node.then);
    const afterThen = this.point;
    this.point = before;
    const otherwise = this.nodes(node.otherwise);
    const afterOtherwise = this.point;
    this.point = before;
    const docs =
      then.length > 0
        ? [conditional(expression(this.module, merging, this.decided, true), then, otherwise)]
        : otherwise.length > 0
          ? [conditional(opposite(this.module, merging, this.decided), otherwise, [])]
          : [];
    this.point = {
      irqs: afterThen.irqs === afterOtherwise.irqs ? afterThen.irqs : "unknown",
      decided: new Set([...afterThen.decided].filter((c) => afterOtherwise.decided.has(c))),
    };
    return [...note, ...docs];
  }

  // ── Events ──

  /** A comment says what the spec's line does not. */
  private trace(node: EventNode): Doc {
    const push = `trace?.push(${this.code(node)});`;
    if (node.kind === "call") return `${push} ${comment(`call ${calledFunction(node)}`)}`;
    return node.kind === "read" && node.reason !== "written" ? `${push} ${comment(`read ${node.word.name}`)}` : push;
  }

  private cleared(index: string, flags: Parameters<typeof flagNames>[1]): Doc {
    return assignChain(`w[${index}]`, binary(this.module.dialect.at(index), "&", complement(flagNames(this.module, flags))));
  }

  /** The event's entry is used up; interrupts come where IRQs may be on. */
  private consume(node: EventNode): readonly Doc[] {
    const last = node === this.lastEvent;
    const interruptible = this.point.irqs !== "off" && this.module.model.flags.some((f) => f.async);
    if (interruptible) this.usesScript = true;
    if (interruptible) return [this.module.statement("interrupt", ["w", last ? "script[next]" : "script[next++]"])];
    return last || !this.takesScript ? [] : ["next++;"];
  }

  private readonly decided: Decided = (condition) => this.point.decided.has(condition);
}

/** A branch whose only content is another branch, neither with an `else`, is one `if`. */
function merged(first: BranchNode): { readonly node: BranchNode; readonly test: Test } {
  let node = first;
  let { test } = first;
  for (;;) {
    const [only, ...more] = node.then;
    if (node.otherwise.length > 0 || only?.kind !== "branch" || more.length > 0 || only.otherwise.length > 0) return { node, test };
    test = { kind: "and", operands: [test, only.test], span: only.span };
    node = only;
  }
}
