/** What a simulator module begins with: the types of its inputs and outputs, and the machine. */
import type { Model } from "../../model/model.js";
import type { Module } from "./module.js";
import type { Doc } from "./print.js";
import { assignChain, binary, block, call, docComment, numeral, operand } from "./print.js";
import { bitsOf } from "./tests.js";

/** The interfaces; none in JavaScript. */
export function types(module: Module): readonly Doc[] {
  if (!module.dialect.typed) return [];
  const { model } = module;
  const docs: Doc[] = [
    "",
    ...docComment(["What the kernel was built with and the processor has; constant in a run."]),
    featuresType(model),
  ];
  if (model.flagWords.length > 0) {
    docs.push("", ...docComment(["Bits for words of flags."]));
    docs.push(
      block(
        "export interface FlagValues",
        model.flagWords.map((word) => `readonly ${word.name}?: number;`),
      ),
    );
  }
  if (model.frame) {
    docs.push("", ...docComment(["New values of saved fields."]));
    docs.push("export type FrameValues = {", "  readonly [Field in keyof typeof frame]?: bigint;", "};");
  }
  docs.push("", ...docComment([scriptDoc(model)]));
  const entry: Doc[] = [];
  if (model.flagWords.length > 0) {
    entry.push("/** Flags that a called function sets, of those that it may set. */", "readonly set?: FlagValues;");
    entry.push("/** Flags that interrupts set after the event, if IRQs are on then. */", "readonly async?: FlagValues;");
  }
  if (model.frame) entry.push("/** What a called function writes into the frame, if it may. */", "readonly frame?: FrameValues;");
  docs.push(entry.length === 0 ? "export type ScriptEntry = object;" : block("export interface ScriptEntry", entry));
  return [...docs, ...fixedTypes];
}

const scriptDoc = (model: Model): string =>
  [
    "One entry of a run's script. Events of the C side (IRQs on and off, looks at",
    `flags, calls) take one entry each, in order${model.flagWords.length > 0 ? "; without one nothing is set" : ""}.`,
  ].join("\n");

function featuresType(model: Model): Doc {
  if (model.features.length === 0) return "export type Features = object;";
  const entries = model.features.flatMap((feature): Doc[] => [...docComment([feature.doc]), `readonly ${feature.name}: boolean;`]);
  return block("export interface Features", entries);
}

const fixedTypes: readonly Doc[] = `
export interface Fault {
  readonly vector: "#GP" | "#BP" | "#UD";
  /** The privilege level at which the exception is raised. */
  readonly ring: 0 | 3;
  /** Where the kernel goes on after it. */
  readonly recovery: string | undefined;
}

export interface Outcome {
  /** What the prepare function returned. */
  readonly result: boolean | undefined;
  /** The instruction that left. */
  readonly terminal: string;
  readonly target: "user" | "kernel";
  readonly fault: Fault | undefined;
}

export interface Path {
  readonly run: (
    machine: Machine,
    features: Features,
    script: readonly ScriptEntry[],
    trace?: number[],
  ) => Outcome;
  /** Codes below this are events of the C side, the others instructions. */
  readonly events: number;
  /** By code: the event or instruction, and its lines of the spec. */
  readonly steps: readonly (readonly [text: string, place: string])[];
}`.split("\n");

