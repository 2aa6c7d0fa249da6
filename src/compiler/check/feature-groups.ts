/**
 * Splits the features of a path into groups that do not interact, each to be explored by itself with the features of the others off:
 * n features that have nothing to do with one another then cost n times what one costs, and not 2^n.
 *
 * Features interact where one of them changes what another one's steps, obligations or tests look at, where they are tested together, and
 * where one needs the other. What a rule finds depends on the features that lead to its point and on those that changed what it looks
 * at; all of these are in one group. Features that decide where the path goes, or whether IRQs are on, are in every group.
 */
import { effectsOf } from "../machine/instructions.js";
import { visitTest } from "../model/expressions.js";
import type { Contract, Duty, Event, Feature, Flag, StateDimension, Test } from "../model/model.js";
import { visitNodes } from "../path/flow.js";
import type { InstructionsNode, PathGraph, PathNode } from "../path/graph.js";
import { dutiesOf } from "./context.js";
import { featuresOf } from "./feature-space.js";
import { terminalFeatures } from "./rules/terminal-kernels.js";

/** Small groups are explored together, as long as they have no more features than this, or one more than the largest group has. */
const together = 3;

/**
 * What features may change and look at. All built-in states but the buffers are one: rules look at several of them at once. What is changed in
 * `leave` is not looked at in `prepare`.
 */
type Resource = StateDimension | Flag | Duty | "machine" | "buffers" | "machine in C";

/** The groups, each with the features that decide where the path goes. One: nothing is gained by splitting. */
export function featureGroups(graph: PathGraph): readonly ReadonlySet<Feature>[] | undefined {
  const uses = new Uses(graph);
  const groups = uses.groups();
  const limit = Math.max(together, ...groups.map((group) => group.length + 1));
  const batches: Feature[][] = [];
  for (const group of groups) {
    const last = batches.at(-1);
    if (last && last.length + group.length <= limit) last.push(...group);
    else batches.push([...group]);
  }
  return batches.length < 2 ? undefined : batches.map((batch) => new Set([...uses.deciding, ...batch]));
}

class Uses {
  /** They are in every group. */
  readonly deciding = new Set<Feature>();
  private readonly graph: PathGraph;
  private buffersMatter = false;
  private inC = true;
  private readonly writes: (readonly [guard: ReadonlySet<Feature>, resource: Resource])[] = [];
  private readonly reads: (readonly [guard: ReadonlySet<Feature>, resource: Resource])[] = [];
  private readonly unions: (readonly [Feature | Resource, Feature | Resource])[] = [];
  private readonly parent = new Map<Feature | Resource, Feature | Resource>();

  constructor(graph: PathGraph) {
    this.graph = graph;
    const { model, exit } = graph;
    this.buffersMatter = cleans(graph.prepare) || exit.events.some((event) => startsClean(event));
    this.block(graph.prepare, new Set());
    this.inC = false;
    // C leaves them dirty, so that it takes a step that cleans them for another one to matter.
    this.buffersMatter ||= cleans(graph.leave);
    this.block(graph.leave, new Set());
    for (const { condition, setting } of model.requires) if (condition) this.join(features(condition), this.resource(setting.dimension));
    for (const { condition, flags } of model.owed) if (condition) for (const flag of flags) this.join(features(condition), flag);
    for (const { condition, restores } of model.steps) if (condition && restores) this.join(features(condition), "machine");
    for (const duty of exit.toUser ? dutiesOf(model, exit.events) : []) {
      const { test, condition, work } = duty;
      const kernels = [condition, work.condition].flatMap((t) => (t ? [...features(t)] : []));
      if (kernels.length > 0) this.join(new Set(kernels), duty);
      if (test && kernels.length > 0) for (const flag of flagsIn(test)) this.join(new Set(kernels), flag);
    }
    const written = this.written();
    if (written.has("machine in C")) {
      written.add("machine");
      this.union("machine", "machine in C");
    }
    for (const [guard, resource] of this.reads) if (written.has(resource)) this.join(guard, resource);
  }

  /** What differs between kernels of one group. What only the features change that are in every group is the same in each. */
  private written(): Set<Resource> {
    return new Set(this.writes.flatMap(([guard, resource]) => ([...guard].every((f) => this.deciding.has(f)) ? [] : [resource])));
  }

  /** The features that decide nothing by themselves, as groups, in the order of their declaration. */
  groups(): Feature[][] {
    const { model } = this.graph;
    // Features that only need one another, and that the path does not mention, make no group.
    const mentioned = new Set<Feature | Resource>(this.unions.flat());
    for (const feature of model.features) for (const needed of feature.needs) this.union(feature, needed);
    // A feature that is in every group ties none together.
    const ties = (of: Feature | Resource) => !(typeof of === "object" && "excludes" in of && this.deciding.has(of));
    for (const [a, b] of this.unions) {
      const [first, second] = [a, b].filter(ties);
      if (first && second) this.parent.set(this.root(first), this.root(second));
      else if (first) this.root(first);
    }
    const byRoot = new Map<Feature | Resource, Feature[]>();
    for (const feature of model.features) {
      if (!this.parent.has(feature) || this.deciding.has(feature)) continue;
      const root = this.root(feature);
      byRoot.set(root, [...(byRoot.get(root) ?? []), feature]);
    }
    return [...byRoot.values()].filter((group) => group.some((feature) => mentioned.has(feature)));
  }

  private resource(dimension: StateDimension): Resource {
    if (!dimension.builtIn) return dimension;
    return dimension.name === "buffers" ? "buffers" : this.machine;
  }

  private get machine(): Resource {
    return this.inC ? "machine in C" : "machine";
  }

