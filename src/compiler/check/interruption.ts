/**
 * Paths that may interrupt anything (`any point`): NMI, machine check, debug exceptions. Such an event finds the machine as
 * some other path had it at that instant: between SWAPGS and the terminal, after the CR3 switch, on the user's stack. What its
 * exit takes for granted must be so at every instruction boundary of the other paths, or be saved and restored by a token.
 */
import { diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Action, Event, Model, StateDimension } from "../model/model.js";
import type { PathNode, TerminalNode } from "../path/graph.js";
import type { Span } from "../text/source.js";
import type { PathContext } from "./context.js";
import type { Reached } from "./explore.js";
import type { FeatureSpace } from "./feature-space.js";
import { featureNote } from "./story.js";
import { valueIndex, withValue } from "./vector.js";

/** The dimensions that an interrupted path may have in an unusual value while in ring 0. */
const interruptible = ["gs", "cr3", "spec_ctrl", "stack"] as const;

/** The kernel's own states that an any-point entry counts on, by the contract of a step: it finds them as they are, too. */
function relied({ entries, dimensions }: Model): StateDimension[] {
  const found = new Set<StateDimension>();
  const visit = (actions: readonly Action[]): void => {
    for (const action of actions) {
      if (action.kind === "do") for (const { dimension } of action.step.requires) found.add(dimension);
      if (action.kind === "when") visit([...action.then, ...action.otherwise]);
      if (action.kind === "window") visit(action.body);
    }
  };
  for (const { events, body } of entries) if (events.some((event) => event.anyPoint)) visit(body);
  return dimensions.filter((dimension) => !dimension.builtIn && found.has(dimension));
}

/** A value that a dimension has at some boundary of a path. */
export interface Boundary {
  readonly path: string;
  readonly dimension: StateDimension;
  readonly value: number;
  /** The statement that comes next there. */
  readonly span: Span;
  /** Which kernels; undefined: all. */
  readonly features: string | undefined;
}

/** A state of the machine at some boundary: the values of the interruptible dimensions, as an event would find them. */
export interface Interrupted {
  readonly path: string;
  readonly span: Span;
  readonly values: readonly (readonly [dimension: StateDimension, value: number])[];
  /** The combinations of the interrupted path's features in which it occurs; others may be on or off. */
  readonly features: FeatureSpace;
  readonly combinations: bigint;
}

/** Does a fault of this terminal come as this event? It does unless the terminal names another event. */
export function raises({ terminal, recovery }: TerminalNode, event: Event, { events }: Model): boolean {
  if (!terminal.mayFault || recovery === event.name) return terminal.mayFault;
  return event.faultOf === terminal.name && !events.some((e) => e.name === recovery);
}

/** Collects what one path can be found in, each with the first boundary at which it can. */
export class Boundaries {
  private readonly context: PathContext;
  private readonly found = new Map<string, { values: string; node: PathNode; combinations: bigint }>();
  private readonly faulting = new Map<string, { values: string; node: TerminalNode; combinations: bigint }>();
  private readonly dimensions: readonly StateDimension[];

  constructor(context: PathContext) {
    this.context = context;
    this.dimensions = [...interruptible.map((name) => context.dimension(name)), ...relied(context.model)];
  }

  get path(): string {
    return this.context.graph.exit.name;
  }

  note(node: PathNode, { vector, combinations }: Reached): void {
    const values = String.fromCharCode(...this.dimensions.map((d) => valueIndex(vector, d)));
    const known = this.found.get(values);
    if (known) known.combinations |= combinations;
    else this.found.set(values, { values, node, combinations });
    if (node.kind !== "terminal" || !node.terminal.mayFault || !vector.toUser || !node.terminal.toUser) return;
    const nmi = this.context.dimension("nmi");
    const faulted = node.terminal.faultUnblocksNmis ? withValue(vector, nmi, nmi.values.indexOf("unmasked")) : vector;
    const key = `${node.terminal.name} ${node.recovery} ${faulted.values}`;
    const fault = this.faulting.get(key);
    if (fault) fault.combinations |= combinations;
    else this.faulting.set(key, { values: faulted.values, node, combinations });
  }

  /** The states in which a terminal to user mode raises `event` when it faults. */
  faults(event: Event): Interrupted[] {
    const { features, model } = this.context;
    const stack = this.context.dimension("stack");
    const own = event.arrives.some((s) => s.dimension === stack && stack.values[s.value] === "ist");
    // Where nothing can be pushed it does not come at all: that is told at the terminal (EX5011).
    const comes = (values: string) => own || stack.values[values.charCodeAt(stack.index)] !== "espfix";
    const raising = [...this.faulting.values()].filter(({ node, values }) => raises(node, event, model) && comes(values));
    return raising.map(({ values, node, combinations }) => ({
      path: this.path,
      span: node.span,
      values: model.dimensions.flatMap((d) => (d.name === "registers" ? [] : [[d, values.charCodeAt(d.index)] as const])),
      features,
      combinations,
    }));
  }

