/**
 * The table of instructions that steps may use: which operands each takes and what it does. Parser, printer, location
 * analysis, checker, simulator and documentation read the same row. Facts: SDM Vol. 2, the instruction's own page.
 */
import type { Effect, FlagSource, InstructionOperand, Place, ValueExpression, Width } from "./instruction.js";

export interface MnemonicRow {
  /** Without a size suffix. */
  readonly name: string;
  /** Undefined where the mnemonic takes no size suffix. */
  readonly suffixes: readonly ("q" | "l" | "w" | "b")[] | undefined;
  /** Width of its operands where it takes no suffix. */
  readonly width: Width;
  /** Each string is one accepted list of operands, source first: `r` register, `m` memory, `i` immediate, `c` control register, `l` label, `s` symbol. */
  readonly forms: readonly string[];
  readonly summary: string;
  /** The values that an immediate may have: of the width, a bit number of the width, or (`movabs`) all 64 bits. */
  readonly immediate: "signed32" | "bit" | "full";
  readonly effects: (operands: readonly InstructionOperand[], width: Width) => readonly Effect[];
}

export const widthOf = { q: 64, l: 32, w: 16, b: 8 } as const;
export const suffixOf = { 64: "q", 32: "l", 16: "w", 8: "b" } as const;

// ── Effects ──

function place(operand: InstructionOperand | undefined, width: Width): Place {
  if (operand?.kind === "register") return { kind: "register", register: operand.register, width: operand.width };
  if (operand?.kind === "memory") return { kind: "memory", address: operand.address, width };
  if (operand?.kind === "control") return { kind: "control", register: operand.register };
  throw new Error(`an operand of kind ${operand?.kind} has no place before it is resolved`);
}

function value(operand: InstructionOperand | undefined, width: Width): ValueExpression {
  if (operand?.kind === "immediate") return { kind: "immediate", value: BigInt.asUintN(width, operand.value) };
  if (operand?.kind === "symbol-immediate") return { kind: "symbol", symbol: operand.symbol };
  return { kind: "read", place: place(operand, width) };
}

const register = (name: "rax" | "rcx" | "rdx", width: Width): Place => ({ kind: "register", register: name, width });
const read = (from: Place): ValueExpression => ({ kind: "read", place: from });
const write = (to: Place, what: ValueExpression): Effect => ({ kind: "write", place: to, value: what });
const noFlags: Effect = { kind: "flags-undefined" };

type Operator = Extract<ValueExpression, { kind: "binary" }>["operator"];

/** `op source, target`: target := target op source; `flags` says what a jump behind it may test. */
function arithmetic(operator: Operator, flags: "and" | "subtract" | "result" | "bit" | "none") {
  return ([source, target]: readonly InstructionOperand[], width: Width): readonly Effect[] => {
    const left = value(target, width);
    const right = value(source, width);
    const result: ValueExpression = { kind: "binary", operator, left, right, width };
    const sources: Record<typeof flags, FlagSource | undefined> = {
      and: { kind: "test", left, right, width },
      subtract: { kind: "compare", left, right, width },
      result: { kind: "test", left: result, right: result, width },
      bit: { kind: "bit", left, right, width },
      none: undefined,
    };
    const flagSource = sources[flags];
    return [flagSource ? { kind: "flags", source: flagSource } : noFlags, write(place(target, width), result)];
  };
}

/** Sets the flags from target and source and writes nothing. */
function flagsOnly(kind: FlagSource["kind"]) {
  return ([source, target]: readonly InstructionOperand[], width: Width): readonly Effect[] => [
    { kind: "flags", source: { kind, left: value(target, width), right: value(source, width), width } },
  ];
}

function jump(when: Extract<Effect, { kind: "jump" }>["when"]) {
  return ([target]: readonly InstructionOperand[]): readonly Effect[] => [
    { kind: "jump", label: target?.kind === "label" ? target.label : "", when },
  ];
}

