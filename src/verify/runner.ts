/** Runs the simulator on a case, and notes what the machine is compared with. */
import type { Case } from "./cases.js";
import type { Image } from "./image.js";
import type { Outcome, SimulatedMachine } from "./simulator.js";

/** What the simulator made of a case, beside the words of its machine. */
export interface Simulated {
  readonly outcome: Outcome;
  /** Numbers of events as the machine counts them. */
  readonly events: readonly number[];
  /** It went over the espfix stack, so that IRET leaves the user's bits in ESP, and none of the kernel's. */
  readonly overEspfix: boolean;
  /**
   * For each instruction: its code, with the path's index from bit 16 on, and RFLAGS, CR3 and GS.base before it, the latter two in halves.
   * Empty if not asked for.
   */
  readonly steps: readonly number[];
}

/** Numbers that one step has. */
export const stepNumbers = 6;

export class Runner {
  /** For each path, its events' numbers on the machine. */
  private readonly numbers: readonly (readonly number[])[];
  private readonly espfixCodes: readonly number[];

  constructor(
    private readonly image: Image,
    private readonly stepped: boolean,
  ) {
    const { events, module, plans } = image.bench;
    this.numbers = plans.map((plan) => plan.events.map((event) => events.indexOf(event.text)));
    this.espfixCodes = plans.map(
      ({ graph }) => module.paths[graph.exit.name]?.steps.findIndex(([text]) => text.includes("%gs:espfix_stack")) ?? -1,
    );
  }

  /**
   * Runs a case; `machine` is then as the path left it.
   * @param before is told of each instruction of the path before it, by its position
   * @throws when the C side never ends
   */
  run({ features, path, script }: Case, machine: SimulatedMachine, before?: (step: number) => void): Simulated {
    const { module, plans } = this.image.bench;
    const simulated = module.paths[plans[path]?.graph.exit.name ?? ""];
    if (!simulated) throw new Error(`the simulator has no path ${path}`);
    const { cr3 = 0, gs_base = 0, rflags = 0 } = module.system;
    const numbers = this.numbers[path] ?? [];
    const espfixCode = this.espfixCodes[path];
    const events: number[] = [];
    const steps: number[] = [];
    let overEspfix = false;
    let step = 0;
    const w = machine.words;
    const push = (code: number): void => {
      if (code < simulated.events) {
        events.push(numbers[code] ?? -1);
        return;
      }
      overEspfix ||= code === espfixCode;
      if (this.stepped) steps.push(code | (path << 16), w[rflags] ?? 0, w[cr3] ?? 0, w[cr3 + 1] ?? 0, w[gs_base] ?? 0, w[gs_base + 1] ?? 0);
      before?.(step++);
    };
    const outcome = simulated.run(machine, features, script, { push });
    return { outcome, events, overEspfix, steps };
  }
}
