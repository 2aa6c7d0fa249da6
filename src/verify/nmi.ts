/** An NMI in the simulator: a run of the path by which the spec leaves it, from what it has interrupted. */
import { generalRegisters } from "../compiler/machine/instruction.js";
import type { Exit, Model } from "../compiler/model/model.js";
import { copyAbove } from "./cases.js";
import { popped } from "./embedding.js";
import { userTableBit } from "./image.js";
import type { SimulatedMachine, SimulatorModule } from "./simulator.js";

/** Where the handler is, and what it has interrupted. */
export interface Place {
  /** RSP at the path's first instruction. */
  readonly rsp: bigint;
  /** Of the interrupted instruction. */
  readonly rip: bigint;
  /** The kernel's own GS.base. */
  readonly perCpu: bigint;
}

/** What entry came to. */
export interface NmiRun {
  readonly registers: readonly bigint[];
  readonly gsBase: bigint;
  readonly kernelGsBase: bigint;
  readonly cr3: bigint;
}

export interface Playing {
  readonly module: SimulatorModule;
  readonly model: Model;
  /** The path's machine; it is then as the path left it. */
  readonly machine: SimulatedMachine;
  readonly features: Readonly<Record<string, boolean>>;
  readonly place: Place;
  /** A new trace for a run on `machine`. */
  readonly trace: () => { push(code: number): unknown };
}

/** Registers that the handler has for its own use. */
const garbage = 0x6e6d_6920_6e6d_6920n;

/** The indices of those that may come at any point and have no C side: what an NMI can be left by. */
export function pathsOfNmis(exits: readonly Exit[], model: Model, module: SimulatorModule): readonly number[] {
  const known: readonly string[] = [...generalRegisters, ...popped];
  if (!(model.frame?.fields ?? []).every((f) => f.saves === undefined || known.includes(f.saves))) return [];
  return exits.flatMap((exit, i) =>
    module.paths[exit.name]?.events === 0 && exit.events.every((e) => e.anyPoint && e.fromKernel) ? [i] : [],
  );
}

/**
 * Runs a path by which an NMI is left.
 * @returns how it was entered; undefined when it does not restore GS and CR3, whatever entry of those that kernels have came before it
 */
export function playNmi(exit: Exit, interrupted: SimulatedMachine, playing: Playing): NmiRun | undefined {
  const { machine, module, features, place, trace } = playing;
  const path = module.paths[exit.name];
  if (!path) throw new Error(`the simulator has no path ${exit.name}`);
  const { cr3 = 0, gs_base = 0, kernel_gs_base = 0 } = module.system;
  const [gs, kernelGs, tables] = [interrupted.get(gs_base), interrupted.get(kernel_gs_base), interrupted.get(cr3)];
  for (const way of waysIn(gs, kernelGs, place.perCpu)) {
    machine.copyFrom(interrupted);
    enter(exit, way, tables, playing);
    const entered = {
      registers: generalRegisters.map((name) => machine.get(module.register[name] ?? 0)),
      gsBase: way.gsBase,
      kernelGsBase: way.kernelGsBase,
      cr3: machine.get(cr3),
    };
    const outcome = path.run(machine, features, [], trace());
    const back = machine.get(gs_base) === gs && machine.get(kernel_gs_base) === kernelGs && machine.get(cr3) === tables;
    if (back && outcome.target === "kernel" && outcome.fault === undefined) return entered;
  }
  return undefined;
}

/** The machine at the path's first instruction. @param tables the CR3 of what is interrupted */
function enter(exit: Exit, way: WayIn, tables: bigint, { machine, model, module, place }: Playing): void {
  const { cr3 = 0, gs_base = 0, kernel_gs_base = 0, rflags = 0, cs = 0, ss = 0 } = module.system;
  for (const name of generalRegisters) machine.set(module.register[name] ?? 0, garbage);
  machine.set(module.register.rsp ?? 0, place.rsp);
  for (const { register, restores } of exit.events.flatMap((e) => e.tokens)) {
    const token = restores.name === "gs" ? way.token : restores.name === "cr3" ? tables : garbage;
    machine.set(module.register[register] ?? 0, token);
  }
  machine.set(gs_base, way.gsBase);
  machine.set(kernel_gs_base, way.kernelGsBase);
  machine.set(cr3, tables & ~userTableBit);
  machine.set(rflags, 2n);
  machine.set(cs, 0x10n);
  machine.set(ss, 0x18n);
  fillFrame(machine, model, module, place);
  copyAbove(model, module, exit, machine.words);
}

/** What entry saves: of the kernel, which is all that the path's instructions can tell. */
function fillFrame(machine: SimulatedMachine, model: Model, module: SimulatorModule, { rip }: Place): void {
  const processors: Readonly<Record<string, bigint>> = { rip, cs: 0x10n, rflags: 2n, ss: 0x18n };
  for (const { name, saves } of model.frame?.fields ?? []) {
    // A field that no path reads has no word.
    const word = module.frame[name];
    if (word !== undefined) machine.set(word, processors[saves ?? ""] ?? (saves === undefined ? 0xffff_ffff_ffff_ffffn : garbage));
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