  private root(of: Feature | Resource): Feature | Resource {
    const up = this.parent.get(of);
    if (up === undefined) this.parent.set(of, of);
    if (up === undefined || up === of) return of;
    const root = this.root(up);
    this.parent.set(of, root);
    return root;
  }

  private union(a: Feature | Resource, b: Feature | Resource): void {
    this.unions.push([a, b]);
  }

  private join(guard: ReadonlySet<Feature>, resource: Resource): void {
    for (const feature of guard) this.union(feature, resource);
  }

  private write(guard: ReadonlySet<Feature>, resource: Resource): void {
    if (guard.size === 0 || (resource === "buffers" && !this.buffersMatter)) return;
    this.writes.push([guard, resource]);
    this.join(guard, resource);
  }

  private read(guard: ReadonlySet<Feature>, resource: Resource): void {
    if (guard.size > 0) this.reads.push([guard, resource]);
  }

  private decide(guard: Iterable<Feature>): void {
    for (const feature of guard) this.deciding.add(feature);
  }

  private block(nodes: readonly PathNode[], guard: ReadonlySet<Feature>): void {
    for (const node of nodes) this.node(node, guard);
  }

  private node(node: PathNode, guard: ReadonlySet<Feature>): void {
    switch (node.kind) {
      case "branch": {
        let inner = guard;
        if (node.reason === "feature") {
          inner = new Set([...guard, ...features(node.test)]);
          // Also one whose steps change nothing: they may ask for what is not so.
          for (const feature of inner) this.union(feature, feature);
          const [first, ...rest] = inner;
          for (const other of rest) if (first) this.union(first, other);
        } else this.tested(node.test, guard);
        this.block(node.then, inner);
        this.block(node.otherwise, inner);
        return;
      }
      case "loop":
        this.tested(node.test, guard);
        this.block(node.body, guard);
        return;
      case "call":
        this.contract(node.item, guard);
        this.read(guard, this.machine);
        this.write(guard, "buffers");
        for (const duty of this.graph.model.duties) if (duty.work === node.item) this.write(guard, duty);
        if (node.item.kind === "work" && node.item.guard) for (const flag of flagsIn(node.item.guard)) this.join(guard, flag);
        return;
      case "instructions":
        this.contract(node.step, guard);
        this.instructions(node, guard);
        return;
      case "assume":
        this.write(guard, this.resource(node.setting.dimension));
        return;
      case "window":
        this.block(node.body, guard);
        return;
      case "jump":
        for (const { dimension } of node.tail.requires) this.read(guard, this.resource(dimension));
        this.block(node.body, guard);
        return;
      case "evaluate":
        this.tested(node.condition.test, guard);
        this.decide(guard);
        return;
      case "read":
        for (const flag of node.word.flags) this.write(guard, flag);
        return;
      case "clear":
        for (const flag of node.flags) this.write(guard, flag);
        return;
      case "terminal":
        this.decide(guard);
        this.decide(terminalFeatures(this.graph.model, node.terminal));
        return;
      case "irqs":
        this.decide(guard);
        return;
      case "waive":
        return;
    }
  }

  /** A test at run time: it tells of the flags, and the features in it tell where the path goes. */
  private tested(test: Test, guard: ReadonlySet<Feature>): void {
    this.decide(decidingIn(test));
    for (const flag of flagsIn(test)) this.write(guard, flag);
    visitTest(test, (t) => {
      if (t.kind === "state") this.write(guard, this.resource(t.dimension));
      if (t.kind === "compare") this.write(guard, this.machine);
    });
  }

  private contract(item: Contract, guard: ReadonlySet<Feature>): void {
    for (const { dimension } of item.requires) this.read(guard, this.resource(dimension));
    for (const { dimension } of item.ensures) this.write(guard, this.resource(dimension));
    for (const flag of [...item.clears, ...item.maySet]) this.write(guard, flag);
    if (item.containsReturn || item.maySleep) this.read(guard, this.machine);
    if (item.rewritesFrame || item.mayFault) this.write(guard, this.machine);
    if (item.touches.length > 0) this.write(guard, "buffers");
  }

  private instructions({ step, instructions }: InstructionsNode, guard: ReadonlySet<Feature>): void {
    if (step.restores || step.saves || step.clobbers.length > 0) this.write(guard, this.machine);
    for (const { instruction } of instructions) {
      for (const effect of effectsOf(instruction)) {
        const plain = effect.kind === "nothing" ? !effect.fence : effect.kind === "flags" || effect.kind === "flags-undefined";
        if (plain) this.read(guard, this.machine);
        else this.write(guard, this.machine);
      }
    }
  }
}

function cleans(nodes: readonly PathNode[]): boolean {
  let result = false;
  visitNodes(nodes, (node) => {
    const item = node.kind === "call" ? node.item : node.kind === "instructions" ? node.step : undefined;
    result ||= item?.ensures.some((s) => s.dimension.name === "buffers") ?? false;
  });
  return result;
}

function startsClean({ starts }: Event): boolean {
  return starts.some(({ dimension, value }) => dimension.name === "buffers" && dimension.values[value] !== "dirty");
}

function features(test: Test): Set<Feature> {
  const result = new Set<Feature>();
  featuresOf(test, result);
  return result;
}

/** Without those that only decide which value a constant has. */
function decidingIn(test: Test): Set<Feature> {
  const result = new Set<Feature>();
  visitTest(test, (t) => {
    if (t.kind === "feature") result.add(t.feature);
  });
  return result;
}

function flagsIn(test: Test): Flag[] {
  const result: Flag[] = [];
  visitTest(test, (t) => {
    if (t.kind === "flags") result.push(...t.flags);
  });
  return result;
}
