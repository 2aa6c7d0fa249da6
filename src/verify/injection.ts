/**
 * What comes from outside in cases that are single-stepped: an NMI at any boundary between two instructions, with another nested in it,
 * and interrupts that set work flags where IRQs are on. The simulator is given the same: an NMI is a run of the path by which the spec
 * leaves it, at that step of the interrupted one.
 */
import type { Case } from "./cases.js";
import { startsIn } from "./cases.js";
import { nests } from "./embedding.js";
import { aboveFrame, type Image } from "./image.js";
import { type NmiRun, pathsOfNmis, playNmi } from "./nmi.js";
import type { Random } from "./random.js";
import { stepNumbers } from "./runner.js";
import type { SimulatedMachine } from "./simulator.js";

/** As `struct injection` of machine/machine.h: boundaries count from 1, 0 is none. */
export interface Injection {
  readonly nmiAt: number;
  readonly nmiInCAt: number;
  readonly nestedAt: number;
  readonly irqAt: number;
  readonly irqSeed: number;
  readonly nmi: NmiEntry | undefined;
  /** For each word of flags, what the interrupt at `irqAt` sets. */
  readonly flags: readonly number[];
}

/** How the machine enters the path by which an NMI is left. */
export interface NmiEntry extends NmiRun {
  /** Index of the path; undefined where the spec has none that may come at any point: the NMI is left by the machine's own code. */
  readonly path: number | undefined;
  /** Steps of the path, as in `Expected.steps`. */
  readonly steps: readonly number[];
}

/** Boundaries of C that are chosen from; most functions have fewer, and then the NMI does not come. */
const boundariesOfC = 60;

/** Interrupts that the path gives no way back from: a fault of the spec, not of the machine. */
export class NoWayBack extends Error {}

/** What the simulator made of a case without what is injected. */
export interface Undisturbed {
  /** RFLAGS before each instruction of the path. */
  readonly rflags: readonly number[];
  /** The index of the instruction that calls the C side; -1: none does. */
  readonly call: number;
}

export class Injector {
  /** Paths that may come at any point and have no C side: what an NMI can be left by. */
  private readonly paths: readonly number[];
  private readonly masked: readonly boolean[];

  constructor(
    private readonly image: Image,
    private readonly machine: SimulatedMachine,
  ) {
    const { module, plans, spec } = image.bench;
    this.paths = pathsOfNmis(
      plans.map((p) => p.graph.exit),
      spec.model,
      module,
    );
    this.masked = plans.map((plan) => startsIn(plan, "nmi") === "masked");
  }

  /** Interrupts before the C side has looked at anything: a boundary of those with IRQs on, and what it sets. */
  drawInterrupt(random: Random, { rflags, call }: Undisturbed, { flagWords }: { readonly flagWords: readonly number[] }) {
    const before = rflags.slice(0, call + 1);
    const off = before.findIndex((r) => (r & 0x200) === 0);
    const boundaries = off < 0 ? before.length : off;
    if (boundaries === 0 || random.once(2)) return undefined;
    return { irqAt: 1 + random.below(boundaries), flags: flagWords.map((async) => (random.next() & random.next() & async) >>> 0) };
  }

  /** Where an NMI comes: the index of an instruction, or a boundary of the C that it calls. */
  drawNmi(random: Random, path: number, { rflags, call }: Undisturbed) {
    if (this.masked[path] || random.once(8)) return undefined;
    if (call >= 0 && random.once(4)) return { at: call, inC: 1 + random.below(boundariesOfC) };
    return { at: random.below(rflags.length), inC: 0 };
  }

  /**
   * Runs the path by which an NMI is left from what is interrupted.
   * @throws NoWayBack when it does not restore GS and CR3, whatever entry of those that kernels have came before it
   */
  enter(random: Random, interrupted: SimulatedMachine, made: Case): NmiEntry {
    const { addresses, bench } = this.image;
    const { module, plans, spec } = bench;
    const { cr3 = 0, gs_base = 0, kernel_gs_base = 0, rflags = 0 } = module.system;
    const [gsBase, kernelGsBase, tables] = [interrupted.get(gs_base), interrupted.get(kernel_gs_base), interrupted.get(cr3)];
    const path = this.paths[random.below(this.paths.length || 1)];
    const exit = plans[path ?? -1]?.graph.exit;
    if (path === undefined || !exit) return { path: undefined, registers: [], gsBase, kernelGsBase, cr3: tables, steps: [] };
    const { machine } = this;
    const w = machine.words;
    let steps: number[] = [];
    const entered = playNmi(exit, interrupted, {
      module,
      model: spec.model,
      machine,
      features: made.features,
      place: {
        rsp: BigInt((addresses.get("nmi_stack_top") ?? 0) - aboveFrame),
        rip: BigInt(addresses.get("landing_page") ?? 0),
        perCpu: BigInt(addresses.get("machine_per_cpu") ?? 0),
      },
      trace: () => {
        const run: number[] = [];
        steps = run;
        return {
          push: (code) => run.push(code | (path << 16), w[rflags] ?? 0, w[cr3] ?? 0, w[cr3 + 1] ?? 0, w[gs_base] ?? 0, w[gs_base + 1] ?? 0),
        };
      },
    });
    if (entered) return { path, ...entered, steps };
    const hex = (value: bigint) => `0x${value.toString(16)}`;
    throw new NoWayBack(
      `${exit.name} does not lead back to where GS.base is ${hex(gsBase)}, KERNEL_GS_BASE ${hex(kernelGsBase)}, CR3 ${hex(tables)}`,
    );
  }

  /** A second NMI, in the path by which the first is left: not before its first instruction, where no IRET has unmasked NMIs yet. */
  drawNested(random: Random, { path, steps }: NmiEntry): number {
    const graph = path === undefined ? undefined : this.image.bench.plans[path]?.graph;
    return graph && nests(graph) && !random.once(3) ? 2 + random.below(steps.length / stepNumbers - 1) : 0;
  }
}
