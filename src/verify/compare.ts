/** Compares what the machine made of cases with what the simulator made of them. */
import type { Batch, Expected, Result, Results } from "./batch.js";
import { isStep } from "./disassembly.js";
import { recoveries } from "./embedding.js";
import type { Image } from "./image.js";
import { stepsWith } from "./injected-runs.js";
import { stepNumbers } from "./runner.js";

/** One thing that the two do not agree on. */
export interface Disagreement {
  readonly what: string;
  readonly simulator: string;
  readonly machine: string;
}

/** What the machine saw in another way than the simulator. */
export interface Difference {
  readonly path: string;
  /** The case's number; with the seed and the image's features it is the whole case. */
  readonly index: number;
  /** Its place in the batch. */
  readonly position: number;
  /** Seen at the end of the case, or at one of its steps. */
  readonly seen: "end" | "step";
  /** The step at which they part, from 0, and its code in the simulator; undefined at the end. */
  readonly step: { readonly number: number; readonly code: number } | undefined;
  readonly disagreements: readonly Disagreement[];
  /** The same in words. */
  readonly story: readonly string[];
}

/** What was seen of a path's cases. */
export interface Tally {
  cases: number;
  steps: number;
  /** Handlers' runs of injected NMIs and interrupts. */
  nmis: number;
  interrupts: number;
  /** Cases whose end the emulator has in its own way. */
  unseen: number;
  /** Cases that the machine sees in another way. */
  different: number;
  /** How often the path left in which way: `sysretq to user`. */
  readonly ways: Record<string, number>;
}

export interface Comparison {
  /** By the path's index; undefined for paths without a case. */
  readonly paths: readonly (Tally | undefined)[];
  readonly differences: readonly Difference[];
}

type Found = Pick<Difference, "disagreements" | "step" | "story">;

const vectors: Readonly<Record<string, number>> = { "#BP": 3, "#UD": 6, "#GP": 13 };
/** INT3, the fetch of an instruction where none can be, or a single step: the first instruction after the path. */
const landings = new Set([1, 3, 13, 14]);
/** What #GP and #PF become where the stack of ring 0 cannot be written: one that the kernel's RSP names, the espfix alias, the user's. */
const doubleFault = 8;
/** RF, VM, VIF and VIP: QEMU's SYSRET loads the first two from R11 and not the others; the manuals have it the other way round. */
const notFromR11 = 0x1b0000;
/** CF, PF, AF, ZF, SF, OF: not kept by the simulator before the last instruction; RF: set by faults. TF: the machine's own. */
const notKept = 0x108d5 | 0x100;

/** What is different when the machine stops, or hangs. */
export const noEnd = "the case did not come to its end";

/** @param limit stop after so many differences */
export function compare(batch: Batch, results: Results, limit = 3): Comparison {
  const { cases, image, seed } = batch;
  const differences: Difference[] = [];
  const look = stepComparer(image);
  // A recovery without a label has no entry in the kernel's table: nobody can tell where it belongs.
  const marked = image.bench.plans.map((plan) => new Set(recoveries([plan.graph]).values()));
  const paths: (Tally | undefined)[] = [];
  for (const [position, expected] of cases.entries()) {
    if (differences.length >= limit) break;
    const { path: number } = expected;
    const path = image.bench.plans[number]?.graph.exit.name ?? "";
    const tally = paths[number] ?? { cases: 0, steps: 0, nmis: 0, interrupts: 0, unseen: 0, different: 0, ways: {} };
    paths[number] = tally;
    const before = differences.length;
    const differ = (seen: Difference["seen"], { disagreements, step, story }: Found) =>
      void differences.push({
        ...{ path, index: expected.index, position, seen, disagreements, step },
        story: [`${path}, seed ${seed}, case ${expected.index}`, ...story],
      });
    if (position >= results.completed) {
      tally.different++;
      const disagreements = [{ what: noEnd, simulator: wayOf(expected), machine: results.stopped }];
      differ("end", { disagreements, step: undefined, story: [`${noEnd}: ${results.stopped}`] });
      const found = batch.stepped ? look(expected, results.result(position), results.steps(position)) : undefined;
      if (found) differ("step", found);
      break;
    }
    tally.cases++;
    const result = results.result(position);
    const way = wayOf(expected);
    tally.ways[way] = (tally.ways[way] ?? 0) + 1;
    if (isUnseen(batch, expected, result)) tally.unseen++;
    else {
      const found = endDifferences(batch, position, expected, result, marked[number] ?? new Set());
      if (found) differ("end", found);
    }
    if (batch.stepped) {
      const log = results.steps(position);
      tally.steps += log.length / 8;
      tally.nmis += result.nmis;
      tally.interrupts += result.interrupts;
      const found = injectionDifference(expected, result) ?? look(expected, result, log);
      if (found) differ("step", found);
    }
    if (differences.length > before) tally.different++;
  }
  return { paths, differences };
}

