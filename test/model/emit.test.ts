/** The text of the models: readable, the same each time, and safe whatever a spec calls its things. */
import { describe, expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import { backEnds, everyBackEnd } from "../../src/compiler/emit/back-ends.js";
import { murphiText } from "../../src/compiler/emit/murphi/murphi.js";
import { promelaText } from "../../src/compiler/emit/promela/promela.js";
import { smtlibText } from "../../src/compiler/emit/smtlib/smtlib.js";
import { buildProgram } from "../../src/compiler/model-check/build-program.js";
import { search } from "../../src/compiler/model-check/search.js";
import type { PathGraph } from "../../src/compiler/path/graph.js";
import { readRepositoryFile } from "../docs/compile.js";
import { rumur, spin, z3 } from "./tools.js";
import { compileFile } from "./verdicts.js";

test.each([
  ["tiny-kernel-trap_return.pml", "tiny-kernel", (g: PathGraph) => promelaText(buildProgram(g), ["header"])],
  ["tiny-kernel-trap_return.m", "tiny-kernel", (g: PathGraph) => murphiText(buildProgram(g), ["header"])],
  ["four-paths-2015-syscall_return.smt2", "four-paths-2015", (g: PathGraph) => smtlibText(g, ["header"])],
] as const)("%s", async (golden, example, text) => {
  const [graph] = compileFile(`examples/${example}.exitdsl`).graphs as [PathGraph];
  await expect(text(graph)).toMatchFileSnapshot(`../golden/model/${golden}`);
});

const build = (name: string, text: string, emit: readonly string[]) => {
  const resolveImport = (path: string) => ({ name: `profile:${path}`, text: readRepositoryFile(`profiles/${path}.exitdsl`) });
  return compile({ name, text, resolveImport }, { backEnds: everyBackEnd.filter((b) => emit.includes(b.name)) }).artefacts;
};

test("models are written only when asked for, one a way out", () => {
  expect(backEnds.map((b) => b.name)).toEqual(["asm", "c", "simulator"]);
  const text = readRepositoryFile("examples/four-paths-2015.exitdsl");
  const names = build("four-paths-2015.exitdsl", text, ["promela", "murphi", "smtlib"]).map((a) => a.name);
  const exits = ["syscall_return", "interrupt_return", "paranoid_return", "nmi_return"];
  expect(names).toEqual([
    ...exits.map((exit) => `four-paths-2015-${exit}.pml`),
    ...exits.map((exit) => `four-paths-2015-${exit}.m`),
    "four-paths-2015-syscall_return.smt2",
  ]);
});

/** Words of Promela, Murphi and SMT-LIB, and of the models themselves, as names; and comments that try to end the model's. */
const hostile = `edition 2026
import "bare"
feature proctype
feature ruleset
flags atomic in thread.flags {
  skip bit 0 async
  assert bit 1 async
  irqs bit 2
  flags bit 3 async
}
constant ite = 0x33 if proctype else 0x33
constant bvor = 0x2b
frame forall {
  r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
  exists saves rip, push saves cs, pop saves rflags, here saves rsp, assertion saves ss
  user when push has RPL
}
event start { origin user  starts irqs on  loses rcx, r11 }
work rule { one-shot when skip  call init()  requires irqs on  clears skip  may sleep, rewrite frame, set assert | irqs }
work end if ruleset { one-shot when assert | flags  call pan()  requires irqs on  clears assert | flags }
work begin if not ruleset { one-shot when assert | flags  call sat()  requires irqs on  clears assert | flags }
mask seen = skip | assert | flags
condition undecided =
      frame.rcx == frame.exists because "*/ assert(false) /* \\") (check-sat) -- end;"
  and frame.r11 == frame.pop and frame.push == ite and frame.assertion == bvor
  and frame.exists < 0x7fff_ffff_f000 and frame.pop lacks TF | RF
step load_stack { asm "movq {frame.here}, %rsp"  ensures stack user }
exit active from start to user {
  prepare never returns undecided {
    irqs off // */ assert(false); /*
    repeat while pending seen { // " ; error "x"; \\
      irqs on
      run rule, end, begin
      irqs off
    }
  }
  leave {
    when undecided {
      do restore_registers except rsp
      do load_stack, swapgs
      sysretq
    }
    do swapgs, restore_registers
    iretq on fault never_mind
  }
}
`;

describe("hostile names", () => {
  const name = 'evil"*/\nassert(false) %s??/\\.exitdsl';
  const artefacts = () => build(name, hostile, ["promela", "murphi", "smtlib"]);

  test("the spec is a right one", () => {
    const { diagnostics } = compile({
      name,
      text: hostile,
      resolveImport: () => ({ name: "profile:bare", text: readRepositoryFile("profiles/bare.exitdsl") }),
    });
    expect(diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([]);
    expect(artefacts().length).toBe(3);
  });

  test("SPIN, rumur and z3 take the models, and find them right", () => {
    const [pml, m, smt2] = artefacts().map((a) => a.text) as [string, string, string];
    expect([...spin(pml).violations]).toEqual([]);
    const { graphs } = compile({
      name,
      text: hostile,
      resolveImport: () => ({ name: "profile:bare", text: readRepositoryFile("profiles/bare.exitdsl") }),
    });
    expect(rumur(m)).toEqual({ states: search(buildProgram(graphs[0] as PathGraph)).states, violations: new Set() });
    const answers = z3(smt2);
    expect(answers.length).toBe(9);
    expect(answers.slice(1).filter((a) => a.answer !== "unsat")).toEqual([]);
  });
});
