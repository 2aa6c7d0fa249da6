/** GAS text: lines with their comments in one column, feature tests, strings. */
import type { Test } from "../../model/model.js";
import { lineIndexAt, type Span } from "../../text/source.js";
import { fileNameOf } from "../artefact.js";
import { columns, commentText } from "../c/text.js";

/** Where comments begin, tabs counted as eight. */
const commentColumn = 48;

/** An instruction or directive with a comment beside it, if there is one to make. */
export function line(text: string, comment: string): string {
  const safe = commentText(comment);
  if (safe === "") return text;
  const tabs = Math.max(1, Math.ceil((commentColumn - columns(text)) / 8));
  return `${text}${"\t".repeat(tabs)}/* ${safe} */`;
}

/** `93`, or `linux-6.12.exitdsl:93` where the line is not the spec's own. */
export function place(span: Span, specName: string): string {
  const number = lineIndexAt(span.source, span.start) + 1;
  return span.source.name === specName ? `${number}` : `${fileNameOf(span.source.name)}:${number}`;
}

export function featureSymbol(feature: { readonly name: string }): string {
  return `EXITDSL_${feature.name}`;
}

/** A test of features as GAS evaluates it. GAS gives operators precedences of its own, so everything inside another is in parentheses. */
export function featureExpression(test: Test, inner = false): string {
  switch (test.kind) {
    case "constant":
      return test.value ? "1" : "0";
    case "feature":
      return featureSymbol(test.feature);
    case "condition":
      return featureExpression(test.condition.test, inner);
    case "not":
      return `!${featureExpression(test.operand, true)}`;
    case "and":
    case "or": {
      if (test.operands.length === 1 && test.operands[0]) return featureExpression(test.operands[0], inner);
      const text = test.operands.map((operand) => featureExpression(operand, true)).join(test.kind === "and" ? " && " : " || ");
      return inner ? `(${text})` : text;
    }
    default:
      throw new Error(`a test of ${test.kind} is not decided when the file is assembled`);
  }
}

/** A GAS string. Control characters have no place in names of files and messages and become `?`. */
export function quoted(text: string): string {
  return `"${text.replace(/[\u0000-\u001f\u007f]/g, "?").replace(/[\\"]/g, "\\$&")}"`;
}