function injectionDifference({ injected }: Expected, { interrupts, nmis }: Result): Found | undefined {
  if (!injected) return undefined;
  const found = (what: string, simulator: string, machine: string): Found => ({
    disagreements: [{ what, simulator, machine }],
    step: undefined,
    story: [`${what}: simulator ${simulator}, machine ${machine}`],
  });
  if (injected.noWayBack !== undefined) return found("the way back from an NMI", injected.noWayBack, "not run");
  if (injected.interrupt && interrupts === 0) return found("interrupts", "one where IRQs are on", "none");
  if (nmis === injected.nmis || (nmis === 0 && injected.mayNotCome)) return undefined;
  return found("runs of the NMI's handler", String(injected.nmis), String(nmis));
}

function wayOf({ outcome: { fault, target, terminal }, overEspfix }: Expected): string {
  const how = overEspfix ? `${terminal} over espfix` : terminal;
  if (fault?.ring === 0) return `${how} ${fault.vector}${fault.recovery === undefined ? "" : ` to ${fault.recovery}`}`;
  return `${how} to ${target}`;
}

/**
 * TCG loads a RIP that is not canonical, and faults in ring 3, where IRET of the manuals, and Bochs's, faults in ring 0. And what a
 * hypervisor does with a frame that it refuses is its own business.
 */
function isUnseen({ image }: Batch, { outcome }: Expected, { vector, words }: Result): boolean {
  const { system } = image.bench.module;
  if (outcome.fault?.ring !== 0) return false;
  if (outcome.terminal === "xen_iret") return true;
  if (outcome.terminal !== "iretq" || (vector !== 13 && vector !== 1)) return false;
  const high = (words[(system.rip ?? 0) + 1] ?? 0) | 0;
  return high >> 15 !== 0 && high >> 15 !== -1;
}

function endDifferences(
  batch: Batch,
  i: number,
  { events, outcome, overEspfix }: Expected,
  result: Result,
  marked: ReadonlySet<string>,
): Found | undefined {
  const { image, size, words: allWords } = batch;
  const { bench } = image;
  const { flags = {}, memory = {}, register, system } = bench.module;
  const expected = allWords.subarray(i * size, (i + 1) * size);
  const machine = result.words;
  const disagreements: Disagreement[] = [];
  const differ = (what: string, simulator: string, machine: string) => void disagreements.push({ what, simulator, machine });
  const compareWord = (name: string, index: number, lowMask = 0xffffffff, highMask = 0xffffffff, less = 0) => {
    const low = expected[index] ?? 0;
    const high = expected[index + 1] ?? 0;
    const machineLow = (machine[index] ?? 0) - less;
    if ((((low ^ machineLow) & lowMask) | ((high ^ (machine[index + 1] ?? 0)) & highMask)) === 0) return;
    differ(name, hex(low, high), hex(machine[index] ?? 0, machine[index + 1] ?? 0));
  };
  // First, since other things follow from it.
  const same = events.length === result.eventCount && result.events.every((event, k) => event === events[k]);
  if (!same) {
    const names = (list: readonly number[]) => list.map((n) => bench.events[n] ?? `wrong (${n.toString(16)})`).join(", ");
    differ("events", names(events), names(result.events));
  }
  const { cs = 0, rflags = 0, rip = 0, ss = 0 } = system;
  const stayed = outcome.fault?.ring === 0;
  // Where a fault in ring 0 finds RSP on the espfix alias, or, before SYSRET, as the user has left it.
  const otherStack = overEspfix || outcome.terminal === "sysretq";
  const compatible = !stayed && ((expected[cs] ?? 0) & 0xffff) === 0x23;
  // Into compatibility mode IRET loads as much of RSP as the stack segment's size says; what is above is the kernel's (INV-94).
  const shortStack = compatible && ((expected[ss] ?? 0) & 4) !== 0 && !overEspfix;
  const rspMask = shortStack ? 0xffff : 0xffffffff;
  // INT3 is a trap: RIP is behind it.
  const behind = result.vector === 3 ? 1 : 0;
  const landed = landings.has(result.vector) || (result.vector === doubleFault && outcome.target === "kernel");
  if (!stayed && !landed) differ(`\`${outcome.terminal}\``, "lands", "does not land");
  if (stayed) {
    const wanted = vectors[outcome.fault?.vector ?? ""];
    if (result.vector !== wanted && !(otherStack && result.vector === doubleFault))
      differ(`\`${outcome.terminal}\``, `${outcome.fault?.vector} in ring 0`, `vector ${result.vector}`);
    const recovery = result.recovery === 0 ? undefined : bench.recoveries[result.recovery - 1];
    const wantedRecovery = marked.has(outcome.fault?.recovery ?? "") ? outcome.fault?.recovery : undefined;
    if (recovery !== wantedRecovery) differ("recovery", wantedRecovery ?? "none", recovery ?? "none");
    compareWord("rflags", rflags, ~notKept, 0xffffffff);
  } else {
    compareWord("rip", rip, 0xffffffff, compatible ? 0 : 0xffffffff, behind);
    compareWord("rflags", rflags, outcome.terminal.startsWith("sysret") ? ~notFromR11 : ~0x10000, 0xffffffff);
  }
  for (const [name, index] of Object.entries(register)) {
    // What a C function left is anything.
    if (expected[index] === 0xc0dec0de && expected[index + 1] === 0xc0dec0de) continue;
    if (name === "rsp" && compatible) compareWord(name, index, rspMask, 0);
    else compareWord(name, index);
  }
  for (const name of ["cs", "ss", "gs_base", "kernel_gs_base", "cr3"]) compareWord(name, system[name] ?? 0);
  for (const [name, index] of Object.entries(flags)) compareWord(name, index, 0xffffffff, 0);
  for (const cell of image.cells) if (cell.address !== undefined) compareWord(cell.name, memory[cell.name] ?? 0);
  if (disagreements.length === 0) return undefined;
  const told = ({ what, simulator, machine }: Disagreement) => {
    const between = simulator.length + machine.length > 80 ? `\n${" ".repeat(what.length + 2)}` : ", ";
    return `${what}: simulator ${simulator}${between}machine ${machine}`;
  };
  return {
    disagreements,
    step: undefined,
    story: [...disagreements.map(told), `the machine stopped with vector ${result.vector}, error code 0x${result.error.toString(16)}`],
  };
}

