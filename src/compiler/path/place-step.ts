/** Puts a whole step in its place in `leave`: its instructions, or those that the compiler writes for it. */
import type { AsmLine, Frame, Model, Step, Token } from "../model/model.js";
import type { Span } from "../text/source.js";
import type { Location, SymbolicValue } from "./location.js";
import { type Placed, type PlaceProblem, placeInstructions, restoreRegisters } from "./place.js";

export interface StepPlace {
  readonly model: Model;
  readonly frame: Frame;
  readonly tokens: readonly Token[];
  /** The statement that asks for the step. */
  readonly span: Span;
}

/** `except` is for `restore_registers` alone. */
export function placeStep(
  { model, frame, tokens, span }: StepPlace,
  step: Step,
  except: readonly string[],
  before: Location,
): Placed | PlaceProblem {
  const ensured = step.ensures.find((s) => s.dimension.name === "stack");
  const ensuresStack = ensured?.dimension.values[ensured.value];
  const stacks = model.dimensions.find((d) => d.name === "stack")?.values ?? [];
  const touchesStack = step.touches.find((name) => stacks.includes(name));
  const context = { frame, tokens, ensuresStack, touchesStack };
  if (step.form.kind !== "built-in") return placeInstructions(linesOf(step), before, context);
  if (step.form.name === "restore_registers") return restoreRegisters(frame, except, before, context, span);
  // Entries are checked, not emitted: of the pushes only what comes of them matters, the whole frame at RSP.
  const rsp: SymbolicValue = { kind: "pointer", region: "frame", offset: 0 };
  return { placed: [], after: { ...before, registers: { ...before.registers, rsp } } };
}

/** The instructions of a step in `leave`; a call is one instruction. */
function linesOf(step: Step): readonly AsmLine[] {
  if (step.form.kind === "asm") return step.form.lines;
  if (step.form.kind !== "call") return [];
  const { call } = step.form;
  return [{ instruction: { mnemonic: "call", operands: [{ kind: "symbol-immediate", symbol: call.function }] }, span: call.span }];
}
