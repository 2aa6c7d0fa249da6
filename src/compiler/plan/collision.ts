/** Says why there is no plan: which contracts collide. */
import type { FeatureSpace } from "../check/feature-space.js";
import { diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Step } from "../model/model.js";
import type { KernelClass } from "./classes.js";
import { type Goal, goalName } from "./goal.js";
import type { PlannedStep } from "./machine.js";
import type { Problem, SearchFailure } from "./search.js";
import type { PlanClass } from "./variants.js";

export interface ClassQuestion {
  readonly problem: Problem;
  readonly kernels: KernelClass;
}

export function explainFailure({ problem }: ClassQuestion, _failure: SearchFailure, _operators: (steps: readonly Step[]) => PlannedStep[]): Diagnostic {
  return diagnostic("EX5013", problem.goal.span, { goal: goalName(problem.goal) }, { notes: [JSON.stringify(_failure.missing.map((m) => [m.code, m.args]))] });
}

export function explainVariants(goal: Goal, _classes: readonly PlanClass[], _features: FeatureSpace, _most: number): Diagnostic {
  return diagnostic("EX5014", goal.span, { goal: goalName(goal) });
}
