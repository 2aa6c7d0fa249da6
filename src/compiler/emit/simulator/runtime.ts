/**
 * The helper functions of a simulator module: each is written into the module once if a path uses it. `‹` and `›` enclose what
 * plain JavaScript does without; heads are on one line, and `module.ts` breaks them. Facts: SDM Vol. 2 (IRET, SYSRET, SWAPGS), APM Vol. 3 (SYSRET), Vol. 1, 3.3.7.1 (canonical addresses).
 */

interface Helper {
  readonly needs: readonly HelperName[];
  readonly text: string;
}

const order = [
  "answer",
  "interrupt",
  "rewriteFrame",
  "endless",
  "clobber",
  "returned",
  "copy",
  "store",
  "exchange",
  "advance",
  "sum",
  "difference",
  "shiftLeft",
  "shiftRight",
  "bit",
  "bitReset",
  "bitSet",
  "equal",
  "below",
  "above",
  "equalWords",
  "belowWords",
  "aboveWords",
  "equalNumbers",
  "belowNumbers",
  "aboveNumbers",
  "sysretq",
  "sysretl",
  "iretq",
  "eretu",
  "erets",
  "xen_iret",
  "trap",
  "loadFrame",
  "setSelectors",
  "canonical",
] as const;

export type HelperName = (typeof order)[number];

/** In the order in which a module has them. */
export const helperNames: readonly HelperName[] = order;

const w = "w‹: Uint32Array›";
const binary = "high‹: number›, low‹: number›";
const five = "rip‹: number›, cs‹: number›, rflags‹: number›, rsp‹: number›, ss‹: number›";

