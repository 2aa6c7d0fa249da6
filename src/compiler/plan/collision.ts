/** Says why there is no plan: which contracts collide, and what in them does. */
import type { FeatureSpace } from "../check/feature-space.js";
import type { Finding } from "../check/rule.js";
import { diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic, Label } from "../diagnostics/diagnostic.js";
import type { StateSetting, Step } from "../model/model.js";
import type { KernelClass } from "./classes.js";
import { achievements, type Demand, demandText, type Goal, goalName } from "./goal.js";
import type { PlannedStep } from "./machine.js";
import { type Problem, type SearchFailure, search } from "./search.js";
import { maximumVariants, oneOrder, type PlanClass } from "./variants.js";

export interface ClassQuestion {
  readonly problem: Problem;
  readonly kernels: KernelClass;
}

/** Points that are looked at for each part of an explanation. */
const pointsPerQuestion = 800;

/** What a goal asks for, piece by piece: its demands, and what belongs to the terminal itself (registers, popped words, tokens). */
type Piece = Demand | "own";

/**
 * Finds a smallest set of things that cannot all be had: pieces of what the goal asks for, and `requires` of steps. Without any one
 * of them there would be a plan.
 */
class Collision {
  readonly pieces: Piece[];
  readonly requires: { readonly step: Step; readonly setting: StateSetting }[] = [];
  private readonly problem: Problem;
  private readonly ignored = new Set<StateSetting>();

  constructor(problem: Problem) {
    this.problem = problem;
    this.pieces = [...problem.demands, "own"];
    for (const piece of [...this.pieces]) {
      const without = this.pieces.filter((p) => p !== piece);
      if (!this.isPlannable(without, this.ignored)) this.pieces.splice(0, this.pieces.length, ...without);
    }
    const steps = [...new Set(problem.operators.map((o) => o.step))];
    this.narrow(steps.flatMap((step) => step.requires.map((setting) => ({ step, setting }))));
  }

  /** Leaves out all that do not matter, in as large lots as can be. */
  private narrow(group: readonly { readonly step: Step; readonly setting: StateSetting }[]): void {
    const ignored = new Set([...this.ignored, ...group.map((g) => g.setting)]);
    if (!this.isPlannable(this.pieces, ignored)) {
      for (const { setting } of group) this.ignored.add(setting);
    } else if (group.length === 1) this.requires.push(...group);
    else {
      const half = Math.ceil(group.length / 2);
      this.narrow(group.slice(0, half));
      this.narrow(group.slice(half));
    }
  }

  private isPlannable(pieces: readonly Piece[], ignored: ReadonlySet<StateSetting>): boolean {
    const { problem } = this;
    const replaced = new Map<Step, Step>();
    for (const { step } of problem.operators) {
      if (step.requires.some((r) => ignored.has(r)))
        replaced.set(step, { ...step, requires: step.requires.filter((r) => !ignored.has(r)) });
    }
    const operators = problem.operators.map((o): PlannedStep => ({ ...o, step: replaced.get(o.step) ?? o.step }));
    const machine = problem.machine.anew();
    const found = search({
      ...problem,
      machine,
      start: machine.point(
        problem.start.location,
        problem.start.vectors.map((v) => v.vector),
      ),
      operators,
      demands: problem.demands.filter((d) => pieces.includes(d)),
      ignores: (finding) => problem.ignores?.(finding) === true || !belongs(finding, pieces),
      partial: !pieces.includes("own"),
      limit: pointsPerQuestion,
    });
    return "edges" in found;
  }
}

/** Is a finding at the goal about one of these pieces? */
function belongs({ args }: Finding, pieces: readonly Piece[]): boolean {
  const { dimension, wanted } = args as { dimension?: unknown; wanted?: unknown };
  if (dimension === undefined || wanted === undefined) return pieces.includes("own");
  return pieces.some((piece) => piece !== "own" && demandText(piece) === `${dimension} ${wanted}`);
}

