/** What `simulate`'s options mean for a spec: names looked up, numbers read. */
import type { Event, Exit, Flag, Model } from "../compiler/model/model.js";
import { nearest } from "../compiler/text/nearest.js";
import { visible } from "../compiler/text/visible.js";
import type { ScriptEntry } from "../verify/simulator.js";
import { wholeNumber } from "./arguments.js";
import { UsageError } from "./failures.js";
import type { RunInput } from "./simulation.js";

export interface RunOptions {
  readonly path: string | undefined;
  readonly entry: string | undefined;
  readonly from: string | undefined;
  readonly feature: readonly string[] | undefined;
  readonly flags: readonly string[] | undefined;
  readonly frame: readonly string[] | undefined;
  readonly set: readonly string[] | undefined;
  readonly event: readonly string[] | undefined;
  readonly vendor: string;
  readonly nmi: string | undefined;
}

export function runInput(model: Model, options: RunOptions, settable: readonly string[], nmiExits: readonly Exit[]): RunInput {
  const exit = theExit(model, options.path);
  const event = theEvent(exit, options.entry);
  const { vendor } = options;
  if (vendor !== "intel" && vendor !== "amd") throw new UsageError("`--vendor` is intel or amd");
  return {
    exit,
    event,
    fromUser: isFromUser(exit, event, options.from),
    features: theFeatures(model, listed(options.feature)),
    flags: bits(model, listed(options.flags)),
    frame: numbers(listed(options.frame), "field of the frame", model.frame?.fields.map((f) => f.name) ?? []),
    words: numbers(listed(options.set), "register or value", settable),
    script: script(model, options.event ?? []),
    vendor,
    nmi: options.nmi === undefined ? undefined : nmi(options.nmi, nmiExits),
  };
}

/** `21` or `21:nmi_return`. */
function nmi(text: string, exits: readonly Exit[]): RunInput["nmi"] {
  const [, before = "", name] = /^(.*?)(?::(.*))?$/s.exec(text) ?? [];
  const [first] = exits;
  if (!first)
    throw new UsageError("`--nmi` asks for an exit from events at any point of the kernel, and without a `prepare`; the spec has none");
  const exit = name === undefined ? first : lookUp(byName(exits), name, "path of NMIs");
  return { before: wholeNumber("nmi", before, 1, 1_000_000), exit };
}

/** `--flags A,B --flags C` and `--flags A --flags B,C` are the same. */
function listed(values: readonly string[] | undefined): string[] {
  return (values ?? []).flatMap((value) => value.split(",")).flatMap((word) => word.trim() || []);
}

function lookUp<T>(known: ReadonlyMap<string, T>, name: string, kind: string): T {
  const found = known.get(name);
  if (found !== undefined) return found;
  const near = nearest(name, known.keys());
  const hint = near ? `did you mean ${near}?` : known.size > 0 ? `there are ${[...known.keys()].join(", ")}` : "there are none";
  throw new UsageError(`no ${kind} is called ${visible(name)}; ${hint}`);
}

function byName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}

function theExit(model: Model, name: string | undefined): Exit {
  const [only, ...others] = model.exits;
  if (name !== undefined) return lookUp(byName(model.exits), name, "path");
  if (only && others.length === 0) return only;
  throw new UsageError(only ? `name one with \`--path\`: ${model.exits.map((e) => e.name).join(", ")}` : "the spec has no path");
}

function theEvent(exit: Exit, name: string | undefined): Event {
  return name === undefined ? (exit.events[0] as Event) : lookUp(byName(exit.events), name, `event of ${exit.name}`);
}

function isFromUser(exit: Exit, event: Event, from: string | undefined): boolean {
  if (from !== undefined && from !== "user" && from !== "kernel") throw new UsageError("`--from` is user or kernel");
  if (from === "user" && !event.fromUser) throw new UsageError(`${event.name} never comes from user mode`);
  if (from === "kernel" && !event.fromKernel) throw new UsageError(`${event.name} never comes from kernel mode`);
  return from === undefined ? event.fromUser && exit.toUser : from === "user";
}

