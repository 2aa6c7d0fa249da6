/**
 * The IRQ annotations that sparse checks: what the caller of each function finds and what it leaves behind.
 * Sparse counts 1 while IRQs are off. The end of a prepare function is read off the graph; sparse then proves it on the C.
 */
import type { Event, StateSetting } from "../../model/model.js";
import type { PathGraph, PathNode } from "../../path/graph.js";

export type Irqs = "on" | "off";

/** How a function moves the IRQ state; undefined: it leaves it alone, or it cannot be said in one annotation. */
export function annotation(before: Irqs | undefined, after: Irqs | undefined): string | undefined {
  if (before === undefined || after === undefined) return undefined;
  if (before === "on") return after === "off" ? "EXITDSL_TURNS_IRQS_OFF" : undefined;
  return after === "off" ? "EXITDSL_KEEPS_IRQS_OFF" : "EXITDSL_TURNS_IRQS_ON";
}

/** The IRQ state that every event of an exit starts in; undefined when they differ or do not say. */
export function irqsAtStart(events: readonly Event[]): Irqs | undefined {
  const states = new Set(events.map((e) => irqsOf(e.starts)));
  return states.size === 1 ? [...states][0] : undefined;
}

export function irqsOf(settings: readonly StateSetting[]): Irqs | undefined {
  const setting = settings.find((s) => s.dimension.name === "irqs");
  const value = setting?.dimension.values[setting.value];
  return value === "on" || value === "off" ? value : undefined;
}

/** The annotation of an exit's prepare function. */
export function prepareAnnotation(graph: PathGraph): string | undefined {
  const start = irqsAtStart(graph.exit.events);
  return annotation(start, walk(graph.prepare, start));
}

function walk(nodes: readonly PathNode[], start: Irqs | undefined): Irqs | undefined {
  let state = start;
  for (const node of nodes) {
    if (node.kind === "irqs") state = node.on ? "on" : "off";
    else if (node.kind === "call") state = irqsOf(node.item.ensures) ?? state;
    else if (node.kind === "branch") {
      const then = walk(node.then, state);
      const otherwise = walk(node.otherwise, state);
      state = then === otherwise ? then : undefined;
    } else if (node.kind === "loop") state = walk(node.body, state) === state ? state : undefined;
    else if (node.kind === "window") state = walk(node.body, state);
  }
  return state;
}
