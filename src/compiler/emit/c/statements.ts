/** The body of a prepare function: the structured graph, node by node, in the kernel's coding style. */
import type { CallArgument, Condition, FlagWord, Model, Test } from "../../model/model.js";
import type { BranchNode, LoopNode, PathGraph, PathNode, ReadNode } from "../../path/graph.js";
import type { Decided } from "./expression.js";
import { clauses, conditionInputs, decidedName, expression, flagSet } from "./expression.js";
import { columns, commentLines, lineWidth, specLine, trailing } from "./text.js";
import { callOf, visitNodes } from "./uses.js";

/** The lines between the braces of a prepare function. */
export function prepareBody(graph: PathGraph): string[] {
  // Written once to see which decisions are looked at again, then with a variable for just those.
  const evaluated = graph.nodes.flatMap((n) => (n.kind === "evaluate" && n.side === "prepare" ? [n.condition] : []));
  const draft = new BodyWriter(graph, new Set(evaluated));
  draft.write();
  return new BodyWriter(graph, draft.testedDecisions).write();
}

/** Does the function look at its frame? If not, its parameter is marked unused. */
export function usesFrame(graph: PathGraph): boolean {
  let used = false;
  const inTest = (test: Test): void => {
    used ||= conditionInputs({ test }).frame;
  };
  visitNodes(graph.prepare, (node) => {
    if (node.kind === "branch" || node.kind === "loop") inTest(node.test);
    else if (node.kind === "evaluate") inTest(node.condition.test);
    else if (node.kind === "call") used ||= callOf(node.item)?.arguments.some((a) => a.kind === "frame") ?? false;
  });
  return used;
}

class BodyWriter {
  private readonly model: Model;
  private readonly graph: PathGraph;
  private readonly lines: string[] = [];
  private depth = 1;
  private lastSpecLine = "";
  /** Words whose snapshot is looked at somewhere. */
  private readonly usedSnapshots = new Set<FlagWord>();
  /** Conditions whose decision has a variable. */
  private readonly kept: ReadonlySet<Condition>;
  readonly testedDecisions = new Set<Condition>();
  /** Conditions that have been decided on every way to the statement that is being written. */
  private decided: ReadonlySet<Condition> = new Set();

  constructor(graph: PathGraph, kept: ReadonlySet<Condition>) {
    this.graph = graph;
    this.model = graph.model;
    this.kept = kept;
    this.collectSnapshots();
  }

  write(): string[] {
    const words = this.model.flagWords.filter((w) => this.usedSnapshots.has(w));
    const decisions = this.model.conditions.filter((c) => this.kept.has(c));
    for (const word of words) this.line(`uint32_t ${word.name};`);
    for (const condition of decisions) this.line(`bool ${decidedName(condition)};`);
    if (words.length + decisions.length > 0) this.lines.push("");
    const { prepare } = this.graph;
    this.nodes(prepare);
    const returned = this.graph.exit.prepare?.returns;
    if (returned && !this.isLastReturn(prepare[prepare.length - 1])) {
      this.line(`return ${this.conditionText(returned)};`);
    }
    return this.lines;
  }

  private collectSnapshots(): void {
    const add = (test: Test): void => {
      for (const word of conditionInputs({ test }).words) this.usedSnapshots.add(word);
    };
    visitNodes(this.graph.prepare, (node) => {
      if (node.kind === "branch" || node.kind === "loop") add(node.test);
      else if (node.kind === "evaluate") add(node.condition.test);
      else if (node.kind === "call") {
        for (const argument of callOf(node.item)?.arguments ?? []) if (argument.kind === "flags") this.usedSnapshots.add(argument.word);
      }
    });
  }

  /** A returned condition that is decided last needs no variable. */
  private isLastReturn(node: PathNode | undefined): boolean {
    const { prepare } = this.graph;
    return node !== undefined && node.kind === "evaluate" && node.returned && node === prepare[prepare.length - 1];
  }

  private readonly isDecided: Decided = (condition) => {
    if (!this.decided.has(condition) || !this.kept.has(condition)) return false;
    this.testedDecisions.add(condition);
    return true;
  };

  private nodes(nodes: readonly PathNode[]): void {
    for (const node of nodes) this.node(node);
  }

  private node(node: PathNode): void {
    switch (node.kind) {
      case "irqs":
        this.comment(node);
        this.line(node.on ? "exitdsl_irq_enable();" : "exitdsl_irq_disable();");
        return;
      case "read":
        this.comment(node);
        this.read(node);
        return;
      case "clear":
        this.comment(node);
        this.line(`exitdsl_clear_${node.word.name}(${bare(flagSet(this.model, node.word, node.flags))});`);
        return;
      case "call": {
        const call = callOf(node.item);
        if (!call) throw new Error(`the step ${node.item.name} has no C function`);
        this.comment(node);
        this.line(`${call.function}(${call.arguments.map(argumentText).join(", ")});`);
        return;
      }
      case "evaluate":
        this.evaluate(node.condition, this.isLastReturn(node), node);
        return;
      case "branch":
        this.comment(node);
        this.branch(node);
        return;
      case "loop":
        this.loop(node);
        return;
      case "assume":
      case "waive":
        this.comment(node);
        return;
      case "window":
        this.nodes(node.body);
        return;
      case "instructions":
      case "terminal":
      case "jump":
        throw new Error(`a prepare function cannot hold a node of kind ${node.kind}`);
    }
  }

