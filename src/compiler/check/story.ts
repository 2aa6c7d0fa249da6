/** Tells a finding as a diagnostic: where, since when, by which way, in which kernels. */
import { type Code, type Details, diagnostic, type MessageArguments } from "../diagnostics/catalogue.js";
import type { Diagnostic, Label, TraceStep } from "../diagnostics/diagnostic.js";
import { generalRegisters } from "../machine/instruction.js";
import { formatInstruction } from "../machine/instructions.js";
import type { StateDimension, StateSetting, Work } from "../model/model.js";
import { blocksOf } from "../path/flow.js";
import type { PathNode } from "../path/graph.js";
import type { PathContext } from "./context.js";
import type { Origin, Reached } from "./explore.js";
import { maybeSet } from "./flag-box.js";
import type { Cause, Finding } from "./rule.js";
import { isEntry } from "./rules/entry-frame.js";
import { type Vector, valueIndex, valueNameOf } from "./vector.js";

interface Told {
  readonly finding: Finding;
  readonly node: PathNode;
  readonly reached: Reached;
  readonly combinations: bigint;
}

/** A step of the way: from one vector to the next. */
interface Move {
  readonly node: PathNode;
  readonly arm: Origin["arm"];
  readonly instruction: number | undefined;
  readonly before: Vector;
  readonly after: Vector;
}

export function describe(context: PathContext, { finding, node, reached, combinations }: Told): Diagnostic {
  const moves = way(context, reached, combinations);
  const details: Details = finding.details ?? {};
  const secondary: Label[] = [...(details.secondary ?? [])];
  const cause = finding.cause && lastCause(context, moves, finding.cause);
  if (cause) secondary.unshift(cause);
  const features = context.features.explain(combinations);
  const notes = [...(details.notes ?? [])];
  const kernels = featureNote(features);
  if (kernels !== undefined) notes.push(kernels);
  const args = finding.args as MessageArguments<Code>;
  return diagnostic(finding.code, finding.span ?? node.span, args as never, {
    ...details,
    secondary,
    notes,
    trace: trace(context, moves, reached.vector, { finding, node }),
    steps: everyStep(context, moves, reached.vector, node),
  });
}

/** "in kernels with PTI and without XENPV"; undefined where it is so in all. */
export function featureNote(features: ReturnType<PathContext["features"]["explain"]>): string | undefined {
  const names = (on: boolean) => features.filter((f) => f.on === on).map((f) => f.feature.name);
  const parts = [
    names(true).length > 0 ? `with ${names(true).join(", ")}` : "",
    names(false).length > 0 ? `without ${names(false).join(", ")}` : "",
  ];
  return features.length === 0 ? undefined : `in kernels ${parts.filter((p) => p !== "").join(" and ")}`;
}

/** Is it what `featureNote` says? */
export function isFeatureNote(note: string): boolean {
  return note.startsWith("in kernels with");
}

/** The moves from the start to `reached`, by a way that one of the failing combinations can take. */
function way(context: PathContext, reached: Reached, combinations: bigint): Move[] {
  const index = context.features.first(combinations & reached.combinations) ?? context.features.first(reached.combinations) ?? 0;
  const bit = 1n << BigInt(index);
  const moves: Move[] = [];
  let current = reached;
  for (;;) {
    const usable = current.origins.filter((o) => (o.combinations & bit) !== 0n);
    const origin = usable.length > 0 ? usable.reduce((a, b) => (b.from.depth < a.from.depth ? b : a)) : current.origins[0];
    if (!origin) break;
    moves.push({ node: origin.node, arm: origin.arm, instruction: origin.instruction, before: origin.from.vector, after: current.vector });
    current = origin.from;
  }
  return moves.reverse();
}

/** Where a dimension got the value that it has where something was found; undefined where the path started with it. */
export function changedAt(context: PathContext, { reached, combinations }: Told, dimension: StateDimension): PathNode | undefined {
  return lastMove(way(context, reached, combinations), { kind: "dimension", dimension })?.node;
}

/** The last move that made it so. */
function lastMove(moves: readonly Move[], cause: Cause): Move | undefined {
  return moves.findLast((move) => madeItSo(move, cause));
}

