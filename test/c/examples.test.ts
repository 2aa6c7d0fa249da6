/** The C of every example is clean under GCC, for kernels that fix their features and for one that reads them at run time. */
import { afterAll, describe, expect, test } from "vitest";
import type { Feature } from "../../src/compiler/model/model.js";
import { type Emitted, emitExample, exampleNames, featuresOf } from "./specs.js";
import { folderWith, kernelFlags, run } from "./tools.js";

const disposals: (() => void)[] = [];
afterAll(() => {
  for (const dispose of disposals) dispose();
});

/** Every admissible combination when there are few; else none, each alone with what it needs, and the largest ones. */
function combinationsThatMatter(emitted: Emitted): readonly ReadonlySet<Feature>[] {
  const { combinations } = featuresOf(emitted);
  if (combinations.length <= 16) return combinations;
  const largest = Math.max(...combinations.map((on) => on.size));
  return combinations.filter((on) => on.size <= 1 || on.size === largest);
}

describe.each(exampleNames)("%s", (name) => {
  const emitted = emitExample(name);
  const { features } = featuresOf(emitted);
  const { path, dispose } = folderWith(emitted.artefacts);
  disposals.push(dispose);
  const gcc = (flags: readonly string[]) => run("gcc", [...kernelFlags, ...flags, "-c", `${name}.c`, "-o", "out.o"], path);

  test("compiles without a warning for the features that a kernel can fix", () => {
    for (const on of combinationsThatMatter(emitted)) {
      const defines = features.map((f) => `-DEXITDSL_${f.name}=${on.has(f) ? 1 : 0}`);
      expect(gcc(defines), defines.join(" ")).toEqual({ status: 0, output: "" });
    }
  });

  test("compiles without a warning when features are read at run time", () => {
    expect(gcc(["-include", "stdint.h", ...runTimeFeatures(features)])).toEqual({ status: 0, output: "" });
  });

  test("is clean under sparse, which proves that IRQs are off at the end of every path", () => {
    expect(run("sparse", ["-Wcontext", ...runTimeFeatures(features), `${name}.c`], path)).toEqual({ status: 0, output: "" });
    const ends = emitted.graphs.filter((g) => g.exit.prepare !== undefined).length;
    const source = emitted.artefacts.find((a) => a.name === `${name}.c`)?.text ?? "";
    expect(source.match(/^\w+ \w+\(struct .*\) EXITDSL_(TURNS|KEEPS)_IRQS_OFF$/gm)).toHaveLength(ends);
  });

  test("is reported by sparse when any one IRQ statement is missing", () => {
    const source = emitted.artefacts.find((a) => a.name === `${name}.c`)?.text ?? "";
    const statements = [...source.matchAll(/exitdsl_irq_(enable|disable)\(\);/g)];
    for (const { index, 0: text } of statements) {
      const mutated = `${source.slice(0, index)}(void)0;${source.slice(index + text.length)}`;
      const { path: folder, dispose: remove } = folderWith([
        ...emitted.artefacts.filter((a) => a.name !== `${name}.c`),
        { name: `${name}.c`, text: mutated },
      ]);
      disposals.push(remove);
      const line = source.slice(0, index).split("\n").length;
      expect(
        run("sparse", ["-Wcontext", ...runTimeFeatures(features), `${name}.c`], folder).output,
        `without ${text} in line ${line}`,
      ).toContain("context imbalance");
    }
  });
});

/** Each feature as the call of a function that nobody can see into. */
function runTimeFeatures(features: readonly Feature[]): string[] {
  return features.map((f) => `-DEXITDSL_${f.name}=(*(volatile int *)${0x1000 + 8 * f.index})`);
}
