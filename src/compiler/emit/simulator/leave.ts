/** The assembly side of a path: the instructions that the line of code has for each node, each traced and then carried out. */
import type { Effect, FlagSource } from "../../machine/instruction.js";
import { effectsOf, formatInstruction } from "../../machine/instructions.js";
import { isFeatureTest } from "../../model/features.js";
import { leaves } from "../../path/flow.js";
import type { BranchNode, InstructionsNode, PathGraph, PathNode, PlacedInstruction, TerminalNode } from "../../path/graph.js";
import type { LinearInstruction, LinearProgram, NodeLayout } from "../../path/linear.js";
import type { Location } from "../../path/location.js";
import { applyInstruction } from "../../path/symbolic.js";
import { effectStatements, rflagsBit, stackWord } from "./effects.js";
import { flagConstant, flagTest } from "./flag.js";
import { joinCopies, lastLocation } from "./joined.js";
import type { Module } from "./module.js";
import type { Doc } from "./print.js";
import { comment, conditional, quote } from "./print.js";
import { StackPointer } from "./stack-pointer.js";
import { type StepEntry, type StepTest, structure } from "./structure.js";
import { expression, opposite } from "./tests.js";
import { type Flag, Values } from "./values.js";

type Jump = Extract<Effect, { kind: "jump" }>;

/** ZF and CF as expressions, and the statements that keep them. */
interface Captured {
  readonly docs: readonly Doc[];
  readonly zero: Flag;
  readonly carry: Flag;
}

export class LeaveWriter {
  private readonly module: Module;
  private readonly graph: PathGraph;
  private readonly program: LinearProgram;
  private readonly note: (node: PathNode) => readonly Doc[];
  private readonly result: string;
  private readonly codes = new Map<LinearInstruction, number>();
  private readonly firstCode: number;
  private readonly stack = new StackPointer();
  private flagCount = 0;

  /** `firstCode`: how many events the path has. `result`: the expression of what `prepare` returned. */
  constructor(
    module: Module,
    graph: PathGraph,
    program: LinearProgram,
    firstCode: number,
    result: string,
    note: (node: PathNode) => readonly Doc[],
  ) {
    this.module = module;
    this.graph = graph;
    this.program = program;
    this.firstCode = firstCode;
    this.result = result;
    this.note = note;
  }

  /** The instructions that the path can execute, in the order of their codes. */
  get instructions(): readonly LinearInstruction[] {
    return [...this.codes.keys()];
  }

  /** The statements that call the prepare function, up to the call; its return is `afterPrepare`. */
  prologue(): readonly Doc[] {
    const { words } = this.module;
    return (this.program.prologues.get(this.graph) ?? []).flatMap((item) => {
      const moves = item.instruction.mnemonic === "movq";
      const copied = moves ? [this.module.statement("copy", ["w", words.register("rdi"), words.register("rsp")])] : [];
      return [this.trace(item), ...copied];
    });
  }

  /** The C function has returned. */
  afterPrepare(): readonly Doc[] {
    if (!this.graph.callsPrepare) return [];
    const docs: Doc[] = [`${this.module.helper("clobber")}(w);`];
    if (this.result !== "undefined") docs.push(this.module.statement("returned", ["w", this.result]));
    return docs;
  }

  write(): readonly Doc[] {
    return this.nodes(this.graph.leave);
  }

  private nodes(nodes: readonly PathNode[], after?: Location): readonly Doc[] {
    return nodes.flatMap((node, i) =>
      this.node(
        node,
        nodes
          .slice(i + 1)
          .map(locationBefore)
          .find((l) => l !== undefined) ?? after,
      ),
    );
  }

  /** `after`: what is known where control goes on behind the node. */
  private node(node: PathNode, after: Location | undefined): readonly Doc[] {
    const items = this.layout(node).instructions;
    switch (node.kind) {
      case "instructions":
        return [...this.note(node), ...this.step(node, items)];
      case "irqs":
        return [...this.note(node), ...items.map((item) => this.trace(item)), rflagsBit(this.module, "if", node.on)];
      case "branch":
        return this.branch(node, after);
      case "window":
        return this.nodes(node.body, after);
      case "jump":
        return [...this.note(node), ...items.map((item) => this.trace(item)), ...this.nodes(node.body)];
      case "terminal":
        return [...this.flush(), ...this.note(node), ...items.map((item) => this.trace(item)), this.terminal(node)];
      default:
        return [];
    }
  }

