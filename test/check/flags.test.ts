/**
 * The rules of flags against brute force: random `prepare` functions are run on concrete machines, with an interrupt wherever one can
 * come, in all ways; the checker must report EX3001 whenever a flag can be pending at the end, EX3010 whenever a flag can be cleared and
 * its work not run, and only then.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileText } from "../docs/compile.js";
import { seed } from "../seed.js";

/** Bits of the flags word: two async flags, one that only `poke` sets. */
const flags = { A: 1, B: 2, C: 4 } as const;
type Flag = keyof typeof flags;
const asyncFlags = flags.A | flags.B;

type Statement =
  | { readonly kind: "irqs"; readonly on: boolean }
  | { readonly kind: "read" | "take" | "poke" }
  | { readonly kind: "clear" | "run"; readonly flag: Flag }
  | { readonly kind: "when"; readonly flag: Flag; readonly body: readonly Statement[]; readonly otherwise: readonly Statement[] }
  | { readonly kind: "repeat"; readonly flag: Flag; readonly body: readonly Statement[] };

const flag = fc.constantFrom<Flag>("A", "B", "C");
const simple: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({ kind: fc.constant("irqs" as const), on: fc.boolean() }),
  fc.record({ kind: fc.constantFrom("read" as const, "take" as const, "poke" as const) }),
  fc.record({ kind: fc.constantFrom("clear" as const, "run" as const), flag }),
);
const { block } = fc.letrec<{ block: readonly Statement[]; statement: Statement }>((tie) => ({
  block: fc.array(tie("statement"), { maxLength: 4, depthIdentifier: "blocks" }),
  statement: fc.oneof(
    { depthSize: "small", depthIdentifier: "blocks" },
    { arbitrary: simple, weight: 5 },
    { arbitrary: fc.record({ kind: fc.constant("when" as const), flag, body: tie("block"), otherwise: tie("block") }), weight: 1 },
    { arbitrary: fc.record({ kind: fc.constant("repeat" as const), flag, body: tie("block") }), weight: 2 },
  ),
}));

// ── As a spec ──

function textOf(statements: readonly Statement[]): string {
  return statements.map(statementText).join(" ");
}

function statementText(s: Statement): string {
  switch (s.kind) {
    case "irqs":
      return `irqs ${s.on ? "on" : "off"}`;
    case "read":
    case "take":
      return `${s.kind} word`;
    case "poke":
      return "do poke";
    case "clear":
      return `clear ${s.flag}`;
    case "run":
      return `run work_${s.flag}`;
    case "when":
      return `when ${s.flag} { ${textOf(s.body)} } else { ${textOf(s.otherwise)} }`;
    case "repeat":
      return `repeat while pending ${s.flag} { ${textOf(s.body)} }`;
  }
}

const specOf = (statements: readonly Statement[]) => `edition 2026
import "bare"
flags word in w { A bit 0 async B bit 1 async C bit 2 }
frame regs { r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, rip, cs, rflags, rsp, ss, user when cs has RPL }
event trap { origin user starts irqs off }
work work_A { one-shot when A call work_a() clears A may set C }
work work_B { one-shot when B call work_b() clears B }
work work_C { one-shot when C call work_c() clears C may set A }
step poke { call poke() may set C }
exit path from trap to user { waive EX3006 because "not what this is about" prepare p { ${textOf(statements)} irqs off } leave { do swapgs, restore_registers iretq } }`;

// ── As a machine ──

/**
 * One machine: the flags that were cleared and whose work has not run in bits 7 to 9, IRQs in bit 6, the
 * snapshot in bits 3 to 5, the word in bits 0 to 2.
 */
type Machine = number;
const word = (m: Machine) => m & 7;
const snapshot = (m: Machine) => (m >> 3) & 7;
const irqsOn = (m: Machine) => (m & 64) !== 0;
const asking = (m: Machine) => (m >> 7) & 7;
const machine = (irqs: boolean, seen: number, now: number, more = 0): Machine => (irqs ? 64 : 0) | (seen << 3) | now | (more & ~127);
const withAsking = (m: Machine, flags: number, lost = 0): Machine => {
  workLost ||= lost !== 0;
  return (m & ~(7 << 7)) | (flags << 7);
};
/** Was work lost anywhere? Also where the path goes on forever. */
let workLost = false;
/** Another look: what the flags asked for before is forgotten. */
const lookedAt = (m: Machine): Machine => withAsking(m, 0, asking(m));

const subsets = (bits: number) => [0, 1, 2, 3, 4, 5, 6, 7].filter((s) => (s & ~bits) === 0);

/** Behind each event an interrupt may set async flags, if IRQs are on. */
const interrupted = (machines: Iterable<Machine>): Set<Machine> =>
  new Set([...machines].flatMap((m) => (irqsOn(m) ? subsets(asyncFlags).map((s) => machine(true, snapshot(m), word(m) | s, m)) : [m])));

