/** What the tests around a place of a path say of the kernel: a step within `when PTI` is not asked again whether there is PTI. */
import { closure } from "../model/features.js";
import type { Feature, Test } from "../model/model.js";

export class KnownFeatures {
  static readonly none = new KnownFeatures(new Set(), new Set());

  private constructor(
    private readonly on: ReadonlySet<Feature>,
    private readonly off: ReadonlySet<Feature>,
  ) {}

  /** With what follows from a test that came out so; of `A or B` that holds, nothing does. */
  and(test: Test, outcome: boolean): KnownFeatures {
    switch (test.kind) {
      case "feature":
        return outcome
          ? new KnownFeatures(new Set([...this.on, ...closure([test.feature])]), this.off)
          : new KnownFeatures(this.on, new Set([...this.off, test.feature]));
      case "not":
        return this.and(test.operand, !outcome);
      case "condition":
        return this.and(test.condition.test, outcome);
      case "and":
      case "or":
        return (test.kind === "and") === outcome ? test.operands.reduce<KnownFeatures>((known, t) => known.and(t, outcome), this) : this;
      default:
        return this;
    }
  }

  /** How a test comes out in all kernels that come here; undefined where it is not known, or depends on more than features. */
  decide(test: Test): boolean | undefined {
    switch (test.kind) {
      case "feature":
        return this.on.has(test.feature) ? true : this.admits(test.feature) ? undefined : false;
      case "not": {
        const value = this.decide(test.operand);
        return value === undefined ? undefined : !value;
      }
      case "condition":
        return this.decide(test.condition.test);
      case "and":
      case "or": {
        const values = test.operands.map((t) => this.decide(t));
        const decisive = test.kind === "or";
        if (values.includes(decisive)) return decisive;
        return values.includes(undefined) ? undefined : !decisive;
      }
      default:
        return undefined;
    }
  }

  /** Can a kernel that comes here have this feature, too? */
  private admits(feature: Feature): boolean {
    const needed = closure([feature]);
    return ![...needed].some((f) => this.off.has(f) || [...this.on].some((on) => on.excludes.includes(f) || f.excludes.includes(on)));
  }
}
