/**
 * A lower bound of what is left to do: the instructions that any plan must still have. It never says too much, so that the search
 * which goes by it finds the cheapest plan; what it says makes it look at few points.
 */
import type { PathContext } from "../check/context.js";
import { fieldSaves, missingRegisters } from "../check/registers.js";
import { holds } from "../check/rules/contracts.js";
import { kernelOnlyStacks, stackOfRegion } from "../check/stacks.js";
import { type Vector, valueNameOf } from "../check/vector.js";
import { type GeneralRegister, generalRegisters } from "../machine/instruction.js";
import type { Terminal } from "../machine/terminals.js";
import type { StateDimension, Step } from "../model/model.js";
import type { Location, SymbolicValue } from "../path/location.js";
import { made } from "./containers.js";
import { achievements, type Demand, demandText, type Goal, loadsStackPointer } from "./goal.js";
import type { KnownVector, PlannedStep, Point } from "./machine.js";
import { besideMoves, instructionsOf, loadedBy, loadsOf, overwrites, type StackLoad, stackLoads } from "./work.js";

/** SYSRET reads two registers. */
const mostUnloaded = 2;
const poppedWords = ["rip", "cs", "rflags", "rsp", "ss"];

/** A state that must come about, because the goal or every way to the goal asks for it. */
interface Landmark {
  readonly key: string;
  /** What may bring it about. */
  readonly achievers: ReadonlySet<Step>;
  /** Instructions that the cheapest of them has beside moves of saved values, which are counted apart. */
  readonly weight: number;
  /** What all of them require. */
  readonly first: readonly { readonly dimension: StateDimension; readonly value: number }[];
  /** All of them require the user's registers, but for these. */
  readonly except: readonly string[] | undefined;
  holds(vector: Vector): boolean;
}

/** What a location still lacks. */
interface Places {
  /** Registers that the terminal reads and that hold nothing saved. */
  readonly unloaded: number;
  /** Saved words that must still be copied to where they are popped. */
  readonly uncopied: number;
  /** A general register's saved word is on a stack that stays mapped. */
  readonly spilled: boolean;
}

const nothingMissing: Places = { unloaded: 0, uncopied: 0, spilled: true };
const spillable = generalRegisters.filter((register) => register !== "rsp");

/** What a vector still lacks. */
interface Left {
  /** Registers that the goal asks for. */
  readonly missing: number;
  /** Registers that a step asks for which is still to come. */
  readonly beforeSteps: number;
  /** The page tables are still to be switched. */
  readonly leavesPages: boolean;
  /** No two of them can be brought about by one step. */
  readonly counted: readonly Landmark[];
  /** Instructions, beside loads of registers. */
  readonly total: number;
}

export class Bound {
  private readonly context: PathContext;
  private readonly goal: Goal;
  private readonly terminal: Terminal | undefined;
  private readonly registers: Demand | undefined;
  private readonly steps: readonly Step[];
  /** With the target that it is asked for at: true for user, undefined for both. */
  private readonly roots: readonly { readonly landmark: Landmark; readonly toUser: boolean | undefined }[];
  private readonly landmarks = new Map<string, Landmark>();
  private readonly known = new Map<number, Left>();
  private readonly weights = new Map<Step, { readonly weight: number; readonly loaded: number }>();
  private readonly knownPlaces = new Map<number, Places>();
  private readonly own: boolean;
  /** The terminal pops its words where the user's page tables are active, which may not map the stack that the event came on. */
  private readonly popsCopiedFrame: boolean;
  /** The steps that can load the user's RSP: the words that they pop, if each pops them from a stack that the path switched to. */
  private readonly stackLoads: readonly StackLoad[] | undefined;
  /** Every step that switches to the user's page tables leaves something of the kernel's in a general register. */
  private readonly switchCostsRegister: boolean;
  /** Copies of saved words are counted apart. */
  private readonly countsCopies: boolean;
  /** Registers that one instruction can load. */
  private readonly mostLoads: number;

