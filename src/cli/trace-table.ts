/** A run as a table: one row a step, with the state after it. */
import type { Model } from "../compiler/model/model.js";
import type { Run, RunInput, TracedStep } from "./simulation.js";
import { counted } from "./summary.js";

/** `input` and `run` for people. Events of the C side are numbered as `--event` counts them. */
export function traceTable(model: Model, { exit, event, fromUser, features }: RunInput, run: Run): string {
  // A spec has many words of flags; a run looks at few.
  const words = model.flagWords.filter(({ name }) =>
    run.steps.some((s) => s.flags[name] || (s.event !== undefined && s.text.endsWith(` ${name}`))),
  );
  const heads = ["event", "step", "spec", "IRQs", ...words.map((w) => w.name), "changes"];
  const rows = run.steps.map((step) => [
    step.event === undefined ? "" : String(step.event),
    step.nmi === undefined ? step.text : `${step.nmi}: ${step.text}`,
    step.place,
    step.irqs ? "on" : "off",
    ...words.map((w) => flagNames(model, w.name, step.flags[w.name] ?? 0)),
    step.changes.map(({ name, value }) => `${name} = ${hex(value)}`).join(", "),
  ]);
  const having = features.size > 0 ? `, with ${[...features].join(", ")}` : "";
  const title = `${exit.name} from ${event.name}, which came from ${fromUser ? "user" : "kernel"} mode${having}\n\n`;
  return title + table(heads, rows) + ending(run);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `${cells.map((cell, i) => (i === 0 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join("  ")}`.trimEnd();
  return [heads, ...rows].map((cells) => `${line(cells)}\n`).join("");
}

function flagNames(model: Model, word: string, bits: number): string {
  const known = model.flags.filter((f) => f.word.name === word);
  const names = known.filter((f) => bits & (1 << f.bit)).map((f) => f.name);
  return names.join(" ") || "-";
}

function ending(run: Run): string {
  const { steps, outcome, endless, final } = run;
  const own = steps.filter((s: TracedStep) => s.nmi === undefined);
  const events = own.filter((s) => s.event !== undefined).length;
  const count = `\n${counted(events, "event")} of the C side, ${counted(own.length - events, "instruction")}. ${nmiText(run)}`;
  if (!outcome) return `${count}It would go on for ever: ${endless}.\n`;
  const returned = outcome.result === undefined ? "" : `The C function returned ${outcome.result}. `;
  const { fault } = outcome;
  if (fault) {
    const recovery = fault.recovery ? `the kernel goes on at ${fault.recovery}` : "nothing recovers from it";
    return `${count}${returned}\`${outcome.terminal}\` raised ${fault.vector} in ring ${fault.ring}; ${recovery}.\n`;
  }
  const registers = ["rip", "cs", "rflags", "rsp", "ss", "gs_base"].map((name) => `${name} ${hex(final(name))}`).join(", ");
  return `${count}${returned}\`${outcome.terminal}\` left to ${outcome.target} mode:\n${registers}\n`;
}

function nmiText({ nmi, steps }: Run): string {
  if (nmi === "none") return "";
  const led = "GS.base, KERNEL_GS_BASE and CR3 are what they were";
  return nmi === "led back"
    ? `The NMI was left by ${steps.find((s) => s.nmi !== undefined)?.nmi ?? "its path"}: ${led}. `
    : "No entry that kernels have lets the NMI's path lead back to the GS.base, KERNEL_GS_BASE and CR3 that it interrupted. ";
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
