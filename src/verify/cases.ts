/** Random cases of a path: machines, frames, features and scripts that the bench machine can play, each from its own seed. */
import { formatInstruction } from "../compiler/machine/instructions.js";
import type { Exit, Feature, FrameField, Model, Token } from "../compiler/model/model.js";
import type { CellOf } from "./embedding.js";
import { aboveFrame, type Image, userTableBit } from "./image.js";
import type { Draw, Plan } from "./plan.js";
import { Random } from "./random.js";
import type { ScriptEntry, SimulatedMachine, SimulatorModule } from "./simulator.js";

/** The machine's constants: see machine/machine.h and machine/machine.c. */
const userAddress = 0x40000000;
const userPages = 16;
const espfixAddress = 0xffffff0000000800n;
const espfixOffset = 0x800;
const threadStackSize = 16384;

/** Bits of RFLAGS that frames have: status flags, DF, AC and ID. Not VM, VIF and VIP, which TCG treats in its own way. */
const freeFlags = 0x240cd5;

export interface Case {
  readonly path: number;
  readonly features: Readonly<Record<string, boolean>>;
  /** Bit i: the feature with index i. */
  readonly featureBits: bigint;
  readonly script: readonly ScriptEntry[];
}

export class CaseMaker {
  private readonly image: Image;
  private readonly fields: readonly FrameField[];
  private readonly draft: Uint32Array;
  /** The same memory. */
  private readonly draftWords: BigUint64Array;
  private readonly frameAddresses: readonly bigint[];
  private readonly startsWithIrqsOn: readonly boolean[];
  /** Features by their bits: few combinations come again and again. */
  private readonly combinations = new Map<bigint, Case["features"]>();
  private readonly optional: readonly Feature[];
  private readonly perCpuAddress: bigint;
  private readonly tables: bigint;
  private readonly landing: number;
  /** Memory from which RSP is loaded: it holds the top of a stack that both page tables map. */
  private readonly stackCells: ReadonlySet<string>;

  constructor(image: Image) {
    this.image = image;
    const { plans, spec } = image.bench;
    this.fields = spec.model.frame?.fields ?? [];
    this.draft = new Uint32Array(2 * this.fields.length);
    this.draftWords = new BigUint64Array(this.draft.buffer);
    const address = (name: string) => {
      const found = image.addresses.get(name);
      if (found === undefined) throw new Error(`the image has no ${name}`);
      return found;
    };
    this.startsWithIrqsOn = plans.map(startsWithIrqsOn);
    this.frameAddresses = plans.map((plan) => {
      const top = onEventStack(plan) ? address("event_stack_top") : address("machine_thread_stack") + threadStackSize;
      return BigInt(top - aboveFrame);
    });
    this.optional = spec.model.features.filter((f) => !image.bench.assemblyFeatures.includes(f));
    this.perCpuAddress = BigInt(address("machine_per_cpu"));
    this.tables = BigInt(address("machine_tables"));
    this.landing = address("landing_page");
    const loads = image.bench.program.instructions.map(({ instruction }) => /^movq\t(.*), %rsp$/.exec(formatInstruction(instruction))?.[1]);
    this.stackCells = new Set(loads.filter((cell) => cell !== undefined));
  }

  /** Makes the case with this number of a seed, and its machine in `machine`. */
  make(path: number, seed: number, index: number, machine: SimulatedMachine): Case {
    const random = new Random(new Random(seed ^ new Random(index).next()).next());
    const { plans, spec } = this.image.bench;
    const plan = plans[path];
    if (!plan) throw new Error(`there is no path ${path}`);
    const on = this.drawFeatures(random);
    this.drawMachine(random, plan, path, this.tables | drawTableBits(seed, index), machine);
    const featureBits = [...on].reduce((bits, f) => bits | (1n << BigInt(f.index)), 0n);
    const features = this.combinations.get(featureBits) ?? Object.fromEntries(spec.model.features.map((f) => [f.name, on.has(f)]));
    this.combinations.set(featureBits, features);
    return {
      path,
      features,
      featureBits,
      script: Array.from({ length: random.once(4) ? 0 : random.below(10) }, () => this.drawEntry(random, plan)),
    };
  }

