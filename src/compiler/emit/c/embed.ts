/** `NAME-embed.h`: what the embedding kernel gives, each with a default where there is a sensible one. */

import type { Feature, FlagWord, Model, Value } from "../../model/model.js";
import type { EmitOptions } from "../artefact.js";
import { freedom, guarded, includeGuard } from "./frame.js";
import { commentLines, docParagraphs } from "./text.js";
import type { Uses } from "./uses.js";

export function embedText(model: Model, uses: Uses, options: EmitOptions): string {
  const what = [
    "What the kernel gives. Compile with -DEXITDSL_KERNEL_HEADER='\"your-header.h\"', and define there what this file says; " +
      "functions may be macros, inline functions (with `#define f f` beside them) or ordinary functions of these names.",
    freedom,
  ];
  return guarded(model, options, includeGuard(options.stem, "EMBED_H"), what, [
    "#include <stdint.h>",
    ...sparseLines,
    "",
    "#ifdef EXITDSL_KERNEL_HEADER",
    "#include EXITDSL_KERNEL_HEADER",
    "#endif",
    ...(uses.irqs ? irqLines : []),
    ...model.flagWords.flatMap((w) => wordLines(w, uses)),
    ...uses.values.flatMap(valueLines),
    ...featureLines(uses.features),
  ]);
}

const sparseLines = [
  "",
  ...commentLines([
    "For sparse -Wcontext, which counts 1 while IRQs are off, and proves for every path through a function that it leaves them as it says.",
  ]),
  "#ifndef EXITDSL_TURNS_IRQS_OFF",
  "# ifdef __CHECKER__",
  "#  define EXITDSL_TURNS_IRQS_OFF __attribute__((context(irqs_off, 0, 1)))",
  "#  define EXITDSL_TURNS_IRQS_ON __attribute__((context(irqs_off, 1, 0)))",
  "#  define EXITDSL_KEEPS_IRQS_OFF __attribute__((context(irqs_off, 1, 1)))",
  "#  define EXITDSL_IRQS_OFF_COUNT(change) __context__(change)",
  "# else",
  "#  define EXITDSL_TURNS_IRQS_OFF",
  "#  define EXITDSL_TURNS_IRQS_ON",
  "#  define EXITDSL_KEEPS_IRQS_OFF",
  "#  define EXITDSL_IRQS_OFF_COUNT(change) do { } while (0)",
  "# endif",
  "#endif",
];

/** A definition that a kernel replaces by defining a macro of the same name; two specs may both bring it. */
function replaceable(name: string, lines: readonly string[]): string[] {
  return [`#ifndef ${name}`, `#define ${name} ${name}`, ...lines, "#endif"];
}

const irqLines = [
  "",
  ...commentLines(["IRQs of this CPU. A kernel that keeps their state elsewhere, or traces it, gives its own."]),
  ...replaceable("exitdsl_irq_enable", [
    "static inline void exitdsl_irq_enable(void) EXITDSL_TURNS_IRQS_ON",
    "{",
    '\t__asm__ __volatile__("sti" : : : "memory");',
    "\tEXITDSL_IRQS_OFF_COUNT(-1);",
    "}",
  ]),
  "",
  ...replaceable("exitdsl_irq_disable", [
    "static inline void exitdsl_irq_disable(void) EXITDSL_TURNS_IRQS_OFF",
    "{",
    '\t__asm__ __volatile__("cli" : : : "memory");',
    "\tEXITDSL_IRQS_OFF_COUNT(1);",
    "}",
  ]),
];