const fixed =
  (...effects: readonly Effect[]) =>
  (): readonly Effect[] =>
    effects;
const rflags = (bit: "if" | "df" | "ac", set: boolean) => fixed({ kind: "rflags-bit", bit, set });
const msr: Place = { kind: "msr" };
const edxEax: ValueExpression = {
  kind: "binary",
  operator: "concat32",
  left: read(register("rdx", 32)),
  right: read(register("rax", 32)),
  width: 64,
};
const highHalf: ValueExpression = { kind: "binary", operator: "shr", left: read(msr), right: { kind: "immediate", value: 32n }, width: 64 };

// ── The rows ──

const sizes = ["q", "l", "w", "b"] as const;
const wide = ["q", "l", "w"] as const;
const twoOperands = ["rr", "mr", "rm", "ir", "im"] as const;
const sized = (
  name: string,
  summary: string,
  forms: readonly string[],
  suffixes: readonly ("q" | "l" | "w" | "b")[],
  effects: MnemonicRow["effects"],
  immediate: MnemonicRow["immediate"] = "signed32",
): MnemonicRow => ({ name, suffixes, width: 64, forms, summary, immediate, effects });
const plain = (
  name: string,
  summary: string,
  forms: readonly string[],
  effects: MnemonicRow["effects"],
  width: Width = 64,
): MnemonicRow => ({ name, suffixes: undefined, width, forms, summary, immediate: "signed32", effects });

export const mnemonicRows: readonly MnemonicRow[] = [
  sized("mov", "copies", [...twoOperands, "cr", "rc"], sizes, ([source, target], width) => [
    write(place(target, width), value(source, width)),
  ]),
  sized("movabs", "loads a 64-bit immediate", ["ir"], ["q"], ([source, target]) => [write(place(target, 64), value(source, 64))], "full"),
  sized("lea", "computes an address", ["mr"], ["q"], ([source, target]) => [
    write(place(target, 64), source?.kind === "memory" ? { kind: "address-of", address: source.address } : value(source, 64)),
  ]),
  sized("push", "pushes 8 bytes", ["r", "m", "i"], ["q"], ([source]) => [{ kind: "push", value: value(source, 64) }]),
  sized("pop", "pops 8 bytes", ["r", "m"], ["q"], ([target]) => [{ kind: "pop", place: place(target, 64) }]),
  sized("add", "adds", twoOperands, sizes, arithmetic("add", "none")),
  sized("sub", "subtracts", twoOperands, sizes, arithmetic("sub", "subtract")),
  sized("and", "ands", twoOperands, sizes, arithmetic("and", "and")),
  sized("or", "ors", twoOperands, sizes, arithmetic("or", "result")),
  sized("xor", "exclusive-ors", twoOperands, sizes, arithmetic("xor", "result")),
  sized("shl", "shifts left by a constant", ["ir", "im"], sizes, arithmetic("shl", "none"), "bit"),
  sized("shr", "shifts right by a constant, zeroes come in", ["ir", "im"], sizes, arithmetic("shr", "none"), "bit"),
  sized("test", "ands and keeps only the flags", ["rr", "rm", "ir", "im"], sizes, flagsOnly("test")),
  sized("cmp", "subtracts and keeps only the flags", twoOperands, sizes, flagsOnly("compare")),
  sized("bt", "puts a bit into CF", ["ir", "im", "rr", "rm"], wide, flagsOnly("bit"), "bit"),
  sized("btr", "puts a bit into CF and clears it", ["ir", "im", "rr", "rm"], wide, arithmetic("bit-reset", "bit"), "bit"),
  sized("bts", "puts a bit into CF and sets it", ["ir", "im", "rr", "rm"], wide, arithmetic("bit-set", "bit"), "bit"),
  plain("jz", "jumps when ZF is set", ["l"], jump("z")),
  plain("jnz", "jumps when ZF is clear", ["l"], jump("nz")),
  plain("jc", "jumps when CF is set", ["l"], jump("c")),
  plain("jnc", "jumps when CF is clear", ["l"], jump("nc")),
  plain("jmp", "jumps", ["l"], jump("always")),
  plain("swapgs", "exchanges GS.base and IA32_KERNEL_GS_BASE", [""], fixed({ kind: "swapgs" })),
  sized("pushf", "pushes RFLAGS", [""], ["q"], fixed({ kind: "push", value: read({ kind: "rflags" }) })),
  sized(
    "popf",
    "pops RFLAGS: IF, DF, NT, AC and TF are what was pushed",
    [""],
    ["q"],
    fixed({ kind: "pop", place: { kind: "rflags" } }, noFlags),
  ),
  plain("cli", "clears IF", [""], rflags("if", false)),
  plain("sti", "sets IF", [""], rflags("if", true)),
  plain("cld", "clears DF", [""], rflags("df", false)),
  plain("std", "sets DF", [""], rflags("df", true)),
  plain("clac", "clears AC", [""], rflags("ac", false)),
  plain("stac", "sets AC", [""], rflags("ac", true)),
  plain("lfence", "waits for all earlier loads", [""], fixed({ kind: "nothing", fence: true })),
  // VERW changes ZF and reads its operand; that it overwrites the CPU's buffers is a step's contract to say.
  plain("verw", "with updated microcode, overwrites the CPU's buffers; changes ZF", ["m"], fixed(noFlags), 16),
  plain("wrmsr", "writes EDX:EAX to the MSR that ECX names", [""], fixed(write(msr, edxEax))),
  plain(
    "rdmsr",
    "reads the MSR that ECX names into EDX:EAX",
    [""],
    fixed(write(register("rax", 32), read(msr)), write(register("rdx", 32), highHalf)),
  ),
  plain("wrgsbase", "writes GS.base", ["r"], ([source]) => [write({ kind: "gs-base" }, value(source, 64))]),
  plain("rdgsbase", "reads GS.base", ["r"], ([target]) => [write(place(target, 64), read({ kind: "gs-base" }))]),
  plain("call", "calls a function of the kernel", ["s"], ([target]) => [
    { kind: "call", symbol: target?.kind === "symbol-immediate" ? target.symbol : "" },
  ]),
  plain("int3", "raises #BP: stops a run that must not come here", [""], fixed({ kind: "trap" })),
  plain("ud2", "raises #UD: an assertion that failed", [""], fixed({ kind: "trap" })),
  plain("nop", "does nothing", [""], fixed({ kind: "nothing" })),
];

