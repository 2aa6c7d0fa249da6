/** What the prepare side of a spec uses, so that the header and the embedding header ask the kernel for nothing else. */
import type { CallArgument, Condition, Constant, Feature, FlagWord, Model, Step, Test, Value, Work } from "../../model/model.js";
import type { PathGraph, PathNode } from "../../path/graph.js";

export interface Uses {
  readonly irqs: boolean;
  readonly reads: readonly FlagWord[];
  readonly takes: readonly FlagWord[];
  readonly clears: readonly FlagWord[];
  readonly features: readonly Feature[];
  readonly constants: readonly Constant[];
  readonly values: readonly Value[];
  /** Conditions that are evaluated, and those that they refer to. */
  readonly conditions: readonly Condition[];
  readonly items: readonly (Work | Step)[];
  readonly frameUser: boolean;
  readonly comparisons: readonly Comparing[];
}

export type Comparing = Extract<Test, { readonly kind: "compare" }>;

/** Calls `visit` for each node of a structured list, in program order. */
export function visitNodes(nodes: readonly PathNode[], visit: (node: PathNode) => void): void {
  for (const node of nodes) {
    visit(node);
    if (node.kind === "branch") {
      visitNodes(node.then, visit);
      visitNodes(node.otherwise, visit);
    } else if (node.kind === "loop") {
      visit(node.read);
      visitNodes(node.body, visit);
    } else if (node.kind === "window") visitNodes(node.body, visit);
  }
}

/** The exits that have a C side. */
export function preparing(graphs: readonly PathGraph[]): readonly PathGraph[] {
  return graphs.filter((g) => g.exit.prepare !== undefined);
}

export function usesOf(model: Model, graphs: readonly PathGraph[]): Uses {
  const found = new Set<unknown>();
  const reads = new Set<FlagWord>();
  const takes = new Set<FlagWord>();
  const clears = new Set<FlagWord>();
  const items = new Set<Work | Step>();
  const comparisons = new Set<Comparing>();
  let irqs = false;
  let frameUser = false;

  const visitConstant = (constant: Constant): void => {
    found.add(constant);
    for (const arm of constant.arms) if (arm.test) visitTest(arm.test);
  };
  const visitTest = (test: Test): void => {
    switch (test.kind) {
      case "feature":
        found.add(test.feature);
        return;
      case "frame-user":
        frameUser = true;
        if (model.frame?.user) visitTest(model.frame.user);
        return;
      case "condition":
        if (found.has(test.condition)) return;
        found.add(test.condition);
        visitTest(test.condition.test);
        return;
      case "compare":
        comparisons.add(test);
        for (const operand of [test.left, test.right]) {
          if (operand.kind === "value") found.add(operand.value);
          if (operand.kind === "number") operand.constants.forEach(visitConstant);
        }
        return;
      case "and":
      case "or":
        test.operands.forEach(visitTest);
        return;
      case "not":
        visitTest(test.operand);
        return;
      case "constant":
      case "flags":
        return;
    }
  };
  const visitArgument = (argument: CallArgument): void => {
    if (argument.kind === "constant") visitConstant(argument.constant);
  };

  for (const graph of preparing(graphs)) {
    visitNodes(graph.prepare, (node) => {
      if (node.kind === "irqs") irqs = true;
      else if (node.kind === "read") (node.take ? takes : reads).add(node.word);
      else if (node.kind === "clear") clears.add(node.word);
      else if (node.kind === "branch" || node.kind === "loop") visitTest(node.test);
      else if (node.kind === "evaluate") visitTest({ kind: "condition", condition: node.condition, span: node.span });
      else if (node.kind === "call") {
        items.add(node.item);
        callOf(node.item)?.arguments.forEach(visitArgument);
      }
    });
  }
  const inOrder = (words: Set<FlagWord>) => model.flagWords.filter((w) => words.has(w));
  return {
    irqs,
    frameUser,
    comparisons: [...comparisons],
    reads: inOrder(reads),
    takes: inOrder(takes),
    clears: inOrder(clears),
    features: model.features.filter((f) => found.has(f)),
    constants: model.constants.filter((c) => found.has(c)),
    values: model.values.filter((v) => found.has(v)),
    conditions: model.conditions.filter((c) => found.has(c)),
    items: [...model.works, ...model.steps].filter((i) => items.has(i)),
  };
}

/** The C call of a work or a step; undefined for a step that is instructions. */
export function callOf(item: Work | Step) {
  if (item.kind === "work") return item.call;
  return item.form.kind === "call" ? item.form.call : undefined;
}

/** Functions of the kernel that the C side calls, each once, in declaration order of the first item that calls it. */
export function calledFunctions(
  uses: Uses,
): readonly { readonly item: Work | Step; readonly call: NonNullable<ReturnType<typeof callOf>> }[] {
  const seen = new Set<string>();
  return uses.items.flatMap((item) => {
    const call = callOf(item);
    if (!call || seen.has(call.function)) return [];
    seen.add(call.function);
    return [{ item, call }];
  });
}
