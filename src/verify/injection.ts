/**
 * What comes from outside in cases that are single-stepped: an NMI at any boundary between two instructions, with another nested in it,
 * and interrupts that set work flags where IRQs are on. The simulator is given the same: an NMI is a run of the path by which the spec
 * leaves it, at that step of the interrupted one.
 */
import { generalRegisters } from "../compiler/machine/instruction.js";
import type { Case } from "./cases.js";
import { copyAbove, startsIn } from "./cases.js";
import { nests, popped } from "./embedding.js";
import { aboveFrame, type Image, userTableBit } from "./image.js";
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
export interface NmiEntry {
  /** Index of the path; undefined where the spec has none that may come at any point: the NMI is left by the machine's own code. */
  readonly path: number | undefined;
  /** In the encoding's order. */
  readonly registers: readonly bigint[];
  readonly gsBase: bigint;
  readonly kernelGsBase: bigint;
  readonly cr3: bigint;
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
  private readonly garbage = 0x6e6d_6920_6e6d_6920n;

  constructor(
    private readonly image: Image,
    private readonly machine: SimulatedMachine,
  ) {
    const { plans, spec } = image.bench;
    const known: readonly string[] = [...generalRegisters, ...popped];
    const restorable = (spec.model.frame?.fields ?? []).every((f) => f.saves === undefined || known.includes(f.saves));
    this.paths = plans.flatMap(({ graph: { exit }, events }, i) =>
      restorable && events.length === 0 && exit.events.every((e) => e.anyPoint && e.fromKernel) ? [i] : [],
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
    const { plans, module } = this.image.bench;
    const { cr3 = 0, gs_base = 0, kernel_gs_base = 0, rflags = 0, cs = 0, ss = 0 } = module.system;
    const [gs, kernelGs, tables] = [interrupted.get(gs_base), interrupted.get(kernel_gs_base), interrupted.get(cr3)];
    const path = this.paths[random.below(this.paths.length || 1)];
    const plan = path === undefined ? undefined : plans[path];
    if (path === undefined || !plan) return { path: undefined, registers: [], gsBase: gs, kernelGsBase: kernelGs, cr3: tables, steps: [] };
    const simulated = module.paths[plan.graph.exit.name];
    if (!simulated) throw new Error(`the simulator has no path ${plan.graph.exit.name}`);
    const kernelTables = tables & ~userTableBit;
    for (const way of waysIn(gs, kernelGs, BigInt(this.image.addresses.get("machine_per_cpu") ?? 0))) {
      const { machine } = this;
      machine.copyFrom(interrupted);
      for (const name of generalRegisters) machine.set(module.register[name] ?? 0, this.garbage);
      machine.set(module.register.rsp ?? 0, BigInt((this.image.addresses.get("nmi_stack_top") ?? 0) - aboveFrame));
      for (const { register, restores } of plan.graph.exit.events.flatMap((e) => e.tokens)) {
        const token = restores.name === "gs" ? way.token : restores.name === "cr3" ? tables : this.garbage;
        machine.set(module.register[register] ?? 0, token);
      }
      machine.set(gs_base, way.gsBase);
      machine.set(kernel_gs_base, way.kernelGsBase);
      machine.set(cr3, kernelTables);
      machine.set(rflags, 2n);
      machine.set(cs, 0x10n);
      machine.set(ss, 0x18n);
      this.fillFrame(machine);
      copyAbove(this.image.bench, plan, machine);
      const registers = generalRegisters.map((name) => machine.get(module.register[name] ?? 0));
      const steps: number[] = [];
      const w = machine.words;
      const outcome = simulated.run(machine, made.features, [], {
        push: (code: number): void => {
          if (code >= simulated.events)
            steps.push(code | (path << 16), w[rflags] ?? 0, w[cr3] ?? 0, w[cr3 + 1] ?? 0, w[gs_base] ?? 0, w[gs_base + 1] ?? 0);
        },
      });
      const back = machine.get(gs_base) === gs && machine.get(kernel_gs_base) === kernelGs && machine.get(cr3) === tables;
      if (back && outcome.target === "kernel" && outcome.fault === undefined)
        return { path, registers, gsBase: way.gsBase, kernelGsBase: way.kernelGsBase, cr3: kernelTables, steps };
    }
    throw new NoWayBack(
      `${plan.graph.exit.name} does not lead back to where GS.base is 0x${gs.toString(16)}, KERNEL_GS_BASE 0x${kernelGs.toString(16)}, CR3 0x${tables.toString(16)}`,
    );
  }

  /** What entry saves: of the kernel, which is all that the path's instructions can tell. */
  private fillFrame(machine: SimulatedMachine): void {
    const { module, spec } = this.image.bench;
    const processors: Readonly<Record<string, bigint>> = {
      rip: BigInt(this.image.addresses.get("landing_page") ?? 0),
      cs: 0x10n,
      rflags: 2n,
      ss: 0x18n,
    };
    for (const { name, saves } of spec.model.frame?.fields ?? [])
      machine.set(module.frame[name] ?? 0, processors[saves ?? ""] ?? (saves === undefined ? 0xffff_ffff_ffff_ffffn : this.garbage));
  }

  /** A second NMI, in the path by which the first is left: not before its first instruction, where no IRET has unmasked NMIs yet. */
  drawNested(random: Random, { path, steps }: NmiEntry): number {
    const graph = path === undefined ? undefined : this.image.bench.plans[path]?.graph;
    return graph && nests(graph) && !random.once(3) ? 2 + random.below(steps.length / stepNumbers - 1) : 0;
  }
}

interface WayIn {
  readonly gsBase: bigint;
  readonly kernelGsBase: bigint;
  readonly token: bigint;
}

/**
 * How entries of kernels come to their own GS, and what they note (INV-44): a mark that says whether they swapped, with either meaning, or,
 * with FSGSBASE, the base itself.
 */
function waysIn(gs: bigint, kernelGs: bigint, perCpu: bigint): readonly WayIn[] {
  const swap = gs === perCpu ? { gsBase: gs, kernelGsBase: kernelGs } : { gsBase: kernelGs, kernelGsBase: gs };
  const swapped = gs === perCpu ? [1n, 0n] : [0n, 1n];
  return [...swapped.map((token) => ({ ...swap, token })), { gsBase: perCpu, kernelGsBase: kernelGs, token: gs }];
}
