/**
 * Runs a path over all state vectors at once, exactly: at each point, every vector that can occur is kept with the set of
 * feature combinations in which it occurs. Loops run until nothing new comes; vectors are finite, so they end.
 * Each vector remembers where it came from, so that a finding can tell its story.
 */

import { callerSavedRegisters } from "../machine/registers.js";
import { visitTest } from "../model/expressions.js";
import type { Test } from "../model/model.js";
import type { EvaluateNode, InstructionsNode, PathNode } from "../path/graph.js";
import type { PathContext } from "./context.js";
import { forgetSnapshot, forgetValues } from "./flag-box.js";
import { instructionFacts } from "./instruction-facts.js";
import { learn } from "./learn.js";
import { afterWrites, holdsState, writtenRegisters } from "./register-states.js";
import {
  afterBranch,
  afterCall,
  afterClear,
  afterEvaluate,
  afterInstruction,
  afterIrqs,
  afterRead,
  afterStep,
  factBit,
} from "./transfer.js";
import { type Vector, valueIndex, withValue } from "./vector.js";
import { withoutWork } from "./work-marks.js";

/** A vector at a point, and how it was reached. */
export interface Reached {
  readonly vector: Vector;
  combinations: bigint;
  readonly origins: Origin[];
  /** Steps from the path's start, by the shortest way. */
  depth: number;
}

export interface Origin {
  readonly from: Reached;
  readonly node: PathNode;
  /** The arm that was taken, for branches and loops. */
  readonly arm: "then" | "otherwise" | undefined;
  /** The instruction within a step. */
  readonly instruction: number | undefined;
  readonly combinations: bigint;
}

/** Asked before a node takes effect; `instruction` is set inside a step. */
export type Visitor = (node: PathNode, reached: Reached, instruction: number | undefined) => void;

/** Does an instruction change any vector? Most moves of kernel values do not. */
function movesVectors(context: PathContext, node: InstructionsNode, index: number): boolean {
  const facts = instructionFacts(context, node, index);
  return (
    (!!facts && (facts.gained | facts.lost) !== 0) ||
    facts?.stack !== undefined ||
    (facts?.rflags.length ?? 0) > 0 ||
    (facts?.opaque.length ?? 0) > 0 ||
    !!facts?.fence ||
    !!facts?.kernelData ||
    !!facts?.effects.some((e) => e.kind === "swapgs" || e.kind === "call") ||
    holdsState(context.model, writtenRegisters(facts?.effects ?? []))
  );
}

/** The kernels that have a SWAPGS in a block. What is in a branch of its own is asked for there. */
function swapping(context: PathContext, nodes: readonly PathNode[]): bigint {
  const { features } = context;
  return nodes.reduce((set, node) => {
    if (node.kind === "branch" && node.reason === "feature") {
      const holds = features.where(node.test) ?? features.all;
      return set | (swapping(context, node.then) & holds) | (swapping(context, node.otherwise) & ~holds);
    }
    if (node.kind !== "instructions") return set;
    return node.instructions.some((_, i) => instructionFacts(context, node, i)?.effects.some((e) => e.kind === "swapgs"))
      ? features.all
      : set;
  }, 0n);
}

/** The kernels in which GS may be the one or the other. Where it is known before a branch, each way around SWAPGS does what is right for it. */
function severalBases(context: PathContext, states: States): bigint {
  const gs = context.dimension("gs");
  const occurs = new Map<number, bigint>();
  let several = 0n;
  for (const { vector, combinations } of states.values()) {
    const value = valueIndex(vector, gs);
    for (const [other, known] of occurs) if (other !== value) several |= known & combinations;
    occurs.set(value, (occurs.get(value) ?? 0n) | combinations);
  }
  return several;
}

type States = Map<string, Reached>;

export class Explorer {
  private readonly context: PathContext;
  private readonly visitor: Visitor;
  /** How many different vectors were met, over all points. */
  states = 0;

  constructor(context: PathContext, visitor: Visitor) {
    this.context = context;
    this.visitor = visitor;
  }

