/** What formatting must keep: the tree but for positions, and every comment. */

import { format } from "../../src/compiler/format/format.js";
import { parse } from "../../src/compiler/syntax/parse.js";

/** Formats a text that has no syntax error. */
export async function formatText(text: string, options: Parameters<typeof format>[1] = {}): Promise<string> {
  const formatted = await format({ name: "test.exitdsl", text }, options);
  if (formatted.text === undefined)
    throw new Error(`not formatted: ${formatted.diagnostics.map((diagnostic) => diagnostic.message).join("; ")}\n${text}`);
  return formatted.text;
}

/** Whether a text has no syntax error. */
export function isValid(text: string): boolean {
  return parse({ name: "test.exitdsl", text }).diagnostics.length === 0;
}

/** The tree as text, without positions. Two texts that say the same give the same. */
export function meaning(text: string): string {
  const { file, diagnostics } = parse({ name: "test.exitdsl", text });
  if (diagnostics.length > 0) throw new Error(`${diagnostics[0]?.message}\n${text}`);
  const plain = (key: string, value: unknown): unknown => {
    if (key === "start" || key === "end" || key === "comments") return undefined;
    return typeof value === "bigint" ? String(value) : value;
  };
  return JSON.stringify(file, plain, 1);
}

/** All comments in alphabetical order, without the blanks at their ends. */
export function comments(text: string): string[] {
  const { file } = parse({ name: "test.exitdsl", text });
  return file.comments.map((comment) => comment.text.replace(/[ \t]+$/, "")).sort();
}