/** The diagnostic for a goal to which no order leads. */
export function explainFailure(
  { problem, kernels }: ClassQuestion,
  failure: SearchFailure,
  features: FeatureSpace,
  arrived: bigint,
): Diagnostic {
  const { goal } = problem;
  const { pieces, requires } = new Collision(problem);
  const own = goal.kind === "terminal" ? `\`${goal.terminal.name}\`` : `the tail \`${goal.tail.name}\``;
  const told: { readonly text: string; readonly label: Label | undefined }[] = [];
  for (const piece of pieces) {
    if (piece === "own")
      told.push({ text: `${own} needs the saved registers back, and the saved words where it finds them`, label: undefined });
    else if (!piece.span) told.push({ text: `${own} needs ${demandText(piece)}`, label: undefined });
    else {
      const text = piece.atTerminal
        ? `every return to ${piece.toUser === false ? "kernel" : "user"} mode owes ${demandText(piece)}`
        : `${own} requires ${demandText(piece)}`;
      told.push({
        text,
        label: { span: piece.span, message: piece.atTerminal ? `owed: ${demandText(piece)}` : `required: ${demandText(piece)}` },
      });
    }
  }
  for (const { step, setting } of requires) {
    const text = `\`${step.name}\` requires ${demandText(setting)}`;
    told.push({ text, label: { span: setting.span, message: text } });
  }
  const steps = [...new Set(problem.operators.map((o) => o.step))];
  const wanted = [...pieces.filter((p) => p !== "own"), ...requires.map((r) => r.setting)];
  const nobody = wanted.filter(
    (state) =>
      state.dimension.name !== "registers" &&
      !holdsAtStart(problem, state) &&
      !steps.some((s) => achievements(s).includes(demandText(state))),
  );
  const secondary = told.flatMap(({ label }) => (label ? [label] : []));
  for (const step of steps) {
    if (wanted.some((state) => achievements(step).includes(demandText(state))) && !requires.some((r) => r.step === step)) {
      secondary.push({ span: step.span, message: `\`${step.name}\` would bring it about` });
    }
  }
  const notes = nobody.length > 0 ? [`no step brings about ${nobody.map(demandText).join(" or ")}`] : [];
  if (told.length > 0 && nobody.length === 0) notes.push(`these collide: ${told.map((t) => t.text).join("; ")}`);
  const lack = failure.missing[0];
  if (lack) notes.push(`at the nearest, ${diagnostic(lack.code, goal.span, lack.args as never).message}`);
  if (failure.gaveUp) notes.push(`${failure.gaveUp} states were tried; if there is an order, it is a very long one`);
  const kind = features.explain(kernels.combinations);
  if (kernels.combinations !== arrived && kind.length > 0)
    notes.push(`in a kernel with ${kind.map(({ feature, on }) => `${feature.name} ${on ? "on" : "off"}`).join(", ")}`);
  const [first] = nobody;
  const help = first
    ? `declare a step that ensures ${demandText(first)}`
    : "loosen one of them, or declare a step that comes in between; or list the steps of `leave`";
  return diagnostic("EX5013", goal.span, { goal: goalName(goal) }, { secondary: secondary.slice(0, 8), notes, help });
}

function holdsAtStart({ start }: Problem, { dimension, value }: Pick<Demand, "dimension" | "value">): boolean {
  return start.vectors.every(({ vector }) => vector.values.charCodeAt(dimension.index) === value);
}

/** The diagnostic for kernels whose orders differ too much: two steps that two of them do the other way round. */
export function explainVariants(goal: Goal, classes: readonly PlanClass[], features: FeatureSpace): Diagnostic {
  const kernel = (one: PlanClass) =>
    features
      .explain(one.combinations)
      .map(({ feature, on }) => `${feature.name} ${on ? "on" : "off"}`)
      .join(", ");
  const help = "list the steps of `leave` one by one, with a `when` for each feature that changes their order";
  const args = { goal: goalName(goal), limit: maximumVariants };
  for (const [i, one] of classes.entries()) {
    for (const other of classes.slice(i + 1)) {
      if (oneOrder([one, other])) continue;
      const [first, second] = [one, other].map((c) => (oneOrder([c]) ?? []).map((planned) => planned.step)) as [Step[], Step[]];
      for (const [at, a] of first.entries()) {
        const b = first.slice(at + 1).find((step) => second.includes(step) && second.indexOf(step) < second.indexOf(a));
        if (!b) continue;
        const secondary = [
          { span: a.span, message: `\`${a.name}\` comes first with ${kernel(one)}` },
          { span: b.span, message: `\`${b.name}\` comes first with ${kernel(other)}` },
        ];
        return diagnostic("EX5014", goal.span, args, { secondary, help });
      }
    }
  }
  return diagnostic("EX5014", goal.span, args, { help });
}
