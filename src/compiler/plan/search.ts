/**
 * Finds every cheapest legal sequence of steps to a goal, for one class of kernels: A* over points, by the lower bound of
 * `bound.ts`. The cost of a plan is the number of its instructions, labels not counted. A step may occur more than once.
 */
import { rules } from "../check/check.js";
import { Explorer } from "../check/explore.js";
import type { Finding, Rule } from "../check/rule.js";
import { contracts } from "../check/rules/contracts.js";
import { terminals } from "../check/rules/terminals.js";
import type { Terminal } from "../machine/terminals.js";
import { buildTail } from "../path/build.js";
import type { PathNode } from "../path/graph.js";
import { Bound } from "./bound.js";
import { Buckets } from "./containers.js";
import type { Demand, Goal } from "./goal.js";
import type { Machine, PlannedStep, Point } from "./machine.js";

/** What one class of kernels has to solve. */
export interface Problem {
  readonly machine: Machine;
  readonly start: Point;
  readonly goal: Goal;
  /** What the goal comes to at once, if that is known (`plainTerminal`). */
  readonly terminal: Terminal | undefined;
  readonly demands: readonly Demand[];
  readonly operators: readonly PlannedStep[];
  /** The class, as bits of the path's feature space. */
  readonly combinations: bigint;
  /** Findings at the goal that do not matter; for finding out what collides. */
  readonly ignores?: (finding: Finding) => boolean;
  /** Not all that the goal needs is asked for. */
  readonly partial?: boolean;
  /** Points that are looked at before the search gives up. */
  readonly limit?: number;
}

export interface Edge {
  readonly step: PlannedStep;
  readonly to: Point;
  readonly exposed: number;
}

/** All cheapest plans of a class, as a graph without circles: every way along its edges from `start` to a goal is one. */
export interface CheapestPlans {
  /** Instructions. */
  readonly cost: number;
  readonly start: Point;
  readonly goals: ReadonlySet<Point>;
  readonly edges: ReadonlyMap<Point, readonly Edge[]>;
  /** The least exposure of the ways from a point to a goal (`Transition.exposed`). */
  readonly exposure: ReadonlyMap<Point, number>;
}

export interface SearchFailure {
  /** What the checker says of the goal where the search came closest to it. */
  readonly missing: readonly Finding[];
  /** How many points were looked at, where there would have been more. */
  readonly gaveUp: number | undefined;
}

/** Points that one search looks at before it gives up. */
const maximumPoints = 4_000;
/** What no step can change: work flags, what is known of the frame, the mode, recoveries. The checker tells it of the plan. */
const changeless: ReadonlySet<string> = new Set([
  "EX3001",
  "EX3007",
  "EX3009",
  "EX3010",
  "EX3011",
  "EX4011",
  "EX5004",
  "EX5005",
  "EX5012",
  "EX5015",
]);
const goalRules: readonly Rule[] = [terminals, contracts];

export function search(problem: Problem): CheapestPlans | SearchFailure {
  const { machine, start, goal, demands, operators } = problem;
  // With rules put aside as a whole, nothing is certain of what the goal asks for.
  const certain = !machine.waivesCodes;
  const bound = new Bound(
    machine.context,
    goal,
    problem.terminal,
    certain ? demands : [],
    operators,
    start,
    certain && problem.partial !== true,
  );
  const first = bound.at(start);
  if (first === Number.POSITIVE_INFINITY) return { missing: lacks(problem, start), gaveUp: undefined };
  const least = new Map<Point, number>([[start, 0]]);
  const expanded = new Map<Point, number>();
  const ways = new Map<Point, Way[]>();
  const goals = new Set<Point>();
  /** By estimate: points to look at, and steps to try that were put off. */
  const open = new Buckets<{ readonly point: Point; readonly step: PlannedStep | undefined }>();
  let nearest: { readonly findings: readonly Finding[]; readonly left: number } | undefined;
  const put = (estimate: number, point: Point, step?: PlannedStep) => open.put(estimate, { point, step });
  const go = (estimate: number, point: Point, step: PlannedStep): void => {
    const next = machine.apply(point, step);
    if (!next || next.to === point) return;
    const total = (least.get(point) as number) + next.cost;
    ways.get(point)?.push({ step, to: next.to, exposed: next.exposed, cost: next.cost });
    const known = least.get(next.to);
    if (known !== undefined && known <= total) return;
    const left = bound.at(next.to);
    if (left === Number.POSITIVE_INFINITY) return;
    least.set(next.to, total);
    // Never below the estimate that is worked on: a bound that says less than it did is still true.
    put(Math.max(estimate, total + left), next.to);
  };
  put(first, start);
  open.at = first;
  do {
    const estimate = open.at;
    for (let entry = open.take(); entry; entry = open.take()) {
      const { point, step } = entry;
      if (step) {
        go(estimate, point, step);
        continue;
      }
      const cost = least.get(point) as number;
      if (expanded.get(point) === cost) continue;
      expanded.set(point, cost);
      const left = bound.at(point);
      if (left === 0 || !nearest || left < nearest.left) {
        const findings = lacks(problem, point);
        if (!nearest || left < nearest.left || findings.length < nearest.findings.length) nearest = { findings, left };
        if (findings.length === 0) {
          goals.add(point);
          continue;
        }
      }
      if (expanded.size > (problem.limit ?? maximumPoints)) return { missing: nearest.findings, gaveUp: expanded.size };
      ways.set(point, []);
      for (const operator of operators) {
        const waste = bound.waste(point, operator);
        if (waste === 0) go(estimate, point, operator);
        else put(Math.max(estimate, cost + left + waste), point, operator);
      }
    }
  } while (goals.size === 0 && open.next());
  if (goals.size === 0) return { missing: nearest?.findings ?? [], gaveUp: undefined };
  return cheapest(start, goals, least, ways);
}

