/** How `linear.ts`'s line of code is made: blocks one after another, each told where control goes when it falls off its end. */
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Instruction } from "../machine/instruction.js";
import { isFeatureTest } from "../model/features.js";
import type { Model, Test } from "../model/model.js";
import type { Span } from "../text/source.js";
import { acts, leaves } from "./flow.js";
import type { BranchNode, JumpNode, PathGraph, PathNode, TerminalNode, WindowNode } from "./graph.js";
import type { LinearInstruction, LinearItem, LinearLabel, LinearProgram, LinearRoutine, NodeLayout } from "./linear.js";
import { checkConstants, checkTail } from "./linear-checks.js";
import { closingIndex, dropEmptyArms, jumpTarget, shareLayouts, trailingJumps } from "./linear-items.js";
import { callInstructions } from "./symbolic.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type MutableInstruction = Mutable<LinearInstruction>;

/** Where control goes when it falls off the end of a block. */
interface Follow {
  /** To what stands behind the block, so that no jump is needed. */
  readonly adjacent: boolean;
  /** The statement whose end it is. */
  readonly span: Span;
  /** The label of that place. Asking for it brings it into being. */
  readonly label: () => string;
  /** Is told of the `jmp` at the block's end, if one is needed. */
  readonly onJump: (jump: MutableInstruction) => void;
}

interface MutableLayout {
  instructions: MutableInstruction[];
  takenArm: "then" | "otherwise" | undefined;
  afterThen: MutableInstruction | undefined;
  afterOtherwise: MutableInstruction | undefined;
}

export class Layout {
  private readonly nodes = new Map<PathNode, MutableLayout>();
  private readonly prologues = new Map<PathGraph, MutableInstruction[]>();
  private readonly diagnostics: Diagnostic[] = [];
  private readonly routines: LinearRoutine[] = [];
  /** Tails that someone jumps to, in the order of the first jump, each with the copy that is emitted. */
  private readonly tails = new Map<string, { readonly owner: JumpNode; readonly exit: string; emitted: boolean }>();
  private readonly dropped = new Set<LinearInstruction>();
  private items: LinearItem[] = [];
  private routineName = "";
  private labelCount = 0;

  constructor(private readonly model: Model) {}

  program(graphs: readonly PathGraph[]): LinearProgram {
    for (const graph of graphs) {
      const { name, doc, span } = graph.exit;
      this.routine({ kind: "exit", name, doc, span, fallenInto: false }, graph.leave, graph);
    }
    for (const { owner, emitted } of this.tails.values()) if (!emitted) this.tailRoutine(owner, false);
    for (const graph of graphs) this.shareTails(graph.exit.name, graph.leave);
    const instructions = this.routines
      .flatMap((routine) => routine.items)
      .filter((item): item is MutableInstruction => item.kind === "instruction");
    for (const [index, instruction] of instructions.entries()) instruction.index = index;
    this.diagnostics.push(...checkConstants(this.model, this.routines));
    return { routines: this.routines, instructions, nodes: this.finished(), prologues: this.prologues, diagnostics: this.diagnostics };
  }

  // ── Routines ──

  private routine(head: Omit<LinearRoutine, "items">, body: readonly PathNode[], graph: PathGraph | undefined): void {
    const { kind, name, span } = head;
    this.items = [];
    this.routineName = name;
    this.labelCount = 0;
    const { items } = this;
    this.routines.push({ ...head, items });
    this.label(name, "global", kind, span);
    if (graph) this.prologue(graph);
    const end = this.lazyLabel();
    this.block(body, { adjacent: true, span, label: end.label, onJump: () => undefined });
    end.place(span);
    // The checker has refused paths that end without a terminal; should one come here, it stops.
    if (!leaves(body)) this.instruction({ mnemonic: "int3", operands: [] }, span, "trap", undefined);
    const next = this.fallsInto(items);
    if (next) this.tailRoutine(next, true);
  }

  private tailRoutine(owner: JumpNode, fallenInto: boolean): void {
    const { name, doc, span } = owner.tail;
    const tail = this.tails.get(name);
    if (tail) tail.emitted = true;
    this.routine({ kind: "tail", name, doc, span, fallenInto }, owner.body, undefined);
  }

