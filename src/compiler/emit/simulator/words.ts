/**
 * The words of a module's machine: which registers, saved fields, flags words and memory cells its paths name. Emitters ask for a
 * word while they write; what was asked for is declared afterwards, so that a module has no word that nothing uses.
 */

import { formatAddress } from "../../machine/assembly.js";
import type { Address, GeneralRegister } from "../../machine/instruction.js";
import { generalRegisters } from "../../machine/instruction.js";
import type { FrameField, Model } from "../../model/model.js";
import type { Location, Region } from "../../path/location.js";
import type { Dialect, Doc } from "./print.js";
import { docComment, hardline, lines, member, properties, propertyName } from "./print.js";

/** A place in memory: the word's expression (`frame.ip`) and the byte in it at which the operand starts. */
export interface Cell {
  readonly word: string;
  readonly byte: number;
}

export type SystemWord = "rip" | "cs" | "rflags" | "ss" | "gs_base" | "kernel_gs_base" | "star" | "cr2" | "cr3" | "cr4" | "dr7";

const systemDocs: Readonly<Record<SystemWord, string>> = {
  rip: "Where the terminal goes; no instruction before it changes it.",
  cs: "Code segment selector.",
  rflags: "IF says whether interrupts are on. Status flags (CF, ZF, …) are not kept here.",
  ss: "Stack segment selector.",
  gs_base: "IA32_GS_BASE: what %gs: reaches.",
  kernel_gs_base: "IA32_KERNEL_GS_BASE: what SWAPGS exchanges it with.",
  star: "IA32_STAR: bits 63 to 48 give the selectors that SYSRET loads.",
  cr2: "Page-fault linear address.",
  cr3: "Page tables and PCID.",
  cr4: "Control register 4.",
  dr7: "Debug control.",
};
const systemOrder = Object.keys(systemDocs) as SystemWord[];

/** MSRs that are a word of their own already. */
const systemMsrs: Readonly<Record<string, SystemWord>> = {
  IA32_GS_BASE: "gs_base",
  IA32_KERNEL_GS_BASE: "kernel_gs_base",
  IA32_STAR: "star",
};

export class Words {
  private readonly system = new Set<SystemWord>(["rip", "cs", "rflags", "ss", "gs_base", "kernel_gs_base", "star", "cr3"]);
  private readonly memory = new Set<string>();
  private readonly stack = new Map<string, { readonly region: Region; readonly start: number }>();
  private readonly msrs = new Set<string>();
  private readonly frameFields: readonly FrameField[];
  private readonly model: Model;

  constructor(model: Model) {
    this.model = model;
    this.frameFields = model.frame?.fields ?? [];
  }

  register(name: GeneralRegister): string {
    return `register.${name}`;
  }

  systemWord(name: SystemWord): string {
    this.system.add(name);
    return `system.${name}`;
  }

  /** A model-specific register by its manual's name. */
  msr(name: string): string {
    const system = systemMsrs[name];
    if (system !== undefined) return this.systemWord(system);
    this.msrs.add(name);
    return member("msr", name);
  }

  /** The value of an assembler symbol, which the embedding kernel defines. */
  symbol(name: string): string {
    return this.cell(`$${name}`);
  }

  field(field: string): string {
    return member("frame", field);
  }

  flagWord(name: string): string {
    return member("flags", name);
  }

  value(name: string): string {
    return member("value", name);
  }

  /** The word that an address names, given what the registers hold there. */
  at(address: Address, before: Location): Cell {
    const { base, displacement, segment, symbol } = address;
    if (segment === undefined && symbol === "" && base !== undefined && base !== "rip") {
      const pointer = before.registers[base];
      if (pointer.kind === "pointer") return this.slot(pointer.region, pointer.offset + displacement);
    }
    return { word: this.cell(formatAddress(address)), byte: 0 };
  }

  /** The word at an offset of a region, both in bytes. */
  slot(region: Region, offset: number): Cell {
    const byte = ((offset % 8) + 8) % 8;
    const start = offset - byte;
    if (region === "frame") {
      const field = this.frameFields.find((f) => f.offset === start);
      if (field) return { word: this.field(field.name), byte };
    }
    const name = `${region.replace(/^stack:/, "")}${start < 0 ? "-" : "+"}${Math.abs(start)}`;
    this.stack.set(name, { region, start });
    return { word: member("stack", name), byte };
  }

  private cell(name: string): string {
    this.memory.add(name);
    return member("memory", name);
  }

  /** The declarations of all words, and how many halves they take. */
  declarations(dialect: Dialect): { readonly docs: readonly Doc[]; readonly size: number } {
    let next = 0;
    const docs: Doc[] = [];
    const group = (name: string, doc: string, words: readonly (readonly [string, string])[]): void => {
      if (words.length === 0) return;
      const entries = words.map(([word, wordDoc]) => {
        const property = `${propertyName(word)}: ${next}`;
        next += 2;
        const about = docComment([wordDoc]);
        return about.length === 0 ? property : [lines(about), hardline, property];
      });
      docs.push("", ...docComment([doc]), properties(`export const ${name} = `, entries, `${dialect.type(" as const")};`));
    };
    const plain = (names: Iterable<string>) => [...names].map((name) => [name, ""] as const);
    group("register", "General registers.", plain(generalRegisters));
    group(
      "system",
      "System registers.",
      systemOrder.filter((w) => this.system.has(w)).map((w) => [w, systemDocs[w]]),
    );
    group("msr", "Model-specific registers.", plain(this.msrs));
    const { frame } = this.model;
    if (frame)
      group(
        "frame",
        frame.doc || "The saved registers.",
        frame.fields.map((f) => [f.name, f.doc]),
      );
    group(
      "flags",
      "Words of work flags, 32 bits each.",
      this.model.flagWords.map((w) => [w.name, w.doc]),
    );
    group(
      "value",
      "What the C side looks at beside flags, 32 bits each; nothing in a run changes it.",
      this.model.values.map((v) => [v.name, v.doc]),
    );
    group("memory", "Memory that instructions name, by operand; `$symbol` is a symbol's own value.", plain(this.memory));
    group("stack", "Stack slots that the paths push, by the stack and the offset from its top.", plain(this.sortedStack()));
    return { docs, size: next };
  }

  /** By region, then upwards. */
  private sortedStack(): string[] {
    const slots = [...this.stack];
    slots.sort(([, a], [, b]) => (a.region < b.region ? -1 : a.region > b.region ? 1 : a.start - b.start));
    return slots.map(([name]) => name);
  }
}