  /** The image's features, and of those that only C looks at any that go with them. */
  private drawFeatures(random: Random): ReadonlySet<Feature> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const on = new Set([...this.image.on, ...this.optional.filter(() => random.once(2))]);
      if ([...on].every((f) => f.needs.every((g) => on.has(g)) && !f.excludes.some((g) => on.has(g)))) return on;
    }
    return this.image.on;
  }

  private drawMachine(random: Random, plan: Plan, path: number, kernelTables: bigint, machine: SimulatedMachine): void {
    const { module } = this.image.bench;
    const { words } = machine;
    for (let i = 0; i < words.length; i++) words[i] = random.next();
    const { flags = {}, frame, memory = {}, register, system, value = {} } = module;
    const set = (index: number | undefined, to: bigint) => {
      if (index !== undefined) machine.set(index, to);
    };
    set(register.rsp, this.frameAddresses[path] ?? 0n);
    set(system.cs, 0x10n);
    set(system.ss, 0x18n);
    const irqsOn = this.startsWithIrqsOn[path];
    set(system.rflags, (irqsOn ? 0x202n : 2n) | (random.once(32) ? 0x4000n : 0n));
    set(system.gs_base, this.perCpuAddress);
    set(system.kernel_gs_base, canonicalAddress(random));
    set(system.star, 0x0023001000000000n);
    set(system.cr3, kernelTables);
    for (const word of plan.words) {
      // Often nothing but flags that the spec knows, and few of them: what looks at the wrong bits must not find any.
      const bits = random.next() & random.next() & (random.once(2) ? word.declared : 0xffffffff);
      set(flags[word.name], BigInt((random.once(2) ? bits : bits & random.next()) >>> 0));
    }
    for (const [name, index] of Object.entries(value)) {
      const candidates = plan.values.find((v) => v.name === name)?.candidates ?? [0, 1];
      set(index, BigInt(random.once(8) ? random.next() : (candidates[random.below(candidates.length)] ?? 0)));
    }
    for (const cell of this.image.cells) set(memory[cell.name], this.cellValue(random, cell));
    for (const token of plan.graph.exit.events.flatMap((e) => e.tokens))
      set(register[token.register], tokenValue(random, token, kernelTables));
    this.drawFrame(random, plan);
    const first = Object.values(frame)[0] ?? 0;
    words.set(this.draft, first);
    for (const { name, field } of plan.values) {
      // A number of 32 bits that tests compare with a field is mostly that field's.
      if (field >= 0 && this.draft[2 * field + 1] === 0 && !random.once(8)) set(value[name], BigInt(this.draft[2 * field] ?? 0));
    }
    copyAbove(this.image.bench.spec.model, module, plan.graph.exit, machine.words);
  }

  /** What memory that instructions name holds: pointers that kernels keep per CPU, or anything. */
  private cellValue(random: Random, cell: CellOf): bigint {
    const { addresses } = this.image;
    if (cell.value !== undefined) return BigInt.asUintN(64, BigInt(cell.value));
    if (/^%gs:espfix_waddr/.test(cell.name)) return BigInt((addresses.get("machine_espfix_page") ?? 0) + espfixOffset);
    if (/^%gs:espfix_stack/.test(cell.name)) return espfixAddress;
    if (this.stackCells.has(cell.name)) return BigInt(addresses.get("trampoline_stack_top") ?? 0);
    return random.word64();
  }

  // ── Frames ──

  private set(field: FrameField, low: number, high: number): void {
    const at = field.offset / 4;
    this.draft[at] = low;
    this.draft[at + 1] = high;
  }

  /** A frame into `draft`. */
  private drawFrame(random: Random, plan: Plan): void {
    const { draft, fields } = this;
    for (let i = 0; i < draft.length; i++) draft[i] = random.next();
    const { events } = plan.graph.exit;
    const [fromUser, fromKernel] = [events.some((e) => e.fromUser), events.some((e) => e.fromKernel)];
    const likely = fromUser && (!fromKernel || random.below(8) < 5);
    const user = random.once(32) ? !likely : likely;
    const [cs, ss] = selectors(random, user);
    const [ripLow, ripHigh] = this.address(random, cs, plan);
    for (const field of fields) {
      if (field.saves === "rip") this.set(field, ripLow, ripHigh);
      else if (field.saves === "cs") this.set(field, cs, random.once(64) ? 0x10000 : 0);
      else if (field.saves === "ss") this.set(field, ss, 0);
      else if (field.saves === "rflags") this.set(field, savedFlags(random), 0);
    }
    for (const planned of plan.fields) {
      const field = fields[planned.field];
      if (!field) continue;
      const other = fields[plan.fields[planned.alike]?.field ?? -1];
      if (other && !random.once(8)) {
        const [from, to] = isProcessors(field) ? [field, other] : [other, field];
        this.set(to, draft[from.offset / 4] ?? 0, draft[from.offset / 4 + 1] ?? 0);
      } else if (!isProcessors(field) && !random.once(4)) {
        const draw: Draw | undefined = planned.good[random.below(planned.good.length)];
        const value = draw ? (random.word64() & draw.mask) | draw.value : 0n;
        this.set(field, ...halves(value));
      }
    }
  }

  /** Where to go on: mostly to a page of INT3, of the user or of the kernel; else to an edge, or anywhere. */
  private address(random: Random, cs: number, plan: Plan): readonly [low: number, high: number] {
    const anywhere = random.once(5);
    if ((cs & 3) === 0) return anywhere ? [random.next(), 0xffffffff] : [this.landing + random.below(4096), 0];
    if (!anywhere) return [userAddress + random.below(userPages * 4096), 0];
    if (cs === 0x23) return [random.next(), 0];
    // What the spec compares RIP with.
    const edges = plan.fields.find((f) => this.fields[f.field]?.saves === "rip")?.all ?? [];
    const edge = edges[random.below(edges.length || 1)];
    if (edge && !random.once(4)) return halves((random.word64() & edge.mask) | edge.value);
    return random.pick([
      [0xffffefff, 0x7fff],
      [0xffffffff, 0x7fff],
      [0, 0x8000],
      [random.next(), 0xffffffff],
      [random.next(), random.next()],
    ]);
  }

  // ── Scripts ──

  private drawEntry(random: Random, plan: Plan): ScriptEntry {
    const bits = () => {
      const words: Record<string, number> = {};
      for (const { name } of plan.words) words[name] = (random.next() & random.next() & random.next()) >>> 0;
      return words;
    };
    const set = bits();
    const async = bits();
    return { set, async, frame: random.once(4) ? this.drawRewrite(random, plan) : undefined };
  }

  /** New values: the processor's five fields with those that should equal them, or any other field. */
  private drawRewrite(random: Random, plan: Plan): Record<string, bigint> {
    const values: Record<string, bigint> = {};
    const take = (field: FrameField | undefined) => {
      if (!field) return;
      values[field.name] = this.draftWords[field.offset / 8] ?? 0n;
    };
    this.drawFrame(random, plan);
    const tested = plan.fields.map((f) => this.fields[f.field]);
    if (random.once(2)) for (const field of [...this.fields.filter(isProcessors), ...tested]) take(field);
    for (const field of this.fields.filter((f) => !isProcessors(f))) if (random.once(8)) take(field);
    return values;
  }
}

