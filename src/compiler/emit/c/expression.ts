/** Tests as C expressions. Every reason that the spec gives for a clause comes along. */
import type { Comparison, Condition, FlagWord, Model, Operand, Test } from "../../model/model.js";
import { literal } from "./text.js";

/** Conditions that were decided earlier in this function have a variable; the others are evaluated where they are tested. */
export type Decided = (condition: Condition) => boolean;

export const notDecided: Decided = () => false;

/** What stands around an expression: it says when parentheses are needed. */
type Around = "nothing" | "and" | "or" | "not";

/** A test as an expression that is true or false in C's sense (`flags & X` is as it stands). */
export function expression(model: Model, test: Test, decided: Decided, around: Around = "nothing"): string {
  const inside = (text: string) => (around === "nothing" ? text : `(${text})`);
  switch (test.kind) {
    case "constant":
      return test.value ? "true" : "false";
    case "feature":
      return featureMacro(test.feature);
    case "flags":
      return inside(`${test.word.name} & ${flagSet(model, test.word, test.flags)}`);
    case "frame-user":
      return "exitdsl_frame_user(frame)";
    case "state":
      throw new Error("only entries test states, and they are not emitted");
    case "condition":
      if (decided(test.condition)) return decidedName(test.condition);
      // Its function knows nothing of what was decided here.
      return refersTo(test.condition, decided) ? expression(model, test.condition.test, decided, around) : conditionCall(test.condition);
    case "compare":
      return comparison(test.operator, test.left, test.right, around);
    case "not":
      if (test.operand.kind === "compare" && test.operand.operator === "lacks")
        return inside(anyBit(test.operand.left, test.operand.right));
      return `!${expression(model, test.operand, decided, "not")}`;
    case "and":
    case "or": {
      const operator = test.kind === "and" ? " && " : " || ";
      const text = test.operands.map((o) => expression(model, o, decided, test.kind)).join(operator);
      return around === "nothing" || around === test.kind ? text : `(${text})`;
    }
  }
}

export interface Clause {
  readonly text: string;
  /** Why; "" when the spec does not say. */
  readonly because: string;
}

/** The operands of the outermost `and` or `or`, each for a line of its own, and what stands between them. */
export function clauses(model: Model, test: Test, decided: Decided): { readonly operator: "&&" | "||"; readonly list: readonly Clause[] } {
  if (test.kind !== "and" && test.kind !== "or") {
    return { operator: "&&", list: [{ text: expression(model, test, decided), because: reasons(test).join("; ") }] };
  }
  const { kind, because } = test;
  const list = flatten(test, kind).map((o, i) => ({
    text: expression(model, o, decided, kind),
    because: [...(i === 0 && because !== undefined ? [because] : []), ...reasons(o)].join("; "),
  }));
  return { operator: kind === "and" ? "&&" : "||", list };
}

/** `a and (b and c)` has three clauses; one with a reason of its own stays whole. */
function flatten(test: Test, kind: "and" | "or"): Test[] {
  if (test.kind !== kind) return [test];
  return test.operands.flatMap((o) => ("because" in o && o.because !== undefined ? [o] : flatten(o, kind)));
}

/** Does a condition rest on one that is decided already? */
function refersTo(condition: Condition, decided: Decided): boolean {
  const visit = (test: Test): boolean => {
    if (test.kind === "condition") return decided(test.condition) || visit(test.condition.test);
    if (test.kind === "not") return visit(test.operand);
    return (test.kind === "and" || test.kind === "or") && test.operands.some(visit);
  };
  return visit(condition.test);
}

/** Every `because` in a test, outermost first. */
export function reasons(test: Test): string[] {
  const own = "because" in test && test.because !== undefined ? [test.because] : [];
  if (test.kind === "and" || test.kind === "or") return [...own, ...test.operands.flatMap(reasons)];
  return test.kind === "not" ? [...own, ...reasons(test.operand)] : own;
}

export function featureMacro(feature: { readonly name: string }): string {
  return `EXITDSL_${feature.name}`;
}

/** The variable that keeps what `evaluate` decided. */
export function decidedName(condition: Condition): string {
  return `exitdsl_decided_${condition.name}`;
}

/** A set of flags: the name of the mask that is just this set, else an or of the flags, in parentheses where there are several. */
export function flagSet(model: Model, word: FlagWord, flags: readonly { readonly name: string; readonly bit: number }[]): string {
  const [only, ...more] = flags;
  if (only === undefined) return "0U";
  if (more.length === 0) return only.name;
  const bits = bitsOf(flags);
  const mask = model.masks.find((m) => m.word === word && bitsOf(m.flags) === bits);
  return mask ? mask.name : `(${flags.map((f) => f.name).join(" | ")})`;
}

export function bitsOf(flags: readonly { readonly bit: number }[]): number {
  return flags.reduce((bits, f) => bits | (1 << f.bit), 0) >>> 0;
}

/** What a condition's function takes, in the order of its parameters: what its test, and the conditions in it, look at. */
export function conditionInputs(condition: { readonly test: Test }): { readonly frame: boolean; readonly words: readonly FlagWord[] } {
  const words = new Set<FlagWord>();
  let frame = false;
  const visit = (test: Test): void => {
    if (test.kind === "frame-user") frame = true;
    else if (test.kind === "flags") words.add(test.word);
    else if (test.kind === "compare") frame ||= test.left.kind === "field" || test.right.kind === "field";
    else if (test.kind === "condition") visit(test.condition.test);
    else if (test.kind === "not") visit(test.operand);
    else if (test.kind === "and" || test.kind === "or") test.operands.forEach(visit);
  };
  visit(condition.test);
  return { frame, words: [...words].sort((a, b) => a.index - b.index) };
}

export function conditionCall(condition: Condition): string {
  const { frame, words } = conditionInputs(condition);
  return `${condition.name}(${[...(frame ? ["frame"] : []), ...words.map((w) => w.name)].join(", ")})`;
}

function comparison(operator: Comparison, left: Operand, right: Operand, around: Around): string {
  if (operator === "lacks") return `!(${anyBit(left, right)})`;
  if (operator === "has") return around === "nothing" ? anyBit(left, right) : `(${anyBit(left, right)})`;
  const text = `${operand(left)} ${operator} ${operand(right)}`;
  return around === "not" ? `(${text})` : text;
}

function anyBit(left: Operand, right: Operand): string {
  return `${operand(left)} & ${operand(right)}`;
}

function operand(o: Operand): string {
  switch (o.kind) {
    case "field":
      return `frame->${o.field.name}`;
    case "value":
      return `exitdsl_value_${o.value.name}()`;
    case "token":
      throw new Error(`the token ${o.token.name} cannot be tested in C`);
    case "number": {
      const parts = o.constants.map((c) => c.name);
      if (o.literal !== 0n || parts.length === 0) parts.push(literal(o.literal));
      return parts.length > 1 ? `(${parts.join(" | ")})` : parts.join(" | ");
    }
  }
}
