/**
 * Plans the `leave` of an exit that names only where it ends: `sysretq when sysret_applies`, `iretq`, `jump TAIL`. The result
 * is the actions that an author would have listed; from there on nothing knows that they were planned, and they are checked like any others.
 */
import { starts } from "../check/check.js";
import { type PathContext, pathContext } from "../check/context.js";
import { Explorer, type Reached } from "../check/explore.js";
import type { FeatureSpace } from "../check/feature-space.js";
import { holds } from "../check/rules/contracts.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { generalRegisters } from "../machine/instruction.js";
import { terminalNamed } from "../machine/terminals.js";
import type { Action, Exit, Frame, Model, Step, Test, Waiver } from "../model/model.js";
import { buildGraph } from "../path/build.js";
import type { BranchNode } from "../path/graph.js";
import type { Location } from "../path/location.js";
import { afterPrepare, startLocation } from "../path/symbolic.js";
import { type KernelClass, kernelClasses } from "./classes.js";
import { type ClassQuestion, explainFailure, explainVariants } from "./collision.js";
import { made } from "./containers.js";
import { type Goal, plainTerminal } from "./goal.js";
import { Machine, type PlannedStep } from "./machine.js";
import { type CheapestPlans, type Problem, type SearchFailure, search } from "./search.js";
import { fewestVariants, type PlanClass, type Variant } from "./variants.js";

export interface PlanResult {
  /** The exit with a listed `leave`; undefined where no plan was found. */
  readonly exit: Exit | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Does the `leave` of an exit name only where it ends? One that needs no step at all is its own plan. */
export function isPlanned(exit: Exit): boolean {
  return exit.leave.some((action) => action.kind !== "waive") && exit.leave.every(endsOnly);
}

function endsOnly(action: Action): boolean {
  if (action.kind === "when") return action.then.every(endsOnly) && action.otherwise.every(endsOnly);
  return action.kind === "terminal" || action.kind === "jump" || action.kind === "waive";
}

export function plan(model: Model, exit: Exit): PlanResult {
  const { frame } = model;
  if (!frame) return { exit: undefined, diagnostics: [] };
  const built = buildGraph(model, { ...exit, leave: [] }, "prepare");
  if (!built.graph) return { exit: undefined, diagnostics: built.diagnostics };
  const conditions = model.steps.flatMap((step) =>
    step.condition && (step.form.kind !== "call" || step.form.call.arguments.length === 0) ? [step.condition] : [],
  );
  const context = pathContext(built.graph, [...conditions, ...testsOf(exit.leave)]);
  // Too much of something: the checker says so of the exit as it stands.
  if (!("graph" in context)) return { exit, diagnostics: [] };
  const planner = new Planner(model, exit, frame, context);
  const leave = planner.leave();
  return { exit: leave && { ...exit, leave }, diagnostics: planner.diagnostics };
}

/** The tests of a block, those of the tails that it jumps to included. */
function testsOf(actions: readonly Action[], open: readonly unknown[] = []): Test[] {
  return actions.flatMap((a) => {
    if (a.kind === "when") return [a.test, ...testsOf(a.then, open), ...testsOf(a.otherwise, open)];
    if (a.kind === "window") return testsOf(a.body, open);
    return a.kind === "jump" && !open.includes(a.tail) ? testsOf(a.tail.body, [...open, a.tail]) : [];
  });
}

/** The kernels in which a test may come out so: what it says of features is constant, whenever it was decided. */
function possible(features: FeatureSpace, test: Test, outcome: boolean): bigint {
  switch (test.kind) {
    case "not":
      return possible(features, test.operand, !outcome);
    case "condition":
      return possible(features, test.condition.test, outcome);
    case "and":
    case "or": {
      const arms = test.operands.map((operand) => possible(features, operand, outcome));
      return (test.kind === "and") === outcome ? arms.reduce((a, b) => a & b, features.all) : arms.reduce((a, b) => a | b, 0n);
    }
    default: {
      const where = features.where(test);
      return where === undefined ? features.all : outcome ? where : features.all & ~where;
    }
  }
}

class Planner {
  readonly diagnostics: Diagnostic[] = [];
  private readonly model: Model;
  private readonly exit: Exit;
  private readonly frame: Frame;
  private readonly context: PathContext;
  private readonly explorer: Explorer;
  private readonly operators = new Map<Step, readonly PlannedStep[]>();
  private readonly location: Location;
  /** One for each set of waivers. */
  private readonly machines = new Map<number, Machine>();

  constructor(model: Model, exit: Exit, frame: Frame, context: PathContext) {
    this.model = model;
    this.exit = exit;
    this.frame = frame;
    this.context = context;
    this.explorer = new Explorer(context, () => {});
    const start = startLocation(context.tokens, frame, exit.events);
    this.location = exit.prepare ? afterPrepare(start, exit.prepare.returns !== undefined) : start;
    for (const step of model.steps) this.operators.set(step, this.operatorsOf(step));
  }

  leave(): readonly Action[] | undefined {
    const arrived = this.explorer.run(starts(this.context).map((vector) => ({ vector, combinations: this.context.features.all })));
    const actions = this.block(this.exit.leave, arrived, this.exit.waivers);
    return this.diagnostics.length === 0 ? actions : undefined;
  }

  /** Replaces each end by the steps to it and the end itself. */
  private block(actions: readonly Action[], arrived: readonly Reached[], outer: readonly Waiver[]): Action[] {
    let states = arrived;
    const waivers = [...outer];
    return actions.flatMap((action): Action[] => {
      if (action.kind === "waive") waivers.push(action.waiver);
      if (action.kind === "terminal" || action.kind === "jump") {
        const goal = goalOf(action);
        const planned = goal ? this.end(goal, states, waivers, action) : [action];
        states = [];
        return planned;
      }
      if (action.kind !== "when") return [action];
      const then = this.block(action.then, this.narrow(action.test, true, states), waivers);
      const others = this.narrow(action.test, false, states);
      states = action.otherwise.length > 0 ? [] : others;
      return [{ ...action, then, otherwise: this.block(action.otherwise, others, waivers) }];
    });
  }

