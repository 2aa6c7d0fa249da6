/** The instructions that leave: one row each, read by the checker, the emitters, the simulator and the documentation. */

export interface Terminal {
  readonly name: string;
  /** The GAS mnemonic. */
  readonly mnemonic: string;
  /** It is a jump to this symbol, which the kernel gives. */
  readonly target?: string;
  /** Its encoding, where assemblers in use do not know the mnemonic. */
  readonly bytes?: readonly number[];
  readonly toUser: boolean;
  readonly toKernel: boolean;
  /**
   * State that must hold when it goes to user mode / back to the kernel: what the instruction or every kernel needs.
   * CR3 and the like depend on features; profiles say them with `require`.
   */
  readonly requiresToUser: readonly TerminalRequirement[];
  readonly requiresToKernel: readonly TerminalRequirement[];
  /** General registers that it overwrites or reads as input, so that the user's value cannot be in them (SYSRET: RCX, R11). */
  readonly loads: readonly string[];
  /** RIP, CS, RFLAGS, RSP, SS come from the five words at RSP. */
  readonly popsFrame: boolean;
  /** Bytes from RSP to the first of them: the FRED returns step over the error code below it themselves. */
  readonly wordsAt: number;
  /** Frame facts without which it does the wrong thing, each with its reason. */
  readonly frameRequirements: readonly FrameRequirement[];
  /** May fault because of what the frame holds. */
  readonly mayFault: boolean;
  /** It has unblocked NMIs even where it faults (SDM Vol. 3A, handling multiple NMIs). */
  readonly faultUnblocksNmis: boolean;
  /** It takes the place of the processor's own SYSRET and IRET, in kernels that have them not. */
  readonly replaces?: true;
  /** Nothing falls through: the emitter puts a trap behind it against straight-line speculation where this is true. */
  readonly trapAfter: boolean;
  readonly summary: string;
  readonly source: string;
}

/** `["gs", "user", "why"]`. */
export type TerminalRequirement = readonly [dimension: string, value: string, why: string];

/** A fact about saved fields that a terminal needs; fields are named by the register that they save. */
export type FrameRequirement =
  | {
      readonly kind: "equal";
      readonly left: string;
      readonly right: string;
      readonly why: string;
      /**
       * When user mode sees what was in the left register: always, if nothing is said. Where it does not, it is enough that the right word is
       * loaded there.
       */
      readonly seen?: "unless lost" | "never";
    }
  | { readonly kind: "selector"; readonly field: "cs" | "ss"; readonly why: string }
  | { readonly kind: "canonical"; readonly field: string; readonly why: string }
  | { readonly kind: "lacks"; readonly field: string; readonly bits: bigint; readonly bitNames: string; readonly why: string };

// ── The rows ──

const irqsOff: TerminalRequirement = [
  "irqs",
  "off",
  "an interrupt between here and user mode would find the user's GS base, stack or page tables in the kernel (INV-42, INV-52)",
];
const irqsOffToKernel: TerminalRequirement = [
  "irqs",
  "off",
  "the interrupted code's registers are live again: an interrupt would be taken on top of a return that is half done (INV-42)",
];
const gsUser: TerminalRequirement = [
  "gs",
  "user",
  "user mode must get its own GS base back, and the kernel's must wait in IA32_KERNEL_GS_BASE for the next entry (INV-40)",
];
const registersUser: TerminalRequirement = ["registers", "user", "what is left in a register is readable in user mode (INV-80)"];
const registersInterrupted: TerminalRequirement = ["registers", "user", "the interrupted code goes on with the values that it had"];
const ntClear: TerminalRequirement = ["nt", "clear", "IRETQ raises #GP when NT is set in the current RFLAGS (SDM Vol. 2A, IRET)"];
const nmiUnmasked: TerminalRequirement = [
  "nmi",
  "unmasked",
  "only IRET and the FRED returns unblock NMIs; user mode would run with them blocked (SDM Vol. 3A, handling multiple NMIs)",
];
const stackUser: TerminalRequirement = ["stack", "user", "the instruction does not load RSP (SDM Vol. 2B, SYSRET)"];

const RFLAGS_TF = 1n << 8n;
const RFLAGS_RF = 1n << 16n;
const RFLAGS_VM = 1n << 17n;

