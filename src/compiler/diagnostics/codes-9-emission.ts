import type { CatalogueEntry } from "./catalogue.js";

export const entries9 = {
  // EX9000–EX9099: C (emit/c/names.ts).
  EX9001: { severity: "error", title: "a name taken twice in C", message: "`{name}` would be both {first} and {second} in C" },
  EX9002: {
    severity: "error",
    title: "a name that C has taken",
    message: "`{name}` is taken in C by the language, its headers or the emitted code",
  },
  EX9003: {
    severity: "error",
    title: "a function called in two ways",
    message: "`{function}` is called with ({arguments}) here and with others elsewhere",
  },
  EX9004: { severity: "error", title: "a token in C", message: "the C side cannot test the token `{token}`, which is in a register" },
  // EX9100–EX9199: assembly (path/linear-checks.ts).
  EX9101: {
    severity: "error",
    title: "a tail that two paths reach differently",
    message: "the tail `{tail}` would need other instructions for `{second}` than for `{first}`",
  },
  EX9102: {
    severity: "error",
    title: "a name with two meanings in assembly",
    message: "`{name}` would be both a constant and a label in assembly",
  },
  // EX9200–EX9299: the simulator (emit/simulator/check.ts).
  EX9201: {
    severity: "error",
    title: "a memory operand across two words",
    message: "`{instruction}` reaches into two words, which the simulator keeps apart",
  },
} as const satisfies Record<string, CatalogueEntry>;
