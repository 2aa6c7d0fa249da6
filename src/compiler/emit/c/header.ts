/** `NAME.h`: what the assembly, the prepare functions and the kernel share. */

import type { Frame, Model, StateSetting, Step, Work } from "../../model/model.js";
import type { PathGraph } from "../../path/graph.js";
import type { EmitOptions } from "../artefact.js";
import { flagSet } from "./expression.js";
import { freedom, guarded, includeGuard } from "./frame.js";
import { annotation, irqsOf, prepareAnnotation } from "./irqs.js";
import { commentLines, docParagraphs, trailing } from "./text.js";
import type { Uses } from "./uses.js";
import { calledFunctions, preparing } from "./uses.js";

export function headerText(model: Model, graphs: readonly PathGraph[], uses: Uses, options: EmitOptions): string {
  const what = ["The saved frame, the work flags and the functions of this spec, for the kernel's C code.", freedom];
  return guarded(model, options, includeGuard(options.stem, "H"), what, [
    "#include <stdbool.h>",
    "#include <stddef.h>",
    "#include <stdint.h>",
    "",
    `#include "${options.stem}-embed.h"`,
    ...flagLines(model),
    ...(model.frame ? frameLines(model.frame) : []),
    ...prototypeLines(model, uses),
    ...prepareLines(model, graphs),
  ]);
}

function flagLines(model: Model): string[] {
  const lines: string[] = [];
  for (const word of model.flagWords) {
    lines.push("", ...commentLines([`${word.name}: the word ${word.location}.`, ...docParagraphs(word.doc)]));
    for (const flag of word.flags) {
      lines.push(...commentLines(docParagraphs(flag.doc)));
      lines.push(...trailing(`#define ${flag.name}\t(1U << ${flag.bit})`, flag.async ? "an interrupt may set it" : ""));
    }
  }
  if (model.masks.length > 0) {
    lines.push("", "enum {");
    for (const mask of model.masks) {
      lines.push(...commentLines(docParagraphs(mask.doc), "\t"));
      const flags = mask.flags.map((f) => f.name).join(" | ");
      lines.push(`\t${mask.name} = ${flags === "" ? "0" : flags},`);
    }
    lines.push("};");
  }
  return lines;
}

function frameLines(frame: Frame): string[] {
  const tag = `struct ${frame.name}`;
  const assertion = (what: string, value: number) => `_Static_assert(${what} == ${value}, "the assembly relies on it");`;
  return [
    "",
    ...commentLines([
      ...docParagraphs(frame.doc),
      "A kernel that has this structure already says so with EXITDSL_HAVE_FRAME; the assertions hold it to the layout.",
    ]),
    "#ifndef EXITDSL_HAVE_FRAME",
    `${tag} {`,
    ...frame.fields.flatMap((f) => [...commentLines(docParagraphs(f.doc), "\t"), `\tuint64_t ${f.name};`]),
    "};",
    "#endif",
    "",
    ...frame.fields.map((f) => assertion(`offsetof(${tag}, ${f.name})`, f.offset)),
    assertion(`sizeof(${tag})`, frame.size),
  ];
}

/** The kernel's functions that the prepare functions call, each with its contract. */
function prototypeLines(model: Model, uses: Uses): string[] {
  const called = calledFunctions(uses);
  if (called.length === 0 || model.frame === undefined) return [];
  const { frame } = model;
  const lines = ["", "#ifndef EXITDSL_HAVE_PROTOTYPES"];
  called.forEach(({ item, call }, i) => {
    const parameters = call.arguments.map((a) => {
      if (a.kind === "frame") return `struct ${frame.name} *frame`;
      return a.kind === "flags" ? `uint32_t ${a.word.name}` : "uint64_t exitdsl_constant";
    });
    if (i > 0) lines.push("");
    lines.push(...commentLines([...docParagraphs(item.doc), contractText(model, item)]));
    const irqs = annotation(irqsOf(item.requires), irqsOf(item.ensures));
    lines.push(`void ${call.function}(${parameters.length > 0 ? parameters.join(", ") : "void"})${irqs === undefined ? "" : ` ${irqs}`};`);
  });
  return [...lines, "#endif"];
}

/** `Requires irqs on; clears TIF_NEED_RESCHED; may sleep.` */
function contractText(model: Model, item: Work | Step): string {
  const may = [
    ...(item.maySleep ? ["sleep"] : []),
    ...(item.mayFault ? ["fault"] : []),
    ...(item.rewritesFrame ? ["rewrite the frame"] : []),
    ...(item.maySet.length > 0 ? [`set ${names(item.maySet)}`] : []),
  ];
  const parts = [
    ...(item.requires.length > 0 ? [`requires ${item.requires.map(settingText).join(", ")}`] : []),
    ...(item.ensures.length > 0 ? [`ensures ${item.ensures.map(settingText).join(", ")}`] : []),
    ...(item.clears.length > 0 ? [`clears ${names(item.clears)}`] : []),
    ...(may.length > 0 ? [`may ${may.join(", ")}`] : []),
  ];
  if (parts.length === 0) return "";
  const text = parts.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

  function names(flags: typeof item.clears): string {
    const word = flags[0]?.word;
    return word === undefined ? "" : flagSet(model, word, flags).replace(/^\((.*)\)$/, "$1");
  }
}

function settingText(setting: StateSetting): string {
  const except = setting.except.length > 0 ? ` except ${setting.except.join(" ")}` : "";
  return `${setting.dimension.name} ${setting.dimension.values[setting.value] ?? ""}${except}`;
}

function prepareLines(model: Model, graphs: readonly PathGraph[]): string[] {
  return preparing(graphs).flatMap((graph) => ["", ...commentLines(exitDoc(graph)), `${prepareSignature(model, graph)}${suffix(graph)};`]);
}

/** What a reader of the header or the C file is told of an exit. */
export function exitDoc(graph: PathGraph): string[] {
  const { exit } = graph;
  const events = exit.events.map((e) => e.name).join(", ");
  const target = [...(exit.toUser ? ["user"] : []), ...(exit.toKernel ? ["kernel"] : [])].join(" or ");
  const returned = exit.prepare?.returns;
  return [
    ...docParagraphs(exit.doc),
    ...(exit.doc === "" ? [] : [""]),
    `The C side of the exit ${exit.name} from ${events} to ${target}.${returned ? ` Returns whether ${returned.name} holds.` : ""}`,
  ];
}

/** `bool prepare_syscall_return(struct pt_regs *frame)`, and whether it is to say that it does not look at the frame. */
export function prepareSignature(model: Model, graph: PathGraph, unusedFrame = false): string {
  const { prepare } = graph.exit;
  if (!prepare || !model.frame) throw new Error(`the exit ${graph.exit.name} has no prepare function`);
  const parameter = `struct ${model.frame.name} *frame${unusedFrame ? " __attribute__((__unused__))" : ""}`;
  return `${prepare.returns ? "bool" : "void"} ${prepare.name}(${parameter})`;
}

export function suffix(graph: PathGraph): string {
  const irqs = prepareAnnotation(graph);
  return irqs === undefined ? "" : ` ${irqs}`;
}
