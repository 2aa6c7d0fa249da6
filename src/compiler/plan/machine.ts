/**
 * What steps do to points, where a point is a location with the state vectors that can be there. What is legal is the answer of
 * the checker's own rules, so that a plan and a listed `leave` are held to the same. Each question is worked out once: the machine
 * does not depend on the goal, and of the kernel only on which steps are asked for, so all searches of a path share one.
 */
import { covers } from "../check/check.js";
import type { PathContext } from "../check/context.js";
import type { Finding, Rule, Visit } from "../check/rule.js";
import { contracts, holds } from "../check/rules/contracts.js";
import { irqsWindow } from "../check/rules/irqs-window.js";
import { memory } from "../check/rules/memory.js";
import { returnsAfterControls } from "../check/rules/mitigations.js";
import { tokens } from "../check/rules/tokens.js";
import { afterInstruction, afterStep } from "../check/transfer.js";
import { type Vector, valueNameOf } from "../check/vector.js";
import { generalRegisters } from "../machine/instruction.js";
import type { Frame, Step, Waiver } from "../model/model.js";
import type { InstructionsNode, PathNode } from "../path/graph.js";
import type { Location, SymbolicValue } from "../path/location.js";
import { isPlaced } from "../path/place.js";
import { placeStep } from "../path/place-step.js";
import { joinLocations } from "../path/symbolic.js";
import type { Span } from "../text/source.js";
import { made } from "./containers.js";

/** A step as a plan does it; `except` is for `restore_registers`. One object for each, so that they compare by identity. */
export interface PlannedStep {
  /** In the order of declaration. */
  readonly index: number;
  readonly step: Step;
  readonly except: readonly string[];
}

export interface Point {
  /** Points are equal exactly if their numbers are. */
  readonly id: number;
  readonly location: Location;
  readonly locationId: number;
  /** All vectors that can be here; a plan must serve each. Sorted by number. */
  readonly vectors: readonly KnownVector[];
  /** Where steps lead, by their numbers, as far as somebody asked; null: nowhere. */
  readonly next: (Transition | null | undefined)[];
}

export interface KnownVector {
  readonly id: number;
  readonly vector: Vector;
}

export interface Transition {
  readonly to: Point;
  /** Instructions. */
  readonly cost: number;
  /** For each instruction, how many of GS, CR3 and the stack are the user's or half-way there when it is reached. */
  readonly exposed: number;
}

/** Contracts whose instructions contradict them are told by the checker, of the plan that uses them. */
const toldLater: ReadonlySet<string> = new Set(["EX4002", "EX4008", "EX4011"]);
const stepRules: readonly Rule[] = [irqsWindow, contracts, memory, tokens, returnsAfterControls];
const kernelOwn: readonly (readonly [string, readonly string[]])[] = [
  ["gs", ["kernel"]],
  ["cr3", ["kernel"]],
  ["stack", ["thread", "irq"]],
];

interface Placement {
  readonly node: InstructionsNode;
  readonly after: { readonly location: Location; readonly id: number };
  readonly cost: number;
  readonly vectors: Map<number, { readonly to: KnownVector; readonly exposed: number } | undefined>;
}

export class Machine {
  readonly context: PathContext;
  private readonly frame: Frame;
  private readonly waivers: readonly Waiver[];
  private readonly span: Span;
  private readonly locations = new Map<string, { readonly location: Location; readonly id: number }>();
  private readonly vectors = new Map<string, KnownVector>();
  private readonly points = new Map<string, Point>();
  private readonly placements = new Map<PlannedStep, Map<number, Placement | undefined>>();

  /** `waivers`: what the path puts aside. `span`: the statement that asks for the plan. */
  constructor(context: PathContext, frame: Frame, waivers: readonly Waiver[], span: Span) {
    this.context = context;
    this.frame = frame;
    this.waivers = waivers;
    this.span = span;
  }

  /** The same machine, with nothing worked out yet: for steps with other contracts. */
  anew(): Machine {
    return new Machine(this.context, this.frame, this.waivers, this.span);
  }

  /** Rules are put aside as a whole, so that what a goal needs is less than its contract says. */
  get waivesCodes(): boolean {
    return this.waivers.some(({ rule }) => rule.kind === "code");
  }

  point(location: Location, vectors: readonly Vector[]): Point {
    const known = this.location(location);
    return this.pointOf(
      known.location,
      known.id,
      vectors.map((v) => this.vector(v)),
    );
  }

  /** A point without vectors, which knows what both others do. */
  joined(a: Point, b: Point): Point {
    return a.locationId === b.locationId ? a : this.point(joinLocations(a.location, b.location, this.frame), []);
  }

  /** Where a step leads from a point; undefined where it is not legal. */
  apply(point: Point, planned: PlannedStep): Transition | undefined {
    const known = point.next[planned.index];
    if (known !== undefined) return known ?? undefined;
    const transition = this.transition(point, planned);
    point.next[planned.index] = transition ?? null;
    return transition;
  }

