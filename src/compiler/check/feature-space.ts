/**
 * The feature combinations that matter to one path, as sets of bits: combination `i` is bit `i` of a bigint. Only features
 * that the path mentions count, so that a spec with many features costs no more for a path that uses few.
 */

import { visitTest } from "../model/expressions.js";
import { closure } from "../model/features.js";
import type { Feature, Model, Test } from "../model/model.js";

export class FeatureSpace {
  /** In declaration order. */
  readonly features: readonly Feature[];
  /** The admissible combinations: bit `f` of an element tells whether `features[f]` is on. */
  readonly combinations: readonly number[];
  /** All of them. */
  readonly all: bigint;
  private readonly on: ReadonlyMap<Feature, bigint>;

  /** Throws nothing; the caller bounds the number of features (`limit`). */
  constructor(mentioned: Iterable<Feature>) {
    this.features = [...closure([...mentioned])].sort((a, b) => a.index - b.index);
    const position = new Map(this.features.map((f, i) => [f, i]));
    const bit = (f: Feature) => 1 << (position.get(f) ?? 31);
    let partial = [0];
    this.features.forEach((feature) => {
      const needs = feature.needs.reduce((mask, f) => mask | bit(f), 0);
      // Constraints are checked as soon as both sides are decided; `needs` may point forwards, so it is checked at the end too.
      const excluded = this.features
        .filter((f) => f.excludes.includes(feature) || feature.excludes.includes(f))
        .reduce((mask, f) => mask | bit(f), 0);
      const decided = bit(feature) - 1;
      const compatible = (on: number) => (on & excluded) === 0 && (on & needs & decided) === (needs & decided);
      partial = partial.flatMap((on) => (compatible(on) ? [on, on | bit(feature)] : [on]));
    });
    const satisfied = (on: number) => this.features.every((f) => (on & bit(f)) === 0 || f.needs.every((n) => (on & bit(n)) !== 0));
    this.combinations = partial.filter(satisfied);
    this.all = (1n << BigInt(this.combinations.length)) - 1n;
    this.on = new Map(this.features.map((f) => [f, this.bits((on) => (on & bit(f)) !== 0)]));
  }

  private bits(holds: (combination: number) => boolean): bigint {
    // Built as a hexadecimal text: setting bits of a bigint one by one would be quadratic.
    const digits: string[] = [];
    for (let i = 0; i < this.combinations.length; i += 4) {
      let digit = 0;
      for (let j = 0; j < 4; j++) {
        const combination = this.combinations[i + j];
        if (combination !== undefined && holds(combination)) digit |= 1 << j;
      }
      digits.push(digit.toString(16));
    }
    return BigInt(`0x0${digits.reverse().join("")}`);
  }

  /** The combinations that have `feature`; none for a feature that the path does not mention. */
  with(feature: Feature): bigint {
    return this.on.get(feature) ?? 0n;
  }

  /** The combinations in which a test of features holds; undefined when it depends on more than features. */
  where(test: Test): bigint | undefined {
    switch (test.kind) {
      case "constant":
        return test.value ? this.all : 0n;
      case "feature":
        return this.with(test.feature);
      case "not": {
        const inner = this.where(test.operand);
        return inner === undefined ? undefined : this.all & ~inner;
      }
      case "and":
      case "or": {
        let result = test.kind === "and" ? this.all : 0n;
        for (const operand of test.operands) {
          const inner = this.where(operand);
          if (inner === undefined) return undefined;
          result = test.kind === "and" ? result & inner : result | inner;
        }
        return result;
      }
      case "condition":
        return this.where(test.condition.test);
      default:
        return undefined;
    }
  }

  /**
   * The fewest feature settings that single out combinations of `failing` and no other: `[PTI on, XENPV off]`.
   * Empty when all combinations fail.
   */
  explain(failing: bigint): readonly { readonly feature: Feature; readonly on: boolean }[] {
    const first = this.first(failing);
    if (first === undefined) return [];
    const combination = this.combinations[first] as number;
    let literals = this.features.map((feature, i) => ({ feature, on: (combination & (1 << i)) !== 0 }));
    // Settings that are off go first: a report names what a kernel has rather than what it lacks.
    for (const literal of [...literals.filter((l) => !l.on), ...literals.filter((l) => l.on)]) {
      const fewer = literals.filter((l) => l !== literal);
      if ((this.matching(fewer) & ~failing) === 0n) literals = fewer;
    }
    return literals;
  }

  private matching(literals: readonly { readonly feature: Feature; readonly on: boolean }[]): bigint {
    return literals.reduce((set, { feature, on }) => set & (on ? this.with(feature) : ~this.with(feature)), this.all);
  }

  /** The combinations that agree, on the features that both know, with some of `set`, combinations of another path's features. */
  from(other: FeatureSpace, set: bigint): bigint {
    if (set === 0n) return 0n;
    const shared = this.features.filter((f) => other.features.includes(f));
    const known = new Set<number>();
    const theirs = shared.map((f) => 1 << other.features.indexOf(f));
    other.each(set, (combination) => known.add(theirs.reduce((key, bit, i) => ((combination & bit) === 0 ? key : key | (1 << i)), 0)));
    const ours = shared.map((f) => 1 << this.features.indexOf(f));
    return this.bits((combination) => known.has(ours.reduce((key, bit, i) => ((combination & bit) === 0 ? key : key | (1 << i)), 0)));
  }

  private each(set: bigint, visit: (combination: number) => void): void {
    const digits = set.toString(16);
    this.combinations.forEach((combination, i) => {
      const digit = digits.charCodeAt(digits.length - 1 - (i >> 2));
      // `0` to `9` are 48 to 57, `a` to `f` 97 to 102.
      if (((digit < 58 ? digit - 48 : digit - 87) >> (i & 3)) & 1 && i >> 2 < digits.length) visit(combination);
    });
  }

  /** The index of the first combination of a set. */
  first(set: bigint): number | undefined {
    if (set === 0n) return undefined;
    const lowest = set & -set;
    return lowest.toString(2).length - 1;
  }
}

/** The features that a test names, conditions opened. */
export function featuresOf(test: Test, into: Set<Feature>): void {
  visitTest(test, (t) => {
    if (t.kind === "feature") into.add(t.feature);
    if (t.kind === "compare") {
      for (const operand of [t.left, t.right]) {
        if (operand.kind !== "number") continue;
        for (const constant of operand.constants) for (const arm of constant.arms) if (arm.test) featuresOf(arm.test, into);
      }
    }
  });
}

/** The features of the obligations that hold on the way to a target. */
export function obligationFeatures(model: Model, target: "user" | "kernel", into: Set<Feature>): void {
  for (const require of model.requires)
    if (require.target !== (target === "user" ? "kernel" : "user") && require.condition) featuresOf(require.condition, into);
}
