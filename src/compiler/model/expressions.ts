/** Expressions become typed tests: truth values, or operands of a comparison. */
import type { BinaryExpression, Expression, Located, Name, NameExpression } from "../syntax/tree.js";
import type { Source, Span } from "../text/source.js";
import type { Comparison, Constant, Flag, FlagWord, Frame, Operand, Test, Token } from "./model.js";
import type { Scope } from "./scope.js";

/** What an expression may name at its place, besides features and constants. */
export interface ExpressionContext {
  readonly source: Source;
  readonly scope: Scope;
  /** Fields may be named: `frame.cx`, or bare inside the frame's own `user when` and an event's `frame` clause. */
  readonly frame: Frame | undefined;
  readonly bareFields?: boolean;
  readonly tokens?: readonly Token[];
  /** States may be tested: in entries, which find the machine in one of several. */
  readonly states?: boolean;
  /** Only features may occur (`step … if`, `constant … if`, `require … if`): why, for the message. */
  readonly featuresOnly?: string;
}

const wordMask = (1n << 64n) - 1n;

/** The truth value that an expression denotes, or undefined after a diagnostic. */
export function resolveTest(context: ExpressionContext, expression: Expression): Test | undefined {
  const span = spanOf(context, expression);
  switch (expression.kind) {
    case "because": {
      const operand = resolveTest(context, expression.operand);
      return operand && withReason(operand, expression.reason.value);
    }
    case "not": {
      const operand = resolveTest(context, expression.operand);
      return operand && { kind: "not", operand, span };
    }
    case "integer":
      context.scope.report("EX2031", span, { actual: "a number", expected: "a condition" });
      return undefined;
    case "name":
      return resolveNamedTest(context, expression);
    case "binary":
      return resolveBinaryTest(context, expression, span);
  }
}

function resolveBinaryTest(context: ExpressionContext, expression: BinaryExpression, span: Span): Test | undefined {
  switch (expression.operator) {
    case "and":
    case "or": {
      const operands: Test[] = [];
      let complete = true;
      for (const part of flatten(expression, expression.operator)) {
        const test = resolveTest(context, part);
        if (test) operands.push(test);
        else complete = false;
      }
      return complete ? { kind: expression.operator, operands, span } : undefined;
    }
    case "|": {
      const flags = resolveFlagUnion(context, expression);
      return flags && { kind: "flags", word: flags.word, flags: flags.flags, span };
    }
    case "is":
      return resolveStateTest(context, expression, span);
    default:
      return resolveComparison(context, expression, expression.operator, span);
  }
}

/** `gs is user`: a state and one of its values. */
function resolveStateTest(context: ExpressionContext, { left, right }: BinaryExpression, span: Span): Test | undefined {
  const { scope, source } = context;
  if (!context.states) {
    const notes = ["what state the machine is in at a point of an exit is known when it is checked; only an entry has to find out"];
    scope.report("EX2031", span, { actual: "a test of a state", expected: "a condition of flags, features or the frame" }, { notes });
    return undefined;
  }
  const [state, value] = [left, right].map((side) => (side.kind === "name" && side.path.length === 1 ? side.path[0] : undefined));
  if (!state || !value) {
    scope.report("EX2031", span, { actual: "something else", expected: "a state and one of its values, as in `gs is user`" });
    return undefined;
  }
  const dimension = scope.dimensions.get(state.text);
  if (!dimension) {
    scope.unknown(source, state, "state", scope.dimensions.keys());
    return undefined;
  }
  const index = dimension.values.indexOf(value.text);
  if (index >= 0) return { kind: "state", dimension, value: index, span };
  const values = dimension.values.map((v) => `\`${v}\``).join(", ");
  scope.report("EX2028", scope.span(source, value), { state: dimension.name, value: value.text }, { help: `its values are ${values}` });
  return undefined;
}

function resolveComparison(context: ExpressionContext, expression: BinaryExpression, operator: Comparison, span: Span): Test | undefined {
  if (context.featuresOnly !== undefined) {
    context.scope.report(
      "EX2031",
      span,
      { actual: "a comparison", expected: "an expression of features" },
      { notes: [context.featuresOnly] },
    );
    return undefined;
  }
  const left = resolveOperand(context, expression.left);
  const right = resolveOperand(context, expression.right);
  if (!left || !right) return undefined;
  if (right.kind !== "number" && operator !== "==" && operator !== "!=") {
    if (operator === "has" || operator === "lacks") {
      context.scope.report("EX2031", right.span, {
        actual: "something that changes",
        expected: `a number or a constant after \`${operator}\``,
      });
      return undefined;
    }
  }
  if (!fitsValue(context, left, right) || !fitsValue(context, right, left)) return undefined;
  return { kind: "compare", operator, left, right, span, because: undefined };
}

