/** Makes a case that the machine sees in another way as simple as can be, while it still does so in the same way. */
import { BatchMaker, injectionRandom, runBatch } from "./batch.js";
import { layerNamed, type Unit } from "./campaign.js";
import { compare, type Difference, type Disagreement, noEnd } from "./compare.js";
import { caseOf, type Draft, drawnCase } from "./draft.js";
import type { Image } from "./image.js";
import type { Random } from "./random.js";
import { fixedWords, type Reduction, reductionsOf } from "./reductions.js";
import { simulateArguments } from "./replay.js";
import { kindOfFailure, type Shrunk, type ToldFailure } from "./result.js";
import { tellTrace } from "./trace.js";
import type { Failure, UnitResult } from "./unit.js";

/** Milliseconds after which shrinking ends with what it has. */
const usualLimit = 60_000;
const rounds = 20;

/** What makes two differences the same. */
function kindOf({ disagreements: [first], seen, step }: Difference): string {
  if (!first) return seen;
  // Of a step, the instructions count, and not where they are.
  return step
    ? [seen, first.what, step.code, first.machine.replace(/^.*?, `/, "`").replace(/^0x.*/, "")].join(" ")
    : `${seen} ${first.what}`;
}

/** @param specFile as the user's command line names it @returns undefined when the case does not show the difference when it is alone */
export async function shrink(image: Image, failure: Failure, specFile: string, limit = usualLimit): Promise<Shrunk | undefined> {
  const path = image.bench.plans.findIndex((p) => p.graph.exit.name === failure.path);
  const first = drawnCase(image, path, failure.seed, failure.index);
  const what = failure.disagreements[0]?.what;
  const { injected, stepped } = layerNamed(failure.layer);
  // What also shows when nothing comes from outside is the simpler story.
  let judge = new Judge(image, stepped, undefined, limit);
  let found = await judge.alone(first);
  if (injected && !found.some((d) => d.disagreements[0]?.what === what)) {
    judge = new Judge(image, stepped, () => injectionRandom(failure.seed, failure.index), limit);
    found = await judge.alone(first);
  }
  const difference = found.find((d) => d.disagreements[0]?.what === what) ?? found[0];
  if (!difference) return undefined;
  const kind = kindOf(difference);
  const hangs = difference.disagreements[0]?.what === noEnd;
  const fixed = fixedWords(image, path, failure.seed);
  let best = first;
  for (let round = 0; round < rounds && judge.hasTime(); round++) {
    const next = await simpler(judge, best, reductionsOf(image, best, fixed, hangs), kind);
    if (!next) break;
    best = next;
  }
  const left = await judge.alone(best);
  const shown = left.find((d) => kindOf(d) === kind) ?? difference;
  const { injected: outside, parts, trace } = await tellTrace(image, best, judge.random?.());
  return {
    disagreements: shown.disagreements.map((d) => (d.what === "events" ? counted(d) : { ...d })),
    trace,
    ...(parts && { parts }),
    simulate: simulateArguments(image, specFile, best, shown.disagreements, outside),
    outside: outside !== undefined && outside.nmis > 0 && outside.steps.length === 0,
    runs: judge.runs,
  };
}

/** The trace has the events themselves. */
function counted({ machine, simulator, what }: Disagreement): Disagreement {
  const count = (list: string) => `${list === "" ? 0 : list.split(", ").length} of them`;
  return { what, simulator: count(simulator), machine: count(machine) };
}

/** All reductions each by itself in one run; then, in another, one after the other on top of those before. */
async function simpler(judge: Judge, draft: Draft, reductions: readonly Reduction[], kind: string): Promise<Draft | undefined> {
  const keeping = async (drafts: readonly Draft[]) =>
    (await judge.differences(drafts)).map((found) => found.some((d) => kindOf(d) === kind));
  const tried = reductions.flatMap((reduce) => {
    const reduced = reduce(draft);
    return reduced ? [{ reduce, reduced }] : [];
  });
  const kept = await keeping(tried.map((t) => t.reduced));
  const good = tried.filter((_, i) => kept[i]);
  const [alone] = good;
  if (!alone) return undefined;
  const together: Draft[] = [alone.reduced];
  for (const { reduce } of good.slice(1)) {
    const next = reduce(together.at(-1) ?? draft);
    if (next) together.push(next);
  }
  const keptTogether = await keeping(together);
  return together[keptTogether.lastIndexOf(true)] ?? alone.reduced;
}

/** Runs cases, and goes on after one at which the machine stops. */
class Judge {
  runs = 0;
  private readonly end: number;

  constructor(
    private readonly image: Image,
    private readonly stepped: boolean,
    /** What is injected is drawn from it. */
    readonly random: (() => Random) | undefined,
    limit: number,
  ) {
    this.end = performance.now() + limit;
  }

  hasTime(): boolean {
    return performance.now() < this.end;
  }

  async alone(draft: Draft): Promise<readonly Difference[]> {
    return (await this.differences([draft]))[0] ?? [];
  }

  /** What is different in each; nothing for those to which the time did not suffice. */
  async differences(drafts: readonly Draft[]): Promise<readonly (readonly Difference[])[]> {
    const found: Difference[][] = drafts.map(() => []);
    let from = 0;
    while (from < drafts.length && this.hasTime()) {
      const maker = new BatchMaker(this.image, this.stepped, drafts.length - from);
      const indices: number[] = [];
      for (const [i, draft] of drafts.entries())
        if (i >= from && maker.add(i, (machine) => caseOf(this.image.bench, draft, machine), this.random?.())) indices.push(i);
      if (indices.length === 0) break;
      const batch = maker.made(0);
      const results = await runBatch(batch);
      this.runs++;
      for (const difference of compare(batch, results, Number.POSITIVE_INFINITY).differences)
        found[indices[difference.position] ?? 0]?.push(difference);
      from = (indices[results.completed] ?? drafts.length) + 1;
    }
    return found;
  }
}

/** Failures that are shrunk; the others are told as they were found. */
const shrunkFailures = 4;

/** The first failure of each path and kind, and the first of those shrunk. @param imageOf by the kernel's index */
export async function tellFailures(
  results: readonly UnitResult[],
  imageOf: (kernel: number) => Promise<Image>,
  specFile: string,
  limit = usualLimit,
): Promise<readonly ToldFailure[]> {
  const kinds = new Map<string, { readonly failure: Failure; readonly unit: Unit; units: number }>();
  for (const { failures, unit } of results) {
    for (const failure of failures) {
      const kind = kindOfFailure(failure);
      const known = kinds.get(kind) ?? { failure, unit, units: 0 };
      known.units++;
      kinds.set(kind, known);
    }
  }
  const told: ToldFailure[] = [];
  for (const { failure, unit, units } of kinds.values()) {
    const wanted = failure.path !== undefined && told.filter((t) => t.shrunk).length < shrunkFailures;
    const shrunk = wanted ? await shrink(await imageOf(unit.kernel), failure, specFile, limit) : undefined;
    told.push({ ...failure, units, ...(shrunk && { shrunk }) });
  }
  return told;
}
