/**
 * The JavaScript side: makes the cases that `harness.c` makes, from the same random numbers, and runs them in the simulator.
 * Nothing is allocated for a case but what a rewritten frame needs, so that a million cases take about a second.
 */

import type { FlagBit, PlainPlan } from "../../src/verify/plan.js";
import { endless, endlessHash, scriptLimit } from "./limits.js";

/** What a simulator module exports, as far as it is used here. */
export interface SimulatorModule {
  readonly Machine: new () => SimulatorMachine;
  readonly frame: Readonly<Record<string, number>>;
  readonly flags?: Readonly<Record<string, number>>;
  readonly value?: Readonly<Record<string, number>>;
  readonly paths: Readonly<Record<string, SimulatorPath>>;
}

export interface SimulatorMachine {
  readonly words: Uint32Array;
  irqs: boolean;
  copyFrom(other: SimulatorMachine): void;
}

export interface SimulatorPath {
  readonly run: (
    machine: SimulatorMachine,
    features: object,
    script: readonly object[],
    trace: { push(code: number): unknown },
  ) => { readonly result: boolean | undefined };
  readonly events: number;
}

interface Field {
  readonly name: string;
  /** The machine's word. */
  readonly index: number;
  readonly alike: number;
  /** Four halves a draw: mask low, mask high, value low, value high. */
  readonly good: Uint32Array;
  readonly all: Uint32Array;
}

const mix = (x: number): number => {
  let z = x;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
};

export class Cases {
  private readonly path: SimulatorPath;
  private readonly machine: SimulatorMachine;
  private readonly pristine: SimulatorMachine;
  private readonly featureObjects: readonly object[];
  private readonly wordIndices: readonly number[];
  private readonly valueIndices: readonly number[];
  private readonly valueCandidates: readonly Uint32Array[];
  private readonly fieldIndices: readonly number[];
  private readonly fields: readonly Field[];
  private readonly flagBits: readonly FlagBit[];
  /** Fields that `leave` writes to, so that their values at the end are not those that `prepare` left. */
  private readonly hiddenFields: ReadonlySet<number>;
  private readonly irqCodes: { readonly on: number; readonly off: number };
  private readonly draftLow: Uint32Array;
  private readonly draftHigh: Uint32Array;
  private readonly script: Entry[] = [];
  private readonly pool: readonly Entry[];
  readonly exhaustive: boolean;
  private state = 0;
  private hash = 0;
  private irqs = false;
  private recorded: number[] | undefined;
  caseSeed = 0;
  /** Counts cases, so that entries know whether they are up to date. */
  generation = 0;
  digits = 0;

  constructor(plan: PlainPlan, module: SimulatorModule, exhaustive: boolean) {
    const path = module.paths[plan.exit];
    if (!path) throw new Error(`the simulator has no path ${plan.exit}`);
    this.path = path;
    this.exhaustive = exhaustive;
    this.machine = new module.Machine();
    this.pristine = new module.Machine();
    this.pristine.irqs = plan.irqsStartOn;
    this.featureObjects = plan.combinations.map((on) =>
      Object.fromEntries(plan.features.map((f) => [f.name, ((on >>> f.index) & 1) !== 0])),
    );
    const indexOf = (group: Readonly<Record<string, number>> | undefined, name: string): number => {
      const index = group?.[name];
      if (index === undefined) throw new Error(`the simulator has no word ${name}`);
      return index;
    };
    this.wordIndices = plan.words.map((name) => indexOf(module.flags, name));
    this.valueIndices = plan.values.map((v) => indexOf(module.value, v.name));
    this.valueCandidates = plan.values.map((v) => Uint32Array.from(v.candidates));
    this.fieldIndices = plan.frame.map((name) => indexOf(module.frame, name));
    this.fields = plan.fields.map((f) => ({
      name: f.name,
      index: this.fieldIndices[f.field] as number,
      alike: f.alike,
      good: Uint32Array.from(f.good),
      all: Uint32Array.from(f.all),
    }));
    this.flagBits = plan.flagBits;
    this.hiddenFields = new Set(plan.hiddenFields);
    this.irqCodes = plan.irqCodes;
    this.draftLow = new Uint32Array(plan.fields.length);
    this.draftHigh = new Uint32Array(plan.fields.length);
    this.pool = Array.from({ length: scriptLimit }, (_, k) => new Entry(this, k, plan));
  }