type Way = Edge & { readonly cost: number };
type Ways = ReadonlyMap<Point, readonly Way[]>;

/** Keeps of what was searched the edges that lie on a cheapest plan. */
function cheapest(start: Point, reached: ReadonlySet<Point>, least: ReadonlyMap<Point, number>, ways: Ways): CheapestPlans {
  const cost = Math.min(...[...reached].map((goal) => least.get(goal) as number));
  const goals = new Set([...reached].filter((goal) => least.get(goal) === cost));
  const edges = new Map<Point, Edge[]>();
  const exposure = new Map<Point, number | undefined>();
  const visit = (point: Point): number | undefined => {
    if (exposure.has(point)) return exposure.get(point);
    exposure.set(point, goals.has(point) ? 0 : undefined);
    if (goals.has(point)) return 0;
    const kept: Edge[] = [];
    for (const { step, to, exposed, cost: instructions } of ways.get(point) ?? []) {
      if ((least.get(point) as number) + instructions !== least.get(to)) continue;
      const rest = visit(to);
      if (rest === undefined) continue;
      kept.push({ step, to, exposed });
      exposure.set(point, Math.min(exposure.get(point) ?? Number.POSITIVE_INFINITY, exposed + rest));
    }
    edges.set(point, kept);
    return exposure.get(point);
  };
  visit(start);
  const known = new Map([...exposure].flatMap(([point, value]) => (value === undefined ? [] : [[point, value] as const])));
  return { cost, start, goals, edges, exposure: known };
}

/** What the goal lacks at a point. */
export function lacks({ machine, goal, combinations, ignores }: Problem, { vectors, location }: Point): readonly Finding[] {
  const base = { id: -1, side: "leave", before: location, span: goal.span } as const;
  const node: PathNode =
    goal.kind === "tail"
      ? { ...base, kind: "jump", tail: goal.tail, body: [] }
      : { ...base, kind: "terminal", terminal: goal.terminal, label: goal.label, recovery: goal.recovery };
  const kept = (findings: readonly Finding[]) =>
    findings.filter((finding) => !changeless.has(finding.code) && !finding.underTest && !ignores?.(finding));
  const found = kept(vectors.flatMap(({ vector }) => machine.ask(goalRules, node, vector, combinations)));
  if (goal.kind === "terminal" || found.length > 0) return found;
  const jump = buildTail(machine.context.model, machine.context.graph.exit, goal.tail, location);
  return jump
    ? kept(
        tailFindings(
          machine,
          jump,
          vectors.map((v) => v.vector),
          combinations,
        ),
      )
    : [unreachable(goal.tail.name)];
}

/** What the checker says of a tail that is entered here. */
function tailFindings(
  machine: Machine,
  jump: PathNode,
  vectors: readonly Point["vectors"][number]["vector"][],
  combinations: bigint,
): Finding[] {
  const { context } = machine;
  const findings: Finding[] = [];
  const explorer = new Explorer(
    { ...context, graph: { ...context.graph, prepare: [], leave: [jump] } },
    (node, { vector, combinations: all }, instruction) => {
      findings.push(...machine.ask(rules, node, vector, all & combinations, instruction));
    },
  );
  explorer.run(vectors.map((vector) => ({ vector, combinations })));
  return findings;
}

/** The stack is not laid out as the tail's steps take for granted. */
function unreachable(tail: string): Finding<"EX5008"> {
  return {
    code: "EX5008",
    args: { tail, dimension: "stack", wanted: "the saved registers where its steps reach them", actual: "elsewhere" },
  };
}
