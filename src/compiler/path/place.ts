/**
 * Instructions put in their place on a path: `{frame.sp}` becomes an address, `{token.old_gs}` a register, and each
 * instruction gets the location before it. The registers' restore is written here, from the frame's layout.
 */
import { type GeneralRegister, generalRegisters, type Instruction, type InstructionOperand } from "../machine/instruction.js";
import { effectsOf } from "../machine/instructions.js";
import { isGeneralRegister } from "../machine/registers.js";
import type { AsmLine, Frame, FrameField, Token } from "../model/model.js";
import type { Span } from "../text/source.js";
import type { PlacedInstruction } from "./graph.js";
import type { Location, Region } from "./location.js";
import { applyInstruction, joinedStack, joinLocations, type LocationContext, sameValue, stackValue, valueAt } from "./symbolic.js";

/** A step's place: the location context and the tokens of the path's events. */
export interface PlaceContext extends LocationContext {
  readonly tokens: readonly Token[];
}

/** Why an instruction has no place here: a sentence without a full stop, and the line that it is about. */
export interface PlaceProblem {
  readonly problem: string;
  readonly span: Span;
}

export interface Placed {
  readonly placed: readonly PlacedInstruction[];
  /** The location after the last one. */
  readonly after: Location;
}

export function isPlaced(result: Placed | PlaceProblem): result is Placed {
  return "placed" in result;
}

/** Places a step's lines one after another, through its local branches. */
export function placeInstructions(lines: readonly AsmLine[], before: Location, context: PlaceContext): Placed | PlaceProblem {
  const placed: PlacedInstruction[] = [];
  /** What is known at a label, from the jumps to it so far. */
  const arriving = new Map<string, Location>();
  const meet = (a: Location | undefined, b: Location | undefined): Location | undefined =>
    a && b ? joinLocations(a, b, context.frame) : (a ?? b);
  // A token's register is fixed by what it holds when the step begins; the step may change it while it works.
  const start = before;
  let location: Location | undefined = before;
  for (const { instruction: written, span } of lines) {
    const here: Location = location ?? arriving.values().next().value ?? before;
    const resolved = resolveOperands(written, here, context, start);
    if ("problem" in resolved) return { problem: resolved.problem, span };
    const { instruction } = resolved;
    let live: Location | undefined = location;
    let seen = here;
    for (const effect of effectsOf(instruction)) {
      if (effect.kind === "label") {
        live = meet(live, arriving.get(effect.label));
        arriving.delete(effect.label);
        seen = live ?? here;
      } else if (effect.kind === "jump") {
        const target = meet(arriving.get(effect.label), live);
        if (target) arriving.set(effect.label, target);
        if (effect.when === "always") live = undefined;
      } else if (effect.kind === "trap") live = undefined;
    }
    placed.push({ instruction, span, before: seen, comment: commentOf(instruction, seen, context.frame, written) });
    location = live && applyInstruction(live, instruction, context);
  }
  const [open] = arriving.keys();
  const last = lines.at(-1);
  if (open !== undefined && last) return { problem: `there is no label \`${open}:\` for the jump to \`${open}f\``, span: last.span };
  return { placed, after: location ?? before };
}

/** The instruction with addresses and registers for its placeholders; or why there are none. */
export function resolveOperands(
  instruction: Instruction,
  location: Location,
  context: PlaceContext,
  stepStart: Location = location,
): { readonly instruction: Instruction } | { readonly problem: string } {
  const operands: InstructionOperand[] = [];
  for (const operand of instruction.operands) {
    if (operand.kind === "frame-field") {
      const field = context.frame.fields.find((f) => f.name === operand.field);
      if (!field) return { problem: `the frame \`${context.frame.name}\` has no field \`${operand.field}\`` };
      const address = addressOfField(field, location, context.frame);
      if (!address) return { problem: `no register points to the saved \`${field.name}\` here: ${stackStory(location)}` };
      operands.push({ kind: "memory", address: { segment: undefined, symbol: "", ...address } });
    } else if (operand.kind === "token") {
      const token = context.tokens.find((t) => t.name === operand.token);
      if (!token) return { problem: `no event of this path has a token \`${operand.token}\`` };
      const register = registerOfToken(token, stepStart);
      if (!register)
        return { problem: `the token \`${token.name}\` is in no register any more: %${token.register} was overwritten before` };
      operands.push({ kind: "register", register, width: operand.width });
    } else operands.push(operand);
  }
  return { instruction: { ...instruction, operands } };
}

