/** What a planned tail leads to: a terminal, or a shared tail. And which steps can be of use for it. */
import { effectsOf } from "../machine/instructions.js";
import { type Terminal, terminalNamed } from "../machine/terminals.js";
import { evaluateFeatures } from "../model/features.js";
import type { Action, AsmLine, Feature, Model, StateDimension, StateSetting, Step, Tail, Test, Waiver } from "../model/model.js";
import type { Span } from "../text/source.js";
import { made } from "./containers.js";

export type Goal =
  | {
      readonly kind: "terminal";
      readonly terminal: Terminal;
      readonly label: string | undefined;
      readonly recovery: string | undefined;
      readonly span: Span;
    }
  | { readonly kind: "tail"; readonly tail: Tail; readonly span: Span };

export function goalName(goal: Goal): string {
  return goal.kind === "tail" ? goal.tail.name : goal.terminal.name;
}

/** One state that must hold at the end of the plan. */
export interface Demand {
  readonly dimension: StateDimension;
  /** Index into `dimension.values`. */
  readonly value: number;
  /** `registers user except …`, by 64-bit names. */
  readonly except: readonly string[];
  /** Where it is declared; undefined for what the terminal itself needs. */
  readonly span: Span | undefined;
  /** A tail may still bring it about itself: it is owed where the path leaves, not where the tail begins. */
  readonly atTerminal: boolean;
  /** The mode whose return asks for it, true for user; undefined: both. */
  readonly toUser: boolean | undefined;
}

/**
 * The terminal that a goal comes to without a step in between: that of the goal itself; or of a tail, where one of its ways (in a
 * kernel with these features) is nothing but tests. What that terminal needs, the plan has to bring about.
 */
export function plainTerminal(goal: Goal, features: ReadonlySet<Feature>): Terminal | undefined {
  return goal.kind === "terminal" ? goal.terminal : plainEnd(goal.tail.body, features, [goal.tail]).terminal;
}

function plainEnd(
  actions: readonly Action[],
  features: ReadonlySet<Feature>,
  open: readonly Tail[],
): { terminal?: Terminal | undefined; goesOn: boolean } {
  for (const action of actions) {
    switch (action.kind) {
      case "terminal":
        return { terminal: terminalNamed(action.terminal), goesOn: false };
      case "jump":
        return open.includes(action.tail) ? { goesOn: false } : plainEnd(action.tail.body, features, [...open, action.tail]);
      case "when": {
        const decided = evaluateFeatures(action.test, features);
        const ends = [
          ...(decided === false ? [] : [plainEnd(action.then, features, open)]),
          ...(decided === true ? [] : [plainEnd(action.otherwise, features, open)]),
        ];
        const end = ends.find((e) => e.terminal);
        if (end) return end;
        if (!ends.some((e) => e.goesOn)) return { goesOn: false };
        break;
      }
      case "window": {
        const end = plainEnd(action.body, features, open);
        if (end.terminal || !end.goesOn) return end;
        break;
      }
      case "do":
        if (!action.step.condition || evaluateFeatures(action.step.condition, features) !== false) return { goesOn: false };
        break;
      case "waive":
      case "assume":
        break;
      default:
        return { goesOn: false };
    }
  }
  return { goesOn: true };
}

export type State = Pick<Demand, "dimension" | "value">;

export function demandText({ dimension, value }: State): string {
  return `${dimension.name} ${dimension.values[value]}`;
}

/**
 * The states that a goal asks for in a kernel with these features: what the terminal or the tail itself requires, and what every
 * exit to that target owes if `has` says so of its condition, but for what is waived. `targets`: the modes that the path may return to here, true for user.
 */
export function goalDemands(
  model: Model,
  goal: Goal,
  targets: ReadonlySet<boolean>,
  features: ReadonlySet<Feature>,
  waivers: readonly Waiver[],
  has: (condition: Test) => boolean = (condition) => evaluateFeatures(condition, features) !== false,
): Demand[] {
  const demands: Demand[] = [];
  const add = (demand: Demand) => {
    const known = demands.findIndex((d) => d.dimension === demand.dimension && d.value === demand.value);
    if (known < 0) demands.push(demand);
    else if (demands[known]?.toUser !== demand.toUser) demands[known] = { ...(demands[known] as Demand), toUser: undefined };
  };
  if (goal.kind === "tail") {
    for (const { dimension, value, except, span } of goal.tail.requires)
      add({ dimension, value, except, span, atTerminal: false, toUser: undefined });
  }
  for (const require of model.requires) {
    // What is owed under a test is checked, and not planned: it takes a branch.
    if (require.target === "interrupts" || require.test) continue;
    const { dimension, value, except } = require.setting;
    const owed = targets.has(require.target === "user") && (!require.condition || has(require.condition));
    const waived = waivers.some(
      ({ rule }) => rule.kind === "state" && rule.setting.dimension === dimension && rule.setting.value === value,
    );
    if (owed && !waived) add({ dimension, value, except, span: require.span, atTerminal: true, toUser: require.target === "user" });
  }
  const terminal = plainTerminal(goal, features);
  for (const toUser of terminal ? targets : []) {
    for (const [name, wanted] of (toUser ? terminal?.requiresToUser : terminal?.requiresToKernel) ?? []) {
      const dimension = model.dimensions.find((d) => d.name === name);
      const value = dimension?.values.indexOf(wanted) ?? -1;
      if (dimension) add({ dimension, value, except: terminal?.loads ?? [], span: undefined, atTerminal: true, toUser });
    }
  }
  return demands;
}