function theFeatures(model: Model, names: readonly string[]): ReadonlySet<string> {
  const known = byName(model.features);
  const on = names.map((name) => lookUp(known, name, "feature"));
  for (const feature of on) {
    const excluded = feature.excludes.find((other) => on.includes(other));
    if (excluded) throw new UsageError(`no kernel has both ${feature.name} and ${excluded.name}`);
    const missing = feature.needs.find((other) => !on.includes(other));
    if (missing) throw new UsageError(`${feature.name} needs ${missing.name}: add \`--feature ${missing.name}\``);
  }
  return new Set(on.map((f) => f.name));
}

/** Flags and masks by name, or a word's bits as `WORD=NUMBER` → the bits of their words. */
function bits(model: Model, names: readonly string[]): Record<string, number> {
  const known = new Map<string, readonly Flag[]>(model.masks.map((mask) => [mask.name, mask.flags]));
  for (const flag of model.flags) known.set(flag.name, [flag]);
  const words: Record<string, number> = {};
  const add = (word: string, more: number) => {
    words[word] = ((words[word] ?? 0) | more) >>> 0;
  };
  for (const name of names) {
    if (name.includes("=")) {
      const [[word, value] = ["", 0n]] = Object.entries(
        numbers(
          [name],
          "word of flags",
          model.flagWords.map((w) => w.name),
        ),
      );
      if (value > 0xffff_ffffn) throw new UsageError(`${word} has 32 bits`);
      add(word, Number(value));
    } else for (const flag of lookUp(known, name, "flag")) add(flag.word.name, 1 << flag.bit);
  }
  return words;
}

function numbers(settings: readonly string[], kind: string, names: readonly string[]): Record<string, bigint> {
  const known = new Map(names.map((name) => [name, name]));
  return Object.fromEntries(
    settings.map((setting) => {
      const at = setting.lastIndexOf("=");
      if (at < 0) throw new UsageError(`write NAME=NUMBER, not \`${visible(setting)}\``);
      return [lookUp(known, setting.slice(0, at).trim(), kind), number(setting.slice(at + 1).trim())];
    }),
  );
}

function number(text: string): bigint {
  const plain = text.replaceAll("_", "");
  if (!/^-?(0x[0-9a-f]+|\d+)$/i.test(plain)) throw new UsageError(`\`${visible(text)}\` is not a number`);
  const value = plain.startsWith("-") ? -BigInt(plain.slice(1)) : BigInt(plain);
  if (value < -(1n << 63n) || value >= 1n << 64n) throw new UsageError(`${text} does not fit in 64 bits`);
  return BigInt.asUintN(64, value);
}

/** `async TIF_X`, `3: set TIF_X | TIF_Y; frame ip=0x1000`: what happens at an event, the next one if no number is given. */
function script(model: Model, texts: readonly string[]): ScriptEntry[] {
  const entries: ScriptEntry[] = [];
  for (const text of texts) {
    const [, position, rest = ""] = /^\s*(?:(\d{1,6})\s*:)?(.*)$/s.exec(text) ?? [];
    const index = position === undefined ? entries.length : Number(position) - 1;
    if (index < 0) throw new UsageError("events are counted from 1");
    while (entries.length <= index) entries.push({});
    entries[index] = entry(model, rest);
  }
  return entries;
}

function entry(model: Model, text: string): ScriptEntry {
  const parts = text.split(";").flatMap((part) => part.trim() || []);
  const of = (word: string) => parts.flatMap((part) => (part.startsWith(`${word} `) ? [part.slice(word.length + 1)] : []));
  const unknown = parts.find((part) => !/^(async|set|frame) /.test(part));
  if (unknown !== undefined)
    throw new UsageError(`\`--event\` takes \`async FLAGS\`, \`set FLAGS\` and \`frame FIELD=NUMBER\`, not \`${visible(unknown)}\``);
  const flagsOf = (word: string) =>
    bits(
      model,
      of(word)
        .flatMap((list) => list.split(/[|,]/))
        .map((name) => name.trim()),
    );
  const fields = model.frame?.fields.map((f) => f.name) ?? [];
  return { async: flagsOf("async"), set: flagsOf("set"), frame: numbers(listed(of("frame")), "field of the frame", fields) };
}