  private prologue(graph: PathGraph): void {
    const { prepare } = graph.exit;
    const called = graph.callsPrepare && prepare ? callInstructions(prepare.name, true) : [];
    const span = prepare?.span ?? graph.exit.span;
    this.prologues.set(
      graph,
      called.map((instruction) => this.instruction(instruction, span, "prologue", undefined)),
    );
  }

  /** The tail that the routine's last jumps go to: it is emitted next, and those jumps are dropped. */
  private fallsInto(items: LinearItem[]): JumpNode | undefined {
    const last = trailingJumps(items);
    const target = last.map(jumpTarget).find((name) => name !== undefined && this.tails.get(name)?.emitted === false);
    if (target === undefined) return undefined;
    for (const jump of last) {
      if (jumpTarget(jump) !== target) continue;
      this.dropped.add(jump);
      items.splice(items.indexOf(jump), 1);
    }
    dropEmptyArms(items);
    return this.tails.get(target)?.owner;
  }

  // ── Blocks ──

  private block(all: readonly PathNode[], follow: Follow): void {
    const nodes = all.filter(acts);
    for (const node of all) if (!acts(node)) this.layoutOf(node);
    for (const [i, node] of nodes.entries()) {
      const next = nodes[i + 1];
      switch (node.kind) {
        case "branch": {
          if (isFeatureTest(node.test)) {
            if (this.featureBranch(node, nodes.slice(i + 1), follow)) return;
            break;
          }
          if (next?.kind === "jump") {
            // Both arms go on in the tail: they jump there themselves.
            this.layoutOf(next);
            this.runtimeBranch(node, {
              adjacent: false,
              span: next.span,
              label: () => this.tailLabel(next),
              onJump: (jump) => this.layoutOf(next).instructions.push(jump),
            });
            return;
          }
          if (next === undefined) {
            this.runtimeBranch(node, follow);
            return;
          }
          const end = this.lazyLabel();
          this.runtimeBranch(node, { adjacent: true, span: node.span, label: end.label, onJump: () => undefined });
          end.place(next.span);
          break;
        }
        case "jump":
          this.layoutOf(node).instructions.push(this.jump("jmp", this.tailLabel(node), node.span, "jump", node));
          return;
        case "terminal":
          this.terminal(node);
          return;
        case "window":
          this.window(node);
          if (leaves(node.body)) return;
          break;
        default:
          this.straight(node);
      }
    }
    if (!follow.adjacent) follow.onJump(this.jump("jmp", follow.label(), follow.span, "jump", undefined));
  }

  private straight(node: PathNode): void {
    const layout = this.layoutOf(node);
    if (node.kind === "instructions") {
      for (const { instruction, span, comment } of node.instructions) {
        const [operand] = instruction.operands;
        if (instruction.mnemonic === ":" && operand?.kind === "label") this.label(operand.label, "step", "step", span);
        else layout.instructions.push(this.instruction(instruction, span, "step", node, comment));
      }
    } else if (node.kind === "irqs") {
      layout.instructions.push(this.instruction({ mnemonic: node.on ? "sti" : "cli", operands: [] }, node.span, "irqs", node));
    } else throw new Error(`a ${node.kind} statement has no instructions`);
  }

  private terminal(node: TerminalNode): void {
    if (node.label !== undefined) this.label(node.label, "global", "terminal", node.span);
    const { mnemonic, target, trapAfter } = node.terminal;
    const operands = target === undefined ? [] : [{ kind: "label", label: target } as const];
    this.layoutOf(node).instructions.push(this.instruction({ mnemonic, operands }, node.span, "terminal", node));
    // Past an unconditional change of control the CPU may run on speculatively (INV-81).
    if (trapAfter) this.instruction({ mnemonic: "int3", operands: [] }, node.span, "trap", node);
  }

  private window(node: WindowNode): void {
    this.layoutOf(node);
    this.label(`${node.name}_start`, "global", "window-start", node.span);
    const end = this.lazyLabel();
    this.block(node.body, { adjacent: true, span: node.span, label: end.label, onJump: () => undefined });
    // The trap behind a terminal is not part of the window.
    const last = this.items.at(-1);
    const trap = last?.kind === "instruction" && last.role === "trap" ? this.items.pop() : undefined;
    this.label(`${node.name}_end`, "global", "window-end", node.span);
    if (trap) this.items.push(trap);
    end.place(node.span);
  }