/** What the search for steps of use starts from. */
export interface Wanted {
  /** States that are asked for and missing. */
  readonly missing: readonly State[];
  /** States that are asked for and hold: they matter if a step of use may undo them. */
  readonly held: readonly State[];
  readonly tokens: ReadonlySet<string>;
  has(condition: Test): boolean;
  /** Does a state hold whenever the plan begins? */
  holdsAtStart(state: State): boolean;
}

/**
 * The steps that can be of use: those that bring about a state that is missing, or that a step of use asks for or undoes; those
 * that restore a token; and those that move data, and so may bring a saved value to where it is needed. What is left out changes
 * nothing that anybody asks for.
 */
export function usefulSteps(model: Model, { missing, held, tokens, has, holdsAtStart }: Wanted): Step[] {
  const available = model.steps.filter((step) => {
    if (step.form.kind === "call" && step.form.call.arguments.length > 0) return false;
    if (step.form.kind === "built-in" && step.form.name !== "restore_registers") return false;
    if (step.restores && !tokens.has(step.restores.token)) return false;
    return !step.condition || has(step.condition);
  });
  const asked = new Set(missing.map(demandText));
  const keep = [...held];
  // Any instruction may dirty the CPU's buffers.
  const moved = new Set(["buffers"]);
  const useful = new Set<Step>();
  for (let grown = true; grown; ) {
    grown = false;
    for (const state of keep) if (moved.has(state.dimension.name)) asked.add(demandText(state));
    for (const step of available) {
      if (useful.has(step) || !(movesData(step) || achievements(step).some((state) => asked.has(state)))) continue;
      useful.add(step);
      grown = true;
      for (const setting of step.requires) {
        if (holdsAtStart(setting)) keep.push(setting);
        else asked.add(demandText(setting));
      }
      for (const state of achievements(step)) moved.add(state.split(" ")[0] as string);
    }
  }
  return available.filter((step) => useful.has(step));
}

/** The states (`gs user`) that a step may bring about, by its contract or by its instructions; RSP's stack by any load of RSP. */
export function achievements(step: Step): readonly string[] {
  return made(knownAchievements, step, () => findAchievements(step));
}

const knownAchievements = new WeakMap<Step, readonly string[]>();

function findAchievements(step: Step): readonly string[] {
  const states = step.ensures.map((setting: StateSetting) => demandText(setting));
  if (step.restores) states.push(`${step.restores.dimension.name} saved`);
  for (const effect of effects(step)) {
    if (effect.kind === "swapgs") states.push("gs user", "gs kernel");
    if (effect.kind === "rflags-bit") {
      states.push(effect.bit === "if" ? `irqs ${effect.set ? "on" : "off"}` : `${effect.bit} ${effect.set ? "set" : "clear"}`);
    }
  }
  return states;
}

/** Does the step load RSP with anything, so that another stack may be in use behind it? */
export function loadsStackPointer(step: Step): boolean {
  return effects(step).some(
    (effect) => (effect.kind === "write" || effect.kind === "pop") && effect.place.kind === "register" && effect.place.register === "rsp",
  );
}

function effects(step: Step) {
  return step.form.kind === "asm" ? step.form.lines.flatMap(({ instruction }) => roughEffects(instruction)) : [];
}

/** The effects of an instruction whose saved fields and tokens are not placed yet: any memory or register may stand for them. */
export function roughEffects(instruction: AsmLine["instruction"]) {
  const operands = instruction.operands.map((operand) => {
    if (operand.kind === "token") return { kind: "register", register: "rax", width: operand.width } as const;
    if (operand.kind !== "frame-field") return operand;
    return { kind: "memory", address: { segment: undefined, symbol: "", displacement: 0, base: "rsp" } } as const;
  });
  return effectsOf({ ...instruction, operands });
}

function movesData(step: Step): boolean {
  if (step.form.kind === "built-in" || step.restores) return true;
  return effects(step).some((effect) => {
    if (effect.kind === "push") return effect.value.kind === "read";
    if (effect.kind === "pop") return true;
    if (effect.kind !== "write" || effect.value.kind === "immediate" || effect.value.kind === "symbol") return false;
    // What is loaded from per-CPU data is the kernel's, whatever register it goes to.
    const source = effect.value.kind === "read" ? effect.value.place : undefined;
    if (source?.kind === "memory" && source.address.segment !== undefined) return false;
    return effect.place.kind === "register"
      ? effect.place.width === 64 && source !== undefined
      : effect.place.kind === "memory" && effect.place.address.segment === undefined;
  });
}
