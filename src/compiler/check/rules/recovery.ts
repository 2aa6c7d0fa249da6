/** Terminals that may fault: that somebody recovers, and that the recovery fits the state in which the fault comes (INV-92, INV-94). */
import { terminalNamed } from "../../machine/terminals.js";
import type { Action, Event, Model } from "../../model/model.js";
import type { TerminalNode } from "../../path/graph.js";
import type { Span } from "../../text/source.js";
import { raises } from "../interruption.js";
import type { Rule, Visit } from "../rule.js";
import { valueIndex, valueNameOf } from "../vector.js";

export const recovery: Rule = (visit) => {
  const { context, node, vector } = visit;
  if (node.kind !== "terminal" || !node.terminal.mayFault || !vector.toUser || !node.terminal.toUser) return;
  const events = context.model.events.filter((event) => raises(node, event, context.model));
  if (node.recovery === undefined && events.length === 0) checkRecovered(visit, node);
  for (const event of events) checkArrival(visit, node, event);
};

/** What user mode chose, or what another thread may have changed (a segment of the LDT), makes IRET fault in ring 0. */
function checkRecovered({ context, vector, report }: Visit, { terminal }: TerminalNode): void {
  const other = recovered(context.model).find((r) => r.terminal === terminal.name);
  if (!vector.rewritten && !other) return;
  report({
    code: "EX5012",
    args: { terminal: terminal.name },
    cause: vector.rewritten ? { kind: "rewritten" } : undefined,
    details: {
      secondary: other ? [{ span: other.span, message: `this one goes on at \`${other.name}\` when it faults` }] : [],
      notes: [
        vector.rewritten
          ? "the saved words may be any that user mode chose: a selector that names no segment, an address that is not canonical"
          : "the selectors are looked up again: another thread may have changed the segments that they name since",
        "the fault comes in ring 0, with the user's GS base: without a recovery the kernel takes it for a fault of its own (INV-92)",
      ],
      help: `name what is to happen then: \`${terminal.name} on fault RECOVERY\``,
    },
  });
}

interface Recovered {
  readonly terminal: string;
  readonly name: string;
  readonly span: Span;
}

const found = new WeakMap<Model, readonly Recovered[]>();

/** The terminals of a spec that name a recovery. */
function recovered(model: Model): readonly Recovered[] {
  const known = found.get(model);
  if (known) return known;
  const result: Recovered[] = [];
  const collect = (actions: readonly Action[]): void => {
    for (const action of actions) {
      if (action.kind === "terminal" && action.recovery !== undefined && terminalNamed(action.terminal)?.mayFault)
        result.push({ terminal: action.terminal, name: action.recovery, span: action.span });
      if (action.kind === "when") {
        collect(action.then);
        collect(action.otherwise);
      } else if (action.kind === "window") collect(action.body);
    }
  };
  for (const { body } of model.tails) collect(body);
  for (const { leave } of model.exits) collect(leave);
  found.set(model, result);
  return result;
}

/** A terminal that faults does so in the state that it found, but for what the processor switches itself (INV-92). */
function checkArrival({ context, vector, report }: Visit, { terminal }: TerminalNode, event: Event): void {
  for (const { dimension, value, span } of event.arrives) {
    if (["irqs", "stack", "registers"].includes(dimension.name) || valueIndex(vector, dimension) === value) continue;
    // An entry that arrives with a bit of RFLAGS set clears it: it may be clear, too.
    if (["ac", "df", "nt", "tf"].includes(dimension.name) && dimension.values[value] === "set") continue;
    const actual = valueNameOf(vector, dimension);
    const wanted = dimension.values[value] as string;
    report({
      code: "EX5011",
      args: { terminal: terminal.name, dimension: dimension.name, actual, event: event.name, wanted },
      cause: { kind: "dimension", dimension },
      details: {
        secondary: [{ span, message: "it arrives like this" }],
        notes: ["the entry of the fault would undo what was never done, or leave undone what was (INV-92)"],
        help: `let \`${event.name}\` arrive with ${dimension.name} \`${actual}\`, and its entry bring it back to the kernel's`,
      },
    });
  }
  const stack = context.dimension("stack");
  const arrives = event.arrives.find((s) => s.dimension === stack);
  const own = arrives !== undefined && stack.values[arrives.value] === "ist";
  if (own || valueNameOf(vector, stack) !== "espfix") return;
  report({
    code: "EX5011",
    args: { terminal: terminal.name, dimension: "stack", actual: "espfix", event: event.name, wanted: "ist" },
    cause: { kind: "dimension", dimension: stack },
    details: {
      secondary: [{ span: arrives?.span ?? event.span, message: "it has no stack of its own" }],
      notes: [
        "the processor pushes the fault's frame where RSP points, and this stack cannot be written: what comes is a double fault (INV-58, INV-94)",
      ],
      help: "let the recovery be that of the double fault, on a stack of the interrupt stack table: `arrives stack ist`",
    },
  });
}