  private narrow(test: Test, outcome: boolean, states: readonly Reached[]): readonly Reached[] {
    const { span } = test;
    const node: BranchNode = {
      id: -1,
      side: "leave",
      kind: "branch",
      test,
      reason: "when",
      then: [],
      otherwise: [],
      condition: [],
      whenZero: false,
      span,
    };
    const kernels = possible(this.context.features, test, outcome);
    return this.explorer.narrow(node, test, outcome, states).flatMap((reached) => {
      const combinations = reached.combinations & kernels;
      return combinations === 0n ? [] : [{ ...reached, combinations }];
    });
  }

  /** The steps to an end, and the end. What comes from user mode and from the kernel needs different ones, as a rule. */
  private end(goal: Goal, arrived: readonly Reached[], waivers: readonly Waiver[], end: Action): Action[] {
    if (arrived.length === 0) return [end];
    if (goal.kind === "tail" && arrived.every(({ vector }) => goal.tail.requires.every((r) => holds(this.context, vector, r))))
      return [end];
    const planned = this.plan(goal, arrived, waivers, end);
    if (Array.isArray(planned)) return planned;
    if (new Set(arrived.map(({ vector }) => vector.toUser)).size === 2) {
      const test = this.userTest(goal);
      const [user, kernel] = [true, false].map((toUser) => this.plan(goal, this.narrow(test, toUser, arrived), waivers, end));
      if (Array.isArray(user) && Array.isArray(kernel)) return [{ kind: "when", test, then: user, otherwise: kernel, span: goal.span }];
      this.diagnostics.push(...[user, kernel].flatMap((arm) => (arm && !Array.isArray(arm) ? [arm] : [])));
      return [end];
    }
    this.diagnostics.push(planned);
    return [end];
  }

  /** Did the event come from user mode? What `prepare` returned tells it, if it was asked that; the frame always does. */
  private userTest({ span }: Goal): Test {
    const condition = this.exit.prepare?.returns;
    return condition?.test.kind === "frame-user" ? { kind: "condition", condition, span } : { kind: "frame-user", span };
  }

  private plan(goal: Goal, arrived: readonly Reached[], waivers: readonly Waiver[], end: Action): Action[] | Diagnostic {
    const classes: (PlanClass & { readonly problem: Problem; readonly kernels: KernelClass })[] = [];
    // Kernels with few steps first: where there is no plan, the simplest kernel tells best why.
    const kinds = kernelClasses({ context: this.context, goal, arrived, waivers }).sort((a, b) => a.useful.length - b.useful.length);
    for (const kernels of kinds) {
      const question: ClassQuestion = { problem: this.problem(goal, kernels, waivers), kernels };
      const plans: CheapestPlans | SearchFailure = search(question.problem);
      if ("missing" in plans) {
        const all = arrived.reduce((set, { combinations }) => set | combinations, 0n);
        return explainFailure(question, plans, this.context.features, all);
      }
      classes.push({ ...question, combinations: kernels.combinations, plans, has: ({ step }) => kernels.has(step) });
    }
    const variant = fewestVariants(classes, this.context.features);
    if (variant) return this.actions(variant, goal, end);
    return explainVariants(goal, classes, this.context.features);
  }

  private problem(goal: Goal, kernels: KernelClass, waivers: readonly Waiver[]): Problem {
    const machine = made(this.machines, waivers.length, () => new Machine(this.context, this.frame, waivers, goal.span));
    const { combinations, demands, settled } = kernels;
    return {
      machine,
      start: machine.point(this.location, kernels.vectors),
      goal,
      terminal: plainTerminal(goal, kernels.features),
      demands,
      operators: kernels.useful.flatMap((step) => this.operators.get(step) ?? []),
      combinations,
      ignores: ({ obligation }) => obligation !== undefined && settled.has(obligation.dimension),
    };
  }

  private actions({ steps, split }: Variant, goal: Goal, end: Action): Action[] {
    const { span } = goal;
    const listed = steps.map(({ step, except }): Action => ({ kind: "do", step, except, span }));
    if (!split) return [...listed, end];
    const test: Test = { kind: "feature", feature: split.feature, span };
    const [then, otherwise] = [split.on, split.off].map((variant) => this.actions(variant, goal, end)) as [Action[], Action[]];
    return [...listed, { kind: "when", test, then, otherwise, span }];
  }

  /** `restore_registers` comes in three forms: all, with RSP left where the pops end, and all but the register that is popped last. */
  private operatorsOf(step: Step): PlannedStep[] {
    const index = 3 * this.model.steps.findIndex(({ name }) => name === step.name);
    if (step.form.kind !== "built-in") return [{ index, step, except: [] }];
    const last = this.frame.fields.findLast((f) => f.saves !== "rsp" && (generalRegisters as readonly string[]).includes(f.saves ?? ""));
    const forms: readonly (readonly string[])[] = [[], ["rsp"], ...(last?.saves === undefined ? [] : [[last.saves]])];
    return forms.map((except, i) => ({ index: index + i, step, except }));
  }
}

function goalOf(action: Extract<Action, { kind: "terminal" | "jump" }>): Goal | undefined {
  const { span } = action;
  if (action.kind === "jump") return { kind: "tail", tail: action.tail, span };
  const terminal = terminalNamed(action.terminal);
  return terminal && { kind: "terminal", terminal, label: action.label, recovery: action.recovery, span };
}
