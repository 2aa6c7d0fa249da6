/** The emitted assembly: how it is written, that `as` takes it, and that it is the line of code that was laid out. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { symbolsOf } from "../../src/compiler/machine/instructions.js";
import { visitTest } from "../../src/compiler/model/expressions.js";
import { combinations } from "../../src/compiler/model/features.js";
import type { Feature } from "../../src/compiler/model/model.js";
import { assemble, canonical, canonicalText, inFolder } from "../machine/tools.js";
import { assembledItems, type Emitted, emitExample, emitText, exampleNames } from "./specs.js";

const everyFormText = readFileSync(new URL("every-form.exitdsl", import.meta.url), "utf8");
const everyForm = emitText(everyFormText, "every-form");

const text = (emitted: Emitted, name: string): string => emitted.artefacts.find((a) => a.name === name)?.text ?? "";

function featuresOf({ program, model }: Emitted): readonly Feature[] {
  const found = new Set<Feature>();
  for (const { items } of program.routines) {
    for (const item of items)
      if (item.kind === "if" || item.kind === "elseif") visitTest(item.test, (t) => void (t.kind === "feature" && found.add(t.feature)));
  }
  return model.features.filter((feature) => found.has(feature));
}

/** Without a size suffix. */
const canonicalMnemonic = (line: string): string => (line.split(/\s/)[0] ?? "").replace(/^(?!call|verw)(.*?)[qlwb]?$/, "$1");

/** Assembles a spec's output for a kernel and compares the disassembly with the line of code, jump targets too. */
function compare(emitted: Emitted, on: ReadonlySet<Feature>, folder: string): void {
  const features = Object.fromEntries(featuresOf(emitted).map((f) => [`EXITDSL_${f.name}`, on.has(f) ? 1 : 0]));
  const assembled = assemble(folder, `${emitted.stem}.S`, features, ".entry.text");
  for (const routine of emitted.program.routines) {
    const from = assembled.symbols.get(routine.name);
    let at = assembled.lines.findIndex((line) => line.address === from);
    const labels = new Map<string, number>();
    const jumps: {
      readonly target: string;
      readonly text: string;
      readonly relocation: string | undefined;
      address: number | undefined;
    }[] = [];
    const items = assembledItems(routine.items, on);
    for (const item of items) {
      const line = assembled.lines[at];
      if (item.kind === "label") {
        // The end of a routine may be the end of the section.
        if (line) labels.set(item.name, line.address);
        // `1f` is the next `1:`; others follow.
        for (const jump of jumps) if (item.scope === "step" && jump.target === item.name) jump.address ??= line?.address;
        if (item.scope === "global" && line) expect(assembled.symbols.get(item.name), item.name).toBe(line.address);
        continue;
      }
      if (!line) throw new Error(`${routine.name} is shorter than its line of code`);
      const { instruction, node } = item;
      const bytes = node?.kind === "terminal" && item.role === "terminal" ? node.terminal.bytes : undefined;
      const [operand] = instruction.operands;
      if (bytes) {
        expect(assembled.bytesAt(line.address, bytes.length)).toBe(bytes.map((b) => b.toString(16).padStart(2, "0")).join(" "));
        while ((assembled.lines[at]?.address ?? Number.POSITIVE_INFINITY) < line.address + bytes.length) at++;
        continue;
      }
      if (operand?.kind === "label") {
        expect(canonicalText(`${line.text.split(" ")[0]} 1f`).split("\t")[0]).toBe(instruction.mnemonic);
        jumps.push({ target: operand.label, text: line.text, relocation: line.relocation, address: undefined });
      } else if (symbolsOf(instruction).length > 0) {
        // Symbols are the linker's; the mnemonic and the first of them are ours.
        expect(canonicalMnemonic(line.text)).toBe(instruction.mnemonic.replace(/^(?!call|verw)(.*)[qlwb]$/, "$1"));
        if (line.relocation !== undefined) expect(symbolsOf(instruction)[0]?.symbol).toBe(line.relocation);
      } else expect(canonicalText(line.text)).toBe(canonical(instruction));
      at++;
    }
    for (const jump of jumps) {
      const local = jump.address ?? labels.get(jump.target) ?? assembled.symbols.get(jump.target);
      if (jump.relocation !== undefined) expect(jump.relocation).toBe(jump.target);
      else expect(Number.parseInt(jump.text.replace(/^\S+\s+/, ""), 16), `${routine.name}: ${jump.text} to ${jump.target}`).toBe(local);
    }
  }
}

