/** What a planned tail leads to: a terminal, or a shared tail's `requires`. And which steps can be of use for it. */
import type { Terminal } from "../machine/terminals.js";
import { effectsOf } from "../machine/instructions.js";
import type { Feature, Model, StateDimension, StateSetting, Step, Tail, Test } from "../model/model.js";
import { evaluateFeatures } from "../model/features.js";
import type { Span } from "../text/source.js";

export type Goal =
  | { readonly kind: "terminal"; readonly terminal: Terminal; readonly label: string | undefined; readonly recovery: string | undefined; readonly span: Span }
  | { readonly kind: "tail"; readonly tail: Tail; readonly span: Span };

/** `dimension value`. */
type Wanted = string;

const wanted = (dimension: string, value: string): Wanted => `${dimension} ${value}`;

function wantedBy(setting: StateSetting): Wanted {
  return wanted(setting.dimension.name, setting.dimension.values[setting.value] as string);
}

/** The states that a goal asks for under a feature combination. */
export function goalStates(model: Model, goal: Goal, toUser: boolean, features: ReadonlySet<Feature>): readonly { readonly dimension: StateDimension; readonly value: string }[] {
  const result: { dimension: StateDimension; value: string }[] = [];
  const add = (name: string, value: string) => {
    const dimension = model.dimensions.find((d) => d.name === name);
    if (dimension) result.push({ dimension, value });
  };
  if (goal.kind === "tail") {
    for (const { dimension, value } of goal.tail.requires) add(dimension.name, dimension.values[value] as string);
    return result;
  }
  for (const [name, value] of toUser ? goal.terminal.requiresToUser : goal.terminal.requiresToKernel) add(name, value);
  for (const require of model.requires) {
    const owed = require.target === (toUser ? "user" : "kernel") && (!require.condition || evaluateFeatures(require.condition, features) !== false);
    if (owed) add(require.setting.dimension.name, require.setting.dimension.values[require.setting.value] as string);
  }
  return result;
}

/**
 * The steps that can be of use: those that bring about a state that the goal or another such step asks for, restore a token,
 * load registers, or carry data over to a stack that the plan may switch to. Other steps that only move data are part of no plan.
 */
export function usefulSteps(
  model: Model,
  goal: Goal,
  toUser: boolean,
  tokens: ReadonlySet<string>,
  features: ReadonlySet<Feature>,
  has: (condition: Test) => boolean,
): Step[] {
  const available = model.steps.filter((step) => {
    if (step.form.kind === "call" && step.form.call.arguments.length > 0) return false;
    if (step.restores && !tokens.has(step.restores.token)) return false;
    return !step.condition || has(step.condition);
  });
  const asked = new Set<Wanted>(goalStates(model, goal, toUser, features).map(({ dimension, value }) => wanted(dimension.name, value)));
  const useful = new Set<Step>();
  for (let grown = true; grown; ) {
    grown = false;
    for (const step of available) {
      if (useful.has(step) || !isOfUse(step, asked)) continue;
      useful.add(step);
      grown = true;
      for (const setting of step.requires) asked.add(wantedBy(setting));
    }
  }
  return available.filter((step) => useful.has(step));
}

function isOfUse(step: Step, asked: ReadonlySet<Wanted>): boolean {
  if (step.form.kind === "built-in" || step.restores) return true;
  if (step.ensures.some((setting) => asked.has(wantedBy(setting)))) return true;
  if (step.form.kind !== "asm") return false;
  const carries = step.form.lines.some(({ instruction }) => instruction.mnemonic === "pushq" && instruction.operands[0]?.kind === "frame-field");
  if (carries && step.requires.some((setting) => setting.dimension.name === "stack" && asked.has(wantedBy(setting)))) return true;
  return step.form.lines.some(({ instruction }) =>
    instruction.operands.every((operand) => operand.kind !== "frame-field" && operand.kind !== "token")
      ? effectsOf(instruction).some((effect) => {
          if (effect.kind === "swapgs") return asked.has("gs user") || asked.has("gs kernel");
          if (effect.kind === "rflags-bit") return asked.has(effect.bit === "if" ? `irqs ${effect.set ? "on" : "off"}` : `${effect.bit} ${effect.set ? "set" : "clear"}`);
          // A pop loads a register from what an earlier step kept on the stack.
          return effect.kind === "pop" && effect.place.kind === "register";
        })
      : false,
  );
}
