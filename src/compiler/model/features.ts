/** Which combinations of features a kernel can have. */
import type { Feature, Test } from "./model.js";

/** Can any kernel have `feature`, given what it needs and what they all exclude? */
export function admissible(feature: Feature): boolean {
  const needed = closure([feature]);
  return ![...needed].some((f) => f.excludes.some((other) => needed.has(other)));
}

/** The features and everything that they need. */
export function closure(features: readonly Feature[]): Set<Feature> {
  const all = new Set<Feature>(features);
  for (const feature of all) for (const needed of feature.needs) all.add(needed);
  return all;
}

/**
 * Every admissible combination of `features`: a feature that is on has what it needs, and nothing that it excludes.
 * Features that are only needed or excluded by one of them are counted in where they are in the list.
 */
export function combinations(features: readonly Feature[]): ReadonlySet<Feature>[] {
  let partial: Set<Feature>[] = [new Set()];
  for (const feature of features) partial = partial.flatMap((on) => [on, new Set([...on, feature])]);
  const listed = new Set(features);
  return partial.filter((on) => {
    // What is needed but not listed is free to be on, so only its exclusions count.
    const all = closure([...on]);
    return [...all].every((f) => (!listed.has(f) || on.has(f)) && f.excludes.every((other) => !all.has(other)));
  });
}

/** The value of a test of features under a combination; undefined where it depends on more than features. */
export function evaluateFeatures(test: Test, on: ReadonlySet<Feature>): boolean | undefined {
  switch (test.kind) {
    case "constant":
      return test.value;
    case "feature":
      return on.has(test.feature);
    case "not": {
      const value = evaluateFeatures(test.operand, on);
      return value === undefined ? undefined : !value;
    }
    case "and":
    case "or": {
      const values = test.operands.map((t) => evaluateFeatures(t, on));
      const decisive = test.kind === "or";
      if (values.includes(decisive)) return decisive;
      return values.includes(undefined) ? undefined : !decisive;
    }
    case "condition":
      return evaluateFeatures(test.condition.test, on);
    default:
      return undefined;
  }
}

/** Is it decided by features alone? */
export function isFeatureTest(test: Test): boolean {
  switch (test.kind) {
    case "constant":
    case "feature":
      return true;
    case "not":
      return isFeatureTest(test.operand);
    case "and":
    case "or":
      return test.operands.every(isFeatureTest);
    case "condition":
      return isFeatureTest(test.condition.test);
    default:
      return false;
  }
}

/** Do kernels with it have five levels of page tables, and so 57 bits of address in place of 48? Only the name of a feature can tell. */
export function hasFiveLevels(feature: Feature): boolean {
  return feature.cpu.includes("X86_FEATURE_LA57") || feature.name === "LA57";
}
