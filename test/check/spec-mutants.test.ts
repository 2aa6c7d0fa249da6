/**
 * The share of `bench/spec-mutants.ts` that every run has: mutants of small specs, one in a few. What is refused stays refused: the survivors
 * of each operator are counted, and named where a person has to say why they are right.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compileSpec, mutantsOfSpec, type SpecMutant, specsUnderTest } from "../../tools/spec-mutants/specs.js";

const specs = specsUnderTest(fileURLToPath(new URL("../..", import.meta.url)));
const specNamed = (name: string) => {
  const spec = specs.find((s) => s.name === name);
  if (!spec) throw new Error(`no spec ${name}`);
  return spec;
};
const survives = (mutant: SpecMutant) => compileSpec(mutant.spec, mutant).diagnostics.length === 0;
/** Operators whose mutants say something else of the way out, not the same in another order or once more. */
const telling = new Set([
  "irqs flipped",
  "clause dropped",
  "clause turned",
  "when negated",
  "mask exchanged",
  "terminal exchanged",
  "terminal without when",
  "tail exchanged",
  "token exchanged",
  "waiver dropped",
  "out of the loop",
]);

test("mutants of the smallest example: what survives leaves out all work, or does what is done already", () => {
  const survivors = mutantsOfSpec(specNamed("tiny-kernel")).filter((m) => telling.has(m.operator) && survives(m));
  expect(survivors.map((m) => `${m.operator} | ${m.story}`)).toEqual([]);
});

describe("four-paths-2015", () => {
  const mutants = mutantsOfSpec(specNamed("four-paths-2015"));

  test("what is another way out is refused", () => {
    const some = mutants.filter((m, i) => telling.has(m.operator) && m.file.startsWith("examples/") && i % 3 === 0);
    expect(some.length).toBeGreaterThan(20);
    // Every frame of user mode then goes over the espfix stack: slower, and right.
    const slower = ["clause dropped | espfix_and_iret: frame.ss has TI"];
    expect(some.filter(survives).map((m) => `${m.operator} | ${m.story}`)).toEqual(slower);
  });

  test("work that is left out, or done twice where once is meant, is refused", () => {
    const stories = [
      "syscall_return: run syscall_trace_leave",
      "syscall_return: run user_return_notifiers",
      "interrupt_return: run user_return_notifiers",
      "espfix_and_iret: when ESPFIX64 { … }",
    ];
    const dropped = mutants.filter((m) => m.operator === "drop" && stories.includes(m.story));
    expect(dropped.map((m) => m.story).sort()).toEqual([...stories].sort());
    expect(dropped.filter(survives)).toEqual([]);
    const twice = mutants.filter((m) => m.operator === "double" && m.story === stories[0]);
    expect(twice.map(survives)).toEqual([false]);
  });
});

test("freebsd-ast: a flag that was taken has its work done", () => {
  const mutants = mutantsOfSpec(specNamed("freebsd-ast")).filter((m) => m.operator === "drop" && /run ast_/.test(m.story));
  expect(mutants.length).toBe(8);
  expect(mutants.filter(survives)).toEqual([]);
});

test("linux-6.12: each kernel leaves by what it has", () => {
  const dropped = mutantsOfSpec(specNamed("linux-6.12")).filter(
    (m) => m.operator === "clause dropped" && m.story.startsWith("sysret_applies"),
  );
  expect(dropped.map((m) => m.story)).toContain("sysret_applies: not FRED");
  expect(dropped.filter(survives).map((m) => m.story)).toEqual([]);
});
