/** One run of a path in the simulator that the compiler emits for the spec: what goes in, and what each step changes. */
import type { Compilation } from "../compiler/compile.js";
import type { Event, Exit, Model } from "../compiler/model/model.js";
import { pathsOfNmis, playNmi } from "../verify/nmi.js";
import {
  loadSimulator,
  type Outcome,
  type ScriptEntry,
  type SimulatedMachine,
  type SimulatorModule,
  simulatorScript,
} from "../verify/simulator.js";
import { startsWith, usualMachine } from "../verify/usual.js";

/** The groups whose words can be given with `--set`, in the order in which a name is looked for. */
const settableGroups = ["register", "system", "value", "msr", "memory", "stack"] as const;
const allGroups = ["frame", "flags", ...settableGroups] as const;

/** Where an NMI's handler has its frame, and kernel text that it interrupts: any will do. */
const nmiStack = 0xfffffe0000003f00n;
const interruptedText = 0xffffffff81000000n;

export interface RunInput {
  readonly exit: Exit;
  readonly event: Event;
  readonly fromUser: boolean;
  readonly features: ReadonlySet<string>;
  /** Bits set at the start, by flags word. */
  readonly flags: Readonly<Record<string, number>>;
  readonly frame: Readonly<Record<string, bigint>>;
  readonly words: Readonly<Record<string, bigint>>;
  readonly script: readonly ScriptEntry[];
  /** An NMI comes before an instruction of the path, counted from 1, and is left by another path; undefined: none does. */
  readonly nmi: { readonly before: number; readonly exit: Exit } | undefined;
  /** Whose SYSRET it is. */
  readonly vendor: "intel" | "amd";
}

export interface TracedStep {
  /** The exit by which an NMI is left, for its steps; undefined for those of the path itself. */
  readonly nmi: string | undefined;
  readonly text: string;
  readonly place: string;
  /** The number of the script entry that it takes, from 1; undefined for instructions. */
  readonly event: number | undefined;
  /** After the step. */
  readonly irqs: boolean;
  /** By flags word, after the step. */
  readonly flags: Readonly<Record<string, number>>;
  /** `rdi`, `frame.ip` … and their new values. Registers are the C code's own business on the C side. */
  readonly changes: readonly { readonly name: string; readonly value: bigint }[];
}

export interface Run {
  readonly steps: readonly TracedStep[];
  /** What went on for ever, in place of an outcome. */
  readonly endless: string | undefined;
  readonly outcome: Outcome | undefined;
  /** Did the NMI come, and does its path restore what it interrupted? */
  readonly nmi: "none" | "led back" | "no way back";
  readonly final: (word: string) => bigint;
}

export class Simulation {
  readonly #module: SimulatorModule;
  readonly #model: Model;

  private constructor(module: SimulatorModule, model: Model) {
    this.#module = module;
    this.#model = model;
  }

  /** Emits the simulator as JavaScript and loads it. */
  static async of(compilation: Compilation): Promise<Simulation> {
    const model = compilation.model as Model;
    return new Simulation(await loadSimulator(simulatorScript(model, compilation.graphs), importModule), model);
  }

