/** A case as something that can be changed: what shrinking tries, and how the simulator is told of it. */
import type { Event, Exit, Feature } from "../compiler/model/model.js";
import { type Case, CaseMaker } from "./cases.js";
import type { Facts, Image } from "./image.js";
import type { ScriptEntry, SimulatedMachine } from "./simulator.js";
import { usualMachine } from "./usual.js";

export interface Draft {
  readonly path: number;
  readonly on: ReadonlySet<Feature>;
  /** All words of the machine at the start. */
  readonly words: Uint32Array;
  readonly script: readonly ScriptEntry[];
}

/** The case with this number of a seed. */
export function drawnCase(image: Image, path: number, seed: number, index: number): Draft {
  const machine = new image.bench.module.Machine();
  const { features, script } = new CaseMaker(image).make(path, seed, index, machine);
  const on = new Set(image.bench.spec.model.features.filter((f) => features[f.name]));
  return { path, on, words: machine.words.slice(), script };
}

/** Puts the draft's machine into the one that is given. */
export function caseOf({ spec }: Facts, { on, path, script, words }: Draft, machine: SimulatedMachine): Case {
  machine.words.set(words);
  return {
    path,
    features: Object.fromEntries(spec.model.features.map((f) => [f.name, on.has(f)])),
    featureBits: [...on].reduce((bits, f) => bits | (1n << BigInt(f.index)), 0n),
    script,
  };
}

/** Where a case comes from, as its frame says. */
export interface Origin {
  readonly exit: Exit;
  readonly event: Event;
  readonly fromUser: boolean;
}

export function originOf({ module, plans, spec }: Facts, { path, words }: Draft): Origin {
  const exit = plans[path]?.graph.exit;
  if (!exit) throw new Error(`there is no path ${path}`);
  const cs = spec.model.frame?.fields.find((f) => f.saves === "cs");
  const user = cs === undefined || ((words[module.frame[cs.name] ?? 0] ?? 0) & 3) !== 0;
  const event = exit.events.find((e) => (user ? e.fromUser : e.fromKernel)) ?? exit.events[0];
  if (!event) throw new Error(`${exit.name} has no event`);
  return { exit, event, fromUser: user ? event.fromUser : !event.fromKernel };
}

/** What each word is unless `simulate` is told something else. */
export function usualWords(facts: Facts, { event, exit, fromUser }: Origin): Uint32Array {
  return usualMachine(facts.module, facts.spec.model, exit, event, fromUser).words;
}