/** A value of the kernel has 32 bits: compared with a number that has more, the test would always come out the same. */
function fitsValue({ scope }: ExpressionContext, value: Operand, number: Operand): boolean {
  if (value.kind !== "value" || number.kind !== "number") return true;
  const largest = number.constants.flatMap((c) => c.arms.map((arm) => arm.value)).reduce((bits, v) => bits | v, number.literal);
  if (largest >> 32n === 0n) return true;
  const text = largest >> 63n === 1n ? String(BigInt.asIntN(64, largest)) : `0x${largest.toString(16)}`;
  const secondary = [{ span: value.value.span, message: "it is declared here" }];
  const notes = [`\`${value.value.name}\` is an unsigned integer of 32 bits, so the test would always come out the same`];
  scope.report(
    "EX2039",
    number.span,
    { value: text, width: 32 },
    { secondary, notes, help: "compare it with a number from 0 to 0xffffffff" },
  );
  return false;
}

function resolveNamedTest(context: ExpressionContext, expression: NameExpression): Test | undefined {
  const { scope, source } = context;
  const span = spanOf(context, expression);
  const [first, second] = expression.path as readonly [Name, Name | undefined];
  if (first.text === "frame" && second) {
    if (second.text === "user") {
      if (!refuseInFeatures(context, span, "a test of the frame")) return undefined;
      if (!context.frame?.user) {
        scope.report("EX2026", span, { declaration: "frame", name: context.frame?.name ?? "?", clause: "user when …" });
        return undefined;
      }
      return { kind: "frame-user", span };
    }
    scope.report(
      "EX2031",
      span,
      { actual: "a saved register", expected: "a condition" },
      { help: "compare it: `==`, `<`, `has`, `lacks` …" },
    );
    return undefined;
  }
  if (expression.path.length > 1) {
    scope.report("EX2031", span, { actual: "a saved value", expected: "a condition" }, { help: "compare it: `==`, `<`, `has`, `lacks` …" });
    return undefined;
  }
  const kinds = context.featuresOnly === undefined ? (["feature", "flag", "mask", "condition"] as const) : (["feature"] as const);
  const entity = scope.lookup<"feature" | "flag" | "mask" | "condition">(source, first, ...kinds);
  switch (entity?.kind) {
    case "feature":
      return { kind: "feature", feature: entity.value, span };
    case "flag":
      return { kind: "flags", word: entity.value.word, flags: [entity.value], span };
    case "mask":
      return { kind: "flags", word: entity.value.word, flags: entity.value.flags, span };
    case "condition":
      return { kind: "condition", condition: entity.value, span };
    default:
      return undefined;
  }
}

function refuseInFeatures(context: ExpressionContext, span: Span, actual: string): boolean {
  if (context.featuresOnly === undefined) return true;
  context.scope.report("EX2031", span, { actual, expected: "an expression of features" }, { notes: [context.featuresOnly] });
  return false;
}

/** A side of a comparison. */
function resolveOperand(context: ExpressionContext, expression: Expression): Operand | undefined {
  const { scope, source } = context;
  const span = spanOf(context, expression);
  if (expression.kind === "integer") {
    if (expression.value > wordMask || expression.value < -(1n << 63n)) {
      scope.report("EX2039", span, { value: String(expression.value), width: 64 });
      return undefined;
    }
    return { kind: "number", constants: [], literal: expression.value & wordMask, span };
  }
  if (expression.kind === "binary" && expression.operator === "|") {
    const constants: Constant[] = [];
    let literal = 0n;
    for (const part of flatten(expression, "|")) {
      const operand = resolveOperand(context, part);
      if (!operand) return undefined;
      if (operand.kind !== "number") {
        scope.report("EX2031", operand.span, { actual: "something that changes", expected: "a constant" });
        return undefined;
      }
      constants.push(...operand.constants);
      literal |= operand.literal;
    }
    return { kind: "number", constants, literal, span };
  }
  if (expression.kind !== "name") {
    scope.report(
      "EX2031",
      span,
      { actual: "a condition", expected: "a number or a saved register" },
      { help: "parentheses group conditions, not numbers" },
    );
    return undefined;
  }
  const [first, second] = expression.path as readonly [Name, Name | undefined];
  if (second && first.text === "frame") return resolveField(context, second, span);
  if (second && first.text === "token") return resolveToken(context, second, span);
  if (context.bareFields && !second && context.frame) {
    const field = context.frame.fields.find((f) => f.name === first.text);
    if (field) return { kind: "field", field, span };
  }
  if (second) {
    scope.report("EX2020", span, { kind: "group of values", name: first.text }, { help: "write `frame.FIELD` or `token.NAME`" });
    return undefined;
  }
  const entity = scope.lookup(source, first, "constant", "value");
  if (entity?.kind === "constant") return { kind: "number", constants: [entity.value], literal: 0n, span };
  if (entity?.kind === "value") return { kind: "value", value: entity.value, span };
  return undefined;
}

