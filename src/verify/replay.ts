/** The command line of `simulate` that runs the simulator's side of a case. */
import { BatchMaker } from "./batch.js";
import type { Disagreement } from "./compare.js";
import { caseOf, type Draft, type Origin, originOf, usualWords } from "./draft.js";
import { emulators } from "./emulators.js";
import type { Facts, Image } from "./image.js";
import type { Injected } from "./injected-runs.js";
import { stepNumbers } from "./runner.js";
import type { ScriptEntry, Words } from "./simulator.js";

/** What of a case the command line has to say: the words that are not as usual. */
interface Saying {
  readonly option: "--flags" | "--frame" | "--set";
  readonly name: string;
  readonly index: number;
}

/**
 * @param disagreements what the run is to show; words without an influence on it, or on the steps, are left out
 * @param injected what comes into it: an interrupt has set its flags before anything looks at them, and an NMI comes at an instruction
 */
export function simulateArguments(
  image: Image,
  specFile: string,
  undisturbed: Draft,
  disagreements: readonly Disagreement[],
  injected: Injected | undefined,
): string[] {
  const draft = interrupted(image.bench, undisturbed, injected?.flags ?? []);
  const facts = image.bench;
  const origin = originOf(facts, draft);
  const { event, exit, fromUser } = origin;
  const said = needed(image, draft, origin, disagreements);
  const of = (option: Saying["option"]) => said.filter((s) => s.option === option);
  const settings = (option: Saying["option"]) => of(option).map(({ index, name }) => `${name}=${hex(wordAt(draft.words, index))}`);
  const joined = (option: string, texts: readonly string[]) => (texts.length > 0 ? [option, texts.join(",")] : []);
  const features = facts.spec.model.features.filter((f) => draft.on.has(f)).map((f) => f.name);
  return [
    ...["simulate", specFile, "--path", exit.name],
    ...(exit.events.length > 1 ? ["--entry", event.name] : []),
    ...(fromUser === (event.fromUser && exit.toUser) ? [] : ["--from", fromUser ? "user" : "kernel"]),
    ...["--vendor", emulators[image.emulator].vendor],
    ...joined("--feature", features),
    ...joined(
      "--flags",
      of("--flags").map(({ index, name }) => flagsText(facts, name, draft.words[index] ?? 0)),
    ),
    ...joined("--frame", settings("--frame")),
    ...joined("--set", settings("--set")),
    ...(injected && injected.steps.length > 0
      ? ["--nmi", `${injected.after}:${facts.plans[(injected.steps[0] ?? 0) >>> 16]?.graph.exit.name}`]
      : []),
    ...draft.script.flatMap((entry, i) => eventArguments(facts, entry, i)),
  ];
}

function interrupted({ module }: Facts, draft: Draft, flags: readonly number[]): Draft {
  const words = draft.words.slice();
  for (const [i, word] of Object.values(module.flags ?? {}).entries()) words[word] = ((words[word] ?? 0) | (flags[i] ?? 0)) >>> 0;
  return { ...draft, words };
}

function eventArguments(facts: Facts, { async = {}, frame = {}, set = {} }: ScriptEntry, i: number): string[] {
  const flags = (words: Readonly<Record<string, number>>) =>
    Object.entries(words).flatMap(([word, bits]) => (bits === 0 ? [] : [flagsText(facts, word, bits).replaceAll(",", " | ")]));
  const part = (word: string, texts: readonly string[]) =>
    texts.length > 0 ? [`${word} ${texts.join(word === "frame" ? ", " : " | ")}`] : [];
  const parts = [
    ...part("async", flags(async)),
    ...part("set", flags(set)),
    ...part(
      "frame",
      Object.entries(frame).map(([name, value]) => `${name}=${hex(value)}`),
    ),
  ];
  return parts.length > 0 ? ["--event", `${i + 1}: ${parts.join("; ")}`] : [];
}

/** `A,B`, or `WORD=NUMBER` when some bit has no name. */
function flagsText({ spec }: Facts, word: string, bits: number): string {
  const flags = spec.model.flags.filter((f) => f.word.name === word && (bits & (1 << f.bit)) !== 0);
  const named = flags.reduce((sum, f) => sum | (1 << f.bit), 0) >>> 0;
  return named === bits ? flags.map((f) => f.name).join(",") : `${word}=${hex(BigInt(bits))}`;
}

function wordAt(words: Uint32Array, index: number): bigint {
  return (BigInt(words[index + 1] ?? 0) << 32n) | BigInt(words[index] ?? 0);
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

// ── What has to be said ──

/** In the order in which `simulate` looks a name up. */
function settable({ module }: Facts): ReadonlyMap<string, number> {
  const { memory, msr, register, stack, system, value } = module;
  const found = new Map<string, number>();
  for (const words of [register, system, value, msr, memory, stack])
    for (const [name, index] of Object.entries(words ?? {})) if (!found.has(name)) found.set(name, index);
  return found;
}

function needed(image: Image, draft: Draft, origin: Origin, disagreements: readonly Disagreement[]): readonly Saying[] {
  const { bench: facts } = image;
  const { module } = facts;
  const usual = usualWords(facts, origin);
  const sayings = (option: Saying["option"], words: Words | ReadonlyMap<string, number> = {}): Saying[] =>
    [...(words instanceof Map ? words : Object.entries(words as Words))]
      .filter(([, i]) => draft.words[i] !== usual[i] || draft.words[i + 1] !== usual[i + 1])
      .map(([name, index]) => ({ option, name, index }));
  const all = [...sayings("--flags", module.flags), ...sayings("--frame", module.frame), ...sayings("--set", settable(facts))];
  const { flags = {}, memory = {}, register, system } = module;
  const named: Words = {
    ...memory,
    ...flags,
    ...system,
    ...register,
    CR3: system.cr3 ?? 0,
    "GS.base": system.gs_base ?? 0,
    RFLAGS: system.rflags ?? 0,
  };
  const shown = disagreements.flatMap(({ what }) => named[what] ?? []);
  const wanted = whatIsSeen(image, draft, shown);
  const fits = (said: readonly Saying[]) => {
    const words = usual.slice();
    for (const { index } of said) words.set(draft.words.subarray(index, index + 2), index);
    return whatIsSeen(image, { ...draft, words }, shown) === wanted;
  };
  let said: readonly Saying[] = all;
  for (const option of ["--set", "--frame", "--flags"] as const) {
    const without = said.filter((s) => s.option !== option);
    if (fits(without)) said = without;
  }
  for (const saying of said) {
    const without: readonly Saying[] = said.filter((s) => s !== saying);
    if (fits(without)) said = without;
  }
  return said;
}

/** The steps with what is compared at them, the outcome, and the words that are shown. */
function whatIsSeen(image: Image, draft: Draft, shown: readonly number[]): string {
  const maker = new BatchMaker(image, true, 1);
  if (!maker.add(0, (machine) => caseOf(image.bench, draft, machine))) return "it never ends";
  const { cases, words } = maker.made(0);
  const [{ events, outcome, steps } = { events: [], outcome: undefined, steps: [] }] = cases;
  return JSON.stringify([events, outcome, codesOf(steps), shown.map((i) => [words[i], words[i + 1]])]);
}

/** Without GS.base and CR3, whose values are the machine's own addresses. */
function codesOf(steps: readonly number[]): number[] {
  return steps.filter((_, i) => i % stepNumbers === 0);
}
