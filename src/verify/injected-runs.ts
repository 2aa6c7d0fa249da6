/** Cases into which NMIs and interrupts come: the simulator's run with them, and what the machine has to be told. */
import type { Case } from "./cases.js";
import type { Image } from "./image.js";
import { type Injection, Injector, type NmiEntry, NoWayBack } from "./injection.js";
import type { Random } from "./random.js";
import { type Runner, type Simulated, stepNumbers } from "./runner.js";
import type { SimulatedMachine } from "./simulator.js";

/** What an injection adds to the steps of a case, and how often its handlers run. */
export interface Injected {
  /** Position behind which the NMI's steps come. */
  readonly after: number;
  readonly steps: readonly number[];
  readonly nmis: number;
  /** The NMI was to come in the C side, which may have ended before. */
  readonly mayNotCome: boolean;
  /** An interrupt has to come, not only may. */
  readonly interrupt: boolean;
  /** For each word of flags, what an interrupt before the C side sets. */
  readonly flags: readonly number[];
  /** Why the path by which the NMI is left cannot lead back. */
  readonly noWayBack: string | undefined;
}

export class InjectedRuns {
  private readonly injector: Injector;
  private readonly start: SimulatedMachine;
  private readonly asyncFlags: readonly number[];

  constructor(
    private readonly image: Image,
    private readonly runner: Runner,
  ) {
    const { Machine } = image.bench.module;
    this.injector = new Injector(image, new Machine());
    this.start = new Machine();
    this.asyncFlags = image.bench.plans[0]?.words.map((w) => w.async) ?? [];
  }

  /** @returns what is expected, and the injection, if there is any */
  run(made: Case, machine: SimulatedMachine, random: Random): Simulated & { readonly injected: Injected; readonly injection: Injection } {
    this.start.copyFrom(machine);
    let simulated = this.runner.run(made, machine);
    const interrupt = this.injector.drawInterrupt(random, this.undisturbed(made, simulated), { flagWords: this.asyncFlags });
    if (interrupt) {
      const { flags = {} } = this.image.bench.module;
      Object.values(flags).forEach((word, i) => {
        this.start.words[word] = ((this.start.words[word] ?? 0) | (interrupt.flags[i] ?? 0)) >>> 0;
      });
      machine.copyFrom(this.start);
      simulated = this.runner.run(made, machine);
    }
    const place = this.injector.drawNmi(random, made.path, this.undisturbed(made, simulated));
    const irqSeed =
      made.script.some(({ async = {} }) => Object.values(async).some((bits) => bits !== 0)) && random.once(2) ? random.next() : 0;
    let nmi: NmiEntry | undefined;
    let noWayBack: string | undefined;
    if (place) {
      machine.copyFrom(this.start);
      simulated = this.runner.run(made, machine, (step) => {
        if (step !== place.at) return;
        try {
          nmi = this.injector.enter(random, machine, made);
        } catch (error) {
          if (!(error instanceof NoWayBack)) throw error;
          noWayBack = error.message;
        }
      });
    }
    const nestedAt = nmi ? this.injector.drawNested(random, nmi) : 0;
    const once = nmi?.steps ?? [];
    // IRET, stepped itself, ends in a debug exception at the boundary to which it leads: that is logged once more.
    const again = place?.inC === 0 ? simulated.steps.slice(place.at * stepNumbers, (place.at + 1) * stepNumbers) : [];
    return {
      ...simulated,
      injected: {
        after: (place?.at ?? 0) + 1,
        steps: once.length === 0 ? [] : nestedAt > 0 ? [...once, ...once, ...again] : [...once, ...again],
        nmis: !nmi ? 0 : nestedAt > 0 ? 2 : 1,
        mayNotCome: (place?.inC ?? 0) > 0,
        interrupt: interrupt !== undefined,
        flags: interrupt?.flags ?? [],
        noWayBack,
      },
      injection: {
        nmiAt: nmi && place && place.inC === 0 ? place.at + 1 : 0,
        nmiInCAt: nmi ? (place?.inC ?? 0) : 0,
        nestedAt,
        irqAt: interrupt?.irqAt ?? 0,
        irqSeed,
        nmi,
        flags: interrupt?.flags ?? this.asyncFlags.map(() => 0),
      },
    };
  }

  private undisturbed(made: Case, { steps }: Simulated) {
    const { module, plans } = this.image.bench;
    const texts = module.paths[plans[made.path]?.graph.exit.name ?? ""]?.steps ?? [];
    const count = steps.length / stepNumbers;
    const rflags = Array.from({ length: count }, (_, k) => steps[k * stepNumbers + 1] ?? 0);
    const codes = Array.from({ length: count }, (_, k) => (steps[k * stepNumbers] ?? 0) & 0xffff);
    const name = plans[made.path]?.name;
    return { rflags, call: codes.findIndex((code) => texts[code]?.[0] === `call ${name}`) };
  }
}

/** The steps that the machine has to have logged. @param nmis how often its NMI handler ran */
export function stepsWith(steps: readonly number[], injected: Injected | undefined, nmis: number): readonly number[] {
  if (!injected || injected.steps.length === 0 || nmis === 0) return steps;
  const at = injected.after * stepNumbers;
  return [...steps.slice(0, at), ...injected.steps, ...steps.slice(at)];
}