  /** Runs the whole path. Gives what reaches its end: nothing, where every way leaves. */
  run(starts: readonly { readonly vector: Vector; readonly combinations: bigint }[]): readonly Reached[] {
    const states: States = new Map();
    for (const { vector, combinations } of starts) {
      const known = states.get(vector.key);
      if (known) known.combinations |= combinations;
      else states.set(vector.key, { vector, combinations, origins: [], depth: 0 });
    }
    const { prepare, leave, callsPrepare } = this.context.graph;
    const prepared = this.block(prepare, states);
    return [...this.block(leave, callsPrepare ? this.afterPrepare(prepared) : prepared).values()];
  }

  /** The call of the prepare function has destroyed the registers that C may change. */
  private afterPrepare(states: States): States {
    const { model, graph } = this.context;
    const node = graph.prepare.at(-1) ?? graph.leave[0];
    return node && holdsState(model, callerSavedRegisters)
      ? this.each(node, states, (v) => afterWrites(model, v, callerSavedRegisters))
      : states;
  }

  /** What becomes of `states` where a test comes out as `outcome`. */
  narrow(node: PathNode, test: Test, outcome: boolean, states: readonly Reached[]): readonly Reached[] {
    return [...this.arm(node, test, outcome, new Map(states.map((reached) => [reached.vector.key, reached]))).values()];
  }

  private block(nodes: readonly PathNode[], states: States): States {
    let current = states;
    for (const node of nodes) {
      if (current.size === 0) break;
      this.states += current.size;
      if (node.kind !== "loop") for (const reached of current.values()) this.visitor(node, reached, undefined);
      current = this.node(node, current);
    }
    return current;
  }

  private node(node: PathNode, states: States): States {
    const { context } = this;
    switch (node.kind) {
      case "irqs":
        return this.each(node, states, (v) => afterIrqs(context, v, node));
      case "read":
        return this.each(node, states, (v) => afterRead(context, v, node));
      case "clear":
        return this.each(node, states, (v) => afterClear(context, v, node));
      case "call":
        return this.each(node, states, (v) => afterCall(context, v, node));
      case "evaluate":
        return this.evaluate(node, states);
      case "assume":
        return this.each(node, states, (v) => withValue(v, node.setting.dimension, node.setting.value));
      case "instructions": {
        let current = states;
        node.instructions.forEach((_, i) => {
          for (const reached of current.values()) this.visitor(node, reached, i);
          if (movesVectors(context, node, i)) current = this.each(node, current, (v) => afterInstruction(context, v, node, i), i);
        });
        return this.each(node, current, (v) => afterStep(context, v, node));
      }
      case "branch": {
        const swaps = node.reason === "feature" ? 0n : swapping(this.context, node.then) | swapping(this.context, node.otherwise);
        const guessed = swaps === 0n ? 0n : swaps & severalBases(this.context, states);
        const arm = (outcome: boolean): States => {
          const entered = this.arm(node, node.test, outcome, states);
          return guessed === 0n ? entered : this.guess(node, entered, guessed);
        };
        const then = this.block(node.then, arm(true));
        const otherwise = this.block(node.otherwise, arm(false));
        return this.union(then, otherwise);
      }
      case "loop":
        return this.loop(node, states);
      case "window":
        return this.block(node.body, states);
      case "jump":
        return this.block(node.body, states);
      case "terminal":
        return new Map();
      case "waive":
        return states;
    }
  }

  /** A decision on flags is on the flags as they are here: they may change, and it does not. */
  private evaluate(node: EvaluateNode, states: States): States {
    const { context } = this;
    if (!readsFlags(node.condition.test)) return this.each(node, states, (v) => afterEvaluate(context, v, node));
    const bit = factBit(context, (fact) => "condition" in fact && fact.condition === node.condition);
    const outcomes = [true, false].map((outcome) => {
      const result: States = new Map();
      for (const reached of states.values()) {
        for (const { vector, combinations } of learn(context, reached, node.condition.test, outcome)) {
          const decided = afterEvaluate(context, vector, node);
          const changes = outcome ? { facts: decided.facts | bit } : { denied: decided.denied | bit };
          this.add(result, decided.with(changes), combinations, {
            from: reached,
            node,
            arm: undefined,
            instruction: undefined,
            combinations,
          });
        }
      }
      return result;
    });
    return this.union(outcomes[0] as States, outcomes[1] as States);
  }

