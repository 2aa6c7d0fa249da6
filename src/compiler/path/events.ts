/**
 * What can be observed of a path's C side from outside: interrupts turned on and off, looks at flags words, and calls. The
 * simulator's trace and the harness that runs the compiled C function number these events alike, so that their traces compare.
 */
import type { Span } from "../text/source.js";
import type { PathGraph, PathNode } from "./graph.js";

export type PathEventKind = "irqs-on" | "irqs-off" | "read" | "take" | "clear" | "call";

export interface PathEvent {
  /** Position in the list of `pathEvents`: what a trace records. */
  readonly code: number;
  readonly kind: PathEventKind;
  /** The flags word, for `clear` with its flags (`thread_flags: A | B`), or the C function; "" for IRQs. */
  readonly name: string;
  /** As the spec says it: `irqs off`, `read thread_flags`, `call schedule`. */
  readonly text: string;
  /** Where the spec asks for it, each place once. */
  readonly spans: readonly Span[];
}

/** A node that is observable when it runs. */
export type EventNode = Extract<PathNode, { kind: "irqs" | "read" | "clear" | "call" }>;

/** Is it observed in `prepare`? (In `leave` the same statements are instructions.) */
export function isEvent(node: PathNode): node is EventNode {
  return node.side === "prepare" && (node.kind === "irqs" || node.kind === "read" || node.kind === "clear" || node.kind === "call");
}

/** The distinct events of a path's `prepare`, in the order in which the graph first has them. */
export function pathEvents(graph: PathGraph): readonly PathEvent[] {
  const known = new Map<string, PathEvent & { readonly spans: Span[] }>();
  for (const node of graph.nodes) {
    if (!isEvent(node)) continue;
    const event = observed(node);
    const earlier = known.get(event.text);
    if (!earlier) known.set(event.text, { code: known.size, ...event, spans: [node.span] });
    else if (!earlier.spans.some((s) => s.source === node.span.source && s.start === node.span.start)) earlier.spans.push(node.span);
  }
  return [...known.values()];
}

/** The code of each event's text, for emitters that meet the nodes one by one. */
export function eventCodes(graph: PathGraph): (node: EventNode) => number {
  const codes = new Map(pathEvents(graph).map((event) => [event.text, event.code]));
  return (node) => codes.get(observed(node).text) as number;
}

function observed(node: EventNode): Omit<PathEvent, "code" | "spans"> {
  switch (node.kind) {
    case "irqs":
      return { kind: node.on ? "irqs-on" : "irqs-off", name: "", text: node.on ? "irqs on" : "irqs off" };
    case "read": {
      const kind = node.take ? "take" : "read";
      return { kind, name: node.word.name, text: `${kind} ${node.word.name}` };
    }
    case "clear": {
      const flags = node.flags.map((flag) => flag.name).join(" | ");
      return { kind: "clear", name: `${node.word.name}: ${flags}`, text: `clear ${flags}` };
    }
    case "call": {
      const name = calledFunction(node);
      return { kind: "call", name, text: `call ${name}` };
    }
  }
}

/** The C function that a `call` node calls. */
export function calledFunction(node: Extract<PathNode, { kind: "call" }>): string {
  const { item } = node;
  if (item.kind === "work") return item.call.function;
  if (item.form.kind === "call") return item.form.call.function;
  throw new Error(`the step ${item.name} has instructions and cannot be called`);
}
