/** The helper functions of a simulator module that leave: what each terminal does, and when it faults. See `runtime.ts`. */
import type { Helper, HelperName } from "./runtime.js";

const w = "w‹: Uint32Array›";
const five = "rip‹: number›, cs‹: number›, rflags‹: number›, rsp‹: number›, ss‹: number›";

export const terminalHelpers = {
  sysretq: {
    needs: ["canonical", "copy", "setSelectors", "store"],
    text: `
/**
 * SYSRETQ: RIP from RCX, RFLAGS from R11 without RF and VM, CS and SS from
 * IA32_STAR (SDM Vol. 2B). Where RCX is not canonical, Intel's CPUs fault while
 * still in ring 0, on the user's stack; AMD's go to user mode and fault there.
 */
function sysretq(machine‹: Machine›, result‹: boolean | undefined›, recovery‹: string | undefined›)‹: Outcome› {
  const w = machine.words;
  const bad = !canonical(machine, register.rcx);
  const terminal = "sysretq";
  if (bad && machine.vendor === "intel") {
    const fault‹: Fault› = { vector: "#GP", ring: 0, recovery };
    return { result, terminal, target: "kernel", fault };
  }
  copy(w, system.rip, register.rcx);
  store(w, system.rflags, 0, (w[register.r11]! & 0x3c7fd7) | 2);
  setSelectors(w, 16);
  const fault‹: Fault | undefined› = bad
    ? { vector: "#GP", ring: 3, recovery: undefined }
    : undefined;
  return { result, terminal, target: "user", fault };
}`,
  },
  sysretl: {
    needs: ["setSelectors", "store"],
    text: `
/**
 * SYSRETL: EIP from ECX, RFLAGS from R11 without RF and VM, CS and SS from
 * IA32_STAR, to compatibility mode (SDM Vol. 2B).
 */
function sysretl(machine‹: Machine›, result‹: boolean | undefined›)‹: Outcome› {
  const w = machine.words;
  store(w, system.rip, 0, w[register.rcx]!);
  store(w, system.rflags, 0, (w[register.r11]! & 0x3c7fd7) | 2);
  setSelectors(w, 0);
  return { result, terminal: "sysretl", target: "user", fault: undefined };
}`,
  },
  iretq: {
    needs: ["loadFrame"],
    text: `
/**
 * IRETQ: RIP, CS, RFLAGS, RSP and SS from five words of memory. It faults in
 * ring 0, before it has changed anything, when NT is set now, or when the words
 * cannot be used (SDM Vol. 2A, IRET).
 */
function iretq(machine‹: Machine›, result‹: boolean | undefined›, recovery‹: string | undefined›, ${five})‹: Outcome› {
  const nested = (machine.words[system.rflags]! & 0x4000) !== 0;
  if (nested || !loadFrame(machine, rip, cs, rflags, rsp, ss)) {
    const fault‹: Fault› = { vector: "#GP", ring: 0, recovery };
    return { result, terminal: "iretq", target: "kernel", fault };
  }
  const ring = machine.words[system.cs]! & 3;
  const target = ring === 3 ? "user" : "kernel";
  return { result, terminal: "iretq", target, fault: undefined };
}`,
  },
  eretu: {
    needs: ["exchange", "loadFrame"],
    text: `
/**
 * ERETU: the frame as IRETQ has it, to user mode only; the GS bases change
 * places (Intel FRED specification, 6.2).
 */
function eretu(machine‹: Machine›, result‹: boolean | undefined›, recovery‹: string | undefined›, ${five})‹: Outcome› {
  const user = (machine.words[cs]! & 3) === 3;
  if (!user || !loadFrame(machine, rip, cs, rflags, rsp, ss)) {
    const fault‹: Fault› = { vector: "#GP", ring: 0, recovery };
    return { result, terminal: "eretu", target: "kernel", fault };
  }
  exchange(machine.words, system.gs_base, system.kernel_gs_base);
  return { result, terminal: "eretu", target: "user", fault: undefined };
}`,
  },
  erets: {
    needs: ["loadFrame"],
    text: `
/**
 * ERETS: the frame as IRETQ has it, back to the kernel (Intel FRED
 * specification, 6.1).
 */
function erets(machine‹: Machine›, result‹: boolean | undefined›, recovery‹: string | undefined›, ${five})‹: Outcome› {
  const kernel = (machine.words[cs]! & 3) === 0;
  const left = kernel && loadFrame(machine, rip, cs, rflags, rsp, ss);
  const fault‹: Fault | undefined› = left
    ? undefined
    : { vector: "#GP", ring: 0, recovery };
  return { result, terminal: "erets", target: "kernel", fault };
}`,
  },
  xen_iret: {
    needs: ["exchange", "loadFrame"],
    text: `
/**
 * HYPERVISOR_iret: the hypervisor loads the frame, and for user mode exchanges
 * the GS bases (Xen public interface).
 */
function xen_iret(machine‹: Machine›, result‹: boolean | undefined›, recovery‹: string | undefined›, ${five})‹: Outcome› {
  if (!loadFrame(machine, rip, cs, rflags, rsp, ss)) {
    const fault‹: Fault› = { vector: "#GP", ring: 0, recovery };
    return { result, terminal: "xen_iret", target: "kernel", fault };
  }
  const user = (machine.words[system.cs]! & 3) === 3;
  if (user) exchange(machine.words, system.gs_base, system.kernel_gs_base);
  const target = user ? "user" : "kernel";
  return { result, terminal: "xen_iret", target, fault: undefined };
}`,
  },
  trap: {
    needs: [],
    text: `
/** INT3 or UD2: an exception on purpose. */
function trap(result‹: boolean | undefined›, terminal‹: string›, vector‹: Fault["vector"]›)‹: Outcome› {
  const fault‹: Fault› = { vector, ring: 0, recovery: undefined };
  return { result, terminal, target: "kernel", fault };
}`,
  },
  loadFrame: {
    needs: ["canonical", "copy", "store"],
    text: `
/**
 * Five words to RIP, CS, RFLAGS, RSP and SS, if they can be used: CS is not
 * null, SS has the same privilege level and is not null in ring 3, RIP is
 * canonical. What the descriptors hold is the kernel's matter. From ring 0 all
 * of RFLAGS is loaded but VM.
 */
function loadFrame(machine‹: Machine›, ${five})‹: boolean› {
  const w = machine.words;
  const code = w[cs]! & 0xffff;
  const data = w[ss]! & 0xffff;
  const ring = code & 3;
  if (code < 4 || (data & 3) !== ring || (data < 4 && ring === 3)) return false;
  if (!canonical(machine, rip)) return false;
  copy(w, system.rip, rip);
  store(w, system.cs, 0, code);
  store(w, system.rflags, 0, (w[rflags]! & 0x3d7fd5) | 2);
  copy(w, register.rsp, rsp);
  store(w, system.ss, 0, data);
  return true;
}`,
  },
  setSelectors: {
    needs: ["store"],
    text: `
/** CS is IA32_STAR[63:48] plus \`code\`, SS is IA32_STAR[63:48] + 8; both for ring 3. */
function setSelectors(${w}, code‹: number›)‹: void› {
  const base = w[system.star + 1]! >>> 16;
  store(w, system.cs, 0, ((base + code) & 0xffff) | 3);
  store(w, system.ss, 0, ((base + 8) & 0xffff) | 3);
}`,
  },
  canonical: {
    needs: [],
    text: `
/** Are all bits above the linear address the same as its highest bit? */
function canonical(machine‹: Machine›, word‹: number›)‹: boolean› {
  const high = machine.words[word + 1]! | 0;
  const top = high >> (machine.addressBits - 33);
  return top === 0 || top === -1;
}`,
  },
} as const satisfies Partial<Record<HelperName, Helper>>;
