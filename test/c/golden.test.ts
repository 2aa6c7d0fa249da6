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

  test("refuses features that the spec excludes, and a feature that nobody defines", () => {
    const { path, dispose } = folderWith(emitted.artefacts);
    const compile = (defines: readonly string[]) =>
      run("gcc", [...kernelFlags, ...defines, "-c", "every-statement.c", "-o", "out.o"], path).output;
    expect(compile(["-DEXITDSL_PATCHED=1", "-DEXITDSL_MODEST=1", "-DEXITDSL_FAST=1"])).toContain("PATCHED excludes MODEST");
    expect(compile(["-DEXITDSL_PATCHED=0", "-DEXITDSL_MODEST=1", "-DEXITDSL_FAST=0"])).toContain("MODEST needs FAST");
    expect(compile(["-DEXITDSL_PATCHED=0", "-DEXITDSL_MODEST=1"])).toContain("define EXITDSL_FAST");
    dispose();
  });

  test("holds a kernel's own frame to the layout", () => {
    const { path, dispose } = folderWith([
      ...emitted.artefacts,
      {
        name: "kernel.h",
        text: "#include <stdint.h>\n#define EXITDSL_HAVE_FRAME\nstruct registers_of_user { uint64_t rcx, rax, rdx, rip, cs, rflags, rsp, ss; };\n",
      },
    ]);
    const features = ["PATCHED", "MODEST", "FAST"].map((f) => `-DEXITDSL_${f}=0`);
    const header = '-DEXITDSL_KERNEL_HEADER="kernel.h"';
    const { output } = run("gcc", [...kernelFlags, ...features, header, "-c", "every-statement.c", "-o", "out.o"], path);
    expect(output).toContain("the assembly relies on it");
    dispose();
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