  /** Each value of each dimension by itself. */
  single(): Boundary[] {
    const { features } = this.context;
    return this.dimensions.slice(0, interruptible.length).flatMap((dimension, i) => {
      const byValue = new Map<number, { node: PathNode; combinations: bigint }>();
      for (const { values, node, combinations } of this.found.values()) {
        const value = values.charCodeAt(i);
        const known = byValue.get(value);
        if (known) known.combinations |= combinations;
        else byValue.set(value, { node, combinations });
      }
      return [...byValue].map(([value, { node, combinations }]) => ({
        path: this.path,
        dimension,
        value,
        span: node.span,
        features: featureNote(features.explain(combinations)),
      }));
    });
  }

  /** The states as wholes, for an entry to start from. */
  whole(): Interrupted[] {
    const { features } = this.context;
    return [...this.found.values()].map(({ values, node, combinations }) => ({
      path: this.path,
      span: node.span,
      values: this.dimensions.map((dimension, i) => [dimension, values.charCodeAt(i)] as const),
      features,
      combinations,
    }));
  }
}

/**
 * Holds every any-point event that an exit returns from to the boundaries of all paths. Where an entry is given it finds what there
 * is (`entry.ts` checks that); for the exit to bring it back it takes a token there, too.
 */
export function checkInterruptions(model: Model, paths: readonly Boundaries[]): Diagnostic[] {
  const events = new Map<Event, string>();
  for (const exit of model.exits) {
    for (const event of exit.events) if (event.anyPoint && !events.has(event)) events.set(event, exit.name);
  }
  if (events.size === 0) return [];
  const boundaries = paths.flatMap((path) => path.single());
  return [...events].flatMap(([event, exit]) => {
    const told = new Set<StateDimension>();
    return boundaries.flatMap((boundary) => {
      const { dimension } = boundary;
      if (told.has(dimension) || boundary.path === exit || event.tokens.some((t) => t.restores === dimension)) return [];
      const entries = model.entries.filter((e) => e.events.includes(event));
      // An event is not taken to interrupt its own entry.
      if (entries.some((e) => e.name === boundary.path)) return [];
      const fault = dimension.name === "stack" ? stackFault(event, boundary) : stateFault(event, boundary, entries.length > 0);
      if (fault) told.add(dimension);
      return fault ?? [];
    });
  });
}

function stateFault(event: Event, { dimension, value, path, span, features }: Boundary, entered: boolean): Diagnostic | undefined {
  const setting = event.starts.find((s) => s.dimension === dimension);
  const assumed = setting?.value ?? dimension.usual;
  if (value === assumed || dimension.values[value] === "saved") return undefined;
  const actual = dimension.values[value] as string;
  const notes = [
    entered
      ? "its entry brings it to the kernel's, and nothing brings it back: the interrupted code goes on with it (INV-43, INV-63, INV-73)"
      : "nothing in the saved frame tells: the interrupted code runs in ring 0 on both sides of the switch (INV-43, INV-63, INV-73)",
  ];
  if (features !== undefined) notes.push(features);
  return diagnostic(
    "EX6005",
    setting?.span ?? event.span,
    { event: event.name, dimension: dimension.name, assumed: dimension.values[assumed] as string, actual, path },
    {
      secondary: [{ span, message: `here ${dimension.name} is \`${actual}\`, and \`${event.name}\` may come` }],
      notes,
      help: `let entry save it (\`token old_${dimension.name} in REGISTER restores ${dimension.name}\`) and the exit restore it`,
    },
  );
}

/** Without a stack of its own an event is pushed onto whatever RSP points to. */
function stackFault(event: Event, { dimension, value, path, span, features }: Boundary): Diagnostic | undefined {
  const setting = [...event.arrives, ...event.starts].find((s) => s.dimension === dimension);
  const started = dimension.values[setting?.value ?? dimension.usual];
  if (started === "ist" || dimension.values[value] !== "user") return undefined;
  const notes = ["the processor would push the frame to an address that user mode chose (INV-52, INV-54)"];
  if (features !== undefined) notes.push(features);
  return diagnostic(
    "EX6006",
    setting?.span ?? event.span,
    { event: event.name, path },
    {
      secondary: [{ span, message: `here RSP is the user's, and \`${event.name}\` may come` }],
      notes,
      help: "give its vector a stack of the interrupt stack table: `starts stack ist`",
    },
  );
}
