/**
 * The helper functions of a simulator module: each is written into the module once if a path uses it. `‹` and `›` enclose what
 * plain JavaScript does without; heads are on one line, and `module.ts` breaks them. Facts: SDM Vol. 2 (IRET, SYSRET, SWAPGS), APM Vol. 3 (SYSRET), Vol. 1, 3.3.7.1 (canonical addresses).
 */
import { terminalHelpers } from "./terminals.js";

export interface Helper {
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
  ...terminalHelpers,
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
