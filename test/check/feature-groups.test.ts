/** Features that do not interact are checked apart. What is found must be what is found with all of them together. */

import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check, examine, starts } from "../../src/compiler/check/check.js";
import { featureGroups } from "../../src/compiler/check/feature-groups.js";
import type { Test } from "../../src/compiler/model/model.js";
import type { PathGraph } from "../../src/compiler/path/graph.js";
import { bugIds } from "../../tools/bugs/corpus.js";
import { compileFrom } from "../../tools/linux/spec.js";
import { compileText } from "../docs/compile.js";
import { seed } from "../seed.js";
import { findings } from "./specs.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What is found, without the kernels in which. */
const told = (diagnostics: readonly { readonly code: string; readonly primary: { readonly span: { readonly start: number } } }[]) =>
  [...new Set(diagnostics.map((d) => `${d.code} at ${d.primary.span.start}`))].sort();

/** Of one cause that shows at several places one is told, and which depends on the kernels that are looked at. */
const codes = (diagnostics: readonly { readonly code: string }[]) => [...new Set(diagnostics.map((d) => d.code))].sort();

function together(graph: PathGraph) {
  // A test that the starts depend on is in every group, so none are made.
  const span = graph.exit.span;
  const always: Test = { kind: "constant", value: true, span };
  return examine(graph, (context) => starts(context).map((vector) => ({ vector, combinations: context.features.all })), undefined, [
    always,
  ]);
}

const names = (groups: ReturnType<typeof featureGroups>) => groups?.map((group) => [...group].map((f) => f.name));
const groupsOf = (text: string) => names(featureGroups(compileText("test.exitdsl", head + text).graphs[0] as PathGraph));

const features = ["A", "B", "C", "D", "E", "F", "G"];
const head = `edition 2026
import "bare"
${features.map((f) => `feature ${f}`).join("\n")}
flags work in current { SIGNAL bit 0 async TRACE bit 1 FPU bit 2 }
mask all = SIGNAL
${["s0", "s1", "s2", "s3"].map((s) => `state ${s} { before, after }`).join("\n")}
frame regs { r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, rip, cs, rflags, rsp, ss, user when cs has RPL }
event trap { origin user or kernel starts irqs off }
work signal { one-shot when SIGNAL call signal(frame) requires irqs on clears SIGNAL may sleep, rewrite frame, set FPU }
work fpu { final when FPU call fpu() clears FPU }
`;

describe("groups", () => {
  const steps = features.map((f, i) => `step step${i} if ${f} { asm "nop" ensures s${i % 4} after }`).join("\n");
  const exit = (body: string) => `exit path from trap to user { leave { ${body} do swapgs, restore_registers iretq on fault bad } }`;

  test("of features that share a state", () => {
    expect(groupsOf(`${steps} ${exit("do step0, step1, step2, step3, step4, step5, step6")}`)).toEqual([
      ["A", "E"],
      ["B", "F"],
      ["C", "G", "D"],
    ]);
  });

  test("a feature that decides where the path goes is in all of them", () => {
    const [first, ...rest] =
      groupsOf(
        `${steps} ${exit("when G { do swapgs, restore_registers iretq on fault bad } do step0, step1, step2, step3, step4, step5")}`,
      ) ?? [];
    expect(rest.length).toBeGreaterThan(0);
    for (const group of [first, ...rest]) expect(group).toContain("G");
  });

  test("features that are tested together are together", () => {
    const joint = 'step joint if A and B or C and D or E and F { asm "nop" }';
    expect(groupsOf(`${joint} ${exit("do joint")}`)).toBe(undefined);
  });

  test("a feature that changes nothing, but asks for what is not so", () => {
    const asking = 'step asks if G { asm "nop" requires s3 after }';
    expect(
      findings(
        `${head.slice(head.indexOf("feature"), head.indexOf("flags"))} ${head.slice(head.indexOf("state s0"), head.indexOf("frame"))} ${steps} ${asking} ${exit("do asks, step0, step1, step2")}`,
      ),
    ).toMatchObject([{ code: "EX4001", notes: ["in kernels with G"] }]);
  });

  test("many features, each with a state that user mode owes", () => {
    const many = Array.from({ length: 40 }, (_, i) => i);
    const owed = many.map(
      (i) =>
        `feature X${i} state x${i} { before, after } step do${i} if X${i} { asm "nop" ensures x${i} after } require x${i} after at user if X${i}`,
    );
    const done = (list: readonly number[]) =>
      `${owed.join("\n")} exit path from trap to user { leave { do ${list.map((i) => `do${i}`).join(", ")} do swapgs, restore_registers iretq on fault bad } }`;
    expect(findings(done(many))).toEqual([]);
    const [only, ...others] = findings(done(many.filter((i) => i !== 23)));
    expect(others).toEqual([]);
    expect(only).toMatchObject({ code: "EX7001" });
    expect(only?.notes).toContain("in kernels with X23");
  });
});