/** All helpers. `answer` and `interrupt` depend on the model's flags words: `preamble.ts` writes them. */
export const helperTexts: Readonly<Record<HelperName, Helper>> = {
  answer: { needs: [], text: "" },
  interrupt: { needs: [], text: "" },
  rewriteFrame: {
    needs: [],
    text: `
/** A function that may rewrite the frame does: with the values that the script gives. */
function rewriteFrame(machine‹: Machine›, entry‹: ScriptEntry | undefined›)‹: void› {
  if (entry?.frame === undefined) return;
  const values‹: { readonly [field: string]: bigint | undefined }› = entry.frame;
  for (const [field, word] of Object.entries(frame)) {
    const value = values[field];
    if (value !== undefined) machine.set(word, value);
  }
}`,
  },
  endless: {
    needs: [],
    text: `
/** A loop whose flags nothing clears any more. */
function endless(loop‹: string›)‹: never› {
  throw new Error(\`\${loop} never ends: flags stay set that nothing clears\`);
}`,
  },
  clobber: {
    needs: ["store"],
    text: `
/**
 * A C function has run: the registers that it need not keep hold something of
 * the kernel's (System V ABI, figure 3.4). Here that is always the same value.
 */
function clobber(${w})‹: void› {
  store(w, register.rax, 0xc0dec0de, 0xc0dec0de);
  store(w, register.rcx, 0xc0dec0de, 0xc0dec0de);
  store(w, register.rdx, 0xc0dec0de, 0xc0dec0de);
  store(w, register.rsi, 0xc0dec0de, 0xc0dec0de);
  store(w, register.rdi, 0xc0dec0de, 0xc0dec0de);
  store(w, register.r8, 0xc0dec0de, 0xc0dec0de);
  store(w, register.r9, 0xc0dec0de, 0xc0dec0de);
  store(w, register.r10, 0xc0dec0de, 0xc0dec0de);
  store(w, register.r11, 0xc0dec0de, 0xc0dec0de);
}`,
  },
  returned: {
    needs: [],
    text: `
/** A C function returns a bool in AL; the rest of RAX stays undefined. */
function returned(${w}, result‹: boolean›)‹: void› {
  w[register.rax] = (w[register.rax]! & 0xffffff00) | (result ? 1 : 0);
}`,
  },
  copy: {
    needs: [],
    text: `
/** One 64-bit word to another. */
function copy(${w}, to‹: number›, from‹: number›)‹: void› {
  w[to] = w[from]!;
  w[to + 1] = w[from + 1]!;
}`,
  },
  store: {
    needs: [],
    text: `
/** Two halves to a 64-bit word. */
function store(w‹: Uint32Array›, to‹: number›, high‹: number›, low‹: number›)‹: void› {
  w[to] = low;
  w[to + 1] = high;
}`,
  },
  exchange: {
    needs: [],
    text: `
/** Two words change places. */
function exchange(${w}, a‹: number›, b‹: number›)‹: void› {
  const low = w[a]!;
  const high = w[a + 1]!;
  w[a] = w[b]!;
  w[a + 1] = w[b + 1]!;
  w[b] = low;
  w[b + 1] = high;
}`,
  },
  advance: {
    needs: [],
    text: `
/** The 64-bit sum of a word and a small signed number. */
function advance(w‹: Uint32Array›, to‹: number›, from‹: number›, by‹: number›)‹: void› {
  const low = w[from]! + (by >>> 0);
  w[to + 1] = w[from + 1]! + (by >> 31) + (low > 0xffffffff ? 1 : 0);
  w[to] = low;
}`,
  },
  sum: {
    needs: [],
    text: `
/** The 64-bit sum of two pairs of halves. */
function sum(${w}, to‹: number›, highA‹: number›, lowA‹: number›, highB‹: number›, lowB‹: number›)‹: void› {
  const low = (lowA >>> 0) + (lowB >>> 0);
  w[to] = low;
  w[to + 1] = highA + highB + (low > 0xffffffff ? 1 : 0);
}`,
  },
  difference: {
    needs: [],
    text: `
/** The 64-bit difference of two pairs of halves. */
function difference(${w}, to‹: number›, highA‹: number›, lowA‹: number›, highB‹: number›, lowB‹: number›)‹: void› {
  const low = (lowA >>> 0) - (lowB >>> 0);
  w[to] = low;
  w[to + 1] = highA - highB - (low < 0 ? 1 : 0);
}`,
  },
  shiftLeft: {
    needs: [],
    text: `
/** SHL of a pair of halves; the count is taken modulo 64. */
function shiftLeft(${w}, to‹: number›, ${binary}, count‹: number›)‹: void› {
  const n = count & 63;
  const into = n === 0 ? 0 : low >>> (32 - n);
  w[to] = n < 32 ? low << n : 0;
  w[to + 1] = n < 32 ? (high << n) | into : low << (n - 32);
}`,
  },
  shiftRight: {
    needs: [],
    text: `
/** SHR of a pair of halves; the count is taken modulo 64. */
function shiftRight(${w}, to‹: number›, ${binary}, count‹: number›)‹: void› {
  const n = count & 63;
  const into = n === 0 ? 0 : high << (32 - n);
  w[to] = n < 32 ? (low >>> n) | into : high >>> (n - 32);
  w[to + 1] = n < 32 ? high >>> n : 0;
}`,
  },
  bit: {
    needs: [],
    text: `
/** Is bit \`index\` of a pair of halves set? */
function bit(${binary}, index‹: number›)‹: boolean› {
  return (((index & 32 ? high : low) >>> (index & 31)) & 1) !== 0;
}`,
  },
  bitReset: {
    needs: [],
    text: `
/** Bit \`index\` of a word is cleared. */
function bitReset(${w}, to‹: number›, index‹: number›)‹: void› {
  const half = to + ((index >>> 5) & 1);
  w[half] = w[half]! & ~(1 << (index & 31));
}`,
  },
  bitSet: {
    needs: [],
    text: `
/** Bit \`index\` of a word is set. */
function bitSet(${w}, to‹: number›, index‹: number›)‹: void› {
  const half = to + ((index >>> 5) & 1);
  w[half] = w[half]! | (1 << (index & 31));
}`,
  },
  equal: comparison("equal", "Is a word this number?", "w[word + 1] === high && w[word] === low"),
  below: comparison("below", "Is a word below this number, both unsigned?", "belowNumbers(w[word + 1]!, w[word]!, high, low)", [
    "belowNumbers",
  ]),
  above: comparison("above", "Is a word above this number, both unsigned?", "belowNumbers(high, low, w[word + 1]!, w[word]!)", [
    "belowNumbers",
  ]),
  equalWords: {
    needs: [],
    text: `
/** Are two words the same? */
function equalWords(${w}, a‹: number›, b‹: number›)‹: boolean› {
  return w[a] === w[b] && w[a + 1] === w[b + 1];
}`,
  },
  belowWords: {
    needs: ["belowNumbers"],
    text: `
/** Is word \`a\` below word \`b\`, both unsigned? */
function belowWords(${w}, a‹: number›, b‹: number›)‹: boolean› {
  return belowNumbers(w[a + 1]!, w[a]!, w[b + 1]!, w[b]!);
}`,
  },
  aboveWords: {
    needs: ["belowWords"],
    text: `
/** Is word \`a\` above word \`b\`, both unsigned? */
function aboveWords(${w}, a‹: number›, b‹: number›)‹: boolean› {
  return belowWords(w, b, a);
}`,
  },
  equalNumbers: {
    needs: [],
    text: `
/** Are two pairs of halves the same number? */
function equalNumbers(highA‹: number›, lowA‹: number›, highB‹: number›, lowB‹: number›)‹: boolean› {
  return highA === highB && lowA === lowB;
}`,
  },
  belowNumbers: {
    needs: [],
    text: `
/** Is the first pair of halves below the second, both unsigned? */
function belowNumbers(highA‹: number›, lowA‹: number›, highB‹: number›, lowB‹: number›)‹: boolean› {
  return highA < highB || (highA === highB && lowA < lowB);
}`,
  },
  aboveNumbers: {
    needs: ["belowNumbers"],
    text: `
/** Is the first pair of halves above the second, both unsigned? */
function aboveNumbers(highA‹: number›, lowA‹: number›, highB‹: number›, lowB‹: number›)‹: boolean› {
  return belowNumbers(highB, lowB, highA, lowA);
}`,
  },
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
};

function comparison(name: string, doc: string, test: string, needs: readonly HelperName[] = []): Helper {
  return {
    needs,
    text: `
/** ${doc} */
function ${name}(w‹: Uint32Array›, word‹: number›, high‹: number›, low‹: number›)‹: boolean› {
  return ${test};
}`,
  };
}