  // ── Random numbers: as in the harness ──

  seedEntry(index: number): void {
    this.state = mix(this.caseSeed ^ Math.imul(index + 1, 0x85ebca6b));
  }

  next(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    return mix(this.state) >>> 0;
  }

  getState(): number {
    return this.state;
  }

  setState(state: number): void {
    this.state = state;
  }

  private note(x: number): void {
    const h = Math.imul(this.hash ^ x, 0x9e3779b1);
    this.hash = h ^ (h >>> 15);
  }

  private drawFields(): void {
    const friendly = (this.next() & 3) !== 0;
    const { draftLow, draftHigh, fields } = this;
    for (let j = 0; j < fields.length; j++) {
      const f = fields[j] as Field;
      const c = this.next();
      const good = friendly && (c & 15) !== 0;
      if (f.alike >= 0 && (good || (c & 16) !== 0)) {
        draftLow[j] = draftLow[f.alike] as number;
        draftHigh[j] = draftHigh[f.alike] as number;
        continue;
      }
      const halves = good ? f.good : f.all;
      const at = ((c >>> 5) % (halves.length / 4)) * 4;
      draftLow[j] = (this.next() & (halves[at] as number)) | (halves[at + 2] as number);
      draftHigh[j] = (this.next() & (halves[at + 1] as number)) | (halves[at + 3] as number);
    }
  }

  /** What a rewriting function writes, or nothing. */
  drawFrame(): Record<string, bigint> | undefined {
    const c = this.next();
    if ((c & 3) !== 0) return undefined;
    this.drawFields();
    const values: Record<string, bigint> = {};
    this.fields.forEach((f, j) => {
      if (((c >>> (2 + (j % 30))) & 1) !== 0)
        values[f.name] = (BigInt(this.draftHigh[j] as number) << 32n) | BigInt(this.draftLow[j] as number);
    });
    return values;
  }

  // ── A case ──

  /** @returns the features */
  private make(seed: number, index: number): object {
    const { machine, script, pool } = this;
    const w = machine.words;
    this.generation++;
    machine.copyFrom(this.pristine);
    this.caseSeed = mix(seed ^ mix((index + 0x9e3779b9) | 0));
    this.state = this.caseSeed;
    let features = this.featureObjects[this.next() % this.featureObjects.length] as object;
    for (const at of this.wordIndices) w[at] = this.next() & this.next();
    let length = this.next() % scriptLimit;
    if (this.exhaustive) {
      let rest = index;
      features = this.featureObjects[rest % this.featureObjects.length] as object;
      rest = Math.floor(rest / this.featureObjects.length);
      for (const at of this.wordIndices) w[at] = 0;
      for (const { word, bit } of this.flagBits) {
        const at = this.wordIndices[word] as number;
        if (rest % 2 === 1) w[at] = (w[at] as number) | bit;
        rest = Math.floor(rest / 2);
      }
      this.digits = rest;
      length = scriptLimit;
    }
    for (let i = 0; i < this.valueIndices.length; i++) {
      const candidates = this.valueCandidates[i] as Uint32Array;
      const c = this.next();
      w[this.valueIndices[i] as number] = (c & 3) !== 0 ? (candidates[(c >>> 2) % candidates.length] as number) : this.next();
    }
    const base = this.next();
    for (let i = 0; i < this.fieldIndices.length; i++) {
      const at = this.fieldIndices[i] as number;
      w[at] = base + Math.imul(i, 0x9e3779b1);
      w[at + 1] = base ^ i;
    }
    this.drawFields();
    for (let j = 0; j < this.fields.length; j++) {
      const { index: at } = this.fields[j] as Field;
      w[at] = this.draftLow[j] as number;
      w[at + 1] = this.draftHigh[j] as number;
    }
    script.length = 0;
    for (let k = 0; k < length; k++) script.push(pool[k] as Entry);
    this.irqs = this.pristine.irqs;
    return features;
  }

  /** The simulator's trace: events are hashed, instructions of `leave` are another test's. */
  private readonly trace = {
    push: (code: number): void => {
      if (code >= this.path.events) return;
      this.note(code + 1);
      if (code === this.irqCodes.on) this.irqs = true;
      else if (code === this.irqCodes.off) this.irqs = false;
      this.recorded?.push(code);
    },
  };