  /** In these kernels the processor may have guessed the way (INV-45). */
  private guess(node: PathNode, states: States, kernels: bigint): States {
    const result: States = new Map();
    for (const reached of states.values()) {
      for (const [vector, combinations] of [
        [afterBranch(this.context, reached.vector), reached.combinations & kernels],
        [reached.vector, reached.combinations & ~kernels],
      ] as const) {
        if (combinations !== 0n)
          this.add(result, vector, combinations, { from: reached, node, arm: undefined, instruction: undefined, combinations });
      }
    }
    return result;
  }

  private loop(node: Extract<PathNode, { kind: "loop" }>, states: States): States {
    const heads: States = new Map();
    let incoming = states;
    for (;;) {
      for (const reached of incoming.values()) this.visitor(node.read, reached, undefined);
      const fresh: States = new Map();
      for (const [key, reached] of this.each(node.read, incoming, (v) => afterRead(this.context, v, node.read))) {
        const known = heads.get(key);
        const combinations = known ? reached.combinations & ~known.combinations : reached.combinations;
        if (combinations === 0n) continue;
        const part: Reached = { ...reached, combinations };
        fresh.set(key, part);
        if (known) {
          known.combinations |= combinations;
          known.origins.push(...part.origins);
        } else heads.set(key, { ...part, origins: [...part.origins] });
      }
      if (fresh.size === 0) break;
      this.states += fresh.size;
      for (const reached of fresh.values()) this.visitor(node, reached, undefined);
      incoming = this.block(node.body, this.arm(node, node.test, true, fresh));
    }
    return this.arm(node, node.test, false, heads);
  }

  /** The vectors of one arm of a test, with what the test told. */
  private arm(node: PathNode, test: Test, outcome: boolean, states: States): States {
    const result: States = new Map();
    const arm = outcome ? "then" : "otherwise";
    const decidedByFeatures = this.context.features.where(test);
    const live = this.context.live.get(node)?.[arm];
    for (const reached of states.values()) {
      const parts = decidedByFeatures === undefined ? learn(this.context, reached, test, outcome) : [reached];
      const possible = decidedByFeatures === undefined ? this.context.features.all : outcome ? decidedByFeatures : ~decidedByFeatures;
      for (const part of parts) {
        const combinations = part.combinations & possible;
        if (combinations === 0n) continue;
        const vector = outcome ? part.vector : withoutWork(this.context, part.vector, node);
        const known = live
          ? vector.with({ flags: forgetValues(forgetSnapshot(vector.flags, ~live.seen), this.context.allFlags & ~live.now) })
          : vector;
        this.add(result, known, combinations, { from: reached, node, arm, instruction: undefined, combinations });
      }
    }
    return result;
  }

  private each(node: PathNode, states: States, transfer: (vector: Vector) => Vector, instruction?: number): States {
    const result: States = new Map();
    for (const reached of states.values()) {
      const { combinations } = reached;
      this.add(result, transfer(reached.vector), combinations, { from: reached, node, arm: undefined, instruction, combinations });
    }
    return result;
  }

  private union(first: States, second: States): States {
    if (first.size === 0) return second;
    const result: States = new Map();
    for (const reached of [...first.values(), ...second.values()]) {
      const known = result.get(reached.vector.key);
      if (!known) {
        result.set(reached.vector.key, { ...reached, origins: [...reached.origins] });
        continue;
      }
      const more = reached.combinations & ~known.combinations;
      const shorter = reached.depth < known.depth;
      if (more === 0n && !shorter) continue;
      known.combinations |= more;
      known.depth = Math.min(known.depth, reached.depth);
      known.origins.push(...(shorter ? reached.origins : reached.origins.map((o) => ({ ...o, combinations: o.combinations & more }))));
    }
    return result;
  }

  private add(states: States, vector: Vector, combinations: bigint, origin: Origin): void {
    const known = states.get(vector.key);
    if (!known) {
      states.set(vector.key, { vector, combinations, origins: [origin], depth: origin.from.depth + 1 });
      return;
    }
    const more = combinations & ~known.combinations;
    const depth = origin.from.depth + 1;
    if (more === 0n && depth >= known.depth) return;
    known.origins.push(depth < known.depth ? origin : { ...origin, combinations: more });
    known.combinations |= more;
    known.depth = Math.min(known.depth, depth);
  }
}

function readsFlags(test: Test): boolean {
  let result = false;
  visitTest(test, (t) => {
    result ||= t.kind === "flags";
  });
  return result;
}
