/** Compares Linux 6.12's exit paths as listed with the planned ones: the instructions of each way, in each kernel. */
import { readFileSync } from "node:fs";
import { FeatureSpace } from "../../src/compiler/check/feature-space.js";
import { compile } from "../../src/compiler/compile.js";
import type { Feature, Model } from "../../src/compiler/model/model.js";
import type { PathGraph } from "../../src/compiler/path/graph.js";
import { type Way, waysOf } from "./ways.js";

/** The features that change an exit's instructions. */
const features = ["PTI", "PCID", "KERNEL_IBRS", "CLEAR_CPU_BUF", "STACKLEAK", "ESPFIX64", "FSGSBASE", "XENPV", "FRED"];

/** What the listed paths have and no contract asks for: an assertion, which a plan has no reason to hold. */
const notAskedFor = ["assert_user_frame"];

/** The kernels of the table's columns. */
const columns: readonly { readonly name: string; readonly features: readonly string[] }[] = [
  { name: "none", features: [] },
  { name: "PTI", features: ["PTI"] },
  { name: "PTI, PCID", features: ["PTI", "PCID"] },
  { name: "IBRS, VERW", features: ["KERNEL_IBRS", "CLEAR_CPU_BUF"] },
  { name: "all of these, STACKLEAK", features: ["PTI", "PCID", "KERNEL_IBRS", "CLEAR_CPU_BUF", "STACKLEAK"] },
  { name: "Xen PV", features: ["XENPV"] },
  { name: "FRED, VERW", features: ["FRED", "CLEAR_CPU_BUF"] },
];

interface Spec {
  readonly model: Model;
  readonly graphs: readonly PathGraph[];
}

function specOf(folder: string, name: string): Spec {
  const text = (path: string) => readFileSync(path, "utf8");
  const { model, graphs, diagnostics } = compile({
    name,
    text: text(`${folder}/${name}.exitdsl`),
    resolveImport: (path) => ({ name: `profile:${path}`, text: text(`profiles/${path}.exitdsl`) }),
  });
  if (!model || diagnostics.length > 0) throw new Error(`${name} has findings: ${diagnostics.map((d) => d.message).join("; ")}`);
  return { model, graphs };
}

export interface Comparison {
  /** `syscall_return: sysret_applies`, and the terminal. */
  readonly way: string;
  readonly kernel: readonly string[];
  /** Without what no contract asks for. */
  readonly listed: number;
  readonly planned: number;
}

/** Every way in every kernel that the features' constraints admit. */
export function compare(): Comparison[] {
  const [listed, planned] = [specOf("examples", "linux-6.12"), specOf("test/plan", "linux-6.12-planned")] as const;
  const space = new FeatureSpace(listed.model.features.filter((f) => features.includes(f.name)));
  return space.combinations.flatMap((bits) => {
    const kernel = space.features.filter((_, i) => (bits & (1 << i)) !== 0).map((f) => f.name);
    const found = waysIn(planned, kernel);
    return waysIn(listed, kernel).flatMap(([way, instructions]): Comparison[] => {
      const same = found.find(([name]) => name === way);
      if (!same) throw new Error(`no planned way is ${way}`);
      return [{ way, kernel, listed: instructions, planned: same[1] }];
    });
  });
}

function waysIn({ model, graphs }: Spec, kernel: readonly string[]): [string, number][] {
  const on = new Set<Feature>(model.features.filter((f) => kernel.includes(f.name)));
  return graphs.flatMap((graph) =>
    waysOf(graph, on)
      // SYSRET applies in no such kernel.
      .filter((way) => way.terminal !== "sysretq" || !(kernel.includes("XENPV") || kernel.includes("FRED")))
      .map((way): [string, number] => [
        [graph.exit.name, ...way.tests.map(readable), way.terminal].join(" · "),
        way.instructions - uncounted(way),
      ]),
  );
}

const readable = (test: string) => test.replace("not compare", "32-bit or 64-bit stack").replace("compare", "16-bit stack");

function uncounted({ steps, lengths }: Way): number {
  return steps.reduce((sum, step, i) => sum + (notAskedFor.includes(step) ? (lengths[i] ?? 0) : 0), 0);
}

/** The table of `docs/planning.md`, with a sentence on all kernels. */
export function planningTable(all: readonly Comparison[] = compare()): string {
  const ways = [...new Set(all.map((c) => c.way))];
  const cell = (way: string, kernel: readonly string[]) => {
    const found = all.find((c) => c.way === way && c.kernel.length === kernel.length && kernel.every((name) => c.kernel.includes(name)));
    return found ? `${found.listed} / ${found.planned}` : "–";
  };
  const rows = ways
    .map((way) => [way, ...columns.map((c) => cell(way, c.features))])
    .filter((row) => row.slice(1).some((text) => text !== "–"));
  const espfix = ways.filter((way) => !rows.some(([name]) => name === way));
  const kernels = new Set(all.map((c) => c.kernel.join())).size;
  const equal = all.filter((c) => c.planned === c.listed).length;
  return [
    `| way | ${columns.map((c) => c.name).join(" | ")} |`,
    `|---|${columns.map(() => "---").join("|")}|`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    "",
    `Over all ${kernels} kernels that the features ${features.join(", ")} make, there are ${all.length} ways${espfix.length > 0 ? " (those over the espfix stack are not shown above)" : ""}.`,
    `The planned one has as many instructions as the listed one in ${equal} of them, fewer in ${all.length - equal - longer(all)}, and more in ${longer(all)}.`,
  ].join("\n");
}

function longer(all: readonly Comparison[]): number {
  return all.filter((c) => c.planned > c.listed).length;
}