const feature = fc.constantFrom(...features);
const state = fc.constantFrom("s0", "s1", "s2", "s3");
const value = fc.constantFrom("before", "after");
const kernels = fc.oneof(
  feature,
  feature.map((f) => `not ${f}`),
  fc.tuple(feature, feature).map(([a, b]) => `${a} and ${b}`),
);
const step = fc.record({
  condition: fc.option(kernels, { nil: undefined }),
  asm: fc.oneof(
    { weight: 12, arbitrary: fc.constant("nop") },
    { weight: 1, arbitrary: fc.constantFrom("swapgs", "std", "cld", "movq %gs:x, %rdi", "lfence") },
  ),
  requires: fc.option(fc.tuple(state, value), { nil: undefined }),
  ensures: fc.option(fc.tuple(state, value), { nil: undefined }),
});
const call = fc.record({
  condition: fc.option(kernels, { nil: undefined }),
  requires: fc.option(fc.tuple(state, value), { nil: undefined }),
  ensures: fc.option(fc.tuple(state, value), { nil: undefined }),
  sets: fc.option(fc.constantFrom("SIGNAL", "TRACE", "FPU"), { nil: undefined }),
});
const owed = fc.record({ state, value, condition: fc.option(kernels, { nil: undefined }) });
const spec = fc.record({
  steps: fc.array(step, { minLength: 2, maxLength: 7 }),
  calls: fc.array(call, { maxLength: 4 }),
  requires: fc.array(owed, { maxLength: 4 }),
  early: fc.option(feature, { nil: undefined }),
  afterLoop: fc.boolean(),
});

const clause = (keyword: string, setting: readonly [string, string] | undefined) => (setting ? `${keyword} ${setting.join(" ")}` : "");
const given = (condition: string | undefined) => (condition === undefined ? "" : `if ${condition}`);

test("random paths: what is found apart is what is found together", () => {
  let split = 0;
  fc.assert(
    fc.property(spec, ({ steps, calls, requires, early, afterLoop }) => {
      const text = [
        head,
        ...steps.map(
          (s, i) =>
            `step step${i} ${given(s.condition)} { asm "${s.asm}" ${clause("requires", s.requires)} ${clause("ensures", s.ensures)} }`,
        ),
        ...calls.map(
          (c, i) =>
            `step call${i} ${given(c.condition)} { call call${i}() ${clause("requires", c.requires)} ${clause("ensures", c.ensures)} ${c.sets ? `may set ${c.sets}` : ""} }`,
        ),
        ...requires.map((r) => `require ${r.state} ${r.value} at user ${given(r.condition)}`),
        "exit path from trap to user { prepare prepare_path {",
        calls.length > 0 && !afterLoop ? `do ${calls.map((_, i) => `call${i}`).join(", ")}` : "",
        "repeat while pending all { irqs on run signal irqs off } run fpu",
        calls.length > 0 && afterLoop ? `do ${calls.map((_, i) => `call${i}`).join(", ")}` : "",
        "} leave {",
        steps.map((_, i) => `do step${i}`).join(" "),
        early === undefined ? "" : `when ${early} { do restore_registers iretq on fault bad }`,
        "do swapgs, restore_registers iretq on fault bad } }",
      ].join("\n");
      const { graphs, diagnostics } = compileText("random.exitdsl", text);
      const [graph] = graphs;
      if (!graph) throw new Error(`${text}\n${diagnostics.map((d) => d.message).join("\n")}`);
      if (featureGroups(graph)) split++;
      expect(codes(check(graph).diagnostics)).toEqual(codes(together(graph).diagnostics));
    }),
    { seed, numRuns: 400 },
  );
  expect(split).toBeGreaterThan(15);
});

test("Linux and the bugs of real kernels: what is found apart is what is found together", () => {
  const specs = bugIds(root).stated.flatMap((id) => [`test/bugs/${id}/wrong.exitdsl`, `test/bugs/${id}/fixed.exitdsl`]);
  for (const file of [
    "test/linux-6.12/linux-6.12.exitdsl",
    "test/linux-6.12/findings/stackleak-after-ibrs-exit.exitdsl",
    ...specs.filter((_, i) => i % 5 === 0),
  ]) {
    for (const graph of compileFrom(root, file).graphs) {
      if (featureGroups(graph)) expect(told(check(graph).diagnostics), file).toEqual(told(together(graph).diagnostics));
    }
  }
});
