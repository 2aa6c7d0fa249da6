/** `docs/bugs.md`: the bugs of `test/bugs`, each with what the compiler says of it. */
import { pretty } from "../../src/compiler/report/pretty.js";
import type { Corpus, StatedBug, Unstated } from "./corpus.js";

const introduction = `# Bugs of real kernels

<!-- Written by \`npm run bugs\` from test/bugs. -->

Exit paths that real kernels had, each written as a spec twice: as it was, and with the repair that was made. The compiler refuses the first
and has nothing to say against the second; \`test/bugs\` holds it to that. The specs are in \`test/bugs/<id>\`.
`;

/** The text of the page. */
export function bugsPage({ stated, unstated }: Corpus): string {
  const bugs = [...stated].sort(byYear);
  const inPart = bugs.filter((bug) => bug.inPart !== undefined);
  const without = [...unstated].sort(byYear);
  const counts = `Of ${bugs.length + without.length} bugs ${bugs.length} are stated (${inPart.length} of them in part), ${without.length} are not.\n`;
  const rows = bugs.map(
    ({ id, year, kernel, what, code }) =>
      `| [${id}](#${id}) | ${year} | ${cell(kernel)} | ${cell(what)} | [${code}](diagnostics/${code}.md) |\n`,
  );
  const table = `| bug | year | kernel | what was wrong | refused with |\n|---|---|---|---|---|\n${rows.join("")}`;
  return [introduction, counts, table, "## What the user sees\n", ...bugs.map(section), partly(inPart), missing(without)].join("\n");
}

function byYear(a: { readonly year: string; readonly id: string }, b: { readonly year: string; readonly id: string }): number {
  const key = (bug: typeof a) => `${bug.year} ${bug.id}`;
  return key(a) < key(b) ? -1 : 1;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function section({ id, kernel, year, reference, what, wrong }: StatedBug): string {
  // The last line counts the errors, which matters to who has several files.
  const report = pretty(wrong, { version: "", colour: false }).trimEnd().split("\n").slice(0, -1).join("\n").trimEnd();
  return `### ${id}\n\n${kernel}, ${year}: ${reference}\n\n${what}\n\n\`\`\`text\n${report}\n\`\`\`\n`;
}

function partly(bugs: readonly StatedBug[]): string {
  const rows = bugs.map(({ id, inPart }) => `| [${id}](#${id}) | ${cell(inPart ?? "")} |\n`);
  return `## Stated in part\n\n| bug | what is stated, and what is not |\n|---|---|\n${rows.join("")}`;
}

function missing(bugs: readonly Unstated[]): string {
  const rows = bugs.map(({ id, year, reference, why }) => `| ${id} | ${year} | ${cell(reference)} | ${cell(why)} |\n`);
  return `## Not stated\n\n| bug | year | reference | why |\n|---|---|---|---|\n${rows.join("")}`;
}