/** Other names of the same instruction, and the one that we print. */
export const mnemonicAliases: Readonly<Record<string, string>> = {
  je: "jz",
  jne: "jnz",
  jb: "jc",
  jae: "jnc",
  jnb: "jnc",
  callq: "call",
  wrgsbaseq: "wrgsbase",
  rdgsbaseq: "rdgsbase",
  movabs: "movabsq",
};

/** A whole mnemonic, suffix and all: `movq`, `swapgs`. */
export interface Mnemonic {
  readonly row: MnemonicRow;
  readonly width: Width;
}

const mnemonics = new Map<string, Mnemonic>();
const unsized = new Map<string, MnemonicRow>();
for (const row of mnemonicRows) {
  if (row.suffixes === undefined) mnemonics.set(row.name, { row, width: row.width });
  else {
    unsized.set(row.name, row);
    for (const suffix of row.suffixes) mnemonics.set(row.name + suffix, { row, width: widthOf[suffix] });
  }
}

/** `movq`, `jz`. */
export function mnemonicNamed(name: string): Mnemonic | undefined {
  return mnemonics.get(name);
}

/** `mov`: a mnemonic without its suffix, whose width the operands must tell. */
export function mnemonicWithoutSuffix(name: string): MnemonicRow | undefined {
  return unsized.get(name);
}

/** For messages: each row once, in the table's order. */
export function knownMnemonics(): string {
  return mnemonicRows.map((row) => row.name).join(", ");
}
