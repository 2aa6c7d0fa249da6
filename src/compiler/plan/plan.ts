/**
 * Plans the `leave` of an exit that names only where it ends: `sysretq when sysret_applies`, `iretq`, `jump TAIL`. The result
 * is the actions that an author would have listed; from there on nothing knows that they were planned, and they are checked like any others.
 */
import { pathContext, type PathContext } from "../check/context.js";
import { starts } from "../check/check.js";
import { Explorer, type Reached } from "../check/explore.js";
import { unknownFlags } from "../check/flag-box.js";
import { diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic, Label } from "../diagnostics/diagnostic.js";
import { generalRegisters } from "../machine/instruction.js";
import { terminalNamed } from "../machine/terminals.js";
import { evaluateFeatures } from "../model/features.js";
import type { Action, Exit, Feature, Frame, Model, Step, Test } from "../model/model.js";
import { buildGraph } from "../path/build.js";
import type { BranchNode } from "../path/graph.js";
import { afterPrepare, startLocation } from "../path/symbolic.js";
import { type Goal, usefulSteps } from "./goal.js";
import { type PlannedStep, Search, type SearchFailure } from "./search.js";
import { fewestVariants, type PlanClass, type Variant } from "./variants.js";

export interface PlanResult {
  /** The exit with a listed `leave`; undefined where no plan was found. */
  readonly exit: Exit | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Does the `leave` of an exit name only where it ends? One that needs no step at all is its own plan. */
export function isPlanned(exit: Exit): boolean {
  const endsOnly = (action: Action): boolean =>
    action.kind === "terminal" || action.kind === "waive" || (action.kind === "when" && action.then.every(endsOnly) && action.otherwise.every(endsOnly));
  return exit.leave.length > 0 && exit.leave.every(endsOnly);
}

export function plan(model: Model, exit: Exit): PlanResult {
  const { frame } = model;
  if (!frame) return { exit: undefined, diagnostics: [] };
  const built = buildGraph(model, { ...exit, leave: [] });
  if (!built.graph) return { exit: undefined, diagnostics: built.diagnostics };
  const conditions = model.steps.flatMap((step) => (step.condition && (step.form.kind !== "call" || step.form.call.arguments.length === 0) ? [step.condition] : []));
  const context = pathContext(built.graph, [...conditions, ...testsOf(exit.leave)]);
  // Too much of something: the checker says so of the exit as it stands.
  if (!("graph" in context)) return { exit, diagnostics: [] };
  const planner = new Planner(model, exit, frame, context);
  const leave = planner.leave();
  return { exit: leave && { ...exit, leave }, diagnostics: planner.diagnostics };
}

function testsOf(actions: readonly Action[]): Test[] {
  return actions.flatMap((a) => (a.kind === "when" ? [a.test, ...testsOf(a.then), ...testsOf(a.otherwise)] : []));
}

class Planner {
  readonly diagnostics: Diagnostic[] = [];
  private readonly model: Model;
  private readonly exit: Exit;
  private readonly frame: Frame;
  private readonly context: PathContext;
  private readonly explorer: Explorer;
  private readonly tokens: ReadonlySet<string>;

  constructor(model: Model, exit: Exit, frame: Frame, context: PathContext) {
    this.model = model;
    this.exit = exit;
    this.frame = frame;
    this.context = context;
    this.explorer = new Explorer(context, () => {});
    this.tokens = new Set(context.tokens.map((t) => t.name));
  }

  leave(): readonly Action[] | undefined {
    const arrived = this.explorer.run(starts(this.context));
    const actions = this.block(this.exit.leave, arrived);
    return this.diagnostics.length === 0 ? actions : undefined;
  }

  /** Replaces each end by the steps to it and the end itself. */
  private block(actions: readonly Action[], arrived: readonly Reached[]): Action[] {
    let states = arrived;
    return actions.flatMap((action): Action[] => {
      if (action.kind === "terminal") {
        const terminal = terminalNamed(action.terminal);
        const planned = terminal ? this.steps({ kind: "terminal", terminal, label: action.label, recovery: action.recovery, span: action.span }, states, action) : [action];
        states = [];
        return planned;
      }
      if (action.kind !== "when") return [action];
      const node: BranchNode = { id: -1, side: "leave", kind: "branch", test: action.test, reason: "when", then: [], otherwise: [], condition: [], whenZero: false, span: action.span };
      const then = this.block(action.then, this.explorer.narrow(node, action.test, true, states));
      const others = this.explorer.narrow(node, action.test, false, states);
      states = action.otherwise.length > 0 ? [] : others;
      return [{ ...action, then, otherwise: this.block(action.otherwise, others) }];
    });
  }

  private steps(goal: Goal, arrived: readonly Reached[], end: Action): Action[] {
    if (arrived.length === 0) return [end];
    const classes: PlanClass[] = [];
    for (const combinations of this.classes(goal, arrived)) {
      const planned = this.planClass(goal, arrived, combinations);
      if ("missing" in planned) {
        this.diagnostics.push(this.noPlan(goal, planned));
        return [end];
      }
      classes.push(planned);
    }
    const variant = fewestVariants(classes, this.context.features);
    if (variant) return this.actions(variant, goal, end);
    const help = "list the steps of `leave` one by one, with a `when` for each feature that changes their order";
    this.diagnostics.push(diagnostic("EX5014", goal.span, { goal: goalName(goal) }, { help }));
    return [end];
  }

