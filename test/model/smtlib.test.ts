/** The emitted SMT-LIB, answered by z3: SYSRET's conditions over all values of the saved registers. */
import { describe, expect, test } from "vitest";
import { smtlibText } from "../../src/compiler/emit/smtlib/smtlib.js";
import type { PathGraph } from "../../src/compiler/path/graph.js";
import { type Answer, z3 } from "./tools.js";
import { compileFile } from "./verdicts.js";

const canonical = "RIP is canonical, so that SYSRET does not fault in ring 0";
const lastPage = "RIP is not in the last page below the canonical hole";
const trap = "no debug trap comes before the first instruction of user mode";
const gives = (what: string) => `${what} is what IRET gives`;

function ask(file: string): readonly Answer[] {
  const graph = compileFile(file).graphs.find((g) => smtlibText(g, []) !== undefined) as PathGraph;
  return z3(smtlibText(graph, []) as string);
}

const wrong = (answers: readonly Answer[]) => answers.slice(1).flatMap(({ question, answer }) => (answer === "unsat" ? [] : [question]));

test.each(["four-paths-2015", "linux-6.12"])("%s: SYSRET is proved to do what IRET does", (name) => {
  const answers = ask(`examples/${name}.exitdsl`);
  expect(answers[0]).toMatchObject({ question: "sysretq is reached", answer: "sat" });
  expect(answers.length).toBe(9);
  expect(wrong(answers)).toEqual([]);
});

test("freebsd-ast: what it relies on PCB_FULL_IRET for is what the spec waives", () => {
  expect(wrong(ask("examples/freebsd-ast.exitdsl"))).toEqual([lastPage, gives("CS"), gives("SS"), gives("RFLAGS"), trap]);
});

describe("with a clause left out", () => {
  test.each([
    ["sysret-rip-not-canonical", [canonical, lastPage]],
    ["sysret-last-page", [lastPage]],
    ["sysret-rcx", [canonical, lastPage, gives("RIP")]],
    ["sysret-r11", [gives("RFLAGS"), trap]],
    ["sysret-cs", [gives("CS")]],
    ["sysret-ss", [gives("SS")]],
    ["sysret-tf", [gives("RFLAGS"), trap]],
    ["sysret-rf-only", [trap]],
    ["sysret-without-conditions", [canonical, lastPage, gives("RIP"), gives("CS"), gives("SS"), gives("RFLAGS"), trap]],
  ])("%s", (name, expected) => {
    expect(wrong(ask(`test/ui/EX5004-${name}.exitdsl`))).toEqual(expected);
  });

  test("the counterexample is a frame: a RIP that is not canonical, and all else as the condition wants it", () => {
    const { model } = ask("test/ui/EX5004-sysret-rip-not-canonical.exitdsl").find((a) => a.question === canonical) as Answer;
    const rip = model.get("frame_ip") as bigint;
    console.log(`counterexample: RIP 0x${rip.toString(16)}`);
    expect(BigInt.asUintN(64, BigInt.asIntN(48, rip))).not.toBe(rip);
    expect(model.get("frame_cx")).toBe(rip);
    expect(model.get("frame_cs")).toBe(0x33n);
  });

  test("with TF allowed, the counterexample has TF or RF set", () => {
    const { model } = ask("test/ui/EX5004-sysret-tf.exitdsl").find((a) => a.question === trap) as Answer;
    expect((model.get("frame_flags") as bigint) & 0x100n).toBe(0x100n);
  });
});

test("a bound for five levels of page tables holds only in kernels that have them", () => {
  const text = smtlibText(compileFile("examples/linux-6.12.exitdsl").graphs[0] as PathGraph, []) as string;
  expect(wrong(z3(text))).toEqual([]);
  // As if the larger bound were another feature's.
  expect(wrong(z3(text.replace(/\(ite feature_LA57 #x00fffffffffff000/, "(ite true #x00fffffffffff000")))).toEqual([canonical, lastPage]);
});