  /** Runs one case; the hash of all that can be observed. */
  run(seed: number, index: number): number {
    const features = this.make(seed, index);
    this.hash = 0x811c9dc5 | 0;
    const result = this.outcome(features);
    if (result === endless) return endlessHash;
    this.note(result);
    this.note(this.irqs ? 1 : 0);
    const w = this.machine.words;
    for (const at of this.wordIndices) this.note(w[at] as number);
    for (let i = 0; i < this.fieldIndices.length; i++) {
      if (this.hiddenFields.has(i)) continue;
      const at = this.fieldIndices[i] as number;
      this.note(w[at] as number);
      this.note(w[at + 1] as number);
    }
    return this.hash;
  }

  private outcome(features: object): number {
    try {
      const { result } = this.path.run(this.machine, features, this.script, this.trace);
      return result === undefined ? 2 : result ? 1 : 0;
    } catch (error) {
      if (error instanceof Error && error.message.includes("never ends")) return endless;
      throw error;
    }
  }

  /** One hash for `count` cases from `first` on. */
  block(seed: number, first: number, count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = mix(sum ^ this.run(seed, first + i));
    return sum >>> 0;
  }

  /** One case as the harness prints it. */
  describe(seed: number, index: number): string[] {
    const features = this.make(seed, index);
    const events: number[] = [];
    this.recorded = events;
    const result = this.outcome(features);
    this.recorded = undefined;
    const w = this.machine.words;
    const hex = (n: number) => n.toString(16).padStart(8, "0");
    return [
      ...events.map((code) => `event ${code}`),
      `result ${result}`,
      `irqs ${this.irqs ? 1 : 0}`,
      ...this.wordIndices.map((at, i) => `word ${i} 0x${hex(w[at] as number)}`),
      ...this.fieldIndices.flatMap((at, i) =>
        this.hiddenFields.has(i) ? [] : [`field ${i} 0x${hex(w[at + 1] as number)}${hex(w[at] as number)}`],
      ),
    ];
  }
}

/** An entry of the script that is drawn only when it is looked at. */
class Entry {
  private readonly cases: Cases;
  private readonly index: number;
  private readonly names: readonly string[];
  private readonly flagBits: readonly FlagBit[];
  private readonly exhaustive: boolean;
  private readonly setValues: Record<string, number> = {};
  private readonly asyncValues: Record<string, number> = {};
  private drawn = -1;
  private frameDrawn = -1;
  private frameValues: Record<string, bigint> | undefined;
  private stateAfter = 0;

  constructor(cases: Cases, index: number, plan: PlainPlan) {
    this.cases = cases;
    this.index = index;
    this.names = plan.words;
    this.flagBits = plan.flagBits;
    this.exhaustive = cases.exhaustive;
    for (const name of this.names) {
      this.setValues[name] = 0;
      this.asyncValues[name] = 0;
    }
  }

  private draw(): void {
    const { cases, setValues, asyncValues } = this;
    if (this.drawn === cases.generation) return;
    this.drawn = cases.generation;
    cases.seedEntry(this.index);
    if (this.exhaustive) {
      const base = this.flagBits.length + 1;
      const digit = Math.floor(cases.digits / base ** this.index) % base;
      for (const name of this.names) {
        setValues[name] = 0;
        asyncValues[name] = 0;
      }
      const flag = this.flagBits[digit - 1];
      if (flag) {
        const name = this.names[flag.word] as string;
        setValues[name] = flag.bit;
        asyncValues[name] = flag.bit;
      }
    } else {
      for (const name of this.names) {
        setValues[name] = cases.next() & cases.next();
        asyncValues[name] = cases.next() & cases.next();
      }
    }
    this.stateAfter = cases.getState();
  }

  get set(): Readonly<Record<string, number>> {
    this.draw();
    return this.setValues;
  }

  get async(): Readonly<Record<string, number>> {
    this.draw();
    return this.asyncValues;
  }

  get frame(): Readonly<Record<string, bigint>> | undefined {
    this.draw();
    if (this.frameDrawn !== this.cases.generation) {
      this.frameDrawn = this.cases.generation;
      this.cases.setState(this.stateAfter);
      this.frameValues = this.cases.drawFrame();
    }
    return this.frameValues;
  }
}