function wordLines(word: FlagWord, uses: Uses): string[] {
  const address = `exitdsl_address_${word.name}`;
  const accessors: string[][] = [];
  const tasks: string[] = [];
  if (uses.reads.includes(word)) {
    const name = `exitdsl_read_${word.name}`;
    tasks.push("what reads it");
    accessors.push(
      replaceable(name, [`static inline uint32_t ${name}(void)`, "{", `\treturn __atomic_load_n(${address}(), __ATOMIC_RELAXED);`, "}"]),
    );
  }
  if (uses.takes.includes(word)) {
    const name = `exitdsl_take_${word.name}`;
    tasks.push("what takes all of it (reads and clears it, atomically)");
    accessors.push(
      replaceable(name, [
        `static inline uint32_t ${name}(void)`,
        "{",
        `\treturn __atomic_exchange_n(${address}(), 0, __ATOMIC_ACQ_REL);`,
        "}",
      ]),
    );
  }
  if (uses.clears.includes(word)) {
    const name = `exitdsl_clear_${word.name}`;
    tasks.push("what clears flags in it, atomically");
    const lines = [
      `static inline void ${name}(uint32_t exitdsl_flags)`,
      "{",
      `\t__atomic_fetch_and(${address}(), ~exitdsl_flags, __ATOMIC_ACQ_REL);`,
      "}",
    ];
    accessors.push(replaceable(name, lines));
  }
  if (accessors.length === 0) return [];
  return [
    "",
    ...commentLines([
      `${word.name}: ${word.location} of the thread or CPU that leaves, 32 bits. Give its address; or, if it is not in memory as such, ` +
        `${listed(tasks)}.`,
    ]),
    `#ifndef ${address}`,
    `uint32_t *${address}(void);`,
    "#endif",
    ...accessors.flatMap((lines) => ["", ...lines]),
  ];
}

/** `a, b and c`. */
function listed(texts: readonly string[]): string {
  const last = texts[texts.length - 1] ?? "";
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(", ")} and ${last}`;
}

function valueLines(value: Value): string[] {
  const name = `exitdsl_value_${value.name}`;
  return [
    "",
    ...commentLines([`${value.name}: ${value.location}.`, ...docParagraphs(value.doc)]),
    `#ifndef ${name}`,
    `uint32_t ${name}(void);`,
    "#endif",
  ];
}

function featureLines(features: readonly Feature[]): string[] {
  if (features.length === 0) return [];
  const lines = [
    "",
    ...commentLines([
      "Features: 0 for a kernel that has not got it; define each that yours has as an expression in parentheses: a constant, or something that is fixed once the kernel has booted. The assembly must be told the same.",
    ]),
  ];
  for (const feature of features) {
    const sources = [...feature.config, ...feature.cpu].join(", ");
    const name = `EXITDSL_${feature.name}`;
    lines.push(...commentLines([...docParagraphs(feature.doc), ...(sources === "" ? [] : [`${feature.name}: ${sources}.`])]));
    lines.push(`#ifndef ${name}`, `#define ${name} 0`, "#endif");
  }
  const admitted = constraintLines(features);
  if (admitted.length === 0) return lines;
  return [
    ...lines,
    "",
    ...commentLines(["What the spec says of its features, as far as the compiler can see their values."]),
    "#ifndef __CHECKER__",
    "#undef EXITDSL_KNOWN",
    "#define EXITDSL_KNOWN(test) (__builtin_constant_p(test) && (test))",
    ...admitted,
    "#endif",
  ];
}

function constraintLines(features: readonly Feature[]): string[] {
  const assertion = (first: string, second: string, text: string) =>
    `_Static_assert(!(EXITDSL_KNOWN(${first}) && EXITDSL_KNOWN(${second})), "${text}");`;
  return features.flatMap((f) => [
    ...f.excludes
      .filter((o) => features.includes(o))
      .map((o) => assertion(`EXITDSL_${f.name}`, `EXITDSL_${o.name}`, `${f.name} excludes ${o.name}`)),
    ...f.needs
      .filter((o) => features.includes(o))
      .map((o) => assertion(`EXITDSL_${f.name}`, `!EXITDSL_${o.name}`, `${f.name} needs ${o.name}`)),
  ]);
}
