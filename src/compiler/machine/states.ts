/**
 * The dimensions of the state vector that every x86-64 kernel has. A profile adds its kernel's own with `state`.
 * Read by the resolver, the checker, the documentation and the editors.
 */

export interface BuiltInState {
  readonly name: string;
  readonly values: readonly BuiltInStateValue[];
  /** The value with which an exit starts when its event does not say: what kernel C code runs with. */
  readonly usual: string;
  /** One sentence for hovers and the reference. */
  readonly doc: string;
  /** Where the fact is written down. */
  readonly source: string;
}

export interface BuiltInStateValue {
  readonly name: string;
  readonly meaning: string;
}

export const builtInStates: readonly BuiltInState[] = [
  {
    name: "irqs",
    values: [
      { name: "on", meaning: "RFLAGS.IF is set: an interrupt may come between any two instructions" },
      { name: "off", meaning: "RFLAGS.IF is clear: only NMIs, machine checks and faults come" },
    ],
    usual: "off",
    doc: "Whether maskable interrupts can arrive.",
    source: "SDM Vol. 3A, masking maskable hardware interrupts",
  },
  {
    name: "gs",
    values: [
      { name: "kernel", meaning: "GS.base is the kernel's per-CPU area" },
      { name: "user", meaning: "GS.base is the user's; the kernel's is in IA32_KERNEL_GS_BASE" },
      { name: "saved", meaning: "GS.base is what it was when the event came, from the token that entry saved" },
    ],
    usual: "kernel",
    doc: "Whose GS base is active.",
    source: "SDM Vol. 2B, SWAPGS; INV-40 to INV-44",
  },
  {
    name: "cr3",
    values: [
      { name: "kernel", meaning: "the kernel's page tables: everything is mapped" },
      { name: "user", meaning: "the user's page tables: of the kernel only the entry area is mapped" },
      { name: "saved", meaning: "the page tables that were active when the event came, from the token that entry saved" },
    ],
    usual: "kernel",
    doc: "Which page tables are active; matters where user and kernel have separate ones.",
    source: "INV-60 to INV-66",
  },
  {
    name: "stack",
    values: [
      { name: "thread", meaning: "the kernel stack of the current thread" },
      { name: "trampoline", meaning: "the per-CPU entry stack (TSS.RSP0), mapped in the user's page tables too" },
      { name: "ist", meaning: "a stack of the interrupt stack table, one a vector" },
      { name: "irq", meaning: "the per-CPU stack that hardware interrupts are handled on" },
      { name: "espfix", meaning: "the read-only alias from which an IRET to a 16-bit stack segment is done" },
      { name: "user", meaning: "RSP is the user's: no push, pop, call or fault is safe" },
    ],
    usual: "thread",
    doc: "What RSP points into.",
    source: "SDM Vol. 3A, interrupt stack table; INV-50 to INV-58",
  },
  {
    name: "registers",
    values: [
      { name: "kernel", meaning: "the general registers hold values of the kernel" },
      { name: "user", meaning: "the general registers hold what the interrupted code had in them" },
    ],
    usual: "kernel",
    doc: "Whose values the general registers hold; derived for each register from the instructions.",
    source: "INV-80",
  },
  {
    name: "spec_ctrl",
    values: [
      { name: "kernel", meaning: "IA32_SPEC_CTRL holds the kernel's value (IBRS set, where it is used)" },
      { name: "user", meaning: "IA32_SPEC_CTRL holds the value for user mode" },
      { name: "saved", meaning: "IA32_SPEC_CTRL is what it was when the event came, from the token that entry saved" },
    ],
    usual: "kernel",
    doc: "Which speculation controls are set.",
    source: "SDM Vol. 4, table 2-2 (48H); INV-70 to INV-73",
  },
  {
    name: "buffers",
    values: [
      { name: "clean", meaning: "the CPU's buffers were overwritten and nothing of the kernel's went through them since" },
      { name: "dirty", meaning: "data of the kernel may be in the CPU's buffers" },
    ],
    usual: "dirty",
    doc: "Whether microarchitectural buffers hold kernel data that user mode could sample.",
    source: "Intel guidance on Microarchitectural Data Sampling; INV-74 to INV-77",
  },
  {
    name: "nmi",
    values: [
      { name: "unmasked", meaning: "an NMI can arrive" },
      { name: "masked", meaning: "an NMI is being handled, and the CPU holds back the next until IRET or ERETU/ERETS" },
    ],
    usual: "unmasked",
    doc: "Whether NMIs are blocked.",
    source: "SDM Vol. 3A, handling multiple NMIs; INV-100 to INV-108",
  },
  {
    name: "ac",
    values: [
      { name: "clear", meaning: "RFLAGS.AC is clear: with SMAP, supervisor access to user pages faults" },
      { name: "set", meaning: "RFLAGS.AC is set: user pages are accessible" },
    ],
    usual: "clear",
    doc: "The alignment-check and access-control flag.",
    source: "SDM Vol. 3A, determination of access rights; INV-118, INV-119",
  },
  {
    name: "df",
    values: [
      { name: "clear", meaning: "RFLAGS.DF is clear, as the System V ABI asks for at every call" },
      { name: "set", meaning: "RFLAGS.DF is set: string instructions run downwards" },
    ],
    usual: "clear",
    doc: "The direction flag.",
    source: "System V ABI, AMD64, 3.2.1; INV-104, INV-119",
  },
  {
    name: "nt",
    values: [
      { name: "clear", meaning: "RFLAGS.NT is clear" },
      { name: "set", meaning: "RFLAGS.NT is set: IRETQ raises #GP" },
    ],
    usual: "clear",
    doc: "The nested-task flag.",
    source: "SDM Vol. 2A, IRET (operation in IA-32e mode); INV-118",
  },
  {
    name: "tf",
    values: [
      { name: "clear", meaning: "RFLAGS.TF is clear" },
      { name: "set", meaning: "RFLAGS.TF is set, as user mode left it: every instruction raises #DB" },
    ],
    usual: "clear",
    doc: "The trap flag. SYSENTER does not clear it.",
    source: "SDM Vol. 1, 3.4.3.3; Vol. 2B, SYSENTER",
  },
  {
    name: "cr2",
    values: [
      { name: "intact", meaning: "CR2 is as it was when the event came" },
      { name: "lost", meaning: "a page fault may have overwritten CR2" },
      { name: "saved", meaning: "CR2 is what it was when the event came, from the token that entry saved" },
    ],
    usual: "intact",
    doc: "Whether the address of the last page fault can still be read.",
    source: "SDM Vol. 3A, interrupt 14; INV-106",
  },
  {
    name: "speculation",
    values: [
      { name: "fenced", meaning: "the processor knows which way it came" },
      { name: "open", meaning: "a branch around SWAPGS may have been predicted wrongly, and loads go ahead with the other GS base" },
    ],
    usual: "fenced",
    doc: "Whether a load through GS may run ahead with the wrong base (CVE-2019-1125).",
    source: "INV-45",
  },
];