function madeItSo({ before, after, node }: Move, cause: Cause): boolean {
  switch (cause.kind) {
    case "dimension":
      return valueIndex(before, cause.dimension) !== valueIndex(after, cause.dimension);
    case "flags":
      return ((setSince(before, after) | (cause.work && node.kind === "call" ? setUnseen(before, after) : 0)) & cause.flags) !== 0;
    case "taken":
      return (after.taken & ~before.taken & cause.flags) !== 0;
    case "registers":
      return (before.registers & ~after.registers & cause.registers) !== 0;
    case "stale":
      return (after.stale & ~before.stale & cause.fact) !== 0;
    case "rewritten":
      return after.rewritten && !before.rewritten;
  }
}

function lastCause(context: PathContext, moves: readonly Move[], cause: Cause): Label | undefined {
  const move = lastMove(moves, cause);
  if (!move) {
    if (cause.kind === "dimension") return startLabel(context, moves, cause.dimension.name);
    return cause.kind === "flags" ? (lookWithIrqsOn(context, moves, cause.flags) ?? passedBy(moves, cause.work)) : undefined;
  }
  const { span } = move.node;
  switch (cause.kind) {
    case "dimension":
      return { span, message: `${cause.dimension.name} ${valueNameOf(move.after, cause.dimension)} since here` };
    case "flags":
      return {
        span,
        message: byInterrupt(context, move, cause.flags) ? "IRQs are on from here: an interrupt may set it" : "this may set it",
      };
    case "taken":
      return { span, message: "it is cleared here" };
    case "registers":
      return { span, message: "this overwrites a restored register" };
    case "stale":
    case "rewritten":
      return { span, message: "this may rewrite the frame" };
  }
}

/** The last look at the flags, where an interrupt could set them right behind it. */
function lookWithIrqsOn(context: PathContext, moves: readonly Move[], flags: number): Label | undefined {
  const look = moves.findLast(({ node }) => node.kind === "read" && (context.flags(node.word.flags) & flags) !== 0);
  if (!look || (flags & context.asyncFlags) === 0 || valueNameOf(look.after, context.dimension("irqs")) === "off") return undefined;
  return { span: look.node.span, message: "the flags are read with IRQs on: an interrupt may set them right behind it" };
}

/** Where a way took the arm without this work. */
function passedBy(moves: readonly Move[], work: Work | undefined): Label | undefined {
  const runs = (nodes: readonly PathNode[]) =>
    nodes.some((node) => node.kind === "call" && node.item === work) || nodes.some((node) => blocksOf(node).some(runs));
  const around = work && moves.findLast(({ node, arm }) => node.kind === "branch" && runs(arm === "then" ? node.otherwise : node.then));
  if (around?.node.kind !== "branch") return undefined;
  return { span: around.node.span, message: around.node.reason === "guard" ? "its guard may not hold here" : "this way goes by it" };
}

function startLabel(context: PathContext, moves: readonly Move[], name: string): Label | undefined {
  const first = moves[0]?.before;
  const event = first?.event ?? context.graph.exit.events[0];
  if (!event) return undefined;
  const entering = isEntry(context);
  // A fault in ring 0 stays on its stack, whatever the event says of those from user mode.
  const applies = ({ dimension, value }: StateSetting) => !entering || !first || valueIndex(first, dimension) === value;
  const setting = (entering ? event.arrives : event.starts).find((s) => s.dimension.name === name && applies(s));
  if (setting) return { span: setting.span, message: entering ? "it arrives like this" : "it starts like this" };
  const dimension = context.dimension(name);
  if (!entering)
    return { span: event.span, message: `${name} is ${dimension.values[dimension.usual]} when it comes, as nothing else is said` };
  if (!first) return undefined;
  const value = valueIndex(first, dimension);
  const left =
    first.toUser && context.requires.find((r) => r.target === "user" && r.setting.dimension === dimension && r.setting.value === value);
  if (left) return { span: left.span, message: "user mode runs like this" };
  return { span: event.span, message: `${name} is ${dimension.values[value]} in what it may interrupt` };
}

/** The flags that may be set and that the last look at them missed, and did not miss before this move. */
function setUnseen(before: Vector, after: Vector): number {
  return after.flags.setSeenClear & ~before.flags.setSeenClear;
}

/** The flags that this move may have set: not seen yet, or not set before. */
function setSince(before: Vector, after: Vector): number {
  return (
    (maybeSet(after.flags) & ~maybeSet(before.flags)) |
    (after.flags.setSeenClear & ~before.flags.setSeenClear & ~maybeSet(before.flags)) |
    (before.handled & ~after.handled)
  );
}

