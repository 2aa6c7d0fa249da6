/**
 * The assembly back end, flavour `standalone`: GAS in AT&T syntax, for `as` alone. It writes down the line of code that
 * `path/linear.ts` has laid out, and decides nothing. `NAME.S` holds the paths, `NAME-embed.inc` what the kernel gives.
 */
import { formatInstruction } from "../../machine/instructions.js";
import type { Model } from "../../model/model.js";
import type { PathGraph, PathNode } from "../../path/graph.js";
import {
  type LinearInstruction,
  type LinearItem,
  type LinearLabel,
  type LinearProgram,
  type LinearRoutine,
  linearProgram,
} from "../../path/linear.js";
import type { Span } from "../../text/source.js";
import type { Artefact, BackEnd, EmitOptions } from "../artefact.js";
import { fileHead } from "../c/frame.js";
import { commentLines, docParagraphs, specLine } from "../c/text.js";
import { embedText } from "./embed.js";
import { featureExpression, line, place, quoted } from "./text.js";

/** Emits the assembly of a spec that `check` and the checker have accepted; nothing when it has no exits. */
export function emitGas(model: Model, graphs: readonly PathGraph[], options: EmitOptions): readonly Artefact[] {
  if (graphs.length === 0) return [];
  const program = linearProgram(model, graphs);
  const embed = `${options.stem}-embed.inc`;
  return [
    { name: `${options.stem}.S`, text: assemblyText(model, program, embed, options) },
    { name: embed, text: embedText(model, graphs, program, options) },
  ];
}

export const gas: BackEnd = { name: "asm", check: (model, graphs) => linearProgram(model, graphs).diagnostics, emit: emitGas };

function assemblyText(model: Model, program: LinearProgram, embed: string, options: EmitOptions): string {
  const what = [
    "The exit paths, from each one's label to the instruction that leaves. At an exit's label RSP points at the first word of the saved frame, " +
      "and the machine is in the state in which the spec says that the event starts.",
    `What the kernel gives is in ${embed}. Numbers in comments are lines of the spec.`,
    "This file is output: whoever wrote the spec may use it under any terms.",
  ];
  const lines = [
    ...fileHead(model, options, what),
    `\t.include ${quoted(embed)}`,
    "",
    '\t.section .entry.text, "ax", @progbits',
    "\t.code64",
    ...program.routines.flatMap((routine) => ["", ...routineLines(model, routine)]),
    "",
    '\t.section .note.GNU-stack, "", @progbits',
  ];
  return `${lines.join("\n")}\n`;
}

function routineLines(model: Model, routine: LinearRoutine): string[] {
  const asked = new Set<PathNode | undefined>();
  // What is between routines is never executed.
  const lines = [...commentLines(docParagraphs(routine.doc)), ...(routine.fallenInto ? [] : ["\t.balign\t16, 0xcc"])];
  for (const item of routine.items) lines.push(...itemLines(model, item, asked));
  return lines;
}

/** `asked`: the statements whose spec line has been shown; it is shown at their first instruction. */
function itemLines(model: Model, item: LinearItem, asked: Set<PathNode | undefined>): string[] {
  switch (item.kind) {
    case "label":
      return labelLines(model, item);
    case "if":
      return [`\t.if\t${featureExpression(item.test)}`];
    case "elseif":
      return [`\t.elseif\t${featureExpression(item.test)}`];
    case "else":
      return ["\t.else"];
    case "endif":
      return ["\t.endif"];
    case "instruction": {
      const first = !asked.has(item.node);
      asked.add(item.node);
      return [line(`\t${instructionText(item)}`, commentOf(model, item, first))];
    }
  }
}

function labelLines(model: Model, label: LinearLabel): string[] {
  if (label.scope !== "global") return [`${label.name}:`];
  const comment = label.role === "window-start" ? heading(label.span, model) : "";
  return [`\t.globl\t${label.name}`, line(`${label.name}:`, comment)];
}

function instructionText({ instruction, node }: LinearInstruction): string {
  const bytes = node?.kind === "terminal" && instruction.mnemonic === node.terminal.mnemonic ? node.terminal.bytes : undefined;
  if (bytes) return `.byte\t${bytes.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(", ")}`;
  return formatInstruction(instruction);
}

function commentOf(model: Model, item: LinearInstruction, first: boolean): string {
  const { node, comment } = item;
  if (item.role === "prologue") return item.instruction.mnemonic === "call" ? heading(item.span, model) : "";
  if (item.role === "trap") return "never reached: stops speculation past the instruction above";
  const remark = comment === undefined || isNamed(item, comment) ? "" : comment;
  if (!first || !node) return remark;
  const asked = statement(model, node);
  return remark === "" ? asked : `${asked} (${remark})`;
}

/** The statement as the spec has it, without the block that it opens; of a list of steps the one that it is about. */
function statement(model: Model, node: PathNode): string {
  const { source, start, end } = node.span;
  const where = place(node.span, model.name);
  if (node.kind === "terminal" || node.kind === "jump") return `${where}: ${source.text.slice(start, end)}`;
  const text = specLine(node.span, model.name);
  if (node.kind === "instructions" && !/: (do|restore) [^,{]*$/.test(text)) return `${where}: do ${node.step.name}`;
  return heading(node.span, model);
}

/** The spec's line up to the block that it opens. */
function heading(span: Span, model: Model): string {
  return specLine(span, model.name).replace(/(\S)\s*\{.*$/, "$1");
}

/** A pop into a register says itself which field it restores. */
function isNamed({ instruction }: LinearInstruction, comment: string): boolean {
  return instruction.mnemonic === "popq" && !comment.startsWith("skip");
}