  /** The names that `--set` takes. */
  settable(): string[] {
    return settableGroups.flatMap((group) => Object.keys(this.#module[group] ?? {}));
  }

  run(input: RunInput): Run {
    const path = this.#module.paths[input.exit.name] as SimulatorModule["paths"][string];
    const machine = this.#machine(input);
    const features = Object.fromEntries(this.#model.features.map(({ name }) => [name, input.features.has(name)]));
    const perCpu = machine.get(this.#word(startsWith(input.event, "gs", "kernel") ? "gs_base" : "kernel_gs_base"));
    let nmi: Run["nmi"] = "none";
    let inserted: { readonly at: number; readonly steps: readonly TracedStep[] } | undefined;
    let instruction = 0;
    const recorder = new Recorder(machine, (code, at) => {
      if (!input.nmi || code < path.events || ++instruction !== input.nmi.before) return;
      const steps = this.#nmi(input.nmi.exit, machine, features, perCpu);
      nmi = steps ? "led back" : "no way back";
      if (steps) inserted = { at, steps };
    });
    let outcome: Outcome | undefined;
    let endless: string | undefined;
    try {
      outcome = path.run(machine, features, input.script, recorder);
    } catch (error) {
      // The one error that a simulator throws: its loop waits for flags that nothing clears.
      endless = (error as Error).message;
    }
    recorder.finish();
    const final = (name: string) => machine.get(this.#word(name));
    const own = this.#steps(path, recorder, undefined);
    const steps = inserted ? own.toSpliced(inserted.at, 0, ...inserted.steps) : own;
    return { steps, endless, outcome, nmi, final };
  }

  /** The exits by which an NMI can be left, those first that know of being one. */
  nmiExits(): readonly Exit[] {
    const { exits } = this.#model;
    const possible = pathsOfNmis(exits, this.#model, this.#module).flatMap((i) => exits[i] ?? []);
    const isNmis = (exit: Exit) => Number(exit.events.every((event) => startsWith(event, "nmi", "masked")));
    return possible.sort((a, b) => isNmis(b) - isNmis(a));
  }

  /** The steps by which an NMI is left that interrupts `interrupted`; undefined when they do not lead back. */
  #nmi(
    exit: Exit,
    interrupted: SimulatedMachine,
    features: Readonly<Record<string, boolean>>,
    perCpu: bigint,
  ): readonly TracedStep[] | undefined {
    const path = this.#module.paths[exit.name] as SimulatorModule["paths"][string];
    const machine = new this.#module.Machine();
    let recorder = new Recorder(machine);
    const entered = playNmi(exit, interrupted, {
      module: this.#module,
      model: this.#model,
      machine,
      features,
      place: { rsp: nmiStack, rip: interruptedText, perCpu },
      trace: () => {
        recorder = new Recorder(machine);
        return recorder;
      },
    });
    recorder.finish();
    return entered && this.#steps(path, recorder, exit.name);
  }

  #machine({ exit, event, fromUser, flags, frame, vendor, words }: RunInput): SimulatedMachine {
    const machine = usualMachine(this.#module, this.#model, exit, event, fromUser);
    machine.vendor = vendor;
    for (const [name, value] of Object.entries(frame)) this.#set(machine, this.#module.frame?.[name], value);
    for (const [name, value] of Object.entries(flags)) this.#set(machine, this.#module.flags?.[name], BigInt(value));
    for (const [name, value] of Object.entries(words)) this.#set(machine, this.#word(name), value);
    return machine;
  }

  /** A field that no path reads has no word. */
  #set(machine: SimulatedMachine, word: number | undefined, value: bigint): void {
    if (word !== undefined) machine.set(word, value);
  }

  #word(name: string): number {
    for (const group of settableGroups) {
      const word = this.#module[group]?.[name];
      if (word !== undefined) return word;
    }
    return -1;
  }

  #steps(path: SimulatorModule["paths"][string], { codes, states, irqs }: Recorder, nmi: string | undefined): TracedStep[] {
    let events = 0;
    return codes.map((code, index): TracedStep => {
      const [text, place] = path.steps[code] ?? [`code ${code}`, ""];
      const isEvent = code < path.events;
      if (isEvent) events++;
      const after = states[index + 1] as Uint32Array;
      const flags = Object.fromEntries(Object.entries(this.#module.flags ?? {}).map(([name, word]) => [name, after[word] as number]));
      const changes = this.#changes(states[index] as Uint32Array, after, isEvent ? ["frame"] : allGroups);
      return { nmi, text, place, event: isEvent ? events : undefined, irqs: irqs[index + 1] as boolean, flags, changes };
    });
  }

  #changes(before: Uint32Array, after: Uint32Array, groups: readonly (typeof allGroups)[number][]): TracedStep["changes"] {
    return groups
      .filter((group) => group !== "flags")
      .flatMap((group) =>
        Object.entries(this.#module[group] ?? {})
          .filter(([, word]) => before[word] !== after[word] || before[word + 1] !== after[word + 1])
          .map(([name, word]) => {
            const value = (BigInt(after[word + 1] as number) << 32n) | BigInt(after[word] as number);
            return { name: group === "frame" || group === "stack" ? `${group}.${name}` : name, value };
          }),
      );
  }
}

/** A trace that keeps the machine's state before each step: the simulator appends a step's code before it does it. */
class Recorder extends Array<number> {
  readonly codes: number[] = [];
  readonly states: Uint32Array[] = [];
  readonly irqs: boolean[] = [];
  readonly #machine: SimulatedMachine;
  readonly #before: (code: number, index: number) => void;

  /** @param before is told of each step before it is done, by its code and its index */
  constructor(machine: SimulatedMachine, before: (code: number, index: number) => void = () => undefined) {
    super();
    this.#machine = machine;
    this.#before = before;
  }

  override push(...codes: number[]): number {
    for (const code of codes) {
      this.#before(code, this.codes.length);
      this.finish();
      this.codes.push(code);
    }
    return this.codes.length;
  }

  finish(): void {
    this.states.push(this.#machine.words.slice());
    this.irqs.push(this.#machine.irqs);
  }
}
