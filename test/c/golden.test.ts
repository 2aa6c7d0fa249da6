/** How C is written: a spec with every statement against golden files, and that it compiles. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { emitText, featuresOf } from "./specs.js";
import { folderWith, kernelFlags, run } from "./tools.js";

const text = readFileSync(new URL("every-statement.exitdsl", import.meta.url), "utf8");
const emitted = emitText(text, { name: "every-statement.exitdsl", stem: "every-statement", spdx: "GPL-2.0-only OR MIT" });

describe("a spec with every statement", () => {
  test.each(emitted.artefacts.map((a) => a.name))("is written as %s", async (name) => {
    const artefact = emitted.artefacts.find((a) => a.name === name);
    await expect(artefact?.text).toMatchFileSnapshot(`../golden/c/${name}`);
  });

  test("compiles without a warning for every combination of features", () => {
    const { path, dispose } = folderWith(emitted.artefacts);
    const { features, combinations } = featuresOf(emitted);
    expect(combinations.length).toBeGreaterThan(3);
    for (const on of combinations) {
      const defines = features.map((f) => `-DEXITDSL_${f.name}=${on.has(f) ? 1 : 0}`);
      expect(run("gcc", [...kernelFlags, ...defines, "-c", "every-statement.c", "-o", "out.o"], path)).toEqual({ status: 0, output: "" });
      expect(run("sparse", ["-Wcontext", ...defines, "every-statement.c"], path)).toEqual({ status: 0, output: "" });
    }
    dispose();
  });

  test("refuses features that the spec excludes; a feature that nobody defines is off, as in the assembly", () => {
    const { path, dispose } = folderWith(emitted.artefacts);
    const compile = (defines: readonly string[]) =>
      run("gcc", [...kernelFlags, ...defines, "-c", "every-statement.c", "-o", "out.o"], path).output;
    expect(compile(["-DEXITDSL_PATCHED=1", "-DEXITDSL_MODEST=1", "-DEXITDSL_FAST=1"])).toContain("PATCHED excludes MODEST");
    expect(compile(["-DEXITDSL_PATCHED=0", "-DEXITDSL_MODEST=1", "-DEXITDSL_FAST=0"])).toContain("MODEST needs FAST");
    expect(compile(["-DEXITDSL_PATCHED=0", "-DEXITDSL_MODEST=1"])).toContain("MODEST needs FAST");
    expect(compile([])).toBe("");
    dispose();
  });

  test("takes a kernel's own frame and prototypes, and holds the frame to the layout", () => {
    const kernel = (fields: string) => `#include <stdint.h>
#define EXITDSL_HAVE_FRAME
struct registers_of_user { uint64_t ${fields}; };
#define EXITDSL_HAVE_PROTOTYPES
#define wait_for_it() waited(1)
int waited(int), deliver(void *frame, unsigned int flags, unsigned long limit), account(void), enable_and_wait(void), tell_flags(unsigned int flags);
long enter_user(void);
static inline void exitdsl_irq_enable(void) EXITDSL_TURNS_IRQS_ON { EXITDSL_IRQS_OFF_COUNT(-1); }
#define exitdsl_irq_enable exitdsl_irq_enable
`;
    const compile = (fields: string) => {
      const { path, dispose } = folderWith([...emitted.artefacts, { name: "kernel.h", text: kernel(fields) }]);
      const defines = [...["PATCHED", "MODEST", "FAST"].map((f) => `-DEXITDSL_${f}=0`), '-DEXITDSL_KERNEL_HEADER="kernel.h"'];
      const { output } = run("gcc", [...kernelFlags, ...defines, "-c", "every-statement.c", "-o", "out.o"], path);
      dispose();
      return output;
    };
    expect(compile("rax, rcx, rdx, rip, cs, rflags, rsp, ss")).toBe("");
    expect(compile("rcx, rax, rdx, rip, cs, rflags, rsp, ss")).toContain("the assembly relies on it");
  });
});

test("a spec without a C side has no C", () => {
  const { artefacts } = emitText(`edition 2026
import "bare"
frame f { rip, cs, rflags, rsp, ss }
event e { origin user }
exit out from e to user { leave { iretq } }
`);
  expect(artefacts).toEqual([]);
});