  private layout(node: PathNode): NodeLayout {
    return this.program.nodes.get(node) ?? { instructions: [], takenArm: undefined, afterThen: undefined, afterOtherwise: undefined };
  }

  /** Brings RSP up to date. */
  private flush(): readonly Doc[] {
    return this.stack.flush(this.module);
  }

  private trace(item: LinearInstruction): Doc {
    let code = this.codes.get(item);
    if (code === undefined) {
      code = this.firstCode + this.codes.size;
      this.codes.set(item, code);
    }
    return `trace?.push(${code}); ${comment(textOf(item))}`;
  }

  // ── Steps ──

  private step(node: InstructionsNode, items: readonly LinearInstruction[]): readonly Doc[] {
    const placed = node.instructions;
    let next = 0;
    const found = placed.map((p) => (p.instruction.mnemonic === ":" ? undefined : items[next++]));
    /** What the flags hold where a jump looks at them. */
    let flags: Captured | undefined;
    const entries = placed.map((p, i): StepEntry => {
      const effects = effectsOf(p.instruction);
      const jump = effects.find((e): e is Jump => e.kind === "jump");
      const item = found[i];
      const docs: Doc[] = [];
      const target = jump && placed.find((other, j) => j > i && labelOf(other) === jump.label);
      if (jump) docs.push(...this.flush());
      if (target) docs.push(...joinCopies(this.module, p.before, target.before));
      if (item) docs.push(this.trace(item));
      for (const effect of effects) {
        if (effect.kind === "flags") {
          flags = this.capture(effect.source, placed.slice(i + 1), p);
          docs.push(...flags.docs);
        } else if (effect.kind === "trap") docs.push(...this.flush(), this.trap(p.instruction.mnemonic));
        docs.push(...effectStatements(this.module, effect, p.before, this.stack));
      }
      const label = labelOf(p);
      const ends = effects.some((e) => e.kind === "trap");
      const following = placed[i + 1];
      if (following && labelOf(following) !== undefined && !ends) {
        docs.push(...this.flush());
        if (label === undefined && !jump) docs.push(...this.fallThrough(node, p, following.before));
      }
      return { docs, label, jump: jump && { label: jump.label, test: jumpTest(jump, flags) }, ends };
    });
    return structure(this.module, entries);
  }

  /** Control falls from an instruction to a label. */
  private fallThrough(node: InstructionsNode, last: PlacedInstruction, before: Location): readonly Doc[] {
    const { frame } = this.module.model;
    if (!frame) return [];
    const ensured = node.step.ensures.find((s) => s.dimension.name === "stack");
    const ensuresStack = ensured?.dimension.values[ensured.value];
    return joinCopies(this.module, applyInstruction(last.before, last.instruction, { frame, ensuresStack }), before);
  }

  /** The flags as an expression where the next instruction is the jump, else kept in a constant. */
  private capture(source: FlagSource, rest: readonly PlacedInstruction[], at: PlacedInstruction): Captured {
    const values = new Values(this.module, at.before);
    const onlyFlags = effectsOf(at.instruction).length === 1;
    const until = rest.findIndex((p) =>
      effectsOf(p.instruction).some((e) => e.kind === "flags" || e.kind === "flags-undefined" || e.kind === "call"),
    );
    const users = rest
      .slice(0, until < 0 ? undefined : until)
      .flatMap((p) => effectsOf(p.instruction))
      .filter((e): e is Jump => e.kind === "jump" && e.when !== "always");
    const [first] = rest;
    const [user, ...more] = users;
    const never: Flag = { kind: "constant", value: false };
    if (!user) return { docs: [], zero: never, carry: never };
    const adjacent = first !== undefined && effectsOf(first.instruction)[0] === user;
    if (onlyFlags && more.length === 0 && adjacent) return { docs: [], zero: values.zero(source), carry: values.carry(source) };
    const docs: Doc[] = [];
    const keep = (name: string, flag: Flag): Flag => {
      this.flagCount++;
      const variable = this.flagCount === 1 ? name : `${name}${this.flagCount}`;
      docs.push(flagConstant(this.module, variable, flag));
      return { kind: "variable", name: variable };
    };
    const onZero = users.some((u) => u.when === "z" || u.when === "nz");
    const onCarry = users.some((u) => u.when === "c" || u.when === "nc");
    const zero = onZero ? keep("zero", values.zero(source)) : never;
    return { docs, zero, carry: onCarry ? keep("carry", values.carry(source)) : never };
  }

