/** Cases as the machine reads them, with what the simulator makes of them; then what the machine made of them. */
import { CaseBytes, caseHead } from "./case-bytes.js";
import { type Case, CaseMaker } from "./cases.js";
import { emulators } from "./emulators.js";
import type { Image } from "./image.js";
import { type Injected, InjectedRuns } from "./injected-runs.js";
import { Random } from "./random.js";
import { Runner, type Simulated } from "./runner.js";
import type { SimulatedMachine } from "./simulator.js";

const runAddress = 0x200000;
const headSize = 4096;
const firstCase = runAddress + headSize;
const megabytes2 = 0x200000;
const resultHead = 64;
const eventsKept = 128;
const stepSize = 32;
/** Steps that a case may take, on average, before the log is full. */
const stepsPerCase = 160;

/** What the simulator says of a case. */
export interface Expected extends Simulated {
  readonly index: number;
  readonly path: number;
  /** What NMIs and interrupts add to it; undefined where none are injected. */
  readonly injected?: Injected | undefined;
}

export interface Batch {
  readonly image: Image;
  readonly seed: number;
  readonly stepped: boolean;
  readonly cases: readonly Expected[];
  /** Final words of all cases. */
  readonly words: Uint32Array;
  /** Halves a case. */
  readonly size: number;
  /** The machine's memory from `runAddress` on: room for the head, then the cases. */
  readonly input: Buffer;
}

/**
 * Makes cases and runs the simulator on them. A case whose C side never ends is no case.
 * @param paths indices of the paths, taken in turn
 * @param injected NMIs and interrupts come, too; only where the machine is single-stepped
 */
export function makeBatch(
  image: Image,
  paths: readonly number[],
  seed: number,
  first: number,
  count: number,
  stepped: boolean,
  injected = false,
): Batch {
  const maker = new CaseMaker(image);
  const batch = new BatchMaker(image, stepped, count);
  for (let index = first; batch.length < count; index++) {
    const make = (machine: SimulatedMachine) => maker.make(paths[index % paths.length] ?? 0, seed, index, machine);
    batch.add(index, make, injected ? injectionRandom(seed, index) : undefined);
  }
  return batch.made(seed);
}

/** What is injected into the case with this number of a seed is drawn from it. */
export function injectionRandom(seed: number, index: number): Random {
  return new Random(new Random(seed + 1).next() ^ index);
}

/** Collects cases, with what the simulator makes of each. */
export class BatchMaker {
  private readonly machine: SimulatedMachine;
  private readonly words: Uint32Array;
  private readonly cases: Expected[] = [];
  private readonly input: CaseBytes;
  private readonly flagWords: readonly string[];
  private readonly fields: readonly string[];
  private readonly runner: Runner;
  private readonly injectedRuns: InjectedRuns;

  /** @param capacity how many cases it can take */
  constructor(
    private readonly image: Image,
    private readonly stepped: boolean,
    capacity: number,
  ) {
    const { module, spec } = image.bench;
    this.machine = new module.Machine();
    this.words = new Uint32Array(this.machine.words.length * capacity);
    // Half as much again for scripts.
    this.input = new CaseBytes(headSize, headSize + 1.5 * capacity * (caseHead + this.machine.words.byteLength));
    this.flagWords = spec.model.flagWords.map((w) => w.name);
    this.fields = Object.keys(module.frame);
    this.runner = new Runner(image, stepped);
    this.injectedRuns = new InjectedRuns(image, this.runner);
  }

  get length(): number {
    return this.cases.length;
  }

  /**
   * @param make puts the case's machine into the one that it is given
   * @param random draws what is injected; undefined: nothing is
   * @returns false for a case whose C side never ends
   */
  add(index: number, make: (machine: SimulatedMachine) => Case, random?: Random): boolean {
    const { input, machine } = this;
    const made = make(machine);
    machine.vendor = emulators[this.image.emulator].vendor;
    const start = input.length;
    input.case(made, machine.words, this.flagWords, this.fields);
    try {
      if (random) {
        const { injection, ...expected } = this.injectedRuns.run(made, machine, random);
        input.injection(start, injection);
        this.cases.push({ index, path: made.path, ...expected });
      } else this.cases.push({ index, path: made.path, ...this.runner.run(made, machine) });
      this.words.set(machine.words, (this.cases.length - 1) * machine.words.length);
      return true;
    } catch (error) {
      if (!/never ends/.test(String(error))) throw error;
      input.length = start;
      return false;
    }
  }

  made(seed: number): Batch {
    const { cases, image, stepped, words } = this;
    return { image, seed, stepped, cases, words, size: this.machine.words.length, input: this.input.bytes() };
  }
}

// ── On the machine ──

export interface Results {
  /** How many cases came to their end. */
  readonly completed: number;
  /** Why the machine stopped, if it did not go through all of them. */
  readonly stopped: string;
  readonly result: (i: number) => Result;
  /** Logged steps of a case, also of the one at which the machine stopped: RIP, RFLAGS, CR3, GS.base, each in halves. */
  readonly steps: (i: number) => Uint32Array;
  /** Milliseconds from the start of the emulator to its end. */
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
  /** How often the NMI's handler ran, and how often an interrupt's. */
  readonly nmis: number;
  readonly interrupts: number;
}

const up = (address: number): number => Math.ceil(address / megabytes2) * megabytes2;

/** Runs a batch on its emulator. @param limit milliseconds, after which the machine is stopped */
export async function runBatch({ cases, image, input, size, stepped }: Batch, limit = 60_000): Promise<Results> {
  const count = cases.length;
  const resultSize = Math.ceil((resultHead + 2 * eventsKept + 4 * size) / 64) * 64;
  const results = up(runAddress + input.length);
  const steps = up(results + count * resultSize);
  const stepsEnd = stepped ? steps + up(count * stepsPerCase * stepSize) : steps;
  const progressAt = runAddress + 8 * 6;
  [count, firstCase, results, resultSize, stepped ? steps : 0, stepped ? stepsEnd - stepSize : 0].forEach((word, i) => {
    input.writeBigUInt64LE(BigInt(word), 8 * i);
  });
  const finished = await emulators[image.emulator].run(
    image,
    { size: stepsEnd + megabytes2, input, inputAt: runAddress, progressAt, output: [results, stepsEnd] },
    limit,
  );
  try {
    const bytes = finished.read(results, count * resultSize);
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
        nmis: halves[at + 12] ?? 0,
        interrupts: halves[at + 14] ?? 0,
      };
    };
    const endOf = (i: number): number => (i < 0 ? steps : (halves[(i * resultSize) / 4 + 10] ?? steps));
    const log = stepped ? new Uint32Array(finished.read(steps, Math.max(0, endOf(completed - 1) - steps)).buffer) : new Uint32Array();
    const last = unended(finished.read, endOf(completed - 1), completed < count ? stepsEnd : 0);
    return {
      completed,
      stopped: completed === count ? "" : finished.stopped,
      result,
      steps: (i) => (i < completed ? log.subarray((endOf(i - 1) - steps) / 4, (endOf(i) - steps) / 4) : last),
      time: finished.time,
    };
  } finally {
    finished.dispose();
  }
}

/** The steps of a case that did not come to its end: as many as are logged, up to some. */
function unended(read: (from: number, length: number) => Uint8Array, from: number, end: number): Uint32Array {
  const log = new Uint32Array(read(from, Math.max(0, Math.min(1000 * stepSize, end - from))).buffer);
  const numbers = stepSize / 4;
  let count = 0;
  while (log[count * numbers]) count++;
  return log.subarray(0, count * numbers);
}
