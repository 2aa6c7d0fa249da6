/** What every simulator module is: strict TypeScript without imports, formatted, the same as JavaScript, the same each time. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transform } from "esbuild";
import { check } from "prettier";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkSimulator } from "../../src/compiler/emit/simulator/check.js";
import { combinations } from "../../src/compiler/model/features.js";
import { seed } from "../seed.js";
import { randomFrom, randomMachine, randomScript } from "./random.js";
import { exampleNames, load, type Outcome, type Simulated, type SimulatorModule, simulateExample, simulateText } from "./specs.js";

/** Everything that a spec can ask of the simulator, and names that its own could be confused with. */
const oddSpec = `
edition 2026
import "bare"
feature push
feature LA57
constant LIMIT = 0xff_ffff_ffff_f000 if LA57 else 0x7fff_ffff_f000
flags store in a.store { answer bit 31 async, copy bit 0 }
flags w in a.w { next bit 3, trace bit 4 }
mask mask_of_store = answer | copy
value result in a.result
frame f { rax, rbx, script, rip, cs, rflags, rsp, ss, user when cs has RPL }
event e { origin user  starts irqs on }
work machine { one-shot when answer or next  call one(frame)  clears answer | copy | next  may set trace | answer, rewrite frame }
work clobber { once when result == 0 and not (w_is_set or result > 0xffff_fff0)  call two() }
condition w_is_set = trace because "it's a \\"flag\\"" or frame.rip >= LIMIT or frame.script has 0x1_0000_0000_0001
condition endless = (frame.rip < frame.rsp or frame.rax <= 7) and not (frame.rbx != frame.rax and frame.cs == 0x33) and not push
exit copy_ from e to user {
  prepare register_ returns endless {
    irqs off
    repeat while pending mask_of_store { irqs on  run machine  take w  irqs off }
    evaluate w_is_set
    run clobber
    when w_is_set { clear next | trace }
  }
  leave { when push or LA57 { when endless { do swapgs } }  do restore_registers  iretq on fault bad_iret }
}
exit iretq from e to user { leave { irqs off  do restore_registers  iretq } }
`
  .replaceAll("bit 31 async, copy", "bit 31 async  copy")
  .replaceAll("bit 3, trace", "bit 3  trace");

const specs = new Map<string, Simulated>();
beforeAll(() => {
  for (const name of exampleNames) specs.set(name, simulateExample(name));
  specs.set("odd", simulateText(oddSpec, "odd"));
});

const names = [...exampleNames, "odd"];
const simulated = (name: string): Simulated => specs.get(name) as Simulated;

const folder = mkdtempSync(join(tmpdir(), "exitdsl-simulator-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("memory operands across two words are refused, at their line", () => {
  const spec = (operand: string) => `
edition 2026
frame f { rax, rip, cs, rflags, rsp, ss }
event e { origin user }
step s { asm "${operand}" }
exit x from e to user { leave { do s  iretq } }
`;
  const refused = (operand: string) => {
    const { graphs, model } = simulateText(spec(operand));
    return checkSimulator(model, graphs).map((d) => `${d.code} ${d.message}`);
  };
  const message = (text: string) => [`EX9201 \`${text}\` reaches into two words, which the simulator keeps apart`];
  expect(refused("movq 4(%rsp), %rbx")).toEqual(message("movq 4(%rsp), %rbx"));
  expect(refused("movl %ebx, 6(%rsp)")).toEqual(message("movl %ebx, 6(%rsp)"));
  expect(refused("testw %bx, -1(%rsp)")).toEqual(message("testw %bx, -1(%rsp)"));
  expect(refused("movq -8(%rsp), %rbx")).toEqual([]);
  expect(refused("movl 4(%rsp), %ebx")).toEqual([]);
  expect(refused("testb $1, 7(%rsp)")).toEqual([]);
});

describe("simulator modules", () => {
  test("are strict TypeScript by themselves, with nothing unused", () => {
    const files = names.map((name) => {
      const file = join(folder, `${name}.simulator.ts`);
      writeFileSync(file, simulated(name).typescript);
      return file;
    });
    const options = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--isolatedModules", "--verbatimModuleSyntax"];
    const stricter = [
      "--noUncheckedIndexedAccess",
      "--exactOptionalPropertyTypes",
      "--noUnusedLocals",
      "--noUnusedParameters",
      "--noImplicitReturns",
      "--allowUnreachableCode",
      "false",
    ];
    const tsc = new URL("../../node_modules/typescript/bin/tsc", import.meta.url).pathname;
    const { status, stdout } = spawnSync(process.execPath, [tsc, ...options, ...stricter, ...files], { encoding: "utf8", cwd: folder });
    expect(`${status} ${stdout}`).toBe("0 ");
  });

  test.each(names)("%s: formatted as Prettier formats it", async (name) => {
    expect(await check(simulated(name).typescript, { parser: "typescript" })).toBe(true);
  });

  test.each(names)("%s: no imports, no escapes from the types", (name) => {
    expect(simulated(name).typescript).not.toMatch(/^\s*import\b|\brequire\(|:\s*any\b|@ts-|\bimport\(/m);
  });

  test.each(exampleNames)("%s: the same text each time", (name) => {
    const again = simulateExample(name);
    expect(again.typescript).toBe(simulated(name).typescript);
    expect(again.javascript).toBe(simulated(name).javascript);
  });

  test.each(names)(`%s: the JavaScript does what the TypeScript does, seed ${seed}`, async (name) => {
    const spec = simulated(name);
    const { code } = await transform(spec.typescript, { loader: "ts", target: "node20" });
    const a = await load(spec);
    const b = await load({ ...spec, javascript: code });
    expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort());
    const random = randomFrom(seed);
    const sets = combinations(spec.model.features.slice(0, 8));
    for (const [path, { steps }] of Object.entries(a.paths)) {
      expect(b.paths[path]?.steps).toEqual(steps);
      for (let i = 0; i < 200; i++) {
        const on = [...(sets[random() % sets.length] ?? [])].map((f) => f.name);
        const features = Object.fromEntries(spec.model.features.map((f) => [f.name, on.includes(f.name)]));
        const machine = randomMachine(a, random);
        const other = new b.Machine();
        other.copyFrom(machine);
        const script = randomScript(a, random);
        const traces: [number[], number[]] = [[], []];
        const outcome = attempt(() => (a.paths[path] as Path).run(machine, features, script, traces[0]));
        expect(attempt(() => (b.paths[path] as Path).run(other, features, script, traces[1]))).toEqual(outcome);
        expect(traces[1]).toEqual(traces[0]);
        expect(other.words).toEqual(machine.words);
      }
    }
  });
});

type Path = SimulatorModule["paths"][string];

function attempt(run: () => Outcome): Outcome | string {
  try {
    return run();
  } catch (error) {
    return String(error);
  }
}
