/** Kernels in findings: every admissible combination is checked, and a report names the fewest settings that show the fault. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FeatureSpace } from "../../src/compiler/check/feature-space.js";
import type { Feature } from "../../src/compiler/model/model.js";
import { short } from "../../src/compiler/report/short.js";
import { compileText } from "../docs/compile.js";
import { seed } from "../seed.js";
import { fault, findings, leave } from "./specs.js";

describe("the fewest features", () => {
  const swaps = (steps: string) => fault(`exit path from trap to user { leave { ${steps} do restore_registers <|iretq|> } }`).notes.at(-1);

  test("with one and without another", () => {
    expect(swaps("do swapgs when PTI { when not XENPV { do swapgs } }")).toBe("in kernels with PTI and without XENPV");
  });

  test("in all kernels: none is named", () => {
    expect(swaps("when PTI { do swapgs } when PTI { do swapgs }")).toContain("INV-40");
  });

  test("what `excludes` rules out needs no mention, and is not checked", () => {
    expect(swaps("do swapgs when FAST { do swapgs }")).toBe("in kernels with FAST");
    expect(
      findings("exit path from trap to user { leave { do swapgs when FAST { when XENPV { do swapgs } } do restore_registers iretq } }"),
    ).toEqual([]);
  });

  test("a step of the kernels that a test around it, or an end before it, leaves over: the stack is known behind it", () => {
    const step = 'step pop_rdi if PTI { asm "popq %rdi" } step others if not PTI { asm "popq %rdi" }';
    const all = "do swapgs, restore_registers except rdi";
    expect(findings(`${step} exit path from trap to user { leave { ${all} when PTI { do pop_rdi iretq } do others iretq } }`)).toEqual([]);
    expect(findings(`${step} exit path from trap to user { leave { ${all} when PTI { do pop_rdi } else { do others } iretq } }`)).toEqual(
      [],
    );
    expect(findings(`${step} exit path from trap to user { leave { ${all} do pop_rdi, others iretq } }`).map(({ code }) => code)).toContain(
      "EX5002",
    );
  });

  test("steps and works of some kernels", () => {
    const step = 'step swap_again if PTI and XENPV { asm "swapgs" }';
    expect(fault(leave("do swapgs, swap_again, restore_registers <|iretq|>", step)).notes.at(-1)).toBe("in kernels with PTI, XENPV");
  });
});

const names = ["A", "B", "C", "D"] as const;

function feature(name: string, index: number): Feature {
  const span = { source: { name: "", text: "" }, start: 0, end: 0 };
  return { name, span, doc: "", index, config: [], cpu: [], excludes: [], needs: [], lacks: [], lacksInstructions: [] };
}

describe("properties", () => {
  test("an explanation singles out failing kernels only, and none of its settings can be left out", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: (1n << 16n) - 1n }), (failing) => {
        const features = names.map(feature);
        const space = new FeatureSpace(features);
        const literals = space.explain(failing);
        const matching = (list: typeof literals) =>
          list.reduce((set, { feature: f, on }) => set & (on ? space.with(f) : ~space.with(f)), space.all);
        expect(matching(literals) & failing).not.toBe(0n);
        expect(matching(literals) & ~failing).toBe(0n);
        for (const left of literals) expect(matching(literals.filter((l) => l !== left)) & ~failing).not.toBe(0n);
      }),
      { seed, verbose: true },
    );
  });

  /** A `leave` that swaps GS under features, and whether it does so an odd number of times in a kernel. */
  interface Swap {
    readonly text: string;
    readonly happens: (on: ReadonlySet<(typeof names)[number]>) => boolean;
  }
  const literal = fc.record({ name: fc.constantFrom(...names), on: fc.boolean() });
  const swap: fc.Arbitrary<Swap> = fc.array(literal, { maxLength: 2 }).map((literals) => ({
    text: literals.reduceRight((inner, { name, on }) => `when ${on ? "" : "not "}${name} { ${inner} }`, "do swapgs"),
    happens: (on) => literals.every((l) => on.has(l.name) === l.on),
  }));

  test("a fault is told exactly if some kernel has it, and the kernels that are named have it", () => {
    fc.assert(
      fc.property(fc.array(swap, { maxLength: 5 }), fc.boolean(), (swaps, exclusive) => {
        const text = `edition 2026
import "bare"
feature A feature B ${exclusive ? "{ excludes A }" : ""} feature C feature D
frame regs { r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, rip, cs, rflags, rsp, ss, user when cs has RPL }
event trap { origin user starts irqs off }
exit path from trap to user { leave { ${swaps.map((s) => s.text).join(" ")} do restore_registers iretq } }`;
        const kernels = Array.from({ length: 16 }, (_, bits) => new Set(names.filter((_, i) => (bits & (1 << i)) !== 0))).filter(
          (on) => !(exclusive && on.has("A") && on.has("B")),
        );
        const failing = kernels.filter((on) => swaps.filter((s) => s.happens(on)).length % 2 === 0);
        const { diagnostics } = compileText("random.exitdsl", text);
        expect(diagnostics.map((d) => d.code)).toEqual(failing.length > 0 ? ["EX5001"] : []);
        const note = diagnostics[0]?.notes.find((n) => n.startsWith("in kernels")) ?? "in kernels";
        const [, withNames = "", withoutNames = ""] =
          /^in kernels(?: with ([^a-z]*))?(?: ?(?:and )?without (.*))?$/.exec(note.trim()) ?? [];
        const has = (on: ReadonlySet<string>, name: string) => on.has(name);
        const list = (s: string) =>
          s
            .split(",")
            .map((n) => n.trim())
            .filter((n) => n !== "");
        const named = kernels.filter((on) => list(withNames).every((n) => has(on, n)) && list(withoutNames).every((n) => !has(on, n)));
        if (failing.length > 0)
          expect(
            named.every((on) => failing.includes(on)),
            `${note}\n${short(diagnostics, { version: "", colour: false })}`,
          ).toBe(true);
      }),
      { seed, verbose: true },
    );
  });
});