const cleared: Record<Flag, readonly [clears: number, maySet: number]> = { A: [flags.A, flags.C], B: [flags.B, 0], C: [flags.C, flags.A] };
const called = (machines: Iterable<Machine>, clears: number, maySet: number): Set<Machine> =>
  interrupted([...machines].flatMap((m) => subsets(maySet).map((s) => machine(irqsOn(m), snapshot(m), (word(m) & ~clears) | s, m))));
const read = (machines: Iterable<Machine>): Set<Machine> =>
  interrupted([...machines].map((m) => machine(irqsOn(m), word(m), word(m), lookedAt(m))));
const seen = (machines: Iterable<Machine>, which: Flag, set: boolean) =>
  new Set([...machines].filter((m) => ((snapshot(m) & flags[which]) !== 0) === set));

interface Run {
  readonly machines: Set<Machine>;
  /** Was a snapshot taken on every way here? Where not, a test takes one itself. */
  readonly known: boolean;
}

function run(statements: readonly Statement[], start: Run): Run {
  return statements.reduce(step, start);
}

/** Where the flag is set, nobody will ask again: its work may still run if the last look has seen it. */
function clear(m: Machine, bit: number): Machine {
  const cleared = machine(irqsOn(m), snapshot(m), word(m) & ~bit, m);
  const set = word(m) & bit;
  return withAsking(cleared, asking(m) | (set & snapshot(m)), set & ~snapshot(m));
}

function step({ machines, known }: Run, s: Statement): Run {
  switch (s.kind) {
    case "irqs":
      return { machines: interrupted([...machines].map((m) => machine(s.on, snapshot(m), word(m), m))), known };
    case "read":
      return { machines: read(machines), known: true };
    case "take":
      return {
        machines: interrupted([...machines].map((m) => withAsking(machine(irqsOn(m), word(m), 0, lookedAt(m)), word(m)))),
        known: true,
      };
    case "poke":
      return { machines: called(machines, 0, flags.C), known };
    case "clear":
      return { machines: interrupted([...machines].map((m) => clear(m, flags[s.flag]))), known };
    case "run": {
      const looked = known ? machines : read(machines);
      const [clears, maySet] = cleared[s.flag];
      const asked = [...seen(looked, s.flag, true)].map((m) => withAsking(m, asking(m) & ~flags[s.flag]));
      return { machines: new Set([...called(asked, clears, maySet), ...seen(looked, s.flag, false)]), known: true };
    }
    case "when": {
      const looked = known ? machines : read(machines);
      const then = run(s.body, { machines: seen(looked, s.flag, true), known: true });
      const otherwise = run(s.otherwise, { machines: seen(looked, s.flag, false), known: true });
      return { machines: new Set([...then.machines, ...otherwise.machines]), known: true };
    }
    case "repeat": {
      const heads = new Set<Machine>();
      let incoming: Set<Machine> = read(machines);
      for (;;) {
        const fresh = new Set([...incoming].filter((m) => !heads.has(m)));
        if (fresh.size === 0) break;
        for (const m of fresh) heads.add(m);
        incoming = read(run(s.body, { machines: seen(fresh, s.flag, true), known: true }).machines);
      }
      return { machines: seen(heads, s.flag, false), known: true };
    }
  }
}

/** The flags that the spec's loops and works are about, if any statement of it can be reached. */
function owed(statements: readonly Statement[]): number {
  return statements.reduce((bits, s): number => {
    switch (s.kind) {
      case "run":
        return bits | flags[s.flag];
      case "when":
        return bits | owed(s.body) | owed(s.otherwise);
      case "repeat":
        return bits | flags[s.flag] | owed(s.body);
      default:
        return bits;
    }
  }, 0);
}

test("EX3001 exactly where a flag can be pending, EX3010 exactly where work can be lost", () => {
  const start = new Set(subsets(7).map((now) => machine(false, 0, now)));
  fc.assert(
    fc.property(block, (statements) => {
      workLost = false;
      const ends = [...run([...statements, { kind: "irqs", on: false }], { machines: start, known: false }).machines];
      const pending = ends.some((m) => (word(m) & owed(statements)) !== 0);
      const lost = workLost || ends.some((m) => asking(m) !== 0);
      const { diagnostics } = compileText("random.exitdsl", specOf(statements));
      expect([...new Set(diagnostics.map((d) => d.code))].filter((code) => code !== "EX3900").sort(), specOf(statements)).toEqual([
        ...(pending ? ["EX3001"] : []),
        ...(lost ? ["EX3010"] : []),
      ]);
    }),
    { seed, numRuns: 1500, verbose: true },
  );
});
