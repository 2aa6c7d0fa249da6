/** Ways to make a case simpler: each gives another case, or nothing where it is as simple already. */
import type { Feature } from "../compiler/model/model.js";
import { copyAbove } from "./cases.js";
import { type Draft, drawnCase, originOf, usualWords } from "./draft.js";
import type { Facts, Image } from "./image.js";
import type { ScriptEntry } from "./simulator.js";

export type Reduction = (draft: Draft) => Draft | undefined;

/** Words, by the index of their first half, that every case of the path has alike: addresses and selectors of the machine itself. */
export function fixedWords(image: Image, path: number, seed: number): ReadonlySet<number> {
  const draws = Array.from({ length: 12 }, (_, index) => drawnCase(image, path, seed, index).words);
  const [first = new Uint32Array()] = draws;
  const alike = (i: number) => draws.every((words) => words[i] === first[i]);
  const { cr3 = 0 } = image.bench.module.system;
  return new Set([cr3, ...Array.from(first.keys()).filter((i) => i % 2 === 0 && alike(i) && alike(i + 1))]);
}

/** Large steps first. @param coarse only the largest: each that is tried takes seconds */
export function reductionsOf(image: Image, draft: Draft, fixed: ReadonlySet<number>, coarse: boolean): readonly Reduction[] {
  const facts = image.bench;
  if (coarse)
    return [everything(image, draft, fixed), ...scriptReductions(draft).slice(0, 1), ...wordReductions(facts, draft, fixed).slice(0, 1)];
  return [
    ...scriptReductions(draft),
    ...featureReductions(image, draft),
    ...wordReductions(facts, draft, fixed),
    ...flagReductions(facts),
    ...savedFlagsReductions(facts),
  ];
}

/** The first of each kind, one after the other. */
function everything(image: Image, draft: Draft, fixed: ReadonlySet<number>): Reduction {
  const facts = image.bench;
  const flags = Object.values(facts.module.flags ?? {}).map((index) => withoutBits(index, 0xffff_ffff));
  const steps = [scriptReductions(draft)[0], featureReductions(image, draft)[0], wordReductions(facts, draft, fixed)[0], ...flags];
  return (d) => steps.reduce<Draft | undefined>((simpler, reduce) => reduce?.(simpler ?? d) ?? simpler, undefined);
}

// ── Script ──

const blank: ScriptEntry = {};
const isBlank = (entry: ScriptEntry) => entry.frame === undefined && !bitsIn(entry.set) && !bitsIn(entry.async);

function bitsIn(words: Readonly<Record<string, number>> = {}): boolean {
  return Object.values(words).some((bits) => bits !== 0);
}

function scriptReductions({ script }: Draft): Reduction[] {
  const cut = [...script.keys()].map(
    (length): Reduction =>
      (d) =>
        d.script.length > length ? { ...d, script: d.script.slice(0, length) } : undefined,
  );
  return [...cut, ...script.flatMap((entry, i) => entryReductions(entry, i))];
}

function entryReductions(entry: ScriptEntry, i: number): Reduction[] {
  const change =
    (to: (e: ScriptEntry) => ScriptEntry): Reduction =>
    (d) => {
      const old = d.script[i];
      if (!old || isBlank(old)) return undefined;
      return { ...d, script: d.script.map((e, k) => (k === i ? to(e) : e)) };
    };
  const without = (name: string) => (e: ScriptEntry) => {
    const frame = Object.fromEntries(Object.entries(e.frame ?? {}).filter(([field]) => field !== name));
    return { ...e, frame: Object.keys(frame).length > 0 ? frame : undefined };
  };
  const bits = (kind: "set" | "async") =>
    Object.entries(entry[kind] ?? {}).flatMap(([word, all]) =>
      // Where no bit is left there is nothing to take: a reduction that changes nothing would be found good for ever.
      (all === 0 ? [] : [all, ...ones(all)]).map((bit) =>
        change((e) => ({ ...e, [kind]: { ...e[kind], [word]: ((e[kind]?.[word] ?? 0) & ~bit) >>> 0 } })),
      ),
    );
  return [
    change(() => blank),
    ...(entry.frame ? [change((e) => ({ ...e, frame: undefined }))] : []),
    ...Object.keys(entry.frame ?? {}).map((name) => change(without(name))),
    ...bits("set"),
    ...bits("async"),
  ];
}

function ones(word: number): number[] {
  return Array.from({ length: 32 }, (_, i) => 2 ** i).filter((bit) => (word & bit) >>> 0 === bit);
}

// ── Features that only C looks at ──

function featureReductions(image: Image, { on }: Draft): Reduction[] {
  const optional = [...on].filter((f) => !image.bench.assemblyFeatures.includes(f));
  const without = (off: readonly Feature[]): Reduction => {
    return (d) => {
      const rest = new Set([...d.on].filter((f) => !off.includes(f)));
      const admissible = [...rest].every((f) => f.needs.every((g) => rest.has(g)));
      return admissible && rest.size < d.on.size ? { ...d, on: rest } : undefined;
    };
  };
  return [without(optional), ...optional.map((f) => without([f]))];
}

// ── Words ──

function wordReductions(facts: Facts, draft: Draft, fixed: ReadonlySet<number>): Reduction[] {
  const { frame, memory = {}, msr = {}, register, stack = {}, system, value = {} } = facts.module;
  const usual = usualWords(facts, originOf(facts, draft));
  const free = (words: Readonly<Record<string, number>>) => Object.values(words).filter((i) => !fixed.has(i));
  const fields = Object.values(frame);
  const groups = [free(register), free(msr), free(memory), free(value), free(stack), fields];
  const all = groups.flat();
  // What is compared with one another should stay alike.
  const same = (i: number) => fields.filter((k) => draft.words[k] === draft.words[i] && draft.words[k + 1] === draft.words[i + 1]);
  const sets = [all, ...groups, ...fields.map(same), ...[...all, ...free({ kernel_gs_base: system.kernel_gs_base ?? 0 })].map((i) => [i])];
  return sets.map((indices): Reduction => {
    return (d) => {
      if (indices.every((i) => d.words[i] === usual[i] && d.words[i + 1] === usual[i + 1])) return undefined;
      const words = d.words.slice();
      for (const i of indices) words.set(usual.subarray(i, i + 2), i);
      const exit = facts.plans[d.path]?.graph.exit;
      if (exit) copyAbove(facts.spec.model, facts.module, exit, words);
      return { ...d, words };
    };
  });
}

function withoutBits(index: number, bits: number): Reduction {
  return (d) => {
    if (((d.words[index] ?? 0) & bits) === 0) return undefined;
    const words = d.words.slice();
    words[index] = (words[index] ?? 0) & ~bits;
    return { ...d, words };
  };
}

function flagReductions({ module, spec }: Facts): Reduction[] {
  return Object.entries(module.flags ?? {}).flatMap(([name, index]) => {
    const declared = spec.model.flags.filter((f) => f.word.name === name).reduce((bits, f) => bits | (1 << f.bit), 0);
    return [0xffff_ffff, ~declared, ...ones(0xffff_ffff)].map((bits) => withoutBits(index, bits));
  });
}

/** Down to IF and the bit that is always one. */
function savedFlagsReductions({ module, spec }: Facts): Reduction[] {
  const field = spec.model.frame?.fields.find((f) => f.saves === "rflags");
  const index = module.frame[field?.name ?? ""];
  const { rflags = 0 } = module.system;
  const nestedTask = withoutBits(rflags, 0x4000);
  return index === undefined ? [nestedTask] : [nestedTask, ...ones(0xffff_fdfd).map((bits) => withoutBits(index, bits))];
}
