/** Tells a finding as a diagnostic: where, since when, by which way, in which kernels. */
import { type Details, diagnostic, type MessageArguments, type Code } from "../diagnostics/catalogue.js";
import type { Diagnostic, Label, TraceStep } from "../diagnostics/diagnostic.js";
import { formatInstruction } from "../machine/instructions.js";
import type { PathNode } from "../path/graph.js";
import type { PathContext } from "./context.js";
import type { Origin, Reached } from "./explore.js";
import { maybeSet } from "./flag-box.js";
import type { Cause, Finding } from "./rule.js";
import { type Vector, valueIndex, valueOf } from "./vector.js";

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
  return diagnostic(finding.code, finding.span ?? node.span, args as never, { ...details, secondary, notes, trace: trace(context, moves, reached.vector) });
}

/** "in kernels with PTI and without XENPV"; undefined where it is so in all. */
export function featureNote(features: ReturnType<PathContext["features"]["explain"]>): string | undefined {
  const names = (on: boolean) => features.filter((f) => f.on === on).map((f) => f.feature.name);
  const parts = [names(true).length > 0 ? `with ${names(true).join(", ")}` : "", names(false).length > 0 ? `without ${names(false).join(", ")}` : ""];
  return features.length === 0 ? undefined : `in kernels ${parts.filter((p) => p !== "").join(" and ")}`;
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

/** The last move that made it so. */
function lastCause(context: PathContext, moves: readonly Move[], cause: Cause): Label | undefined {
  const move = moves.findLast(({ before, after }) => {
    switch (cause.kind) {
      case "dimension":
        return valueIndex(before, cause.dimension) !== valueIndex(after, cause.dimension);
      case "flags":
        return (setSince(before, after) & cause.flags) !== 0;
      case "registers":
        return (before.registers & ~after.registers & cause.registers) !== 0;
      case "stale":
        return (after.stale & ~before.stale & cause.fact) !== 0;
    }
  });
  if (!move) return cause.kind === "dimension" ? startLabel(context, moves, cause.dimension.name) : undefined;
  const { span } = move.node;
  switch (cause.kind) {
    case "dimension":
      return { span, message: `${cause.dimension.name} ${valueOf(move.after, cause.dimension)} since here` };
    case "flags":
      return { span, message: byInterrupt(context, move, cause.flags) ? "IRQs are on from here: an interrupt may set it" : "this may set it" };
    case "registers":
      return { span, message: "this overwrites a restored register" };
    case "stale":
      return { span, message: "this may rewrite the frame" };
  }
}

function startLabel(context: PathContext, moves: readonly Move[], dimension: string): Label | undefined {
  const event = moves[0]?.before.event ?? context.graph.exit.events[0];
  const setting = event?.starts.find((s) => s.dimension.name === dimension);
  if (setting) return { span: setting.span, message: "it starts like this" };
  const usual = context.dimension(dimension);
  return event && { span: event.span, message: `${dimension} is ${usual.values[usual.usual]} when it comes, as nothing else is said` };
}

/** The flags that this move may have set: not seen yet, or not set before. */
function setSince(before: Vector, after: Vector): number {
  return (maybeSet(after.flags) & ~maybeSet(before.flags)) | (after.flags.setSeenClear & ~before.flags.setSeenClear & ~maybeSet(before.flags));
}

function byInterrupt(context: PathContext, move: Move, flags: number): boolean {
  return valueOf(move.after, context.dimension("irqs")) === "on" && (setSince(move.before, move.after) & flags & context.asyncFlags) !== 0;
}

/** The story: what changed, step by step. Steps that change nothing that is told are left out. */
function trace(context: PathContext, moves: readonly Move[], last: Vector): TraceStep[] {
  const result: TraceStep[] = [];
  const event = moves[0]?.before.event ?? last.event;
  const from = (moves[0]?.before ?? last).toUser ? "user" : "kernel";
  const start = event.starts.map((s) => `${s.dimension.name} ${s.dimension.values[s.value]}`).join(", ");
  result.push({ span: event.span, text: `\`${event.name}\` came from ${from} mode${start === "" ? "" : `: ${start}`}` });
  for (const move of moves) {
    const text = moveText(context, move);
    if (text !== undefined) result.push({ span: move.node.span, text });
  }
  return result;
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
      return move.arm === "then" ? undefined : node.reason === "guard" ? undefined : "the `when` does not hold";
    case "assume":
      return `assumed: ${node.setting.dimension.name} ${node.setting.dimension.values[node.setting.value]}`;
    default:
      return undefined;
  }
}

/** What a move changed of the machine and kernel state, in words. */
function changesOf(context: PathContext, { before, after }: Move): string {
  const parts = context.model.dimensions.flatMap((d) => (valueIndex(before, d) === valueIndex(after, d) ? [] : [`${d.name} ${valueOf(after, d)}`]));
  const set = [...context.flagBit].filter(([, bit]) => (setSince(before, after) & (1 << bit)) !== 0).map(([flag]) => flag.name);
  if (set.length > 0 && valueOf(after, context.dimension("irqs")) === "off") parts.push(`may set ${set.join(", ")}`);
  if ((after.stale & ~before.stale) !== 0) parts.push("the frame may be rewritten");
  return parts.join(", ");
}
