/** Names of the general registers at each width (SDM Vol. 1, 3.4.1 and 3.7.2.1), and who saves them in a call. */
import { type GeneralRegister, generalRegisters, type Width } from "./instruction.js";

export interface RegisterName {
  readonly register: GeneralRegister;
  readonly width: Width;
}

const legacy = { rax: "ax", rcx: "cx", rdx: "dx", rbx: "bx", rsp: "sp", rbp: "bp", rsi: "si", rdi: "di" } as const;

function nameAt(register: GeneralRegister, width: Width): string {
  if (width === 64) return register;
  const short = (legacy as Partial<Record<GeneralRegister, string>>)[register];
  if (short === undefined) return register + (width === 32 ? "d" : width === 16 ? "w" : "b");
  if (width === 32) return `e${short}`;
  if (width === 16) return short;
  // AL, CL, DL, BL; SPL, BPL, SIL, DIL need a REX prefix, which `as` adds. AH to BH are not offered.
  return short.endsWith("x") ? `${short[0]}l` : `${short}l`;
}

const names = new Map<GeneralRegister, ReadonlyMap<Width, string>>();
const byName = new Map<string, RegisterName>();
for (const register of generalRegisters) {
  const widths = new Map<Width, string>();
  for (const width of [64, 32, 16, 8] as const) {
    const name = nameAt(register, width);
    widths.set(width, name);
    byName.set(name, { register, width });
  }
  names.set(register, widths);
}

/** `registerName("rbx", 32)` is `ebx`. */
export function registerName(register: GeneralRegister, width: Width): string {
  return names.get(register)?.get(width) ?? register;
}

/** The register and width that a name (without `%`) stands for; undefined when it is none. */
export function registerNamed(name: string): RegisterName | undefined {
  return byName.get(name);
}

/** All register names, 64 bits first: for suggestions. */
export const registerNames: readonly string[] = [...byName.keys()];

export function isGeneralRegister(name: string): name is GeneralRegister {
  return (generalRegisters as readonly string[]).includes(name);
}

/** Registers that a C function may change (System V ABI for AMD64, figure 3.4). */
export const callerSavedRegisters: readonly GeneralRegister[] = ["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"];

/** Registers that a C function gives back unchanged; RSP is back where it was too. */
export const calleeSavedRegisters: readonly GeneralRegister[] = ["rbx", "rbp", "r12", "r13", "r14", "r15"];

/** Where the first arguments of a C function go, in order (System V ABI for AMD64, 3.2.3). */
export const argumentRegisters: readonly GeneralRegister[] = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"];
