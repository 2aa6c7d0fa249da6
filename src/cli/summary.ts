/** What was done, for people: one line a path. */
import { visible } from "../compiler/text/visible.js";
import type { CompiledSpec } from "./compilations.js";

const heads = ["steps", "states", "feature combinations", "instructions", "time"];

/** One table for all specs, so that their columns stand under one another, and a last line, to be ended by the caller. */
export function summaryTable(specs: readonly CompiledSpec[]): string {
  const rows = specs.map(({ name, compilation }) => ({
    name: visible(name),
    paths: compilation.statistics.map((s) => ({
      name: visible(s.name),
      cells: [s.steps, s.states, s.featureCombinations, s.instructions].map((n) => n.toLocaleString("en")).concat(duration(s.milliseconds)),
    })),
  }));
  const paths = rows.flatMap((r) => r.paths);
  const nameWidth = Math.max(0, ...paths.map((p) => p.name.length)) + 2;
  const widths = heads.map((head, i) => Math.max(head.length, ...paths.map((p) => p.cells[i]?.length ?? 0)));
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(nameWidth)}${cells.map((cell, i) => `  ${cell.padStart(widths[i] ?? 0)}`).join("")}\n`;
  const body = rows.map(({ name, paths: own }) => `${name}\n${own.map((p) => line(`  ${p.name}`, p.cells)).join("")}`);
  return `${line("", heads)}${body.join("")}\n${counted(paths.length, "path")} in ${counted(specs.length, "spec")}`;
}

export function duration(milliseconds: number): string {
  return milliseconds < 9.95 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`;
}

export function counted(number: number, noun: string): string {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
