/** The page of planning, with its table as it is now. */
import { planningTable } from "./compare.js";

const begin = "<!-- made by tools/generate-planning.ts -->";
const end = "<!-- end of what is made -->";

export function withTable(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`docs/planning.md has no place for its table: ${begin} … ${end}`);
  return `${before}${begin}\n\n${planningTable()}\n\n${end}${after}`;
}
