/** `docs/invariants.md`, from the table of the invariants. */
import type { Invariant, Shown } from "./row.js";
import { invariants } from "./rows.js";

const intro = `# The ordering rules, one by one

Comments and diagnostics name the ordering rules of the x86-64 exit paths by number, INV-1 to INV-126; the numbers have gaps. Here is what holds
each of them: the diagnostics that refuse a spec that breaks it, and such a spec. What nothing holds says why. The page is made from a table, and
\`test/invariants\` compiles every spec that it names: what passes without the mistake is refused with it, with these diagnostics and no others.

A mistake is shown in three ways: in a spec of this repository that passes (\`tools/invariants\` has the change), in a spec of \`test/ui\`, or
as the bug of a real kernel in \`test/bugs\` (see [bugs.md](bugs.md)).
`;

function where(shown: Shown): string {
  switch (shown.kind) {
    case "ui":
      return `[${shown.name}](../test/ui/${shown.name}.exitdsl)`;
    case "bug":
      return `[${shown.id}](bugs.md#${shown.id})`;
    case "change":
      return `a change of ${[...new Set(shown.changes.map(({ file }) => `[${file.replace(/^.*\//, "").replace(/\.exitdsl$/, "")}](../${file})`))].join(" and ")}`;
  }
}

function row({ number, rule, codes, shown, note }: Invariant): string {
  const by = [...new Set(codes)].map((code) => `[${code}](diagnostics/${code}.md)`).join(", ");
  return `| ${number} | ${rule} | ${by || "–"} | ${shown ? where(shown) : "–"} | ${note ?? ""} |`;
}

export function invariantsPage(): string {
  const groups = [...new Set(invariants.map((i) => i.group))];
  const held = invariants.filter((i) => i.shown).length;
  const codes = new Set(invariants.flatMap((i) => i.codes));
  return `${intro}
Of ${invariants.length} rules ${held} are held, by ${codes.size} diagnostics; ${invariants.length - held} are out of reach.
${groups
  .map(
    (group) => `
## ${group}

| INV | rule | refused with | shown by | and |
|---|---|---|---|---|
${invariants
  .filter((i) => i.group === group)
  .map(row)
  .join("\n")}
`,
  )
  .join("")}`;
}
