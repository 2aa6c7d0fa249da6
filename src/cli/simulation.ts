/** One run of a path in the simulator that the compiler emits for the spec: what goes in, and what each step changes. */
import type { Compilation } from "../compiler/compile.js";
import { emitSimulatorScript } from "../compiler/emit/simulator/simulator.js";
import type { Event, Exit, Model } from "../compiler/model/model.js";
import { version } from "../compiler/version.js";

type Words = Readonly<Record<string, number>>;

interface Machine {
  readonly words: Uint32Array;
  irqs: boolean;
  get(word: number): bigint;
  set(word: number, value: bigint): void;
}

export interface ScriptEntry {
  readonly set?: Readonly<Record<string, number>>;
  readonly async?: Readonly<Record<string, number>>;
  readonly frame?: Readonly<Record<string, bigint>>;
}

export interface Outcome {
  readonly result: boolean | undefined;
  readonly terminal: string;
  readonly target: "user" | "kernel";
  readonly fault: { readonly vector: string; readonly ring: number; readonly recovery: string | undefined } | undefined;
}

/** What the emitted module exports; a group without words is not there. */
interface SimulatorModule {
  readonly Machine: new () => Machine;
  readonly register: Words;
  readonly system: Words;
  readonly frame?: Words;
  readonly flags?: Words;
  readonly value?: Words;
  readonly msr?: Words;
  readonly memory?: Words;
  readonly stack?: Words;
  readonly paths: Readonly<
    Record<
      string,
      {
        run(machine: Machine, features: Readonly<Record<string, boolean>>, script: readonly ScriptEntry[], trace: number[]): Outcome;
        readonly events: number;
        readonly steps: readonly (readonly [text: string, place: string])[];
      }
    >
  >;
}

/** The groups whose words can be given with `--set`, in the order in which a name is looked for. */
const settableGroups = ["register", "system", "value", "msr", "memory", "stack"] as const;
const allGroups = ["frame", "flags", ...settableGroups] as const;

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
}

export interface TracedStep {
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
    const script = emitSimulatorScript(model, compilation.graphs, { stem: "simulator", digest: "", version });
    const module = await importModule(`data:text/javascript,${encodeURIComponent(script)}`);
    return new Simulation(module as SimulatorModule, model);
  }

  /** The names that `--set` takes. */
  settable(): string[] {
    return settableGroups.flatMap((group) => Object.keys(this.#module[group] ?? {}));
  }

  run(input: RunInput): Run {
    const path = this.#module.paths[input.exit.name] as SimulatorModule["paths"][string];
    const machine = this.#machine(input);
    const recorder = new Recorder(machine);
    const features = Object.fromEntries(this.#model.features.map(({ name }) => [name, input.features.has(name)]));
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
    return { steps: this.#steps(path, recorder), endless, outcome, final };
  }

  #machine({ exit, event, fromUser, flags, frame, words }: RunInput): Machine {
    const machine = new this.#module.Machine();
    machine.set(this.#module.system.kernel_gs_base as number, fromUser ? userGsBase : 0n);
    machine.irqs = [...event.starts].some((s) => s.dimension.name === "irqs" && s.dimension.values[s.value] === "on");
    const fields = { ...initialFrame(this.#model, exit, event, fromUser), ...frame };
    for (const [name, value] of Object.entries(fields)) this.#set(machine, this.#module.frame?.[name], value);
    for (const [name, value] of Object.entries(flags)) this.#set(machine, this.#module.flags?.[name], BigInt(value));
    for (const [name, value] of Object.entries(words)) this.#set(machine, this.#word(name), value);
    return machine;
  }

  /** A field that no path reads has no word. */
  #set(machine: Machine, word: number | undefined, value: bigint): void {
    if (word !== undefined) machine.set(word, value);
  }

  #word(name: string): number {
    for (const group of settableGroups) {
      const word = this.#module[group]?.[name];
      if (word !== undefined) return word;
    }
    return -1;
  }

  #steps(path: SimulatorModule["paths"][string], { codes, states, irqs }: Recorder): TracedStep[] {
    let events = 0;
    return codes.map((code, index): TracedStep => {
      const [text, place] = path.steps[code] ?? [`code ${code}`, ""];
      const isEvent = code < path.events;
      if (isEvent) events++;
      const after = states[index + 1] as Uint32Array;
      const flags = Object.fromEntries(Object.entries(this.#module.flags ?? {}).map(([name, word]) => [name, after[word] as number]));
      const changes = this.#changes(states[index] as Uint32Array, after, isEvent ? ["frame"] : allGroups);
      return { text, place, event: isEvent ? events : undefined, irqs: irqs[index + 1] as boolean, flags, changes };
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
  readonly #machine: Machine;

  constructor(machine: Machine) {
    super();
    this.#machine = machine;
  }

  override push(...codes: number[]): number {
    for (const code of codes) {
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

const userGsBase = 0x00007f1000000000n;

/** A frame as the processor and entry would have saved it: user or kernel selectors, IRQs on, and values that are easy to recognise. */
function initialFrame(model: Model, exit: Exit, event: Event, fromUser: boolean): Record<string, bigint> {
  const rip = fromUser ? 0x401000n : 0xffffffff81000000n;
  const saved: Record<string, bigint> = fromUser
    ? { rip, cs: 0x33n, rflags: 0x202n, rsp: 0x00007ffffffde000n, ss: 0x2bn }
    : { rip, cs: 0x10n, rflags: 0x202n, rsp: 0xffffc90000003e00n, ss: 0x18n };
  // SYSCALL itself takes RCX for RIP and R11 for RFLAGS (SDM Vol. 2B, SYSCALL).
  const taken: Record<string, bigint> = { rcx: rip, r11: saved.rflags as bigint };
  const fields: Record<string, bigint> = {};
  for (const [index, { name, saves }] of (model.frame?.fields ?? []).entries()) {
    if (saves === undefined) continue;
    fields[name] = saved[saves] ?? (event.loses.includes(saves) ? taken[saves] : undefined) ?? 0x0101010101010101n * BigInt(index + 1);
  }
  for (const { frameFacts } of exit.events) {
    for (const fact of frameFacts) {
      if (fact.kind !== "compare" || fact.operator !== "==" || fact.left.kind !== "field" || fact.right.kind !== "number") continue;
      if (fact.right.constants.length === 0) fields[fact.left.field.name] = BigInt.asUintN(64, fact.right.literal);
    }
  }
  return fields;
}