  private actions(variant: Variant, goal: Goal, end: Action): Action[] {
    const { span } = goal;
    if (variant.kind === "order") return [...variant.steps.map(({ step, except }): Action => ({ kind: "do", step, except, span })), end];
    const test: Test = { kind: "feature", feature: variant.feature, span };
    return [{ kind: "when", test, then: this.actions(variant.on, goal, end), otherwise: this.actions(variant.off, goal, end), span }];
  }

  /** Sets of combinations that cannot differ in their plan: by the vectors that arrive and the steps and obligations that they have. */
  private classes(goal: Goal, arrived: readonly Reached[]): bigint[] {
    const { features } = this.context;
    const possible = arrived.reduce((all, { combinations }) => all | combinations, 0n);
    const everything = new Set<Feature>(this.model.features);
    const toUser = arrived[0]?.vector.toUser ?? true;
    const splits = arrived.map((r) => r.combinations);
    for (const { condition } of usefulSteps(this.model, goal, toUser, this.tokens, everything, () => true)) {
      if (condition) splits.push(features.where(condition) ?? features.all);
    }
    for (const require of this.model.requires) if (require.condition) splits.push(features.where(require.condition) ?? features.all);
    let classes = [possible];
    for (const split of splits) classes = classes.flatMap((set) => [set & split, set & ~split].filter((part) => part !== 0n));
    return classes;
  }

  private planClass(goal: Goal, arrived: readonly Reached[], combinations: bigint): PlanClass | SearchFailure {
    const { context, model, frame } = this;
    const index = context.features.first(combinations) ?? 0;
    const bits = context.features.combinations[index] ?? 0;
    const features = new Set(context.features.features.filter((_, i) => (bits & (1 << i)) !== 0));
    const vectors = new Map(
      arrived
        .filter((r) => (r.combinations & combinations) !== 0n)
        // Work flags are the business of `prepare`; no step of a tail asks for them.
        .map(({ vector }) => vector.with({ flags: unknownFlags(context.allFlags) }))
        .map((vector) => [vector.key, vector]),
    );
    const toUser = [...vectors.values()][0]?.toUser ?? true;
    const available = usefulSteps(model, goal, toUser, this.tokens, features, (test) => evaluateFeatures(test, features) === true).flatMap((step) => this.operators(step));
    const search = new Search(context, frame, goal, available, combinations);
    const location = this.exit.prepare ? afterPrepare(startLocation(context.tokens, this.frame, this.exit.events), this.exit.prepare.returns !== undefined) : startLocation(context.tokens, this.frame, this.exit.events);
    const start = { vectors: [...vectors.values()], location };
    const found = search.run(start);
    return "missing" in found ? found : { combinations, features, start, search, available, plan: found };
  }

  /** `restore_registers` comes in three forms: all, all but the register that is popped last, and with RSP left where the pops end. */
  private operators(step: Step): PlannedStep[] {
    if (step.form.kind !== "built-in") return [{ step, except: [] }];
    const last = this.frame.fields.findLast((f) => f.saves !== "rsp" && (generalRegisters as readonly string[]).includes(f.saves ?? ""));
    return [[], ["rsp"], last?.saves === undefined ? [] : [last.saves]].map((except) => ({ step, except }));
  }

  /** Says which contracts collide: what the goal lacks, and what keeps the steps that would bring it about from being done. */
  private noPlan(goal: Goal, { missing }: SearchFailure): Diagnostic {
    const [lack] = missing;
    const args = (lack?.args ?? {}) as Record<string, unknown>;
    const dimension = typeof args["dimension"] === "string" ? args["dimension"] : undefined;
    const value = args["wanted"];
    const secondary: Label[] = [];
    for (const step of this.model.steps) {
      const ensures = step.ensures.find((s) => s.dimension.name === dimension && s.dimension.values[s.value] === value);
      if (!ensures) continue;
      secondary.push({ span: step.span, message: `\`${step.name}\` would ensure it` });
      for (const need of step.requires) {
        secondary.push({ span: need.span, message: `but it requires ${need.dimension.name} ${need.dimension.values[need.value]}` });
      }
    }
    const lacking = lack ? diagnostic(lack.code, goal.span, lack.args as never).message : "the state that it needs cannot be reached";
    const help =
      secondary.length > 0
        ? "these contracts collide: no order of steps satisfies all of them. Loosen one, or declare a step that comes in between"
        : `declare a step that ensures ${dimension ?? "it"} ${typeof value === "string" ? value : ""}`.trimEnd();
    return diagnostic("EX5013", goal.span, { goal: goalName(goal) }, { secondary: secondary.slice(0, 6), notes: [`at the nearest, ${lacking}`], help });
  }
}

function goalName(goal: Goal): string {
  return goal.kind === "tail" ? goal.tail.name : goal.terminal.name;
}
