/** A mitigation is one step and one obligation in a user's file, and stands in every planned path, at a place where it is legal. */
import { describe, expect, test } from "vitest";
import { type Compilation, compile } from "../../src/compiler/compile.js";
import type { Feature } from "../../src/compiler/model/model.js";
import { type Way, waysOf } from "../../tools/planning/ways.js";
import { compileText, readRepositoryFile } from "../docs/compile.js";

const planned = readRepositoryFile("test/plan/linux-6.12-planned.exitdsl");

/** Refused for nothing: the checker looks at planned tails like at any others. */
function compiled(text: string): Compilation {
  const compilation = compileText("spec.exitdsl", text);
  expect(compilation.diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([]);
  return compilation;
}

/** All ways of all exits, by the names of their exits, in the kernel with the features of these names. */
function ways({ model, graphs }: Compilation, names: readonly string[]): readonly (Way & { readonly exit: string })[] {
  const features = new Set<Feature>(model?.features.filter((f) => names.includes(f.name)));
  expect(features.size).toBe(names.length);
  return graphs.flatMap((graph) => waysOf(graph, features).map((way) => ({ ...way, exit: graph.exit.name })));
}

const kernels = [[], ["PTI", "PCID"], ["PTI", "KERNEL_IBRS", "CLEAR_CPU_BUF", "STACKLEAK"], ["FRED", "CLEAR_CPU_BUF"], ["XENPV"]];

/** Not the ways back into the kernel. */
const toUser = (all: readonly (Way & { readonly exit: string })[]) =>
  all.filter((way) => way.exit !== "paranoid_return" && !way.tests.includes("not to_user"));

describe("a made-up one, which needs the kernel's per-CPU data", () => {
  const mitigation = `
/// What this branch predictor has learnt of the kernel.
state predictor { trained, forgotten }

/// Made up: makes it forget.
step forget_predictor {
  asm      "movq %gs:predictor_seed, %rax"
           "movl $0x1234, %ecx"
           "xorl %edx, %edx"
           "wrmsr"
  requires irqs off, gs kernel
  ensures  predictor forgotten
}

require predictor forgotten at user because "user code could steer the kernel by what the predictor has learnt"
`;
  // A file of the user's beside the spec, which is not touched.
  const compilation = compile({
    name: "mine.exitdsl",
    text: `edition 2026\nimport "./planned.exitdsl"\n${mitigation}`,
    resolveImport: (path) =>
      path === "./planned.exitdsl"
        ? { name: "planned.exitdsl", text: planned }
        : { name: `profile:${path}`, text: readRepositoryFile(`profiles/${path}.exitdsl`) },
  });

  test("is refused for nothing", () => {
    expect(compilation.diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([]);
  });

  test.each(kernels.map((names) => ({ names })))("is on every way to user mode, with $names", ({ names }) => {
    const all = ways(compilation, names);
    const exits = new Set(toUser(all).map((way) => way.exit));
    expect([...exits]).toEqual(["syscall_return", "interrupt_return", "nmi_return_to_user"]);
    for (const { steps, exit } of toUser(all)) {
      expect(
        steps.filter((s) => s === "forget_predictor"),
        exit,
      ).toHaveLength(1);
      const at = steps.indexOf("forget_predictor");
      // It overwrites registers and reads per-CPU data.
      expect(at).toBeLessThan(steps.indexOf("restore_registers"));
      if (steps.includes("swapgs")) expect(at).toBeLessThan(steps.indexOf("swapgs"));
      const pages = steps.findIndex((s) => s.startsWith("switch_to_user_cr3"));
      if (pages >= 0) expect(at).toBeLessThan(pages);
    }
  });

  test("is on no way into the kernel, which owes nothing", () => {
    const back = ways(compilation, []).filter((way) => !toUser([way]).length);
    expect(back.length).toBeGreaterThan(1);
    for (const { steps } of back) expect(steps).not.toContain("forget_predictor");
  });

  test("costs its own instructions and no others", () => {
    for (const names of kernels) {
      const without = toUser(ways(compiled(planned), names));
      toUser(ways(compilation, names)).forEach((way, i) => {
        expect(way.instructions).toBe((without[i]?.instructions ?? 0) + 4);
      });
    }
  });
});

describe("VERW and IBRS, in a kernel that has neither", () => {
  const spec = (declarations: string) => `edition 2026
import "linux-4.0"

feature MITIGATED
${declarations}
exit syscall_return from syscall to user {
  prepare prepare_syscall_return returns sysret_applies {
    run syscall_trace_leave
    irqs off
    repeat while pending user_work {
      irqs on
      run schedule_user, uprobe, deliver_signal, notify_resume
      irqs off
    }
    run user_return_notifiers
    do user_enter
  }
  leave {
    sysretq when sysret_applies
    iretq at native_iret on fault bad_iret
  }
}
`;

  test("VERW stands behind the last use of the kernel's data", () => {
    const verw = `
step clear_buffers if MITIGATED {
  asm "verw verw_selector(%rip)"
  requires registers user except rsp
  ensures buffers clean
}
require buffers clean at user if MITIGATED because "MDS"
`;
    const all = ways(compiled(spec(verw)), ["MITIGATED"]);
    expect(all.map((way) => way.terminal)).toEqual(["sysretq", "iretq"]);
    for (const { steps } of all) expect(steps.indexOf("clear_buffers")).toBeGreaterThan(steps.indexOf("restore_registers"));
    for (const { steps } of ways(compiled(spec(verw)), [])) expect(steps).not.toContain("clear_buffers");
  });

  test("IBRS is left before the registers are loaded, with the kernel's GS", () => {
    const ibrs = `
step leave_ibrs if MITIGATED {
  asm "movl $0x48, %ecx"
      "movq %gs:spec_ctrl_user, %rax"
      "xorl %edx, %edx"
      "wrmsr"
  requires irqs off, gs kernel
  ensures spec_ctrl user
}
require spec_ctrl user at user if MITIGATED because "user code chooses its own speculation"
`;
    for (const { steps } of ways(compiled(spec(ibrs)), ["MITIGATED"])) {
      expect(steps.indexOf("leave_ibrs")).toBe(0);
      expect(steps).toContain("swapgs");
    }
  });
});

test("the same spec is planned the same every time", () => {
  const plan = () =>
    compiled(planned).graphs.map((graph) =>
      JSON.stringify(graph.exit.leave, (key, value: unknown) =>
        key === "span" || typeof value === "bigint" ? "" : value instanceof Object && "tail" in value ? "tail" : value,
      ),
    );
  expect(plan()).toEqual(plan());
});