function registerOfToken(token: Token, location: Location): GeneralRegister | undefined {
  const holds = (register: GeneralRegister) => {
    const value = location.registers[register];
    return value.kind === "token" && value.token === token.name;
  };
  if (isGeneralRegister(token.register) && holds(token.register)) return token.register;
  return generalRegisters.find(holds);
}

/** Where a saved field can be read: on the stack from RSP up, else through a register that points to the frame or to a copy. */
export function addressOfField(
  field: FrameField,
  location: Location,
  frame: Frame,
): { readonly base: GeneralRegister; readonly displacement: number } | undefined {
  const { rsp } = location.registers;
  const order: readonly GeneralRegister[] = ["rsp", ...generalRegisters.filter((register) => register !== "rsp")];
  for (const base of order) {
    const pointer = location.registers[base];
    if (pointer.kind !== "pointer") continue;
    for (const offset of copiesOf(field, pointer.region, location, frame)) {
      // Below RSP nothing is safe: an interrupt's frame may lie there.
      if (rsp.kind === "pointer" && rsp.region === pointer.region && offset < rsp.offset) continue;
      return { base, displacement: offset - pointer.offset };
    }
  }
  return undefined;
}

function copiesOf(field: FrameField, region: Region, location: Location, frame: Frame): readonly number[] {
  const offsets = [...(location.slots.get(region)?.keys() ?? [])].sort((a, b) => a - b);
  if (region === "frame") offsets.unshift(field.offset);
  return offsets.filter((offset) => {
    const value = valueAt(location, region, offset, frame);
    return sameValue(value, { kind: "field", field: field.name }) || (value.kind === "rflags" && value.field === field.name);
  });
}

function stackStory(location: Location): string {
  const { rsp } = location.registers;
  switch (rsp.kind) {
    case "pointer":
      if (rsp.region === joinedStack) return "%rsp is on one stack or another, by the way that was taken";
      return rsp.region === "frame"
        ? `%rsp is ${rsp.offset} bytes into the frame`
        : `%rsp is on another stack (${rsp.region.slice("stack:".length)})`;
    case "field":
      return `%rsp is the saved \`${rsp.field}\` already`;
    default:
      return "what %rsp holds is not known";
  }
}

/** The saved field that an instruction moves, for the comment beside it. */
function commentOf(instruction: Instruction, before: Location, frame: Frame, written: Instruction): string | undefined {
  for (const operand of written.operands) if (operand.kind === "frame-field") return operand.field;
  const [operand] = instruction.operands;
  if (instruction.mnemonic === "popq") {
    const value = stackValue(before, 0, frame);
    return value.kind === "field" ? value.field : undefined;
  }
  if (instruction.mnemonic === "pushq" && operand?.kind === "register") {
    const value = before.registers[operand.register];
    return value.kind === "field" ? value.field : undefined;
  }
  return undefined;
}

// ── restore_registers ──

/**
 * Loads the general registers that the frame saves, except some, from it. Registers that already hold their saved value are
 * left alone. RSP ends at the first word that was not restored; if nothing is excepted, at the field that saves `rip`.
 */
export function restoreRegisters(
  frame: Frame,
  except: readonly string[],
  before: Location,
  context: PlaceContext,
  span: Span,
): Placed | PlaceProblem {
  const wanted = frame.fields.filter((field): field is FrameField & { readonly saves: GeneralRegister } => {
    const { saves } = field;
    if (saves === undefined || saves === "rsp" || except.includes(saves) || !isGeneralRegister(saves)) return false;
    return !sameValue(before.registers[saves], { kind: "field", field: field.name });
  });
  const written = byPops(frame, wanted, except.length === 0, before) ?? byMoves(frame, wanted, except.length === 0, before);
  if (!written) return { problem: `the saved registers cannot be reached here: ${stackStory(before)}`, span };
  const result = placeInstructions(
    written.map(({ instruction }) => ({ instruction, span })),
    before,
    context,
  );
  if (!isPlaced(result)) return result;
  return { after: result.after, placed: result.placed.map((placed, index) => ({ ...placed, comment: written[index]?.comment })) };
}