function hex(low: number, high: number): string {
  return `0x${((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString(16)}`;
}

/** IF, DF and AC: the bits of RFLAGS that steps change and the simulator keeps. */
const stepFlags = 0x40600;

/** Compares a log with the simulator's trace: the instruction at RIP, IF, DF, AC, CR3 and GS.base before each. */
function stepComparer(image: Image): (expected: Expected, result: Result, log: Uint32Array) => Found | undefined {
  const known = new Map<number, boolean>();
  const paths = image.bench.plans.map(({ graph }) => image.bench.module.paths[graph.exit.name]);
  const textOf = (code: number): string | undefined => paths[code >>> 16]?.steps[code & 0xffff]?.[0];
  const fits = (address: number, code: number): boolean => {
    const offset = address - image.codeStart;
    if (offset < 0 || offset > 0xffff) return false;
    const key = code * 0x1_0000 + offset;
    let found = known.get(key);
    if (found === undefined) {
      const line = image.code.byAddress.get(address - image.codeStart);
      const step = textOf(code);
      found = line !== undefined && step !== undefined && isStep(line, step, image.code.symbols);
      known.set(key, found);
    }
    return found;
  };
  return ({ injected, steps: undisturbed }, { nmis }, log) => {
    const steps = stepsWith(undisturbed, injected, nmis);
    const count = steps.length / stepNumbers;
    for (let k = 0; k < count; k++) {
      const from = k * stepNumbers;
      const code = steps[from] ?? 0;
      const at = k * 8;
      const differs = (what: string, simulator: string, machine: string): Found => ({
        disagreements: [{ what, simulator, machine }],
        step: { number: k, code },
        story: [
          `step ${k}, before \`${textOf(code) ?? ""}\`: the machine ${what === "instruction" ? "is at" : `has ${what}`} ${machine}, simulator ${simulator}`,
        ],
      });
      if (at >= log.length) return differs("instruction", `\`${textOf(code) ?? ""}\``, "no further step");
      const rip = log[at] ?? 0;
      if (!fits(rip, code)) {
        const line = image.code.byAddress.get(rip - image.codeStart);
        return differs("instruction", `\`${textOf(code) ?? ""}\``, `${rip.toString(16)}, \`${line?.text ?? "nothing"}\``);
      }
      const [rflags = 0, cr3Low = 0, cr3High = 0, gsLow = 0, gsHigh = 0] = [
        steps[from + 1],
        steps[from + 2],
        steps[from + 3],
        steps[from + 4],
        steps[from + 5],
      ];
      if (((rflags ^ (log[at + 2] ?? 0)) & stepFlags) !== 0) return differs("RFLAGS", hex(rflags, 0), hex(log[at + 2] ?? 0, 0));
      if (cr3Low !== log[at + 4] || cr3High !== log[at + 5])
        return differs("CR3", hex(cr3Low, cr3High), hex(log[at + 4] ?? 0, log[at + 5] ?? 0));
      if (gsLow !== log[at + 6] || gsHigh !== log[at + 7])
        return differs("GS.base", hex(gsLow, gsHigh), hex(log[at + 6] ?? 0, log[at + 7] ?? 0));
    }
    if (log.length / 8 === count) return undefined;
    const line = image.code.byAddress.get((log[count * 8] ?? 0) - image.codeStart);
    return {
      disagreements: [{ what: "instruction", simulator: "no further step", machine: `\`${line?.text ?? "nothing"}\`` }],
      step: { number: count, code: -1 },
      story: [`the machine goes on after step ${count}`],
    };
  };
}