function resolveField(context: ExpressionContext, name: Name, span: Span): Operand | undefined {
  const field = context.frame?.fields.find((f) => f.name === name.text);
  if (field) return { kind: "field", field, span };
  context.scope.unknown(context.source, name, "field of the frame", context.frame?.fields.map((f) => f.name) ?? []);
  return undefined;
}

function resolveToken(context: ExpressionContext, name: Name, span: Span): Operand | undefined {
  const token = context.tokens?.find((t) => t.name === name.text);
  if (token) return { kind: "token", token, span };
  context.scope.unknown(context.source, name, "token of these events", context.tokens?.map((t) => t.name) ?? []);
  return undefined;
}

/** `A | B | mask`, all of one word. */
function resolveFlagUnion(
  context: ExpressionContext,
  expression: BinaryExpression,
): { word: FlagWord; flags: readonly Flag[] } | undefined {
  const names: Name[] = [];
  for (const part of flatten(expression, "|")) {
    if (part.kind === "name" && part.path.length === 1) names.push(part.path[0] as Name);
    else {
      context.scope.report("EX2031", spanOf(context, part), { actual: "something else", expected: "the name of a flag or a mask" });
      return undefined;
    }
  }
  if (!refuseInFeatures(context, spanOf(context, expression), "a test of flags")) return undefined;
  return resolveFlags(context.scope, context.source, names);
}

/** Flags and masks by name, each flag once, in the order of their bits; all must be of one word. */
export function resolveFlags(scope: Scope, source: Source, names: readonly Name[]): { word: FlagWord; flags: readonly Flag[] } | undefined {
  const found = new Map<Flag, Name>();
  for (const name of names) {
    const entity = scope.lookup(source, name, "flag", "mask");
    if (!entity) return undefined;
    for (const flag of entity.kind === "flag" ? [entity.value] : entity.value.flags) if (!found.has(flag)) found.set(flag, name);
  }
  const first = [...found.keys()][0];
  if (!first) return undefined;
  for (const [flag, name] of found) {
    if (flag.word === first.word) continue;
    const args = { first: first.name, firstWord: first.word.name, second: flag.name, secondWord: flag.word.name };
    scope.report("EX2030", scope.span(source, name), args, { help: "a mask, a test and a `clears` speak of one flags word; use two" });
    return undefined;
  }
  return { word: first.word, flags: [...found.keys()].sort((a, b) => a.bit - b.bit) };
}

function withReason(test: Test, because: string): Test {
  if (test.kind === "compare" || test.kind === "and" || test.kind === "or" || test.kind === "not") return { ...test, because };
  return { kind: "and", operands: [test], span: test.span, because };
}

/** The operands of a chain of one operator, left to right. Iterative, since a chain may be long. */
function flatten(expression: Expression, operator: "and" | "or" | "|"): Expression[] {
  const result: Expression[] = [];
  const open: Expression[] = [expression];
  while (open.length > 0) {
    const next = open.pop() as Expression;
    if (next.kind === "binary" && next.operator === operator) open.push(next.right, next.left);
    else result.push(next);
  }
  return result;
}

function spanOf(context: ExpressionContext, located: Located): Span {
  return context.scope.span(context.source, located);
}

/** Calls `visit` for a test and all that it is made of, conditions opened. */
export function visitTest(test: Test, visit: (test: Test) => void): void {
  visit(test);
  if (test.kind === "and" || test.kind === "or") for (const operand of test.operands) visitTest(operand, visit);
  if (test.kind === "not") visitTest(test.operand, visit);
  if (test.kind === "condition") visitTest(test.condition.test, visit);
}

/** Does a test read the saved frame, directly or through conditions? */
export function readsFrame(test: Test): boolean {
  let result = false;
  visitTest(test, (t) => {
    if (t.kind === "frame-user") result = true;
    if (t.kind === "compare" && (t.left.kind === "field" || t.right.kind === "field")) result = true;
  });
  return result;
}