function byInterrupt(context: PathContext, move: Move, flags: number): boolean {
  return (
    valueNameOf(move.after, context.dimension("irqs")) === "on" && (setSince(move.before, move.after) & flags & context.asyncFlags) !== 0
  );
}

/** The story: what changed, step by step. Steps that change nothing that is told are left out. */
function trace(context: PathContext, moves: readonly Move[], last: Vector, { finding, node }: Pick<Told, "finding" | "node">): TraceStep[] {
  const result: TraceStep[] = [arrival(context, moves, last)];
  const { cause } = finding;
  const culprit =
    cause?.kind === "flags" ? moves.findLast(({ before, after }) => (setSince(before, after) & cause.flags) !== 0) : undefined;
  for (const move of moves) {
    const { span } = move.node;
    const byIrq = move === culprit && cause?.kind === "flags" && byInterrupt(context, move, cause.flags);
    const text = byIrq && move.node.kind === "irqs" ? "IRQs go on" : moveText(context, move);
    if (text !== undefined) result.push({ span, text });
    if (byIrq) result.push({ span, text: `an interrupt sets ${flagNames(context, setSince(move.before, move.after) & cause.flags)}` });
  }
  if (cause?.kind === "flags" && node.kind === "terminal") {
    const readAgain = culprit && moves.slice(moves.indexOf(culprit) + 1).some((m) => m.node.kind === "read" || m.node.kind === "loop");
    const again = culprit && !readAgain ? "nothing reads the flags again, and " : "";
    result.push({
      span: node.span,
      text: `${again}\`${node.terminal.name}\` returns to user mode with ${flagNames(context, cause.flags)} pending`,
    });
  }
  return result;
}

function arrival(context: PathContext, moves: readonly Move[], last: Vector): TraceStep {
  const event = moves[0]?.before.event ?? last.event;
  const from = (moves[0]?.before ?? last).toUser ? "user" : "kernel";
  const start = (isEntry(context) ? event.arrives : event.starts)
    .map((s) => `${s.dimension.name} ${s.dimension.values[s.value]}`)
    .join(", ");
  return { span: event.span, text: `\`${event.name}\` came from ${from} mode${start === "" ? "" : `: ${start}`}` };
}

/** One flag of several, since one is enough: the first. */
function flagNames(context: PathContext, flags: number): string {
  const [first] = [...context.flagBit].filter(([, bit]) => (flags & (1 << bit)) !== 0);
  return first ? `\`${first[0].name}\`` : "a flag";
}

/** Every step of the way with all that it changes in the state vector, for `--trace`. */
function everyStep(context: PathContext, moves: readonly Move[], last: Vector, end: PathNode): TraceStep[] {
  const first = moves[0]?.before ?? last;
  const { text, span } = arrival(context, moves, last);
  const vector = context.model.dimensions.filter((d) => d.name !== "registers").map((d) => `${d.name} ${valueNameOf(first, d)}`);
  const result: TraceStep[] = [{ span, text: `${text.replace(/:.*/, "")}: ${vector.join(", ")}` }];
  for (const move of moves) {
    const what = stepName(move);
    if (what === undefined) continue;
    const changes = allChanges(context, move);
    result.push({ span: move.node.span, text: changes.length === 0 ? what : `${what}: ${changes.join(", ")}` });
  }
  result.push({
    span: end.span,
    text: `here: ${stepName({ node: end, arm: undefined, instruction: undefined, before: last, after: last }) ?? "the end"}`,
  });
  return result;
}

function stepName({ node, arm, instruction }: Move): string | undefined {
  switch (node.kind) {
    case "irqs":
      return node.on ? "IRQs go on" : "IRQs go off";
    case "read":
      return `${node.take ? "take" : "read"} \`${node.word.name}\``;
    case "clear":
      return `clear ${node.flags.map((f) => `\`${f.name}\``).join(", ")}`;
    case "call":
      return `call \`${node.item.name}\``;
    case "evaluate":
      return `decide \`${node.condition.name}\``;
    case "instructions": {
      const placed = instruction === undefined ? undefined : node.instructions[instruction];
      return placed ? `\`${formatInstruction(placed.instruction).replaceAll("\t", " ")}\`` : `\`${node.step.name}\` is done`;
    }
    case "branch":
    case "loop":
      return arm === undefined ? undefined : `the test ${arm === "then" ? "holds" : "does not hold"}`;
    case "assume":
      return "assumed";
    case "terminal":
      return `\`${node.terminal.name}\``;
    case "jump":
      return `jump to \`${node.tail.name}\``;
    default:
      return undefined;
  }
}

