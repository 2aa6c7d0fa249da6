/** The simulator's and the machine's traces of a case, side by side where they part. */
import { BatchMaker, runBatch } from "./batch.js";
import { compare, type Difference } from "./compare.js";
import { caseOf, type Draft } from "./draft.js";
import type { Image } from "./image.js";
import { type Injected, stepsWith } from "./injected-runs.js";
import type { Random } from "./random.js";
import { stepNumbers } from "./runner.js";

export interface TraceStory {
  /** Rows of a table. */
  readonly trace: string[];
  /** The instruction or event at which they part, with its line of the spec. */
  readonly parts: { readonly text: string; readonly place: string } | undefined;
  /** What comes into the case. */
  readonly injected?: Injected | undefined;
}

/** Rows before the one at which the traces part, and after it. */
const before = 4;
const after = 1;
const limit = 10_000;

/** @param random draws what is injected; undefined: nothing is */
export async function tellTrace(image: Image, draft: Draft, random: Random | undefined): Promise<TraceStory> {
  const maker = new BatchMaker(image, true, 1);
  if (!maker.add(0, (machine) => caseOf(image.bench, draft, machine), random)) return { trace: [], parts: undefined };
  const batch = maker.made(0);
  const results = await runBatch(batch, limit);
  const { differences } = compare(batch, results, Number.POSITIVE_INFINITY);
  const [expected] = batch.cases;
  if (!expected) return { trace: [], parts: undefined };
  const paths = image.bench.plans.map(({ graph }) => image.bench.module.paths[graph.exit.name]);
  // Codes of steps have their path in the upper half.
  const stepOf = (code: number) => paths[code >>> 16]?.steps[code & 0xffff] ?? [];
  const partsAt = (code: number) => {
    const [text, place] = stepOf(code);
    return text === undefined || place === undefined ? undefined : { text, place };
  };
  const steps = stepsWith(expected.steps, expected.injected, results.result(0).nmis);
  const codes = steps.filter((_, i) => i % stepNumbers === 0);
  const events = differences.find((d) => d.disagreements.some(({ what }) => what === "events"));
  if (events) return { ...eventStory(image, draft, expected.events, results.result(0).events, partsAt), injected: expected.injected };
  const log = results.steps(0);
  const machine = Array.from(
    { length: log.length / 8 },
    (_, k) => image.code.byAddress.get((log[k * 8] ?? 0) - image.codeStart)?.text ?? "?",
  );
  const simulator = codes.map((code) => stepOf(code)[0] ?? "?");
  const step = differences.find((d: Difference) => d.step)?.step;
  const at = step?.number ?? codes.length - 1;
  // A step shows the state before it, so what is wrong in it was done by the one before; unless it is another instruction.
  const stateOnly = differences.some((d) => d.step && d.disagreements.every(({ what }) => what !== "instruction"));
  const code = codes[stateOnly ? Math.max(0, at - 1) : Math.min(at, codes.length - 1)] ?? -1;
  return { trace: table("step", simulator, machine, at), parts: partsAt(code), injected: expected.injected };
}

function eventStory(
  image: Image,
  { path }: Draft,
  simulator: readonly number[],
  machine: readonly number[],
  partsAt: (code: number) => TraceStory["parts"],
): TraceStory {
  const name = (n: number) => image.bench.events[n] ?? `wrong (${n.toString(16)})`;
  const at = simulator.findIndex((event, i) => event !== machine[i]);
  const where = at < 0 ? simulator.length : at;
  // The last that both have done, if the machine goes on where the simulator ends.
  const event = name(simulator[Math.min(where, simulator.length - 1)] ?? -1);
  const code = image.bench.plans[path]?.events.find((e) => e.text === event)?.code ?? 0xffff;
  return { trace: table("event", simulator.map(name), machine.map(name), where), parts: partsAt((path << 16) | code) };
}

/** Numbered from 1, as `simulate` numbers events. */
function table(kind: string, simulator: readonly string[], machine: readonly string[], at: number): string[] {
  const from = Math.max(0, at - before);
  const to = Math.min(Math.max(simulator.length, machine.length), at + after + 1);
  const rows = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  const plain = (text: string | undefined) => (text ?? "—").replace(/\s+/g, " ").trim();
  const width = Math.max("simulator".length, ...rows.map((k) => plain(simulator[k]).length));
  const head = `  ${kind.padStart(5)}  ${"simulator".padEnd(width)}  machine`;
  return [
    head,
    ...rows.map((k) => `${k === at ? ">" : " "} ${String(k + 1).padStart(5)}  ${plain(simulator[k]).padEnd(width)}  ${plain(machine[k])}`),
  ];
}