  // ── Branches ──

  /** Emits the branch, and `rest` too where only one arm comes back: then it is part of that arm. Says whether it did. */
  private featureBranch(node: BranchNode, rest: readonly PathNode[], follow: Follow): boolean {
    this.layoutOf(node);
    const decided = node.test.kind === "constant" ? node.test.value : undefined;
    const thenLeaves = leaves(node.then);
    const otherwiseLeaves = leaves(node.otherwise);
    if (decided !== undefined) {
      const arm = decided ? node.then : node.otherwise;
      this.block([...arm, ...rest], follow);
      return true;
    }
    if (!thenLeaves && !otherwiseLeaves) {
      const end = this.lazyLabel();
      // What stands behind `.endif` is next to both arms.
      const inner: Follow =
        rest.length === 0 && follow.adjacent ? follow : { adjacent: true, span: node.span, label: end.label, onJump: () => undefined };
      this.conditional(
        node.test,
        () => this.block(node.then, inner),
        () => this.block(node.otherwise, inner),
      );
      end.place(node.span);
      return false;
    }
    const arm = (nodes: readonly PathNode[], comesBack: boolean) => () => this.block(comesBack ? [...nodes, ...rest] : nodes, follow);
    this.conditional(node.test, arm(node.then, !thenLeaves), arm(node.otherwise, !otherwiseLeaves));
    return true;
  }

  /** `.if`, `.elseif`, `.else`, without arms that are empty. */
  private conditional(test: Test, emitThen: () => void, emitOtherwise: () => void): void {
    const then = this.captured(emitThen);
    const otherwise = this.captured(emitOtherwise);
    if (then.length === 0 && otherwise.length === 0) return;
    if (then.length === 0) {
      this.items.push({ kind: "if", test: { kind: "not", operand: test, span: test.span } }, ...otherwise, { kind: "endif" });
      return;
    }
    this.items.push({ kind: "if", test }, ...then);
    const [first] = otherwise;
    if (first?.kind === "if" && closingIndex(otherwise, 0) === otherwise.length - 1)
      this.items.push({ kind: "elseif", test: first.test }, ...otherwise.slice(1));
    else this.items.push(...(otherwise.length === 0 ? [] : [{ kind: "else" } as const, ...otherwise]), { kind: "endif" });
  }

  private runtimeBranch(node: BranchNode, follow: Follow): void {
    const layout = this.layoutOf(node);
    const then = node.then.filter(acts);
    const otherwise = node.otherwise.filter(acts);
    for (const other of [...node.then, ...node.otherwise]) if (!acts(other)) this.layoutOf(other);
    if (then.length === 0 && otherwise.length === 0) {
      this.block([], follow);
      return;
    }
    for (const { instruction, span, comment } of node.condition)
      layout.instructions.push(this.instruction(instruction, span, "condition", node, comment));
    const toThen: Follow = { ...follow, span: node.span, onJump: (jump) => (layout.afterThen = jump) };
    const toOtherwise: Follow = { ...follow, span: node.span, onJump: (jump) => (layout.afterOtherwise = jump) };
    /** The jump to an arm, with the label or tail that it goes to; the other arm stands behind it. */
    const jumpTo = (arm: "then" | "otherwise", label: string): void => {
      layout.takenArm = arm;
      const mnemonic = node.whenZero === (arm === "then") ? "jz" : "jnz";
      layout.instructions.push(this.jump(mnemonic, label, node.span, "branch", node));
    };
    const onlyJump = (arm: readonly PathNode[]): JumpNode | undefined => (arm.length === 1 && arm[0]?.kind === "jump" ? arm[0] : undefined);
    const thenJump = onlyJump(then);
    const otherwiseJump = onlyJump(otherwise);
    if (thenJump) {
      this.layoutOf(thenJump);
      jumpTo("then", this.tailLabel(thenJump));
      this.block(otherwise, toOtherwise);
    } else if (otherwiseJump) {
      this.layoutOf(otherwiseJump);
      jumpTo("otherwise", this.tailLabel(otherwiseJump));
      this.block(then, toThen);
    } else if (then.length === 0) {
      jumpTo("then", follow.label());
      this.block(otherwise, toOtherwise);
    } else if (otherwise.length === 0) {
      jumpTo("otherwise", follow.label());
      this.block(then, toThen);
    } else {
      // The arm that does not come back stands first, so that the other needs no jump over it.
      const otherwiseFirst = leaves(otherwise) && !leaves(then);
      const second = this.lazyLabel();
      jumpTo(otherwiseFirst ? "then" : "otherwise", second.label());
      this.block(otherwiseFirst ? otherwise : then, { ...(otherwiseFirst ? toOtherwise : toThen), adjacent: false });
      second.place(node.span);
      this.block(otherwiseFirst ? then : otherwise, otherwiseFirst ? toThen : toOtherwise);
    }
  }

