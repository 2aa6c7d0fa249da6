/** `NAME.c`: the conditions and one prepare function an exit. */

import type { Condition, Model, Operand, Test } from "../../model/model.js";
import type { PathGraph } from "../../path/graph.js";
import type { EmitOptions } from "../artefact.js";
import { constantLines } from "./constants.js";
import type { Clause } from "./expression.js";
import { clauses, conditionInputs, notDecided } from "./expression.js";
import { fileHead, freedom } from "./frame.js";
import { exitDoc, prepareSignature, suffix } from "./header.js";
import { prepareBody, usesFrame } from "./statements.js";
import { commentLines, docParagraphs, trailing } from "./text.js";
import type { Comparing, Uses } from "./uses.js";
import { preparing } from "./uses.js";

export function sourceText(model: Model, graphs: readonly PathGraph[], uses: Uses, options: EmitOptions): string {
  const user = model.frame?.user;
  const frameUser: Condition[] =
    uses.frameUser && user && model.frame
      ? [{ name: "exitdsl_frame_user", span: model.frame.span, doc: "Did the frame come from user mode?", test: user, readsFrame: true }]
      : [];
  const lines = [
    ...fileHead(model, options, ["What each exit does in C before it leaves. Numbers in comments are lines of the spec.", freedom]),
    `#include "${options.stem}.h"`,
    ...constantLines(model, uses.constants),
    ...typeLimitLines(uses.comparisons),
    ...[...frameUser, ...referredFirst(uses.conditions)].flatMap((c) => conditionLines(model, c)),
    ...preparing(graphs).flatMap((g) => [
      "",
      ...commentLines(exitDoc(g)),
      prepareSignature(model, g, !usesFrame(g)) + suffix(g),
      "{",
      ...prepareBody(g),
      "}",
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Conditions may be declared in any order; a C function comes before its callers. */
function referredFirst(conditions: readonly Condition[]): Condition[] {
  const result = new Set<Condition>();
  const visit = (test: Test): void => {
    if (test.kind === "condition") add(test.condition);
    else if (test.kind === "not") visit(test.operand);
    else if (test.kind === "and" || test.kind === "or") test.operands.forEach(visit);
  };
  const add = (condition: Condition): void => {
    if (result.has(condition)) return;
    visit(condition.test);
    result.add(condition);
  };
  conditions.forEach(add);
  return [...result];
}

function conditionLines(model: Model, condition: Condition): string[] {
  const { frame, words } = conditionInputs(condition);
  const parameters = [
    ...(frame && model.frame ? [`const struct ${model.frame.name} *frame`] : []),
    ...words.map((w) => `uint32_t ${w.name}`),
  ];
  const { operator, list } = clauses(model, condition.test, notDecided);
  const clauseLines = (clause: Clause, i: number): string[] => {
    const last = i === list.length - 1;
    const text = `${i === 0 ? "return " : ""}${clause.text}${last ? ";" : ` ${operator}`}`;
    return trailing(text, clause.because, i === 0 ? "\t" : "\t       ");
  };
  return [
    "",
    ...commentLines(docParagraphs(condition.doc)),
    `static inline bool ${condition.name}(${parameters.length > 0 ? parameters.join(", ") : "void"})`,
    "{",
    ...list.flatMap(clauseLines),
    "}",
  ];
}

/**
 * A test against 0, or of a 32-bit value against a large number, may be decided before the kernel runs; GCC warns of it, but
 * it is what the spec says.
 */
function typeLimitLines(tests: readonly Comparing[]): string[] {
  const suspicious = ({ operator, left, right }: Comparing): boolean => {
    const operands = [left, right];
    const limit = (operands.some((o) => o.kind === "value") ? 1n << 32n : 1n << 64n) - 1n;
    const large = operands.some((o) => mostBits(o) >= limit);
    if (operator === "==" || operator === "!=") return large && limit < 1n << 63n;
    return operator !== "has" && operator !== "lacks" && (large || operands.some(mayBeZero));
  };
  return tests.some(suspicious) ? ["", '#pragma GCC diagnostic ignored "-Wtype-limits"'] : [];
}

function mayBeZero(operand: Operand): boolean {
  return operand.kind === "number" && operand.literal === 0n && operand.constants.every((c) => c.arms.some((a) => a.value === 0n));
}

/** Every bit that a number has in some kernel. */
function mostBits(operand: Operand): bigint {
  if (operand.kind !== "number") return 0n;
  return operand.constants.flatMap((c) => c.arms).reduce((bits, arm) => bits | arm.value, operand.literal);
}