describe("how it is written", () => {
  test.each(everyForm.artefacts.map((a) => a.name))("%s", async (name) => {
    await expect(text(everyForm, name)).toMatchFileSnapshot(`../golden/gas/${name}`);
  });

  test("tabs, no line longer than a terminal but for comments beside code, one newline at the end", () => {
    for (const emitted of [everyForm, ...exampleNames.map((name) => emitExample(name))]) {
      for (const { text: all } of emitted.artefacts) {
        expect(all.endsWith("\n") && !all.endsWith("\n\n")).toBe(true);
        expect(all).not.toMatch(/[ \t]\n|\r/);
      }
    }
  });

  test("twice the same", () => {
    const again = emitText(everyFormText, "every-form");
    expect(again.artefacts).toEqual(everyForm.artefacts);
  });

  test("nothing of the machine or its paths", () => {
    for (const { text: all } of emitText(everyFormText, "every-form", "/home/somebody/specs/every-form.exitdsl").artefacts) {
      expect(all).not.toContain("somebody");
    }
  });
});

describe("as --fatal-warnings takes it, and objdump shows the line of code", () => {
  for (const emitted of [everyForm, ...exampleNames.map((name) => emitExample(name))]) {
    test(`${emitted.stem}, for every combination of its features`, () => {
      const admissible = combinations(featuresOf(emitted));
      expect(admissible.length).toBeGreaterThan(0);
      inFolder(emitted.artefacts, (folder) => {
        for (const on of admissible) compare(emitted, on, folder);
      });
    });
  }

  test("features that exclude each other are refused when the file is assembled", () => {
    inFolder(everyForm.artefacts, (folder) => {
      expect(() => assemble(folder, "every-form.S", { EXITDSL_SPLIT: 1, EXITDSL_FLEXIBLE: 1 })).toThrow("SPLIT excludes FLEXIBLE");
      expect(() => assemble(folder, "every-form.S", { EXITDSL_CLEAR: 1 })).toThrow("CLEAR needs FLEXIBLE");
    });
  });
});

describe("a spec's texts stay in comments and strings", () => {
  test("whatever a comment, a reason or a file name holds", () => {
    const evil = '*/ .globl evil; evil: /* " \\" \\';
    const spec = everyFormText
      .replaceAll("Page tables of its own", evil)
      .replaceAll("Both arms", evil)
      .replaceAll("do swapgs", `do swapgs  // ${evil}\n   `);
    const emitted = emitText(spec, "every-form", `${evil}.exitdsl`);
    inFolder(emitted.artefacts, (folder) => {
      const { symbols } = assemble(folder, "every-form.S", {}, ".entry.text");
      expect([...symbols.keys()].filter((name) => name.includes("evil"))).toEqual([]);
    });
  });
});

describe("refusals", () => {
  const refused = (spec: string) => emitText(spec).diagnostics.map((d) => `${d.code} ${d.message}`);
  const head = `edition 2026
import "bare"
frame f { rax, rdi, rip, cs, rflags, rsp, ss }
event e { origin user }
step push_one { asm "pushq %rax" }
step read_ip { asm "movq {frame.rip}, %rax" }
`;

  test("a tail that two exits reach with RSP at different places", () => {
    const spec = `${head}
tail last to user { do read_ip iretq }
exit a from e to user { leave { jump last } }
exit b from e to user { leave { do push_one jump last } }`;
    expect(refused(spec)).toEqual(["EX9101 the tail `last` would need other instructions for `b` than for `a`"]);
  });

  test("the same tail from the same place is shared", () => {
    const spec = `${head}
tail last to user { do read_ip iretq }
exit a from e to user { leave { do push_one jump last } }
exit b from e to user { leave { do push_one jump last } }`;
    expect(refused(spec)).toEqual([]);
  });

  test("a label with the name of a constant that instructions use", () => {
    const spec = `${head}
constant TOP = 8
step use_top { asm "addq $TOP, %rsp" }
exit a from e to user { leave { do use_top iretq at TOP } }`;
    expect(refused(spec)).toEqual(["EX9102 `TOP` would be both a constant and a label in assembly"]);
  });
});
