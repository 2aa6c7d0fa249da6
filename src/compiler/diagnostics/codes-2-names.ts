import type { CatalogueEntry } from "./catalogue.js";

export const entries2 = {
  // EX2001–EX2019: imports (model/imports.ts).

  // EX2020 and up: names and types (model/).
  EX2020: { severity: "error", title: "an unknown name", message: "no {kind} is called `{name}`" },
  EX2021: { severity: "error", title: "a name declared twice", message: "`{name}` is declared twice" },
  EX2022: { severity: "error", title: "a name of the wrong kind", message: "`{name}` is a {actual}, but a {expected} is wanted here" },
  EX2023: { severity: "error", title: "an unknown edition", message: "this compiler does not know edition {edition} of the language" },
  EX2024: { severity: "error", title: "a missing edition", message: "the file does not say which edition of the language it is written in" },
  EX2025: { severity: "error", title: "a clause in the wrong declaration", message: "`{clause}` does not belong in a {declaration}" },
  EX2026: { severity: "error", title: "a missing clause", message: "the {declaration} `{name}` has no `{clause}`" },
  EX2027: { severity: "error", title: "a clause given twice", message: "`{clause}` is given twice in `{name}`" },
  EX2028: { severity: "error", title: "an unknown value of a state", message: "the state `{state}` has no value `{value}`" },
  EX2029: { severity: "error", title: "a flag's bit out of range or taken", message: "bit {bit} of `{word}` {problem}" },
  EX2030: { severity: "error", title: "flags of two words mixed", message: "`{first}` is in `{firstWord}`, but `{second}` is in `{secondWord}`" },
  EX2031: { severity: "error", title: "an expression of the wrong type", message: "{actual} where {expected} is wanted" },
  EX2032: { severity: "error", title: "a reserved name", message: "`{name}` cannot be used as a name, because it is {reason}" },
  EX2033: { severity: "error", title: "a statement in the wrong place", message: "{statement} cannot stand in {place}" },
  EX2034: { severity: "error", title: "a condition that refers to itself", message: "the condition `{name}` is defined by itself" },
  EX2035: { severity: "error", title: "features that exclude each other", message: "no kernel can have the feature `{name}`" },
  EX2036: { severity: "error", title: "an instruction that is not known", message: "{problem}" },
  EX2037: { severity: "error", title: "an unknown register", message: "`{name}` is not a register that can be named here" },
  EX2038: { severity: "error", title: "a missing reason", message: "{statement} gives no reason" },
  EX2039: { severity: "error", title: "an integer out of range", message: "{value} does not fit in {width} bits" },
  EX2040: { severity: "error", title: "more or less than one frame", message: "{problem}" },
  EX2041: { severity: "error", title: "an unknown terminal", message: "`{name}` is not an instruction that leaves the kernel" },
  EX2042: { severity: "error", title: "a global symbol used twice", message: "`{name}` would be the symbol of two things" },
  EX2043: { severity: "error", title: "a token that nothing restores", message: "no step says how `restore {state} from {token}` is done" },
  EX2044: { severity: "error", title: "a path too large to check", message: "`{name}` has {count} {what}, and the limit is {limit}" },
  EX2045: { severity: "error", title: "an exit without a way out", message: "the exit `{name}` has no `leave` block" },
  EX2046: { severity: "error", title: "an event of another origin", message: "`{event}` never comes from {origin} mode, so `{exit}` cannot return it there" },
} as const satisfies Record<string, CatalogueEntry>;