  /** `terminal`: what the goal comes to at once, if that is known. `own`: the registers, tokens and words that the goal itself needs count, too. */
  constructor(
    context: PathContext,
    goal: Goal,
    terminal: Terminal | undefined,
    demands: readonly Demand[],
    operators: readonly PlannedStep[],
    start: Point,
    own: boolean,
  ) {
    const stack = context.dimension("stack");
    const starts = new Set(start.vectors.map(({ vector }) => valueNameOf(vector, stack)));
    this.context = context;
    this.goal = goal;
    this.terminal = terminal;
    this.own = own;
    this.steps = [...new Set(operators.map((o) => o.step))];
    this.registers = !own ? undefined : demands.find((d) => d.dimension.name === "registers" && d.dimension.values[d.value] === "user");
    this.mostLoads = Math.max(1, ...this.steps.flatMap((step) => instructionsOf(step).map((i) => loadsOf(i).length)));
    const popsFrame = terminal?.popsFrame === true;
    this.popsCopiedFrame = own && popsFrame && demands.some((d) => demandText(d) === "cr3 user" && d.toUser !== false);
    this.stackLoads = popsFrame || !terminal || !own ? undefined : stackLoads(this.steps, starts, demands);
    const switches = this.steps.filter((step) => achievements(step).includes("cr3 user"));
    this.switchCostsRegister = this.popsCopiedFrame && switches.every((step) => overwrites(instructionsOf(step)));
    this.countsCopies = this.popsCopiedFrame || this.stackLoads !== undefined;
    const states = demands.filter((d) => d.dimension.name !== "registers" && !(d.atTerminal && !terminal));
    const tokens = !terminal || !own ? [] : context.tokens.filter((t) => this.steps.some((step) => step.restores?.token === t.name));
    this.roots = [
      ...states.map((d) => ({ landmark: this.landmark(d), toUser: d.toUser })),
      ...tokens.map((t) => ({ landmark: this.tokenLandmark(t.name), toUser: undefined })),
    ];
  }

  /** Instructions that every plan from this point to the goal has at least; Infinity where there is none. */
  at({ vectors, location, locationId }: Point): number {
    const { unloaded, uncopied, spilled } = made(this.knownPlaces, locationId, () => this.placesOf(location, vectors[0]?.vector));
    let most = 0;
    for (const vector of vectors) {
      const { missing, beforeSteps, total, leavesPages } = this.left(vector);
      const registers = Math.ceil(Math.max(missing + unloaded, beforeSteps) / this.mostLoads);
      // The switch of page tables costs a register, so that one of them must wait in memory that stays mapped.
      const spill = leavesPages && this.switchCostsRegister && !spilled ? 1 : 0;
      most = Math.max(most, registers + total + spill);
    }
    return most + uncopied;
  }

  /** Registers that the terminal reads and that hold nothing saved; saved words that must still be copied to where they are popped. */
  private placesOf(location: Location, vector: Vector | undefined): Places {
    const { terminal, context } = this;
    if (!terminal || !this.own || !vector) return nothingMissing;
    const saves = (value: SymbolicValue | undefined) => (value?.kind === "field" ? fieldSaves(context, value.field) : undefined);
    let unloaded = 0;
    for (const requirement of terminal.frameRequirements) {
      if (requirement.kind !== "equal") continue;
      const loaded = saves(location.registers[requirement.left as GeneralRegister]);
      if (loaded !== requirement.left && loaded !== requirement.right) unloaded++;
    }
    let uncopied = 0;
    let spilled = true;
    if (this.popsCopiedFrame) {
      const start = stackOfRegion(context, vector, "frame");
      const copied = (region: string) => !kernelOnlyStacks.includes(stackOfRegion(context, vector, region));
      if (kernelOnlyStacks.includes(start)) {
        uncopied = notStored(poppedWords, location, copied, saves);
        spilled = notStored(spillable, location, copied, saves) < spillable.length;
      }
    } else if (location.registers.rsp.kind === "pointer" && this.stackLoads) {
      // Whichever step loads RSP pops words from its stack. A word that nobody stored there brings back nothing.
      const needs = this.stackLoads.map(({ stack, words }) => notStored(words, location, (region) => region === `stack:${stack}`, saves));
      uncopied = Math.min(...needs);
    }
    return { unloaded, uncopied, spilled };
  }

  /**
   * How many of a step's instructions bring a point no nearer to the goal, at least: the bound grows by no less than that. Known
   * without doing the step, so that a search need not do steps that lead nowhere.
   */
  waste({ vectors }: Point, { step }: PlannedStep): number {
    if (step.form.kind === "built-in") return 0;
    const { weight, loaded } = this.weightOf(step);
    let least = Number.POSITIVE_INFINITY;
    for (const known of vectors) {
      const { missing, beforeSteps, counted } = this.left(known);
      let waste = weight + Math.max(0, loaded - Math.max(missing + mostUnloaded, beforeSteps));
      for (const landmark of counted) if (landmark.achievers.has(step)) waste -= landmark.weight;
      least = Math.min(least, waste);
    }
    return Math.max(0, least);
  }

