/** Cases as the machine reads them, with what the simulator makes of them; then what the machine made of them. */
import { closeSync, existsSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { type Case, CaseMaker } from "./cases.js";
import type { Image } from "./image.js";
import type { Outcome, SimulatedMachine } from "./simulator.js";
import { start } from "./tools.js";

const runAddress = 0x1000000;
const firstCase = runAddress + 4096;
const megabytes2 = 0x200000;
const caseHead = 32;
const resultHead = 48;
const eventsKept = 128;
const stepSize = 32;
/** Steps that a case may take, on average, before the log is full. */
const stepsPerCase = 160;

/** What the simulator says of a case. */
export interface Expected {
  readonly index: number;
  readonly case: Case;
  readonly outcome: Outcome;
  /** Numbers of events as the machine counts them. */
  readonly events: readonly number[];
  /** It went over the espfix stack, so that IRET leaves the user's bits in ESP, and none of the kernel's. */
  readonly overEspfix: boolean;
  /** For each instruction: its code, and RFLAGS, CR3 and GS.base before it, the latter two in halves. Empty if not asked for. */
  readonly steps: readonly number[];
}

/** Numbers that one step of `Expected.steps` has. */
export const stepNumbers = 6;

export interface Batch {
  readonly image: Image;
  readonly seed: number;
  readonly stepped: boolean;
  readonly cases: readonly Expected[];
  /** Final words of all cases. */
  readonly words: Uint32Array;
  /** Halves a case. */
  readonly size: number;
  readonly input: Buffer;
}

/**
 * Makes cases and runs the simulator on them. A case whose C side never ends is no case.
 * @param paths indices of the paths, taken in turn
 */
export function makeBatch(image: Image, paths: readonly number[], seed: number, first: number, count: number, stepped: boolean): Batch {
  const maker = new CaseMaker(image);
  const batch = new BatchMaker(image, stepped, count);
  for (let index = first; batch.length < count; index++)
    batch.add(index, (machine) => maker.make(paths[index % paths.length] ?? 0, seed, index, machine));
  return batch.made(seed);
}

/** Collects cases, with what the simulator makes of each. */
export class BatchMaker {
  private readonly machine: SimulatedMachine;
  private readonly words: Uint32Array;
  private readonly cases: Expected[] = [];
  private readonly input = new Growing();
  /** By path and code: the number of the event on the machine. */
  private readonly numbers: readonly (readonly number[])[];
  private readonly flagWords: readonly string[];
  private readonly fields: readonly string[];
  private readonly espfixCodes: readonly number[];

  /** @param capacity how many cases it can take */
  constructor(
    private readonly image: Image,
    private readonly stepped: boolean,
    capacity: number,
  ) {
    const { events, module, plans, spec } = image.bench;
    this.machine = new module.Machine();
    this.words = new Uint32Array(this.machine.words.length * capacity);
    this.numbers = plans.map((plan) => plan.events.map((event) => events.indexOf(event.text)));
    this.flagWords = spec.model.flagWords.map((w) => w.name);
    this.fields = Object.keys(module.frame);
    this.espfixCodes = plans.map(
      (plan) => module.paths[plan.graph.exit.name]?.steps.findIndex(([text]) => text.includes("%gs:espfix_stack")) ?? -1,
    );
  }

  get length(): number {
    return this.cases.length;
  }

  /** @param make puts the case's machine into the one that it is given @returns false for a case whose C side never ends */
  add(index: number, make: (machine: SimulatedMachine) => Case): boolean {
    const { machine } = this;
    const { cr3 = 0, gs_base = 0, rflags = 0 } = this.image.bench.module.system;
    const made = make(machine);
    const start = this.input.length;
    this.input.case(made, machine.words, this.flagWords, this.fields);
    const simulated = this.image.bench.module.paths[this.image.bench.plans[made.path]?.graph.exit.name ?? ""];
    if (!simulated) throw new Error(`the simulator has no path ${made.path}`);
    const numbers = this.numbers[made.path] ?? [];
    const espfixCode = this.espfixCodes[made.path];
    const events: number[] = [];
    let overEspfix = false;
    const steps: number[] = [];
    const { stepped } = this;
    const w = machine.words;
    const trace = {
      push: (code: number): void => {
        if (code < simulated.events) events.push(numbers[code] ?? -1);
        else overEspfix ||= code === espfixCode;
        if (stepped && code >= simulated.events)
          steps.push(code, w[rflags] ?? 0, w[cr3] ?? 0, w[cr3 + 1] ?? 0, w[gs_base] ?? 0, w[gs_base + 1] ?? 0);
      },
    };
    try {
      const outcome = simulated.run(machine, made.features, made.script, trace);
      this.words.set(w, this.cases.length * w.length);
      this.cases.push({ index, case: made, outcome, events, overEspfix, steps });
      return true;
    } catch (error) {
      if (!/never ends/.test(String(error))) throw error;
      this.input.length = start;
      return false;
    }
  }

  made(seed: number): Batch {
    const { cases, image, stepped, words } = this;
    return { image, seed, stepped, cases, words, size: this.machine.words.length, input: this.input.bytes() };
  }
}

/** Bytes that cases are appended to. */
class Growing {
  private buffer = Buffer.alloc(1 << 20);
  private view = new DataView(this.buffer.buffer, this.buffer.byteOffset);
  length = 0;

  private room(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.alloc(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
    this.view = new DataView(larger.buffer, larger.byteOffset);
  }

  private word(low: number, high: number): void {
    this.view.setUint32(this.length, low, true);
    this.view.setUint32(this.length + 4, high, true);
    this.length += 8;
  }

  case({ featureBits, path, script }: Case, words: Uint32Array, flagWords: readonly string[], fields: readonly string[]): void {
    const start = this.length;
    this.room(caseHead + words.byteLength + script.length * 8 * (flagWords.length + 1 + fields.length));
    this.word(0, 0);
    this.word(path, 0);
    this.word(Number(featureBits & 0xffffffffn), Number(featureBits >> 32n));
    this.word(script.length, 0);
    for (let i = 0; i < words.length; i += 2) this.word(words[i] ?? 0, words[i + 1] ?? 0);
    for (const { async, frame = {}, set } of script) {
      for (const name of flagWords) this.word(set[name] ?? 0, async[name] ?? 0);
      const mask = fields.reduce((bits, name, i) => (frame[name] === undefined ? bits : bits | (1n << BigInt(i))), 0n);
      this.word(Number(mask & 0xffffffffn), Number(mask >> 32n));
      for (const name of fields) {
        const value = frame[name];
        if (value !== undefined) this.word(Number(value & 0xffffffffn), Number(value >> 32n));
      }
    }
    this.view.setUint32(start, this.length - start, true);
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

// ── On the machine ──

export interface Results {
  /** How many cases came to their end. */
  readonly completed: number;
  /** Why the machine stopped, if it did not go through all of them. */
  readonly stopped: string;
  readonly result: (i: number) => Result;
  /** Logged steps of a case: RIP, RFLAGS, CR3, GS.base, each in halves. */
  readonly steps: (i: number) => Uint32Array;
  /** Milliseconds from the start of QEMU to its end. */
  readonly time: number;
}

export interface Result {
  readonly vector: number;
  readonly error: number;
  /** 0: the instruction has none. */
  readonly recovery: number;
  readonly events: readonly number[];
  readonly eventCount: number;
  readonly words: Uint32Array;
}

const up = (address: number): number => Math.ceil(address / megabytes2) * megabytes2;

/** Runs a batch in QEMU, without KVM. @param limit milliseconds, after which the machine is stopped */
export async function runBatch({ cases, image, input, size, stepped }: Batch, limit = 60_000): Promise<Results> {
  const count = cases.length;
  const resultSize = Math.ceil((resultHead + 2 * eventsKept + 4 * size) / 64) * 64;
  const results = up(firstCase + input.length);
  const steps = up(results + count * resultSize);
  const stepsEnd = stepped ? steps + up(count * stepsPerCase * stepSize) : steps;
  const total = stepsEnd + megabytes2;
  const folder = memoryFolder();
  const file = join(folder, `${memoryFilePrefix()}${threadId}-${nextFile++}`);
  const descriptor = openSync(file, "wx+", 0o600);
  try {
    ftruncateSync(descriptor, total);
    const head = new BigUint64Array(
      [count, firstCase, results, resultSize, stepped ? steps : 0, stepped ? stepsEnd - stepSize : 0].map(BigInt),
    );
    writeSync(descriptor, new Uint8Array(head.buffer), 0, head.byteLength, runAddress);
    writeSync(descriptor, input, 0, input.length, firstCase);
    const before = performance.now();
    const { status, stderr } = await start("qemu-system-x86_64", qemuArguments(image.file, file, total), folder, limit);
    const time = performance.now() - before;
    const read = (from: number, length: number) => {
      const bytes = new Uint8Array(length);
      readSync(descriptor, bytes, 0, length, from);
      return bytes;
    };
    const bytes = read(results, count * resultSize);
    const halves = new Uint32Array(bytes.buffer);
    const eventHalves = new Uint16Array(bytes.buffer);
    let completed = 0;
    while (completed < count && halves[(completed * resultSize) / 4] === completed + 1) completed++;
    const result = (i: number): Result => {
      const at = (i * resultSize) / 4;
      const eventCount = halves[at + 8] ?? 0;
      const eventsAt = (i * resultSize + resultHead) / 2;
      const wordsAt = at + (resultHead + 2 * eventsKept) / 4;
      return {
        vector: halves[at + 2] ?? 0,
        error: halves[at + 4] ?? 0,
        recovery: halves[at + 6] ?? 0,
        eventCount,
        events: [...eventHalves.subarray(eventsAt, eventsAt + Math.min(eventCount, eventsKept))],
        words: halves.subarray(wordsAt, wordsAt + size),
      };
    };
    const endOf = (i: number): number => (i < 0 ? steps : (halves[(i * resultSize) / 4 + 10] ?? steps));
    const log = stepped ? new Uint32Array(read(steps, Math.max(0, endOf(completed - 1) - steps)).buffer) : new Uint32Array();
    return {
      completed,
      stopped:
        completed === count ? "" : status === undefined ? "the time was up" : stderr.trim() || `the machine stopped (exit code ${status})`,
      result,
      steps: (i) => log.subarray((endOf(i - 1) - steps) / 4, (endOf(i) - steps) / 4),
      time,
    };
  } finally {
    closeSync(descriptor);
    rmSync(file);
  }
}

let nextFile = 0;

/** Where memory files are: in memory, if the system has such a folder. */
export function memoryFolder(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

/** What the names of this process's memory files begin with. */
export function memoryFilePrefix(): string {
  return `exitdsl-${process.pid}-`;
}

function qemuArguments(image: string, memory: string, size: number): readonly string[] {
  return [
    ...["-M", "microvm,memory-backend=ram,pit=off,pic=off,rtc=off,isa-serial=off,x-option-roms=off", "-accel", "tcg", "-cpu", "max"],
    ...["-object", `memory-backend-file,id=ram,size=${size},mem-path=${memory},share=on`, "-m", `${size / 1048576}M`],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-serial", "none", "-no-reboot"],
    ...["-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", image],
  ];
}