/** All that a move changed: dimensions, work flags, registers, tokens and conditions. */
function allChanges(context: PathContext, { before, after }: Move): string[] {
  const bits = (mask: number, names: readonly string[]) => names.filter((_, i) => (mask & (1 << i)) !== 0).join(", ");
  const flags = [...context.flagBit.keys()].map((f) => f.name);
  const facts = context.facts.map((fact) => ("condition" in fact ? fact.condition.name : "this test"));
  const tokens = context.tokens.map((t) => t.name);
  const parts = context.model.dimensions.flatMap((d) =>
    valueIndex(before, d) === valueIndex(after, d) ? [] : [`${d.name} ${valueNameOf(after, d)}`],
  );
  const add = (mask: number, names: readonly string[], text: (list: string) => string) => {
    const list = bits(mask, names);
    if (list !== "") parts.push(text(list));
  };
  add(setSince(before, after), flags, (list) => `${list} may be set`);
  add(maybeSet(before.flags) & ~maybeSet(after.flags), flags, (list) => `${list} clear`);
  add(after.registers & ~before.registers, generalRegisters, (list) => `${list} restored`);
  add(before.registers & ~after.registers, generalRegisters, (list) => `${list} lost`);
  add(after.tokens & ~before.tokens, tokens, (list) => `${list} used`);
  add(after.facts & ~before.facts, facts, (list) => `${list} holds`);
  add(after.stale & ~before.stale, facts, (list) => `${list} is stale`);
  return parts;
}

function moveText(context: PathContext, move: Move): string | undefined {
  const { node } = move;
  const changes = changesOf(context, move);
  const then = changes === "" ? "" : `: ${changes}`;
  switch (node.kind) {
    case "irqs":
      return `IRQs go ${node.on ? "on" : "off"}${node.on && context.asyncFlags !== 0 ? ": an interrupt may set any async flag" : ""}`;
    case "read":
      return `the flags of \`${node.word.name}\` are read${node.take ? " and cleared" : ""}`;
    case "clear":
      return `${node.flags.map((f) => `\`${f.name}\``).join(", ")} ${node.flags.length > 1 ? "are" : "is"} cleared`;
    case "call":
      return `\`${node.item.name}\` runs${then}`;
    case "evaluate":
      return `\`${node.condition.name}\` is decided`;
    case "instructions": {
      if (move.instruction === undefined) return changes === "" ? undefined : `\`${node.step.name}\` is done${then}`;
      const placed = node.instructions[move.instruction];
      return placed && changes !== "" ? `\`${formatInstruction(placed.instruction).replaceAll("\t", " ")}\`${then}` : undefined;
    }
    case "loop":
      return move.arm === "then" ? "some flag of the loop is set: another round" : "no flag of the loop is set: it ends";
    case "branch":
      if (node.reason === "feature") return undefined;
      return move.arm !== "otherwise" ? undefined : node.reason === "guard" ? undefined : "the `when` does not hold";
    case "assume":
      return `assumed: ${node.setting.dimension.name} ${node.setting.dimension.values[node.setting.value]}`;
    default:
      return undefined;
  }
}

/** Guesses of the processor, and CR2, matter to few events. */
function isAsked({ name }: StateDimension, { event }: Vector): boolean {
  if (name === "speculation") return event.starts.some((s) => s.dimension.name === name);
  return name !== "cr2" || event.anyPoint || event.arrives.length > 0;
}

/** What a move changed of the machine and kernel state, in words. */
function changesOf(context: PathContext, { before, after }: Move): string {
  const parts = context.model.dimensions.flatMap((d) =>
    valueIndex(before, d) === valueIndex(after, d) || !isAsked(d, after) ? [] : [`${d.name} ${valueNameOf(after, d)}`],
  );
  const set = [...context.flagBit].filter(([, bit]) => (setSince(before, after) & (1 << bit)) !== 0).map(([flag]) => flag.name);
  if (set.length > 0 && valueNameOf(after, context.dimension("irqs")) === "off") parts.push(`may set ${set.join(", ")}`);
  if ((after.stale & ~before.stale) !== 0) parts.push("the frame may be rewritten");
  return parts.join(", ");
}