export const terminals: readonly Terminal[] = [
  {
    name: "sysretq",
    mnemonic: "sysretq",
    toUser: true,
    toKernel: false,
    requiresToUser: [irqsOff, gsUser, stackUser, registersUser, nmiUnmasked],
    requiresToKernel: [],
    loads: ["rcx", "r11"],
    popsFrame: false,
    wordsAt: 0,
    frameRequirements: [
      {
        kind: "equal",
        left: "rcx",
        right: "rip",
        why: "SYSRET takes RIP from RCX, so the user's RCX survives only where both are the same",
      },
      {
        kind: "equal",
        left: "r11",
        right: "rflags",
        why: "SYSRET takes RFLAGS from R11, so the user's R11 survives only where both are the same",
      },
      { kind: "selector", field: "cs", why: "SYSRET sets CS to IA32_STAR[63:48] + 16, whatever was saved" },
      { kind: "selector", field: "ss", why: "SYSRET sets SS to IA32_STAR[63:48] + 8, whatever was saved" },
      {
        kind: "canonical",
        field: "rip",
        why: "Intel CPUs raise #GP for a non-canonical RCX while still in ring 0, on the user's stack (INV-88)",
      },
      {
        kind: "lacks",
        field: "rflags",
        bits: RFLAGS_RF | RFLAGS_TF,
        bitNames: "RF | TF",
        why: "SYSRET clears RF, and with TF set it traps before the first user instruction (INV-89)",
      },
    ],
    mayFault: false,
    faultUnblocksNmis: false,
    trapAfter: true,
    summary: "Returns from SYSCALL to 64-bit user mode: RIP from RCX, RFLAGS from R11, CS and SS from IA32_STAR. RSP is not loaded.",
    source: "SDM Vol. 2B, SYSRET; APM Vol. 3, SYSRET; INV-85 to INV-90",
  },
  {
    name: "sysretl",
    mnemonic: "sysretl",
    toUser: true,
    toKernel: false,
    requiresToUser: [irqsOff, gsUser, stackUser, registersUser, nmiUnmasked],
    requiresToKernel: [],
    loads: ["rcx", "r11"],
    popsFrame: false,
    wordsAt: 0,
    frameRequirements: [
      {
        kind: "equal",
        left: "rcx",
        right: "rip",
        why: "SYSRET takes EIP from ECX, so the user's ECX survives only where both are the same, or where the ABI gives it up",
        seen: "unless lost",
      },
      {
        kind: "equal",
        left: "r11",
        right: "rflags",
        why: "SYSRET takes EFLAGS from R11",
        seen: "never",
      },
      { kind: "selector", field: "cs", why: "SYSRET sets CS to IA32_STAR[63:48], whatever was saved" },
      { kind: "selector", field: "ss", why: "SYSRET sets SS to IA32_STAR[63:48] + 8, whatever was saved" },
      {
        kind: "lacks",
        field: "rflags",
        bits: RFLAGS_RF | RFLAGS_TF | RFLAGS_VM,
        bitNames: "RF | TF | VM",
        why: "SYSRET clears RF and VM, and with TF set it traps before the first user instruction (INV-89)",
      },
    ],
    mayFault: false,
    faultUnblocksNmis: false,
    trapAfter: true,
    summary: "Returns from SYSCALL to 32-bit user mode: EIP from ECX, EFLAGS from R11, CS and SS from IA32_STAR. RSP is not loaded.",
    source: "SDM Vol. 2B, SYSRET; INV-89, INV-91",
  },
  {
    name: "iretq",
    mnemonic: "iretq",
    toUser: true,
    toKernel: true,
    requiresToUser: [irqsOff, gsUser, registersUser, ntClear],
    requiresToKernel: [irqsOffToKernel, registersInterrupted, ntClear],
    loads: ["rsp"],
    popsFrame: true,
    wordsAt: 0,
    frameRequirements: [],
    mayFault: true,
    faultUnblocksNmis: true,
    trapAfter: false,
    summary: "Pops RIP, CS, RFLAGS, RSP and SS, and goes there; unblocks NMIs. Faults where the popped CS, SS or RIP cannot be used.",
    source: "SDM Vol. 2A, IRET; INV-92 to INV-94",
  },
  {
    name: "eretu",
    mnemonic: "eretu",
    bytes: [0xf3, 0x0f, 0x01, 0xca],
    toUser: true,
    toKernel: false,
    requiresToUser: [
      irqsOff,
      ["gs", "kernel", "ERETU exchanges the GS bases itself; SWAPGS does not exist with FRED (INV-47)"],
      registersUser,
    ],
    requiresToKernel: [],
    loads: ["rsp"],
    popsFrame: true,
    wordsAt: 8,
    frameRequirements: [],
    mayFault: true,
    faultUnblocksNmis: false,
    replaces: true,
    trapAfter: false,
    summary: "Returns from a FRED event to user mode: pops the frame, exchanges the GS bases, unblocks NMIs if the frame says so.",
    source: "Intel FRED specification, 6.2; INV-95, INV-108",
  },
  {
    name: "erets",
    mnemonic: "erets",
    bytes: [0xf2, 0x0f, 0x01, 0xca],
    toUser: false,
    toKernel: true,
    requiresToUser: [],
    requiresToKernel: [irqsOffToKernel, registersInterrupted],
    loads: ["rsp"],
    popsFrame: true,
    wordsAt: 8,
    frameRequirements: [],
    mayFault: false,
    faultUnblocksNmis: false,
    replaces: true,
    trapAfter: false,
    summary: "Returns from a FRED event to the kernel: pops the frame, keeps the GS base, unblocks NMIs if the frame says so.",
    source: "Intel FRED specification, 6.1",
  },
  {
    name: "xen_iret",
    mnemonic: "jmp",
    target: "xen_iret",
    toUser: true,
    toKernel: true,
    requiresToUser: [
      irqsOff,
      ["gs", "kernel", "the hypervisor gives the user its GS base; the way there still needs the kernel's"],
      ["stack", "thread", "it pushes onto the stack before it calls the hypervisor, and only the thread's is there for that"],
      registersUser,
    ],
    requiresToKernel: [irqsOffToKernel, registersInterrupted],
    loads: ["rsp"],
    popsFrame: true,
    wordsAt: 0,
    frameRequirements: [],
    mayFault: false,
    faultUnblocksNmis: false,
    replaces: true,
    trapAfter: false,
    summary:
      "Under Xen PV: goes to the kernel's code that hands the frame at RSP to the hypervisor (HYPERVISOR_iret), which returns and switches GS, page tables and interrupts itself.",
    source: "Xen public headers, HYPERVISOR_iret",
  },
];

const byName = new Map(terminals.map((terminal) => [terminal.name, terminal]));

/** The row of a terminal; undefined when the name is none. */
export function terminalNamed(name: string): Terminal | undefined {
  return byName.get(name);
}
