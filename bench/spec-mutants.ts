/**
 * The measure of the checker: mutants of the specs that it accepts, and whether it refuses them. From the root:
 * `node tools/run.mjs bench/spec-mutants.ts [--table] [SPEC …]`, specs by name (`linux-6.12`, a bug's id); all of them where none is named.
 * Without `--table` each survivor is printed, too. It takes no random numbers: the same specs have the same mutants.
 */
import { operators } from "../tools/spec-mutants/operators.js";
import { type Kind, kindOf, kinds } from "../tools/spec-mutants/report.js";
import { mutantsOfSpec, specsUnderTest } from "../tools/spec-mutants/specs.js";

const wanted = process.argv.slice(2).filter((argument) => argument !== "--table");
const tableOnly = process.argv.includes("--table");
const columns: readonly Kind[] = ["refused", ...(Object.keys(kinds) as Exclude<Kind, "refused">[])];
const began = performance.now();
const counts = new Map<string, number>();
const count = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
let specs = 0;
for (const spec of specsUnderTest(".")) {
  if (wanted.length > 0 && !wanted.includes(spec.name)) continue;
  specs++;
  for (const mutant of mutantsOfSpec(spec)) {
    const kind = kindOf(mutant);
    count(mutant.operator);
    count(`${mutant.operator} ${kind}`);
    count(`all ${kind}`);
    count("all");
    if (kind !== "refused" && !tableOnly) console.log(`${kind} | ${spec.name} | ${mutant.operator} | ${mutant.story}`);
  }
}
console.log(`\n| operator | mutants | ${columns.join(" | ")} |\n|---|${columns.map(() => "--:|").join("")}--:|`);
for (const operator of [...operators, "all"]) {
  if (!counts.has(operator)) continue;
  const cells = columns.map((kind) => counts.get(`${operator} ${kind}`) ?? 0);
  console.log(`| ${[operator, counts.get(operator), ...cells].join(" | ")} |`);
}
const all = counts.get("all") ?? 0;
const refused = counts.get("all refused") ?? 0;
console.log(`\n${specs} specs, ${all} mutants: ${refused} refused, ${all - refused} survive.`);
console.error(`${((performance.now() - began) / 1000).toFixed(0)} s`);