  /** What rules find at a node for a vector; what is waived is left out. `combinations` narrows it to those kernels. */
  ask(rules: readonly Rule[], node: PathNode, vector: Vector, combinations: bigint, instruction?: number): Finding[] {
    const findings: Finding[] = [];
    const report = (finding: Finding) => {
      if (!this.waivers.some((waiver) => covers(waiver, finding))) findings.push(finding);
    };
    const visit: Visit = { context: this.context, node, vector, combinations, instruction, report };
    for (const rule of rules) rule(visit);
    return findings;
  }

  private transition(point: Point, planned: PlannedStep): Transition | undefined {
    const { context } = this;
    // Most steps fail here, and placing a step is what takes time.
    const { requires } = planned.step;
    if (this.waivers.length === 0 && point.vectors.some(({ vector }) => requires.some((r) => !holds(context, vector, r)))) return undefined;
    const placement = this.place(point, planned);
    if (!placement) return undefined;
    const vectors: KnownVector[] = [];
    let exposed = 0;
    for (const from of point.vectors) {
      if (!placement.vectors.has(from.id)) placement.vectors.set(from.id, this.through(placement.node, from.vector));
      const next = placement.vectors.get(from.id);
      if (!next) return undefined;
      exposed = Math.max(exposed, next.exposed);
      vectors.push(next.to);
    }
    const { after, cost } = placement;
    return { to: this.pointOf(after.location, after.id, vectors), cost, exposed };
  }

  private place(point: Point, planned: PlannedStep): Placement | undefined {
    const known = made(this.placements, planned, () => new Map<number, Placement | undefined>());
    if (!known.has(point.locationId)) known.set(point.locationId, this.newPlacement(point.location, planned));
    return known.get(point.locationId);
  }

  private newPlacement(location: Location, { step, except }: PlannedStep): Placement | undefined {
    const { context, frame, span } = this;
    const placed = placeStep({ model: context.model, frame, tokens: context.tokens, span }, step, except, location);
    if (!isPlaced(placed)) return undefined;
    const { placed: instructions, after } = placed;
    const node: InstructionsNode = { id: -1, side: "leave", kind: "instructions", step, instructions, after, span };
    return { node, after: this.location(after), cost: countInstructions(node), vectors: new Map() };
  }

  private through(node: InstructionsNode, start: Vector): { readonly to: KnownVector; readonly exposed: number } | undefined {
    const { context } = this;
    const { all } = context.features;
    const forbidden = (vector: Vector, index?: number) =>
      this.ask(stepRules, node, vector, all, index).some((finding) => !toldLater.has(finding.code));
    if (forbidden(start)) return undefined;
    let vector = start;
    let exposed = 0;
    for (let i = 0; i < node.instructions.length; i++) {
      if (forbidden(vector, i)) return undefined;
      for (const [name, own] of kernelOwn) if (!own.includes(valueNameOf(vector, context.dimension(name)))) exposed++;
      vector = afterInstruction(context, vector, node, i);
    }
    return { to: this.vector(afterStep(context, vector, node)), exposed };
  }

  private vector(vector: Vector): KnownVector {
    return made(this.vectors, vector.key, () => ({ id: this.vectors.size, vector }));
  }

  private location(location: Location): { readonly location: Location; readonly id: number } {
    return made(this.locations, locationKey(location), () => ({ location, id: this.locations.size }));
  }

  private pointOf(location: Location, locationId: number, vectors: readonly KnownVector[]): Point {
    const different = vectors.length === 1 ? vectors : [...new Set(vectors)].sort((a, b) => a.id - b.id);
    const key = `${locationId}:${different.map((v) => v.id).join()}`;
    return made(this.points, key, () => ({ id: this.points.size, location, locationId, vectors: different, next: [] }));
  }
}

/** Labels are none. */
export function countInstructions(node: InstructionsNode): number {
  return node.instructions.filter(({ instruction }) => instruction.mnemonic !== ":").length;
}

function locationKey({ registers, slots }: Location): string {
  let key = "";
  for (const register of generalRegisters) key += `${valueKey(registers[register])};`;
  for (const region of [...slots.keys()].sort()) {
    const words = slots.get(region) ?? new Map<number, SymbolicValue>();
    key += `${region}{`;
    for (const offset of [...words.keys()].sort((a, b) => a - b)) key += `${offset}=${valueKey(words.get(offset) as SymbolicValue)};`;
  }
  return key;
}

function valueKey(value: SymbolicValue): string {
  switch (value.kind) {
    case "field":
      return `f${value.field}`;
    case "token":
      return `t${value.token}`;
    case "constant":
      return `c${value.value}`;
    case "pointer":
      return `p${value.region}+${value.offset}`;
    case "rflags":
      return `f${value.field ?? ""}-${value.clear}+${value.set}`;
    case "kernel":
      return "k";
    default:
      return JSON.stringify(value);
  }
}