/** What entry puts above the frame begins as a copy of the frame's. */
export function copyAbove(model: Model, { frame, stack = {} }: SimulatorModule, exit: Exit, words: Uint32Array): void {
  const end = 8 * (model.frame?.fields.length ?? 0);
  for (const { above } of exit.events) {
    for (const [i, field] of above.entries()) {
      const word = stack[`frame+${end + 8 * i}`];
      const from = frame[field.name];
      if (word !== undefined && from !== undefined) words.copyWithin(word, from, from + 2);
    }
  }
}

/** Bits of CR3 that choose no tables. Some cases in a row have the same: a load of CR3 flushes the TLB, and takes as long as a case. */
function drawTableBits(seed: number, index: number): bigint {
  const random = new Random(seed + new Random(index >>> 3).next());
  return BigInt(random.once(4) ? random.below(6) : 0);
}

function halves(value: bigint): [low: number, high: number] {
  return [Number(value & 0xffffffffn), Number(value >> 32n)];
}

function isProcessors(field: FrameField): boolean {
  return field.saves !== undefined && ["rip", "cs", "rflags", "rsp", "ss"].includes(field.saves);
}

export function onEventStack(plan: Plan): boolean {
  return startsIn(plan, "stack") === "ist";
}

function startsWithIrqsOn(plan: Plan): boolean {
  return startsIn(plan, "irqs") === "on";
}

/** The value of a state with which the path's events start; undefined: none of them says. */
export function startsIn(plan: Plan, dimension: string): string | undefined {
  const settings = plan.graph.exit.events.flatMap((e) => e.starts).filter((s) => s.dimension.name === dimension);
  return settings.map((s) => s.dimension.values[s.value])[0];
}

/** CS and SS that go together on the machine's descriptors; now and then a pair that IRET refuses. */
function selectors(random: Random, user: boolean): readonly [cs: number, ss: number] {
  if (random.once(32))
    return random.pick([
      [0, 0x2b],
      [3, 0x2b],
      [0x33, 0x18],
      [0x33, 3],
      [0x10, 0x2b],
    ]);
  if (!user)
    return random.pick([
      [0x10, 0x18],
      [0x10, 0],
    ]);
  return random.pick([
    [0x33, 0x2b],
    [0x33, 0x2b],
    [0x33, 0x2b],
    [0x33, 0x2b],
    [0x23, 0x2b],
    [0x23, 7],
    [0x33, 7],
  ]);
}

function savedFlags(random: Random): number {
  const rare = (bits: number) => (random.once(12) ? bits : 0);
  return (2 | (random.next() & freeFlags) | (random.once(4) ? 0 : 0x200) | rare(0x100) | rare(0x10000) | rare(0x4000) | rare(0x3000)) >>> 0;
}

function canonicalAddress(random: Random): bigint {
  const address = random.word64() & 0x7fff_ffff_ffffn;
  return random.once(2) ? address : BigInt.asUintN(64, ~address);
}

function tokenValue(random: Random, { restores }: Token, kernelTables: bigint): bigint {
  switch (restores.name) {
    case "gs":
      return random.pick([0n, 1n, canonicalAddress(random)]);
    case "cr3":
      return random.once(2) ? kernelTables : kernelTables | userTableBit;
    default:
      return BigInt(random.next());
  }
}
