/**
 * Finds the cheapest legal sequence of steps to a goal, for one feature combination: Dijkstra's algorithm over pairs of
 * state vectors and location. What is legal and whether the goal is reached are the checker's own rules' answers, so that a plan
 * and a listed `leave` are held to the same. The cost of a plan is the number of its instructions.
 */
import type { PathContext } from "../check/context.js";
import type { Finding, Rule, Visit } from "../check/rule.js";
import { contracts } from "../check/rules/contracts.js";
import { irqsWindow } from "../check/rules/irqs-window.js";
import { memory } from "../check/rules/memory.js";
import { terminals } from "../check/rules/terminals.js";
import { tokens } from "../check/rules/tokens.js";
import { afterInstruction, afterStep } from "../check/transfer.js";
import type { Vector } from "../check/vector.js";
import type { Frame, Step } from "../model/model.js";
import type { InstructionsNode, PathNode } from "../path/graph.js";
import type { Location } from "../path/location.js";
import { isPlaced } from "../path/place.js";
import { placeStep } from "../path/place-step.js";
import type { Goal } from "./goal.js";

/** A step as a plan does it; `except` is for `restore_registers`. */
export interface PlannedStep {
  readonly step: Step;
  readonly except: readonly string[];
}

export interface Plan {
  readonly steps: readonly PlannedStep[];
  /** Instructions. */
  readonly cost: number;
}

export interface SearchStart {
  /** All vectors that can arrive under the combination; a plan must serve each. */
  readonly vectors: readonly Vector[];
  readonly location: Location;
}

export interface SearchFailure {
  /** What the checker says of the goal where the search came closest to it. */
  readonly missing: readonly Finding[];
}

interface Point {
  readonly vectors: readonly Vector[];
  readonly location: Location;
  readonly steps: readonly PlannedStep[];
  readonly cost: number;
}

/** Points that one search visits at most. */
const maximumPoints = 20_000;
const stepRules: readonly Rule[] = [irqsWindow, contracts, memory, tokens];
const goalRules: readonly Rule[] = [terminals, contracts];

export class Search {
  private readonly context: PathContext;
  private readonly frame: Frame;
  private readonly goal: Goal;
  private readonly operators: readonly PlannedStep[];
  /** The combination, as one bit of the path's feature space. */
  private readonly combination: bigint;

  constructor(context: PathContext, frame: Frame, goal: Goal, operators: readonly PlannedStep[], combination: bigint) {
    this.context = context;
    this.frame = frame;
    this.goal = goal;
    this.operators = operators;
    this.combination = combination;
  }

  run(start: SearchStart): Plan | SearchFailure {
    const open: Point[][] = [[{ ...start, steps: [], cost: 0 }]];
    const closed = new Set<string>();
    let missing: readonly Finding[] | undefined;
    for (let cost = 0; cost < open.length; cost++) {
      for (const point of open[cost] ?? []) {
        const key = pointKey(point);
        if (closed.has(key)) continue;
        closed.add(key);
        const lacks = this.atGoal(point);
        if (lacks.length === 0) return { steps: point.steps, cost: point.cost };
        if (!missing || lacks.length < missing.length) missing = lacks;
        if (closed.size > maximumPoints) return { missing };
        for (const operator of this.operators) {
          const next = this.apply(point, operator);
          if (!next || closed.has(pointKey(next))) continue;
          (open[next.cost] ??= []).push(next);
        }
      }
    }
    return { missing: missing ?? [] };
  }

  /** The cost of exactly these steps, if they are legal and reach the goal. */
  cost(start: SearchStart, steps: readonly PlannedStep[]): number | undefined {
    let point: Point | undefined = { ...start, steps: [], cost: 0 };
    for (const step of steps) point = point && this.apply(point, step);
    return point && this.atGoal(point).length === 0 ? point.cost : undefined;
  }

  private apply(point: Point, operator: PlannedStep): Point | undefined {
    if (point.steps.some((done) => done.step === operator.step)) return undefined;
    const { graph, tokens: known } = this.context;
    const span = this.goal.span;
    const placed = placeStep({ model: graph.model, frame: this.frame, tokens: known, span }, operator.step, operator.except, point.location);
    if (!isPlaced(placed)) return undefined;
    const instructions = placed.placed;
    const node: InstructionsNode = { id: -1, side: "leave", kind: "instructions", step: operator.step, instructions, after: placed.after, span };
    const vectors = new Map<string, Vector>();
    for (const vector of point.vectors) {
      const after = this.through(node, vector);
      if (!after) return undefined;
      vectors.set(after.key, after);
    }
    const cost = point.cost + instructions.filter((p) => p.instruction.mnemonic !== ":").length;
    return { vectors: [...vectors.values()], location: placed.after, steps: [...point.steps, operator], cost };
  }

  /** The vector after a step, or undefined where a rule forbids the step. */
  private through(node: InstructionsNode, start: Vector): Vector | undefined {
    if (this.ask(stepRules, node, start, undefined).length > 0) return undefined;
    let vector = start;
    for (let i = 0; i < node.instructions.length; i++) {
      if (this.ask(stepRules, node, vector, i).length > 0) return undefined;
      vector = afterInstruction(this.context, vector, node, i);
    }
    return afterStep(this.context, vector, node);
  }

  /** What the goal lacks here. */
  private atGoal({ vectors, location }: Point): readonly Finding[] {
    const { goal } = this;
    const base = { id: -1, side: "leave", before: location, span: goal.span } as const;
    const node: PathNode =
      goal.kind === "tail"
        ? { ...base, kind: "jump", tail: goal.tail, body: [] }
        : { ...base, kind: "terminal", terminal: goal.terminal, label: goal.label, recovery: goal.recovery };
    return vectors.flatMap((vector) => this.ask(goalRules, node, vector, undefined));
  }

  private ask(rules: readonly Rule[], node: PathNode, vector: Vector, instruction: number | undefined): Finding[] {
    const findings: Finding[] = [];
    const visit: Visit = { context: this.context, node, vector, combinations: this.combination, instruction, report: (finding) => findings.push(finding) };
    for (const rule of rules) rule(visit);
    return findings;
  }
}

function pointKey({ vectors, location }: Point): string {
  const { registers, slots } = location;
  const places = Object.values(registers).map((value) => JSON.stringify(value, bigintText));
  const words = [...slots].map(([region, map]) => `${region}:${[...map].map(([offset, value]) => `${offset}=${JSON.stringify(value, bigintText)}`).join()}`);
  return [...vectors.map((v) => v.key), ...places, ...words].join(";");
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);