  private read(node: ReadNode): void {
    const call = `exitdsl_${node.take ? "take" : "read"}_${node.word.name}();`;
    this.line(this.usedSnapshots.has(node.word) ? `${node.word.name} = ${call}` : call);
  }

  private evaluate(condition: Condition, returns: boolean, node: PathNode): void {
    if (returns) {
      this.comment(node);
      this.line(`return ${this.conditionText(condition, true)};`);
    } else if (this.kept.has(condition)) {
      this.comment(node);
      this.line(`${decidedName(condition)} = ${this.conditionText(condition, true)};`);
    }
    this.decided = new Set([...this.decided, condition]);
  }

  private loop(node: LoopNode): void {
    this.comment(node);
    this.read(node.read);
    this.head("while (", node.test, ") {");
    const before = this.decided;
    this.depth++;
    this.nodes(node.body);
    this.read(node.read);
    this.depth--;
    this.decided = before;
    this.line("}");
  }

  /** `fresh`: it is decided anew, whatever was decided before. */
  private conditionText(condition: Condition, fresh = false): string {
    const decided: Decided = (c) => !(fresh && c === condition) && this.isDecided(c);
    return expression(this.model, { kind: "condition", condition, span: condition.span }, decided);
  }

  /** `if (…) … else if (…) … else …`; nested tests without an `else` between them are one test. */
  private branch(first: BranchNode, keyword = "if"): void {
    const before = this.decided;
    const { node, test } = merged(first);
    this.head(`${keyword} (`, test, ") {");
    const opening = this.lines.length - 1;
    const then = this.block(node.then, before);
    const after = [then];
    const [only, ...more] = node.otherwise;
    if (only === undefined) {
      after.push(before);
      this.line("}");
      if (this.isShort(opening)) {
        this.lines[opening] = (this.lines[opening] as string).replace(/ \{$/, "");
        this.lines.pop();
      }
    } else if (more.length === 0 && only.kind === "branch") {
      this.decided = before;
      this.branch(only, "} else if");
      after.push(this.decided);
    } else {
      this.line("} else {");
      after.push(this.block(node.otherwise, before));
      this.line("}");
    }
    this.decided = new Set([...(after[0] ?? [])].filter((c) => after.every((set) => set.has(c))));
  }

  /** An arm; gives the conditions that are decided at its end. */
  private block(nodes: readonly PathNode[], before: ReadonlySet<Condition>): ReadonlySet<Condition> {
    this.decided = before;
    this.depth++;
    this.nodes(nodes);
    this.depth--;
    return this.decided;
  }

  /** One statement on one line, without a comment, takes no braces; nor may its test span lines. */
  private isShort(opening: number): boolean {
    const line = this.lines[opening] as string;
    return (
      this.lines.length === opening + 3 && /^\t*if \(.* \{$/.test(line) && !/^\s*(if|while|\/\*)/.test(this.lines[opening + 1] as string)
    );
  }

  /** `if (` … `) {`, on one line where it fits and has no reasons, else a clause a line. */
  private head(open: string, test: Test, close: string): void {
    const indent = "\t".repeat(this.depth);
    const { operator, list } = clauses(this.model, test, this.isDecided);
    const whole = `${indent}${open}${expression(this.model, test, this.isDecided)}${close}`;
    if (list.every((c) => c.because === "") && (list.length === 1 || columns(whole) <= lineWidth)) {
      this.lines.push(whole);
      return;
    }
    const hanging = indent + " ".repeat(open.length);
    list.forEach((c, i) => {
      const text = c.text + (i === list.length - 1 ? close : ` ${operator}`);
      this.lines.push(...trailing(i === 0 ? open + text : text, c.because, i === 0 ? indent : hanging));
    });
  }

  /** The spec's line, once for all that it asks for in a row. */
  private comment(node: PathNode): void {
    const text = specLine(node.span, this.model.name);
    if (text === this.lastSpecLine) return;
    this.lastSpecLine = text;
    this.lines.push(...commentLines([text], "\t".repeat(this.depth)));
  }

  private line(text: string): void {
    this.lines.push("\t".repeat(this.depth) + text);
  }
}

/** A branch whose only content is another branch, neither with an `else`, is one `if`. */
function merged(first: BranchNode): { readonly node: BranchNode; readonly test: Test } {
  let node = first;
  let test = first.test;
  for (;;) {
    const [only, ...more] = node.then;
    if (node.otherwise.length > 0 || only?.kind !== "branch" || more.length > 0 || only.otherwise.length > 0) return { node, test };
    test = { kind: "and", operands: [test, only.test], span: only.span };
    node = only;
  }
}

function argumentText(argument: CallArgument): string {
  if (argument.kind === "frame") return "frame";
  return argument.kind === "flags" ? argument.word.name : argument.constant.name;
}

/** Without the parentheses around the whole. */
function bare(text: string): string {
  return text.startsWith("(") ? text.slice(1, -1) : text;
}
