/** `docs/diagnostics/README.md`: what a page is made of, and all diagnostics by family, from the catalogue. */
import { type CatalogueEntry, catalogue } from "../../src/compiler/diagnostics/catalogue.js";

/** The families by the first digit of their codes, as in `src/compiler/diagnostics/catalogue.ts`. */
const families: Readonly<Record<string, string>> = {
  "1": "Syntax",
  "2": "Files, names and types",
  "3": "IRQs and work",
  "4": "Machine state",
  "5": "Leaving: terminals and tails",
  "6": "Paths that may have interrupted anything",
  "7": "Context tracking and instrumentation",
  "8": "Mitigations",
  "9": "Outputs",
};

const introduction = `# Diagnostics

<!-- Written by \`npm run diagnostics\` from the catalogue, src/compiler/diagnostics. -->

One page a code. \`exitdsl explain EX3001\` prints it. A page tells what is true, why it matters in a kernel, and shows a spec that is
wrong, with the smallest change that makes it right. INV-n are the numbered ordering rules of the x86-64 exit paths; SDM is Intel's
Software Developer's Manual, APM AMD's Architecture Programmer's Manual.

The tests compile the examples: the wrong one has this fault and no other, the right one has none. A fence
\`exitdsl file: NAME\` is a file beside the example above it. A page with a comment \`<!-- test: … -->\` shows the idea
only: what is compiled is made by the generator of that name in \`test/diagnostics/generators.ts\`, because it would be long,
or is not text.
`;

/** The text of the page. */
export function indexPage(): string {
  const codes: [string, CatalogueEntry][] = Object.entries(catalogue);
  const parts = Object.entries(families).map(([digit, family]) => {
    const rows = codes.filter(([code]) => code[2] === digit).sort(([a], [b]) => (a < b ? -1 : 1));
    const table = rows.map(([code, { severity, title }]) => `| [${code}](${code}.md) | ${severity} | ${title} |\n`).join("");
    return `## ${family}\n\n| code | severity | title |\n|---|---|---|\n${table}`;
  });
  return [introduction, ...parts].join("\n");
}
