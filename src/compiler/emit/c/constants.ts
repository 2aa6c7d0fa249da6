/** The numbers that the tests name. They stay in `NAME.c`: `IF` or `RPL` as a macro in a header would be in everybody's way. */
import type { Constant, Model } from "../../model/model.js";
import { expression, notDecided } from "./expression.js";
import { commentLines, docParagraphs, literal } from "./text.js";

export function constantLines(model: Model, constants: readonly Constant[]): string[] {
  if (constants.length === 0) return [];
  const lines = constants.flatMap((c) => [
    ...commentLines([...docParagraphs(c.doc), ...(c.because ? [c.because] : [])]),
    `#define ${c.name}\t${constantText(model, c)}`,
  ]);
  return ["", ...lines];
}

/** A constant whose value depends on features becomes a conditional expression on them. */
function constantText(model: Model, constant: Constant): string {
  const arms = constant.arms.map(({ test, value }) =>
    test ? `${expression(model, test, notDecided, "not")} ? ${literal(value)} : ` : literal(value),
  );
  const text = arms.join("");
  return /^\w+$/.test(text) ? text : `(${text})`;
}
