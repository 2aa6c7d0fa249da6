/** What the instructions of a step can do for a plan, known without placing them: which saved values they may move. */
import type { Instruction, ValueExpression } from "../machine/instruction.js";
import type { Step } from "../model/model.js";
import { type Demand, demandText, loadsStackPointer, roughEffects } from "./goal.js";

/** The instructions of a step in assembly, labels included. */
export function instructionsOf(step: Step): readonly Instruction[] {
  return step.form.kind === "asm" ? step.form.lines.map((line) => line.instruction) : [];
}

/**
 * The instructions of a step that neither bring back a register nor, where that is counted apart, copy a saved word. Whatever a
 * step does in between, at its end it has brought back no more registers than it loads; one that it pushes and pops is as it was.
 */
export function besideMoves(step: Step, countsCopies: boolean): number {
  if (step.form.kind === "call") return 1;
  const instructions = instructionsOf(step).filter(({ mnemonic }) => mnemonic !== ":");
  const kept = keptBy(instructions);
  const copies = countsCopies ? instructions.filter((i) => stores(i) && !registerOf(i).some((register) => kept.has(register))).length : 0;
  return Math.max(0, instructions.length - loadedBy(instructions).size - copies);
}

/** The registers that may hold a saved value after these instructions and not before. */
export function loadedBy(instructions: readonly Instruction[]): ReadonlySet<string> {
  const kept = keptBy(instructions);
  return new Set(instructions.flatMap(loadsOf).filter((register) => !kept.has(register)));
}

/** Is a register other than RSP written with what is no saved value, and not put back? */
export function overwrites(instructions: readonly Instruction[]): boolean {
  const kept = keptBy(instructions);
  return (
    instructions.some((instruction) =>
      roughEffects(instruction).some(
        (effect) =>
          effect.kind === "write" &&
          effect.place.kind === "register" &&
          !maySaved(effect.value) &&
          effect.place.register !== "rsp" &&
          !kept.has(effect.place.register),
      ),
    ) && loadedBy(instructions).size === 0
  );
}

/** The registers that are pushed and popped. */
function keptBy(instructions: readonly Instruction[]): ReadonlySet<string> {
  const spilled = new Set(instructions.flatMap((i) => (i.mnemonic === "pushq" ? registerOf(i) : [])));
  return new Set(instructions.flatMap((i) => (i.mnemonic === "popq" ? registerOf(i) : [])).filter((register) => spilled.has(register)));
}

/** The register that a push or pop moves. */
function registerOf({ operands: [operand] }: Instruction): string[] {
  return operand?.kind === "register" ? [operand.register] : [];
}

/** The registers other than RSP that get a value that may be a saved one. */
export function loadsOf(instruction: Instruction): string[] {
  return roughEffects(instruction).flatMap((effect) => {
    if (effect.kind !== "pop" && effect.kind !== "write") return [];
    if (effect.place.kind !== "register" || effect.place.width !== 64 || effect.place.register === "rsp") return [];
    return effect.kind === "pop" || maySaved(effect.value) ? [effect.place.register] : [];
  });
}

/** May a saved word be written to a stack? */
function stores(instruction: Instruction): boolean {
  return roughEffects(instruction).some(
    (effect) => (effect.kind === "push" || (effect.kind === "write" && effect.place.kind === "memory")) && maySaved(effect.value),
  );
}

/** Per-CPU data and control registers hold no saved value, and RSP none that another register should get. */
function maySaved(value: ValueExpression): boolean {
  if (value.kind !== "read") return false;
  const { place } = value;
  return place.kind === "register" ? place.register !== "rsp" : place.kind === "memory" && place.address.segment === undefined;
}

export interface StackLoad {
  readonly stack: string;
  /** By the register that they go to. */
  readonly words: readonly string[];
}

/** What the steps that load RSP with the user's pop; undefined where one of them may read it from elsewhere. */
export function stackLoads(steps: readonly Step[], starts: ReadonlySet<string>, demands: readonly Demand[]): StackLoad[] | undefined {
  if (!demands.some((d) => demandText(d) === "stack user")) return undefined;
  const result: StackLoad[] = [];
  for (const step of steps) {
    const other = step.ensures.find((s) => s.dimension.name === "stack" && demandText(s) !== "stack user");
    if (!loadsStackPointer(step) || other) continue;
    const setting = step.requires.find((s) => s.dimension.name === "stack");
    const stack = setting?.dimension.values[setting.value];
    const instructions = instructionsOf(step);
    if (stack === undefined || starts.has(stack) || instructions.some((i) => i.mnemonic !== "popq")) return undefined;
    result.push({ stack, words: [...new Set(instructions.flatMap(registerOf))] });
  }
  return result.length > 0 ? result : undefined;
}