  private trap(mnemonic: string): Doc {
    const vector = mnemonic === "ud2" ? "#UD" : "#BP";
    return ["return ", this.module.call("trap", [this.result, quote(mnemonic), quote(vector)]), ";"];
  }

  // ── Branches ──

  private branch(node: BranchNode, after: Location | undefined): readonly Doc[] {
    const { module } = this;
    const { instructions: items, afterThen, afterOtherwise } = this.layout(node);
    const docs: Doc[] = [...this.flush(), ...this.note(node)];
    const features = isFeatureTest(node.test);
    let zero: Flag | undefined;
    items.forEach((item, i) => {
      docs.push(this.trace(item));
      const placed = node.condition[i];
      if (!placed) return;
      for (const effect of effectsOf(placed.instruction)) {
        if (effect.kind === "flags") zero = new Values(module, placed.before).zero(effect.source);
        docs.push(...effectStatements(module, effect, placed.before, this.stack));
      }
    });
    const arm = (nodes: readonly PathNode[], jump: LinearInstruction | undefined): readonly Doc[] => [
      ...this.nodes(nodes, after),
      ...this.flush(),
      ...this.joinAfter(nodes, locationOfBranch(node), after),
      ...(jump ? [this.trace(jump)] : []),
    ];
    const then = arm(node.then, afterThen);
    const otherwise = arm(node.otherwise, afterOtherwise);
    if (then.length === 0 && otherwise.length === 0) return docs;
    const test = (holds: boolean): Doc => {
      if (features) return holds ? expression(module, node.test, () => false) : opposite(module, node.test, () => false);
      if (zero === undefined) throw new Error("a branch of `leave` without a test of its own");
      return flagTest(module, zero, holds === node.whenZero);
    };
    if (then.length > 0) docs.push(conditional(test(true), then, otherwise));
    else docs.push(conditional(test(false), otherwise, []));
    return docs;
  }

  /** At the end of an arm, where control goes on `after` it. */
  private joinAfter(arm: readonly PathNode[], start: Location | undefined, after: Location | undefined): readonly Doc[] {
    const end = lastLocation(arm) ?? start;
    return end && after && !leaves(arm) ? joinCopies(this.module, end, after) : [];
  }

  // ── Terminals ──

  private terminal(node: TerminalNode): Doc {
    const { module, result } = this;
    const { name, popsFrame, wordsAt } = node.terminal;
    const recovery = node.recovery === undefined ? "undefined" : quote(node.recovery);
    const frame = popsFrame ? [0, 8, 16, 24, 32].map((offset) => stackWord(module, node.before, wordsAt + offset)) : [];
    if (name === "sysretl") return ["return ", module.call("sysretl", ["machine", result]), ";"];
    if (name === "sysretq") return ["return ", module.call("sysretq", ["machine", result, recovery]), ";"];
    if (name === "iretq" || name === "eretu" || name === "erets" || name === "xen_iret") {
      return ["return ", module.call(name, ["machine", result, recovery, ...frame]), ";"];
    }
    throw new Error(`the simulator does not know the terminal ${name}`);
  }
}

/** The instruction as the assembly has it, on one line. */
export function textOf(item: LinearInstruction): string {
  return formatInstruction(item.instruction).replace("\t", " ");
}

/** When a jump is taken; undefined: always. */
function jumpTest(jump: Jump, flags: Captured | undefined): StepTest | undefined {
  if (jump.when === "always") return undefined;
  const onZero = jump.when === "z" || jump.when === "nz";
  const flag = (onZero ? flags?.zero : flags?.carry) ?? { kind: "constant", value: false };
  return { flag, holds: jump.when === "z" || jump.when === "c" };
}

function labelOf(placed: PlacedInstruction): string | undefined {
  const [operand] = placed.instruction.operands;
  return placed.instruction.mnemonic === ":" && operand?.kind === "label" ? operand.label : undefined;
}

/** Where the first instruction of a node stands, as far as it says. */
function locationBefore(node: PathNode): Location | undefined {
  switch (node.kind) {
    case "instructions":
      return node.instructions[0]?.before;
    case "terminal":
    case "jump":
      return node.before;
    case "branch":
      return locationOfBranch(node);
    case "window":
      return node.body.map(locationBefore).find((l) => l !== undefined);
    default:
      return undefined;
  }
}

function locationOfBranch(node: BranchNode): Location | undefined {
  return node.condition[0]?.before ?? [...node.then, ...node.otherwise].map(locationBefore).find((l) => l !== undefined);
}
