/** What the emitted models call things. A prefix for each kind, so that no name of the spec can be a keyword or clash with another. */
import type { Condition, Feature } from "../../model/model.js";
import type { ModelFlag, ModelProgram, ModelTest, Point, TerminalPoint } from "../../model-check/program.js";
import type { Span } from "../../text/source.js";
import { specLine } from "../c/text.js";

/** A group of flags is named after its first one. */
function suffix({ members }: ModelFlag): string {
  return `${members.length > 1 ? "any" : ""}_${members[0]?.name ?? ""}`;
}

export const flagName = (flag: ModelFlag): string => `flag${suffix(flag)}`;
export const seenName = (flag: ModelFlag): string => `seen${suffix(flag)}`;
export const featureName = (feature: Feature): string => `feature_${feature.name}`;
export const decisionName = (condition: Condition): string => `decision_${condition.name}`;
export const pointName = (point: Point): string => `point_${point.id}`;

/** `41: irqs on`: the spec lines that a point stands for; printable ASCII only, without quotes, since checkers put it into C. */
export function pointText(program: ModelProgram, point: Point): string {
  const shown = point.spans.slice(0, 3).map((span) => spanText(program, span));
  const item = point.kind === "change" && point.item !== undefined ? `${plainText(point.item)} of ` : "";
  const more = point.spans.length > shown.length ? ` and ${point.spans.length - shown.length} more` : "";
  return item + shown.join("; ") + more;
}

function spanText(program: ModelProgram, span: Span): string {
  return plainText(specLine(span, program.graph.model.name));
}

/** A text of the spec for comments and rule names. */
export function plainText(text: string): string {
  return text
    .replace(/[^ -~]+/g, " ")
    .replace(/["'\\%?]/g, "")
    .replaceAll("*/", "* /")
    .replaceAll("/*", "/ *");
}

/** `TIF_SIGPENDING, TIF_NOTIFY_SIGNAL`. */
export const memberNames = (flag: ModelFlag): string => flag.members.map((f) => f.name).join(", ");

/** How a language writes tests. */
export interface TestSyntax {
  readonly and: string;
  readonly or: string;
  readonly toUser: string;
  readonly notToUser: string;
  readonly truth: (value: boolean) => string;
  readonly seen: (flags: readonly ModelFlag[], outcome: boolean) => string;
  readonly feature: (feature: Feature, outcome: boolean) => string;
  /** The decision has one of these values (indices into `decisionValues`). */
  readonly decision: (condition: Condition, values: readonly number[]) => string;
}

export function flagsIn(program: ModelProgram, bits: number): readonly ModelFlag[] {
  return program.flags.filter((_, i) => (bits & (1 << i)) !== 0);
}

/** The expression for "`test` can come out as `outcome`"; what is unknown can come out as either. */
export function possible(program: ModelProgram, test: ModelTest, outcome: boolean, syntax: TestSyntax): string {
  const go = (t: ModelTest, holds: boolean): string => {
    switch (t.kind) {
      case "constant":
        return syntax.truth(t.value === holds);
      case "unknown":
        return syntax.truth(true);
      case "to-user":
        return holds ? syntax.toUser : syntax.notToUser;
      case "feature": {
        const feature = program.features.find((f) => f.index === t.feature);
        return feature ? syntax.feature(feature, holds) : syntax.truth(!holds);
      }
      case "seen":
        return syntax.seen(flagsIn(program, t.flags), holds);
      case "decision": {
        const condition = program.decisions[t.decision] as Condition;
        const decided = syntax.decision(condition, holds ? [1, 3] : [2, 4]);
        return t.test ? `(${decided}${syntax.or}(${syntax.decision(condition, [0])}${syntax.and}${go(t.test, holds)}))` : decided;
      }
      case "not":
        return go(t.operand, !holds);
      case "and":
      case "or":
        return `(${t.operands.map((o) => go(o, holds)).join((t.kind === "and") === holds ? syntax.and : syntax.or)})`;
    }
  };
  return go(test, outcome);
}

/** Is the test's outcome known, whatever the state? Then its two expressions are opposites. */
export function isDefinite(test: ModelTest): boolean {
  switch (test.kind) {
    case "unknown":
      return false;
    case "decision":
      return test.test === undefined || isDefinite(test.test);
    case "not":
      return isDefinite(test.operand);
    case "and":
    case "or":
      return test.operands.every(isDefinite);
    default:
      return true;
  }
}

/** The snapshots and decisions that matter at `from`, or are written there, and not at `to`: they are reset on the way. */
export function resets(program: ModelProgram, from: Point, to: Point): { readonly seen: number; readonly decisions: readonly Condition[] } {
  const before = program.live[from.id] ?? { seen: 0, decisions: 0 };
  const after = program.live[to.id] ?? { seen: 0, decisions: 0 };
  const decisions = (before.decisions | (from.kind === "decide" ? 1 << from.decision : 0)) & ~after.decisions;
  return { seen: before.seen & ~after.seen, decisions: program.decisions.filter((_, i) => (decisions & (1 << i)) !== 0) };
}

/** What a read takes: the flags whose snapshot matters behind it. */
export function takenBy(program: ModelProgram, point: Extract<Point, { kind: "read" }>): number {
  return point.flags & (program.live[point.next.id]?.seen ?? 0);
}

export function terminalPoints(program: ModelProgram): readonly TerminalPoint[] {
  return program.points.filter((p): p is TerminalPoint => p.kind === "terminal");
}

/** The decisions of `bits`. */
export function decisionsIn(program: ModelProgram, bits: number): readonly Condition[] {
  return program.decisions.filter((_, i) => (bits & (1 << i)) !== 0);
}
