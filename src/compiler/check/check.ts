/** Checks one path: explores its vectors, asks the rules at every point, and tells each fault once, by its shortest story. */
import { type Code, diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { terminals as terminalRows } from "../machine/terminals.js";
import type { Test, Waiver } from "../model/model.js";
import { blocksOf, visitNodes } from "../path/flow.js";
import type { PathGraph, PathNode } from "../path/graph.js";
import { type Excess, type PathContext, pathContext } from "./context.js";
import { Explorer, type Reached } from "./explore.js";
import { featureGroups } from "./feature-groups.js";
import { unknownFlags } from "./flag-box.js";
import { Boundaries } from "./interruption.js";
import type { Finding, Rule, Visit } from "./rule.js";
import { atInterrupts } from "./rules/at-interrupts.js";
import { contracts, stepContracts } from "./rules/contracts.js";
import { duties } from "./rules/duties.js";
import { entryFrame } from "./rules/entry-frame.js";
import { staleDecisions } from "./rules/frame-facts.js";
import { interruptedIrqs } from "./rules/interrupted-irqs.js";
import { anyPointWork, irqsWindow } from "./rules/irqs-window.js";
import { memory } from "./rules/memory.js";
import { returnsAfterControls } from "./rules/mitigations.js";
import { finalWork, lostWork, oneShotWork } from "./rules/one-shot-work.js";
import { recovery } from "./rules/recovery.js";
import { statusFlags } from "./rules/status-flags.js";
import { instructionKernels, terminalKernels } from "./rules/terminal-kernels.js";
import { terminals } from "./rules/terminals.js";
import { tokens } from "./rules/tokens.js";
import { checkLoops, onceWork, workIrqs } from "./rules/work-policy.js";
import { changedAt, describe, isFeatureNote } from "./story.js";
import { eventFacts } from "./transfer.js";
import { Vector, valueIndex } from "./vector.js";

/** Asked at every point of every path. */
export const rules: readonly Rule[] = [
  workIrqs,
  onceWork,
  anyPointWork,
  irqsWindow,
  interruptedIrqs,
  atInterrupts,
  contracts,
  stepContracts,
  memory,
  statusFlags,
  tokens,
  staleDecisions,
  oneShotWork,
  finalWork,
  lostWork,
  duties,
  returnsAfterControls,
  terminals,
  recovery,
  terminalKernels,
  instructionKernels,
  entryFrame,
];

export interface CheckStatistics {
  /** Different state vectors met, summed over the path's points. */
  readonly states: number;
  /** Admissible combinations of the features that the path mentions. */
  readonly featureCombinations: number;
}

export interface CheckResult {
  readonly diagnostics: readonly Diagnostic[];
  /** What other paths may find when they interrupt this one. */
  readonly boundaries: readonly Boundaries[];
  readonly statistics: CheckStatistics;
}

interface Found {
  readonly context: PathContext;
  readonly finding: Finding;
  readonly node: PathNode;
  readonly instruction: number | undefined;
  /** The earliest vector with the fault. */
  reached: Reached;
  combinations: bigint;
}

export function check(graph: PathGraph): CheckResult {
  return examine(graph, (context) => starts(context).map((vector) => ({ vector, combinations: context.features.all })));
}

/** A vector to start from, and the combinations in which it is one. */
export interface Start {
  readonly vector: Vector;
  readonly combinations: bigint;
}

/** What is asked of what reaches the end of a path that does not leave: an entry. */
export type EndRule = (context: PathContext, reached: Reached, report: Visit["report"]) => void;

/** Explores a path from `startsOf` and tells what its rules find. `also` are tests of features that the starts depend on. */
export function examine(
  graph: PathGraph,
  startsOf: (context: PathContext) => readonly Start[],
  atEnd?: EndRule,
  also: readonly Test[] = [],
): CheckResult {
  const waivers = collectWaivers(graph);
  const told = new Set<string>();
  const all: Found[] = [];
  const boundaries: Boundaries[] = [];
  const statistics = { states: 0, featureCombinations: 0 };
  // What the starts depend on would be in every group.
  for (const group of (also.length === 0 ? featureGroups(graph) : undefined) ?? [undefined]) {
    const context = pathContext(graph, also, group);
    if (!("graph" in context)) return { diagnostics: [excess(graph, context)], boundaries: [], statistics };
    const explored = explore(context, startsOf(context), atEnd, waivers);
    const fresh = [...explored.found].flatMap(([key, found]) => (told.has(key) ? [] : [found]));
    for (const key of explored.found.keys()) told.add(key);
    all.push(...fresh);
    boundaries.push(explored.boundaries);
    statistics.states += explored.states;
    statistics.featureCombinations += context.features.combinations.length;
  }
  const diagnostics = mostTelling(all).map((f) => describe(f.context, f));
  diagnostics.push(...loopFindings(graph, (code, node) => waive(waivers, { code }, node)));
  for (const waiver of waivers) {
    if (waiver.used) continue;
    const help = "remove it: it would hide a fault that comes later";
    diagnostics.push(diagnostic("EX3900", waiver.waiver.span, {}, { help }));
  }
  return { diagnostics: once(diagnostics), boundaries, statistics };
}

function excess({ exit }: PathGraph, { what, count, limit }: Excess): Diagnostic {
  const help = "split the path, or the features that do not belong together";
  return diagnostic("EX2044", exit.span, { name: exit.name, count, what, limit }, { help });
}

/** What the rules find in one group of features, by what it is. */
function explore(context: PathContext, from: readonly Start[], atEnd: EndRule | undefined, waivers: readonly UsableWaiver[]) {
  const found = new Map<string, Found>();
  const boundaries = new Boundaries(context);
  const record = (node: PathNode, instruction: number | undefined, reached: Reached, finding: Finding): void => {
    if (waive(waivers, finding, node)) return;
    const failing = finding.combinations ?? reached.combinations;
    const place = `${node.id} ${instruction ?? ""} ${finding.span?.start ?? ""}`;
    // A register or a flag more is the same fault; what it is about is in the arguments of the message.
    const key = `${finding.code} ${place} ${JSON.stringify(finding.args)}`;
    const known = found.get(key);
    if (!known) found.set(key, { context, finding, node, instruction, reached, combinations: failing });
    else {
      known.combinations |= failing;
      if (reached.depth < known.reached.depth) known.reached = reached;
    }
  };
  const explorer = new Explorer(context, (node, reached, instruction) => {
    boundaries.note(node, reached);
    const { vector, combinations } = reached;
    const report = (finding: Finding) => record(node, instruction, reached, finding);
    for (const rule of rules) rule({ context, node, vector, combinations, instruction, report });
  });
  const ended = explorer.run(from);
  const last = context.graph.nodes[context.graph.nodes.length - 1];
  if (atEnd && last)
    for (const reached of ended) atEnd(context, reached, (finding) => record(last, Number.POSITIVE_INFINITY, reached, finding));
  return { found, boundaries, states: explorer.states };
}

/** The vectors in which the path can start: one for each mode that it may have come from, and each event that starts in its own way. */
export function starts(context: PathContext): Vector[] {
  const { exit, model } = context.graph;
  const usual = model.dimensions.map((d) => d.usual);
  const different = new Map<string, Vector>();
  for (const event of exit.events) {
    for (const toUser of [true, false]) {
      if (toUser ? !(exit.toUser && event.fromUser) : !(exit.toKernel && event.fromKernel)) continue;
      const start = [...usual];
      for (const setting of event.starts) start[setting.dimension.index] = setting.value;
      const vector = new Vector({
        toUser,
        event,
        values: String.fromCharCode(...start),
        flags: unknownFlags(context.allFlags),
        registers: 0,
        tokens: 0,
        facts: eventFacts(context, event),
        decided: 0,
        denied: 0,
        stale: 0,
        rewritten: false,
      });
      // No rule tells events apart whose exits start alike.
      const key = JSON.stringify([toUser, vector.values, vector.facts, event.anyPoint, event.loses, event.tokens.map((t) => t.name)]);
      if (!different.has(key)) different.set(key, vector);
    }
  }
  return [...different.values()];
}

function loopFindings(graph: PathGraph, waived: (code: "EX3004" | "EX3006", node: PathNode) => boolean): Diagnostic[] {
  const result: Diagnostic[] = [];
  checkLoops(graph.prepare, (work, node, flag) => {
    if (waived(work ? "EX3004" : "EX3006", node)) return;
    if (work) {
      const secondary = [{ span: work.span, message: "declared as `once` here" }];
      const notes = ["it belongs to the event, not to the state of a flag; running it again reports one system call twice (INV-10)"];
      result.push(
        diagnostic(
          "EX3004",
          node.span,
          { item: work.name, why: "this loop may run it again" },
          { secondary, notes, help: "run it before the loop" },
        ),
      );
    } else if (flag !== undefined) {
      const notes = ["once the flag is set, the kernel never leaves the loop (INV-5)"];
      result.push(
        diagnostic(
          "EX3006",
          node.span,
          { flag },
          { notes, help: `run the work that handles \`${flag}\` in the loop, and let its contract say \`clears ${flag}\`` },
        ),
      );
    }
  });
  return result;
}

interface UsableWaiver {
  readonly waiver: Waiver;
  /** It holds for the nodes with these numbers, the last one excluded. */
  readonly from: number;
  readonly to: number;
  used: boolean;
}

/** The waivers of a path: those of its `exit` block hold for all of it, a statement from there on to the end of its block. */
function collectWaivers(graph: PathGraph): UsableWaiver[] {
  const waivers: UsableWaiver[] = graph.exit.waivers.map((waiver) => ({ waiver, from: 0, to: Number.POSITIVE_INFINITY, used: false }));
  // Nodes are numbered in program order, what is in a node's blocks right behind it.
  const collect = (nodes: readonly PathNode[], end: number): void => {
    nodes.forEach((node, i) => {
      if (node.kind === "waive") waivers.push({ waiver: node.waiver, from: node.id, to: end, used: false });
      const blocks = blocksOf(node);
      blocks.forEach((block, j) => {
        const next = blocks.slice(j + 1).find((b) => b.length > 0)?.[0] ?? nodes[i + 1];
        collect(block, next?.id ?? end);
      });
    });
  };
  collect(graph.prepare, Number.POSITIVE_INFINITY);
  collect(graph.leave, Number.POSITIVE_INFINITY);
  return waivers;
}

function waive(waivers: readonly UsableWaiver[], finding: Pick<Finding, "code" | "obligation" | "pending">, node: PathNode): boolean {
  let waived = false;
  for (const usable of waivers) {
    if (node.id < usable.from || node.id >= usable.to) continue;
    if (covers(usable.waiver, finding)) {
      usable.used = true;
      waived = true;
    }
  }
  return waived;
}

export function covers({ rule }: Waiver, { code, obligation, pending }: Pick<Finding, "code" | "obligation" | "pending">): boolean {
  switch (rule.kind) {
    case "code":
      return rule.code === code;
    case "state":
      return obligation !== undefined && rule.setting.dimension === obligation.dimension && rule.setting.value === obligation.value;
    case "flags":
      return pending?.every((flag) => rule.flags.includes(flag)) ?? false;
  }
}

/**
 * One cause often shows at several points. Of the findings with the same code at one place, the first one is told; and where a
 * state is wrong from some point on, the first place that minds, for each dimension.
 */
function mostTelling(all: readonly Found[]): Found[] {
  const seen = new Set<string>();
  /** States that something minded before a terminal did, by where they came from. */
  const minded = new Set<string>();
  const found = all.filter((f) => !all.some((tail) => isConsequence(f, tail)));
  return [...found]
    .sort((a, b) => a.node.id - b.node.id || (a.instruction ?? -1) - (b.instruction ?? -1) || a.reached.depth - b.reached.depth)
    .filter((one) => {
      const { context, finding, node, reached } = one;
      const args = finding.args as Record<string, unknown>;
      const { cause } = finding;
      const keys = [`${finding.code} ${node.id} ${JSON.stringify(args.registers ?? args.dimension ?? args.token ?? "")}`];
      // A dimension that is wrong is wrong until it is set: what minds it later says nothing new.
      if (cause?.kind === "dimension" && finding.obligation === undefined && node.kind !== "terminal")
        keys.push(`${finding.code} ${cause.dimension.name} ${args.actual}`);
      // So it is while IRQs are on.
      if (finding.code === "EX4005") keys.push(`${finding.code} ${args.dimension}`);
      // Who uses an unmapped stack goes on using it.
      if (finding.code === "EX4004") keys.push(`${finding.code} ${args.region}`);
      if (cause?.kind === "stale") keys.push(`${finding.code} ${cause.fact}`);
      if (keys.some((key) => seen.has(key))) return false;
      if (cause?.kind === "dimension" && finding.obligation === undefined) {
        // IRQs that are on are one fault, whatever they meet.
        const states = args.irqs === "are on" ? [context.dimension("irqs"), cause.dimension] : [cause.dimension];
        const since = states.map((d) => `${d.name} ${valueIndex(reached.vector, d)} ${changedAt(context, one, d)?.id ?? "at the start"}`);
        if (since.some((state) => minded.has(state))) return false;
        if (node.kind !== "terminal") for (const state of since) minded.add(state);
      }
      for (const key of keys) seen.add(key);
      return true;
    });
}

/**
 * In a tail that was entered in a wrong state, whatever minds that state again. Of final work that more may come behind it, where it runs with
 * IRQs on, or where one-shot work may be pending, too. Of IRQs that go on where GS and the like are not the kernel's, that they go on at all.
 */
function isConsequence({ finding, node }: Found, tail: Found): boolean {
  if (finding.code === "EX3011" && tail.finding.code === "EX3001") return node === tail.node;
  if (finding.code === "EX3012" && tail.finding.code === "EX4005") return node === tail.node;
  if (finding.code === "EX3011" && (tail.finding.code === "EX3003" || tail.finding.code === "EX3005"))
    return (tail.finding.args as { readonly item: string }).item === (finding.args as { readonly item: string }).item;
  if (finding.code === "EX3011" && tail.finding.code === "EX3009")
    return node === tail.node && (tail.finding.args as { readonly work: string }).work === (finding.args as { readonly item: string }).item;
  if (finding.code === "EX3009" && (tail.finding.code === "EX3003" || tail.finding.code === "EX3005"))
    return (tail.finding.args as { readonly item: string }).item === (finding.args as { readonly work: string }).work;
  if (tail.finding.code !== "EX5008" || tail.node.kind !== "jump" || node === tail.node) return false;
  const { cause } = finding;
  const wrong = tail.finding.cause;
  if (cause?.kind !== "dimension" || wrong?.kind !== "dimension" || cause.dimension !== wrong.dimension) return false;
  let inside = false;
  visitNodes(tail.node.body, (inner) => {
    inside ||= inner === node;
  });
  return inside;
}

/** Two ways to one place (a shared tail's copies) tell a fault once; so do two terminals that suffer from the same cause. */
function once(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const told = new Map<string, Diagnostic>();
  const places = new Set<string>();
  for (const d of diagnostics) {
    const { span } = d.primary;
    const place = `${d.code} ${span.source.name} ${span.start} ${d.message}`;
    if (places.has(place)) continue;
    places.add(place);
    const [cause] = d.secondary;
    const since = atTerminal.has(d.code) && cause ? `${cause.span.source.name} ${cause.span.start} ${cause.message}` : place;
    const kernels = d.notes.find(isFeatureNote);
    const key = `${d.code} ${since} ${d.message.replace(terminalName, "").replace(/ it is \S+$/, "")} ${d.notes.filter((note) => note !== kernels).join(" ")}`;
    const first = told.get(key);
    const message = kernels === undefined || first?.notes.includes(kernels) ? "and here" : `and here, ${kernels}`;
    told.set(key, first ? { ...first, secondary: [...first.secondary, { span, message }] } : d);
  }
  return [...told.values()];
}

/** What several terminals may have in common. */
const atTerminal: ReadonlySet<string> = new Set<Code>(["EX3001", "EX3009", "EX3011", "EX7001", "EX8001"]);
const terminalName = new RegExp(`\`(?:${terminalRows.map((t) => t.name).join("|")})\``);