interface Written {
  readonly instruction: Instruction;
  readonly comment: string;
}

type SavedRegister = FrameField & { readonly saves: GeneralRegister };

const pop = (register: GeneralRegister, comment: string): Written => ({
  instruction: { mnemonic: "popq", operands: [{ kind: "register", register, width: 64 }] },
  comment,
});
const moveStack = (bytes: number, comment: string): Written => ({
  instruction: {
    mnemonic: "addq",
    operands: [
      { kind: "immediate", value: BigInt(bytes) },
      { kind: "register", register: "rsp", width: 64 },
    ],
  },
  comment,
});
const skipped = (fields: readonly FrameField[]): string => `skip ${fields.map((field) => field.name).join(", ")}`;

/** More gaps than this and moves are shorter: a gap costs a dummy pop or an `addq`. */
const mostGaps = 4;

/** Pops in the frame's order, when RSP is at or below the first wanted field and the words between are few. */
function byPops(frame: Frame, wanted: readonly SavedRegister[], everything: boolean, before: Location): Written[] | undefined {
  const { rsp } = before.registers;
  if (rsp.kind !== "pointer" || rsp.region !== "frame" || !intact(wanted, before, frame)) return undefined;
  if (wanted.some((field) => field.offset < rsp.offset)) return undefined;
  const written: Written[] = [];
  let gap: FrameField[] = [];
  let gaps = 0;
  const last = wanted.at(-1);
  for (const field of frame.fields) {
    if (field.offset < rsp.offset || last === undefined || field.offset > last.offset) continue;
    const popped = wanted.find((w) => w === field);
    if (!popped) {
      gap.push(field);
      continue;
    }
    if (gap.length > 0) {
      gaps++;
      // One word is skipped by a pop into a register that is loaded later; it changes no flags and is shorter than `addq`.
      written.push(gap.length === 1 ? pop(last.saves, skipped(gap)) : moveStack(8 * gap.length, skipped(gap)));
      gap = [];
    }
    written.push(pop(popped.saves, popped.name));
  }
  if (gaps > mostGaps) return undefined;
  const end = last === undefined ? rsp.offset : last.offset + 8;
  return everything ? [...written, ...toReturnFrame(frame, end)] : written;
}

/** Moves from wherever the frame is pointed to, the pointer's own register last, then one `addq`. */
function byMoves(frame: Frame, wanted: readonly SavedRegister[], everything: boolean, before: Location): Written[] | undefined {
  if (!intact(wanted, before, frame)) return undefined;
  const { rsp } = before.registers;
  const base = (["rsp", ...generalRegisters] as const).find((register) => {
    const value = before.registers[register];
    return value.kind === "pointer" && value.region === "frame";
  });
  const pointer = base && before.registers[base];
  if (!base || pointer?.kind !== "pointer") return undefined;
  if (base === "rsp" && wanted.some((field) => field.offset < pointer.offset)) return undefined;
  const ordered = [...wanted.filter((field) => field.saves !== base), ...wanted.filter((field) => field.saves === base)];
  const written = ordered.map(
    (field): Written => ({
      instruction: {
        mnemonic: "movq",
        operands: [
          { kind: "memory", address: { segment: undefined, symbol: "", displacement: field.offset - pointer.offset, base } },
          { kind: "register", register: field.saves, width: 64 },
        ],
      },
      comment: field.name,
    }),
  );
  return everything && rsp.kind === "pointer" && rsp.region === "frame" ? [...written, ...toReturnFrame(frame, rsp.offset)] : written;
}

/** No word that is wanted was overwritten. */
function intact(wanted: readonly SavedRegister[], before: Location, frame: Frame): boolean {
  return wanted.every((field) => sameValue(valueAt(before, "frame", field.offset, frame), { kind: "field", field: field.name }));
}

/** Skips the words between the last register and the saved RIP. */
function toReturnFrame(frame: Frame, from: number): Written[] {
  const rip = frame.fields.find((field) => field.saves === "rip");
  if (!rip || rip.offset <= from) return [];
  const words = frame.fields.filter((field) => field.offset >= from && field.offset < rip.offset);
  return [moveStack(rip.offset - from, words.length > 3 ? `to ${rip.name}` : skipped(words))];
}