  private weightOf(step: Step): { readonly weight: number; readonly loaded: number } {
    const { countsCopies } = this;
    return made(this.weights, step, () => ({ weight: besideMoves(step, countsCopies), loaded: loadedBy(instructionsOf(step)).size }));
  }

  private left({ id, vector }: KnownVector): Left {
    return made(this.known, id, () => this.count(vector));
  }

  private count(vector: Vector): Left {
    const { terminal, registers } = this;
    let missing = 0;
    if (registers) {
      const lost = terminal ? vector.event.loses.filter((r) => terminal.loads.includes(r)) : [];
      missing = missingRegisters(vector, [...registers.except, ...lost]).length;
    }
    const open = this.open(vector);
    let beforeSteps = 0;
    for (const { except } of open) if (except) beforeSteps = Math.max(beforeSteps, missingRegisters(vector, except).length);
    let total = 0;
    // Landmarks that one step could bring about together are counted once.
    const used = new Set<Step>();
    const counted: Landmark[] = [];
    for (const landmark of open.sort((a, b) => b.weight - a.weight)) {
      if (landmark.achievers.size === 0) return { missing, beforeSteps, leavesPages: false, counted: [], total: Number.POSITIVE_INFINITY };
      if ([...landmark.achievers].some((step) => used.has(step))) continue;
      for (const step of landmark.achievers) used.add(step);
      counted.push(landmark);
      total += landmark.weight;
    }
    const leavesPages = open.some(({ key }) => key === "cr3 user");
    return { missing, beforeSteps, leavesPages, counted, total };
  }

  /** The landmarks that are still to come. */
  private open(vector: Vector): Landmark[] {
    const open = new Map<string, Landmark>();
    const visit = (landmark: Landmark): void => {
      if (open.has(landmark.key) || landmark.holds(vector)) return;
      open.set(landmark.key, landmark);
      for (const state of landmark.first) visit(this.landmark(state));
    };
    for (const { landmark, toUser } of this.roots) if (toUser === undefined || toUser === vector.toUser) visit(landmark);
    return [...open.values()];
  }

  private landmark(state: { readonly dimension: StateDimension; readonly value: number }): Landmark {
    const key = demandText(state);
    const known = this.landmarks.get(key);
    if (known) return known;
    const onStack = state.dimension.name === "stack";
    // A step that loads RSP says what stack it is, or its instructions tell.
    const maySwitch = (step: Step) => loadsStackPointer(step) && !step.ensures.some((s) => s.dimension === state.dimension);
    const achievers = this.steps.filter((step) => achievements(step).includes(key) || (onStack && maySwitch(step)));
    const setting = { ...state, except: [], span: this.goal.span };
    const landmark = this.newLandmark(key, achievers, (vector) => holds(this.context, vector, setting));
    this.landmarks.set(key, landmark);
    return landmark;
  }

  private tokenLandmark(token: string): Landmark {
    const bit = 1 << this.context.tokens.findIndex((t) => t.name === token);
    const owed = (vector: Vector) => vector.event.tokens.some((t) => t.name === token);
    const achievers = this.steps.filter((step) => step.restores?.token === token);
    return this.newLandmark(`token ${token}`, achievers, (vector) => !owed(vector) || (vector.tokens & bit) !== 0);
  }

  private newLandmark(key: string, achievers: readonly Step[], holdsIn: Landmark["holds"]): Landmark {
    const [one, ...others] = achievers;
    const first = (one?.requires ?? []).filter(
      (r) =>
        r.dimension.name !== "registers" && others.every((o) => o.requires.some((s) => s.dimension === r.dimension && s.value === r.value)),
    );
    const weight = achievers.length === 0 ? 0 : Math.min(...achievers.map((step) => besideMoves(step, this.countsCopies)));
    const registers = achievers.map((step) => step.requires.find((r) => demandText(r) === "registers user"));
    const except = registers.length > 0 && registers.every((r) => r) ? registers.flatMap((r) => r?.except ?? []) : undefined;
    return { key, achievers: new Set(achievers), weight, first, except, holds: holdsIn };
  }
}

/** How many of some saved words are on none of the stacks. */
function notStored(
  words: readonly string[],
  { slots }: Location,
  on: (region: string) => boolean,
  saves: (value: SymbolicValue) => string | undefined,
): number {
  const stored = new Set([...slots].flatMap(([region, values]) => (on(region) ? [...values.values()].map(saves) : [])));
  return words.filter((word) => !stored.has(word)).length;
}