  // ── Tails ──

  private tailLabel(node: JumpNode): string {
    const { name } = node.tail;
    if (!this.tails.has(name)) this.tails.set(name, { owner: node, exit: this.routineName, emitted: false });
    return name;
  }

  /** Gives the nodes of each copy of a tail the instructions of the one that is emitted, and checks that they are the same. */
  private shareTails(exit: string, nodes: readonly PathNode[]): void {
    for (const node of nodes) {
      if (node.kind === "jump") {
        const tail = this.tails.get(node.tail.name);
        if (tail && tail.owner !== node) {
          const problem = checkTail(node, exit, tail.owner, tail.exit);
          if (problem) this.diagnostics.push(problem);
          shareLayouts(this.nodes, tail.owner.body, node.body);
        }
        this.shareTails(exit, node.body);
      } else if (node.kind === "branch") {
        this.shareTails(exit, node.then);
        this.shareTails(exit, node.otherwise);
      } else if (node.kind === "window") this.shareTails(exit, node.body);
    }
  }

  // ── Items ──

  private layoutOf(node: PathNode): MutableLayout {
    let layout = this.nodes.get(node);
    if (!layout) {
      layout = { instructions: [], takenArm: undefined, afterThen: undefined, afterOtherwise: undefined };
      this.nodes.set(node, layout);
    }
    return layout;
  }

  private instruction(
    instruction: Instruction,
    span: Span,
    role: LinearInstruction["role"],
    node: PathNode | undefined,
    comment?: string,
  ): MutableInstruction {
    const item: MutableInstruction = { kind: "instruction", index: -1, instruction, span, role, node, comment };
    this.items.push(item);
    return item;
  }

  private jump(
    mnemonic: "jmp" | "jz" | "jnz",
    label: string,
    span: Span,
    role: "jump" | "branch",
    node: PathNode | undefined,
  ): MutableInstruction {
    return this.instruction({ mnemonic, operands: [{ kind: "label", label }] }, span, role, node);
  }

  private label(name: string, scope: LinearLabel["scope"], role: LinearLabel["role"], span: Span): void {
    this.items.push({ kind: "label", name, scope, role, span });
  }

  /** A local label that exists only if somebody asks for its name. */
  private lazyLabel(): { readonly label: () => string; readonly place: (span: Span) => void } {
    let name: string | undefined;
    return {
      label: () => (name ??= `.L${this.routineName}_${++this.labelCount}`),
      place: (span) => {
        if (name !== undefined) this.label(name, "local", "branch", span);
      },
    };
  }

  private captured(emit: () => void): LinearItem[] {
    const outer = this.items;
    const inner: LinearItem[] = [];
    this.items = inner;
    emit();
    this.items = outer;
    return inner;
  }

  private finished(): ReadonlyMap<PathNode, NodeLayout> {
    const kept = (item: MutableInstruction | undefined) => (item && !this.dropped.has(item) ? item : undefined);
    for (const layout of new Set(this.nodes.values())) {
      layout.instructions = layout.instructions.filter((item) => !this.dropped.has(item));
      layout.afterThen = kept(layout.afterThen);
      layout.afterOtherwise = kept(layout.afterOtherwise);
    }
    return this.nodes;
  }
}
