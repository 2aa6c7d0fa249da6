/**
 * How long checking takes: all examples and Linux 6.12, every feature combination and interruption, in one process, beside what
 * `gcc -O2 -c` takes for the C that is emitted for them; and how it grows with the number of paths, and of features that do not interact.
 * Ratios are of medians, and both sides of one are run by turns.
 * Run: node tools/run.mjs bench/check.ts
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../src/compiler/compile.js";
import { c } from "../src/compiler/emit/c/c.js";
import { compileFrom } from "../tools/linux/spec.js";
import { generateFeatures, generatePaths } from "./check-specs.js";

const rounds = 7;
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;
const milliseconds = (work: () => void): number => {
  const started = performance.now();
  work();
  return performance.now() - started;
};

const examples = readdirSync("examples").filter((name) => name.endsWith(".exitdsl"));
const specs = [...examples.map((name) => `examples/${name}`), "test/linux-6.12/linux-6.12.exitdsl"];
// A planned `leave` is searched for, which is not checking.
const written = specs.filter((name) => !name.includes("planned"));

function checkAll(names: readonly string[]): void {
  for (const name of names) {
    const { diagnostics } = compileFrom(".", name);
    if (diagnostics.length > 0) throw new Error(`${name}: ${diagnostics[0]?.message}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), "exitdsl-bench-"));
try {
  const files = written.flatMap((name, i) => {
    const { artefacts } = compileFrom(".", name, { backEnds: [c], stem: `spec${i}` });
    for (const { name: file, text } of artefacts) writeFileSync(join(folder, file), text);
    return artefacts.filter((a) => a.name.endsWith(".c")).map((a) => a.name);
  });
  const gcc = (): void => {
    for (const file of files) {
      const { status, stderr } = spawnSync("gcc", ["-std=gnu11", "-O2", "-c", "-I.", file, "-o", "out.o"], {
        cwd: folder,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`gcc ${file}: ${stderr}`);
    }
  };
  const first = milliseconds(() => checkAll(written));
  const times = { check: [] as number[], gcc: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.check.push(milliseconds(() => checkAll(written)));
    times.gcc.push(milliseconds(gcc));
  }
  const [check, compiled] = [median(times.check), median(times.gcc)];
  console.log(
    `${written.length} specs: checked in ${check.toFixed(0)} ms (${first.toFixed(0)} ms with nothing warm), gcc -O2 -c ${compiled.toFixed(0)} ms`,
  );
  console.log(`ratio ${(check / compiled).toFixed(2)}, aim: under 1`);
} finally {
  rmSync(folder, { recursive: true });
}

/** Median times of texts, by turns, as multiples of the first. */
function growth(title: string, counts: readonly number[], textOf: (count: number) => string): void {
  const texts = counts.map(textOf);
  const times = counts.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    texts.forEach((text, i) => {
      times[i]?.push(
        milliseconds(() => {
          const { diagnostics } = compile({ name: "generated.exitdsl", text, resolveImport: profile });
          if (diagnostics.length > 0) throw new Error(`${title} ${counts[i]}: ${diagnostics[0]?.code} ${diagnostics[0]?.message}`);
        }),
      );
    });
  }
  const base = median(times[0] ?? []);
  console.log(title.padEnd(44), "check      times the first   times per one");
  times.forEach((list, i) => {
    const took = median(list);
    const per = took / base / ((counts[i] as number) / (counts[0] as number));
    console.log(
      `${String(counts[i]).padStart(6)}`.padEnd(44),
      `${took.toFixed(1)} ms`.padEnd(10),
      (took / base).toFixed(2).padEnd(17),
      per.toFixed(2),
    );
  });
}

function profile(path: string) {
  return { name: `profile:${path}`, text: profiles.get(path) ?? "" };
}
const profiles = new Map(["bare"].map((name) => [name, compileFrom(".", `profiles/${name}.exitdsl`).sources.at(-1)?.text ?? ""]));

growth("paths", [4, 8, 16, 32, 64], generatePaths);
growth("features, each guarding a step", [4, 8, 16, 24, 48], (count) => generateFeatures(count, "step"));
growth("features, each with a state and an obligation", [4, 8, 16, 24, 48], (count) => generateFeatures(count, "state"));