/** The machine's class. `size`: how many halves its words take. */
export function machineClass(module: Module, size: number): readonly Doc[] {
  const { words } = module;
  for (const word of ["rflags", "cs", "ss", "gs_base", "star", "cr3"] as const) words.systemWord(word);
  const text = `
/**
 * The state that paths read and change. Words are 64 bits wide and known by
 * their index: \`machine.get(register.rax)\`, \`machine.set(frame.ip, 0x400000n)\`.
 */
export class Machine {
  /** Each word as two unsigned halves, the low one first. */
  ‹readonly ›words = new Uint32Array(${size});
  /** Decides who raises #GP for a bad SYSRET: Intel the kernel, AMD the user. */
  vendor‹: "intel" | "amd"› = "intel";
  /** Bits of a linear address: 48, or 57 with five levels of page tables. */
  addressBits‹: 48 | 57› = 48;

  /** A kernel on its thread's stack, IRQs off; RSP is the frame's address. */
  constructor() {
    this.set(register.rsp, 0xffffc90000003f58n);
    this.set(system.rflags, 0x2n);
    this.set(system.cs, 0x10n);
    this.set(system.ss, 0x18n);
    this.set(system.gs_base, 0xffff888000000000n);
    this.set(system.star, 0x0023001000000000n);
  }

  get(word‹: number›)‹: bigint› {
    const high = BigInt(this.words[word + 1]!);
    return (high << 32n) | BigInt(this.words[word]!);
  }

  set(word‹: number›, value‹: bigint›)‹: void› {
    this.words[word] = Number(value & 0xffffffffn);
    this.words[word + 1] = Number((value >> 32n) & 0xffffffffn);
  }

  /** RFLAGS.IF. */
  get irqs()‹: boolean› {
    return (this.words[system.rflags]! & 0x200) !== 0;
  }

  set irqs(on‹: boolean›) {
    const rflags = this.words[system.rflags]!;
    this.words[system.rflags] = on ? rflags | 0x200 : rflags & ~0x200;
  }

  /** Takes over all words of another machine of this module. */
  copyFrom(other‹: Machine›)‹: void› {
    this.words.set(other.words);
    this.vendor = other.vendor;
    this.addressBits = other.addressBits;
  }
}`;
  return module.dialect.text(text).split("\n");
}

/** The functions through which a script acts: what a called function sets, what interrupts set. */
export function scriptHelpers(module: Module): readonly Doc[] {
  const { dialect, model, words } = module;
  const docs: Doc[] = [];
  const or = (word: string, property: string, kind: "set" | "async", bits: string): Doc => {
    const index = words.flagWord(word);
    return assignChain(`w[${index}]`, binary(dialect.at(index), "|", ["(", operand(`(${kind}.${property} ?? 0)`, "&", bits), ")"]));
  };
  if (module.isUsed("answer")) {
    const parameters = [
      "w: Uint32Array",
      "entry: ScriptEntry | undefined",
      ...model.flagWords.map((w) => `${module.local(w.name)}: number`),
    ];
    const body: Doc[] = ["const set = entry?.set;", "if (set === undefined) return;"];
    for (const word of model.flagWords) body.push(or(word.name, word.name, "set", module.local(word.name)));
    docs.push(
      "",
      ...docComment(["A called function sets flags: what the script says, of those that it may set."]),
      functionOf(module, "answer", parameters, "void", body),
    );
  }
  if (module.isUsed("interrupt")) {
    const body: Doc[] = [
      "const async = entry?.async;",
      `if (async === undefined || (${dialect.at("system.rflags")} & 0x200) === 0) return;`,
    ];
    for (const word of model.flagWords) {
      const bits = bitsOf(word.flags.filter((flag) => flag.async));
      if (bits !== 0) body.push(or(word.name, word.name, "async", numeral(bits)));
    }
    const about = ["Interrupts that come after an event, if IRQs are on: they set flags, of those", "that may be set at any time."].join(
      "\n",
    );
    docs.push(
      "",
      ...docComment([about]),
      functionOf(module, "interrupt", ["w: Uint32Array", "entry: ScriptEntry | undefined"], "void", body),
    );
  }
  return docs;
}

/** A function whose parameters stand on lines of their own when they do not fit. */
export function functionOf(
  module: Module,
  name: string,
  parameters: readonly string[],
  type: string,
  body: readonly Doc[],
  prefix = "",
): Doc {
  const { dialect } = module;
  const plain = parameters.map((p) => (dialect.typed ? p : p.replace(/\??:.*$/, "")));
  return block([`${prefix}function `, call(name, plain), dialect.type(`: ${type}`)], body);
}
