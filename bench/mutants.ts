/**
 * The measure of what runs the outputs: mutants of the emitted assembly and C, and which layer finds each. From the root:
 * `node tools/run.mjs bench/mutants.ts [--write] [SEED [EACH [EXAMPLE …]]]`, EACH: how often each operator is applied to each example's
 * files. With --write the tables go into docs/validation.md. Exit code 1 when a mutant survives that is not known to be equivalent.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Bench } from "../src/verify/image.js";
import { killers, type Layer, layers, machinesOf } from "../src/verify/kill.js";
import { mutantsOf } from "../src/verify/mutants.js";
import { Random } from "../src/verify/random.js";
import { machineFolder, specOf } from "../test/run/specs.js";
import { equivalence } from "./equivalent-mutants.js";

const write = process.argv.includes("--write");
const [seedText = "1", eachText = "4", ...examples] = process.argv.slice(2).filter((a) => a !== "--write");
const seed = Number(seedText);
const each = Number(eachText);
const names = examples.length > 0 ? examples : ["tiny-kernel", "four-paths-2015", "linux-6.12", "freebsd-ast"];

interface Row {
  run: number;
  survived: number;
  readonly layers: Map<Layer, number>;
}

/** By language and operator: how many were run, how many survived, how many each layer found. */
const operators = new Map<string, Row>();
const counts = { run: 0, equivalent: 0, survivors: 0, absent: 0 };
const lines: string[] = [];
const equivalents: string[] = [];
const began = performance.now();

function told(line: string, to: string[] = lines): void {
  console.log(line);
  to.push(line);
}

const cells = (list: readonly (string | number)[]) => `| ${list.join(" | ")} |`;
const code = (text: string) => `\`${text.replaceAll("|", "\\|")}\``;

told(cells(["example", "language", "operator", "mutant", ...layers, ""]));
told(cells(["---", "---", "---", "---", ...layers.map(() => "---"), "---"]));
for (const name of names) {
  const spec = specOf(name);
  const random = new Random(seed);
  const mutants = mutantsOf(spec, each, random);
  const bench = await Bench.of(spec, machineFolder);
  const machines = machinesOf(bench, random);
  for (const mutant of mutants) {
    const { language, operator, story } = mutant;
    const killed = await killers(bench, machines, mutant, seed);
    const row = (marks: readonly string[], end: string) => told(cells([name, language, operator, code(story), ...marks, end]));
    if (killed === "absent") {
      counts.absent++;
      row(
        layers.map(() => ""),
        "in no kernel that runs",
      );
      continue;
    }
    const because = killed.size > 0 ? undefined : equivalence({ example: name, language, operator, story });
    counts.run++;
    const key = `${language}, ${operator}`;
    const sum: Row = operators.get(key) ?? { run: 0, survived: 0, layers: new Map() };
    operators.set(key, sum);
    sum.run++;
    for (const layer of killed) sum.layers.set(layer, (sum.layers.get(layer) ?? 0) + 1);
    if (killed.size === 0) sum.survived++;
    if (because !== undefined) {
      counts.equivalent++;
      equivalents.push(`- ${name}, ${language}, ${operator}, ${code(story)}: ${because}`);
    } else if (killed.size === 0) counts.survivors++;
    row(
      layers.map((layer) => (killed.has(layer) ? "x" : "")),
      killed.size > 0 ? "" : because === undefined ? "**survived**" : "equivalent",
    );
  }
  bench.dispose();
}

const summary: string[] = [];
console.log();
told(cells(["operator", "mutants", ...layers, "survived"]), summary);
told(cells(["---", "---", ...layers.map(() => "---"), "---"]), summary);
for (const [operator, row] of operators)
  told(cells([operator, row.run, ...layers.map((layer) => row.layers.get(layer) ?? 0), row.survived]), summary);
const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
const verdict =
  `Seed ${seed}, each operator ${counted(each, "time")} an example: ${counted(counts.run, "mutant")} run, ` +
  `${counts.run - counts.survivors - counts.equivalent} found, ${counts.equivalent} equivalent, ${counts.survivors} survived; ` +
  `${counts.absent} more are in no kernel that QEMU or Bochs can run.`;
console.log(`\n${equivalents.join("\n")}\n${verdict} ${((performance.now() - began) / 1000).toFixed(0)} s`);
if (write) {
  const page = "docs/validation.md";
  const [start, end] = ["<!-- made by bench/mutants.ts -->", "<!-- end of what is made -->"];
  const [before, rest] = readFileSync(page, "utf8").split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${page} has no place for the tables`);
  const all = ["<details><summary>Each mutant</summary>", "", ...lines, "", "</details>"];
  const equivalentText = equivalents.length > 0 ? ["", "Equivalent are:", "", ...equivalents] : [];
  writeFileSync(page, `${before}${[start, "", verdict, "", ...summary, ...equivalentText, "", ...all, "", end].join("\n")}${after}`);
}
process.exitCode = counts.survivors > 0 ? 1 : 0;
