/** Statements one by one: what the operators of `operators.ts` drop, double and move. */
import type { Block, Statement } from "../../src/compiler/syntax/tree.js";

/** One step, one piece of work, or one other statement of a block. */
export interface Atom {
  readonly text: string;
  readonly statement: Statement;
  /** For stories: the first line of it. */
  readonly short: string;
}

/** The statements of a block; the members of `do a, b` and `run a, b` are statements of their own. */
export function atomsOf(text: string, block: Block): readonly Atom[] {
  return block.statements.flatMap((statement): Atom[] => {
    const whole = text.slice(statement.start, statement.end);
    const atom = (part: string): Atom => ({ text: part, statement, short: oneLine(part) });
    if (statement.kind === "run") return statement.works.map((name) => atom(`run ${name.text}`));
    if (statement.kind === "do" && statement.except.length === 0) return statement.steps.map((name) => atom(`do ${name.text}`));
    if (statement.kind === "do" && statement.steps.length > 1) {
      // `except` belongs to the last one.
      const last = statement.steps.at(-1)?.start ?? statement.start;
      return [...statement.steps.slice(0, -1).map((name) => atom(`do ${name.text}`)), atom(`do ${text.slice(last, statement.end)}`)];
    }
    return [atom(whole)];
  });
}

/** The text of a block made of these atoms. */
export const blockText = (atoms: readonly Atom[]): string => `{\n${atoms.map((a) => a.text).join("\n")}\n}`;

export function oneLine(text: string): string {
  const line = text.replace(/\s+because\s+"[^"]*"/g, "").replace(/\s*\/\/.*$/gm, "");
  const [first = "", ...more] = line.split("\n").map((l) => l.trim());
  return more.length > 0 && first.endsWith("{") ? `${first} … }` : [first, ...more].join(" ");
}
