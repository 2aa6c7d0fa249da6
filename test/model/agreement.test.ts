/**
 * Two ways to one verdict: the checker, which follows what it knows of each flag, and the searches of the model, which go through
 * all values. They share the path graph and nothing behind it.
 */
import { describe, expect, test } from "vitest";
import { specWithFlags } from "../../bench/search-spec.js";
import { buildProgram } from "../../src/compiler/model-check/build-program.js";
import { enumerate } from "../../src/compiler/model-check/enumerate.js";
import type { ModelProgram, Violation } from "../../src/compiler/model-check/program.js";
import { search } from "../../src/compiler/model-check/search.js";
import { seed } from "../seed.js";
import { generator, randomSpec } from "./random-specs.js";
import { brokenFiles, compileFile, compileSpec, corpusFiles, exampleFiles, rulesVerdict } from "./verdicts.js";

const sorted = (violations: ReadonlySet<Violation>) => [...violations].sort();
const found = (programs: readonly ModelProgram[]) => new Set(programs.flatMap((p) => [...search(p).violations]));

test.each([...exampleFiles, ...brokenFiles, ...corpusFiles])("%s", (file) => {
  const compilation = compileFile(file);
  expect(sorted(found(compilation.graphs.map(buildProgram)))).toEqual(sorted(rulesVerdict(compilation)));
});

test("the broken specs break each of the rules that the model knows", () => {
  const verdicts = brokenFiles.flatMap((file) => [...found(compileFile(file).graphs.map(buildProgram))]);
  expect([...new Set(verdicts)].sort()).toEqual(["irqs", "pending", "stale"]);
});

describe("random specs", () => {
  const cases = Array.from({ length: 250 }, (_, i) => {
    const text = randomSpec(generator(seed + i));
    const compilation = compileSpec(text);
    const [graph] = compilation.graphs;
    if (!graph) throw new Error(`EXITDSL_SEED=${seed + i}: ${compilation.diagnostics[0]?.message}\n${text}`);
    return { seed: seed + i, text, compilation, program: buildProgram(graph) };
  });

  test("the checker and the search agree", () => {
    for (const { seed: own, text, compilation, program } of cases) {
      const checker = sorted(rulesVerdict(compilation));
      const model = sorted(search(program).violations);
      expect(checker, `EXITDSL_SEED=${own}\n${text}`).toEqual(model);
    }
  });

  test("both searches count the same states and find the same faults", () => {
    for (const { seed: own, program } of cases.slice(0, 120)) {
      const sets = search(program);
      expect(enumerate(program).states, `EXITDSL_SEED=${own}`).toBe(sets.states);
      for (const violation of ["irqs", "pending", "stale"] as const) {
        expect(enumerate(program, [violation]).violation, `EXITDSL_SEED=${own}`).toBe(
          sets.violations.has(violation) ? violation : undefined,
        );
      }
    }
  });

  // Of the generator, so for one seed.
  test("are right often enough, and wrong in each way", () => {
    const verdicts = Array.from({ length: 250 }, (_, i) => {
      const [program] = compileSpec(randomSpec(generator(i))).graphs.map(buildProgram);
      return program ? sorted(search(program).violations).join() : "none";
    });
    for (const part of ["irqs", "pending", "stale"]) expect(verdicts.filter((v) => v.includes(part)).length).toBeGreaterThan(2);
    expect(verdicts.filter((v) => v === "").length).toBeGreaterThan(40);
  });
});

test("a trace is the shortest way to a fault", () => {
  const { graphs } = compileFile("test/ui/EX3001-irqs-on-after-the-loop.exitdsl");
  const [program] = graphs.map(buildProgram) as [ModelProgram];
  const { trace } = enumerate(program, ["pending"]);
  const told = trace.map(({ cause }) => {
    if (cause.kind === "interrupt") return `interrupt sets ${program.flags[cause.flag]?.members.map((f) => f.name).join()}`;
    return cause.kind === "start" ? "start" : cause.point.kind === "irqs" ? `irqs ${cause.point.on ? "on" : "off"}` : cause.point.kind;
  });
  expect(told).toEqual(["start", "irqs off", "read", "test", "irqs on", "interrupt sets TIF_NOTIFY_RESUME", "irqs off", "decide", "test"]);
});

test.each([4, 7, 10])("the spec of the bench with %i flags is right, and its states are all counted", (flags) => {
  const [program] = compileSpec(specWithFlags(flags)).graphs.map(buildProgram) as [ModelProgram];
  const { states, violations } = search(program);
  expect([...violations]).toEqual([]);
  if (flags < 8) expect(enumerate(program).states).toBe(states);
  else expect(states).toBeGreaterThan(1e6);
});
