/** What a campaign has seen, for people. */
import picocolors from "picocolors";
import { visible } from "../compiler/text/visible.js";
import type { EmulatorName } from "../verify/emulator.js";
import { emulators } from "../verify/emulators.js";
import type { PathResult, Result, ShownFailure } from "../verify/result.js";
import { counted } from "./summary.js";
import { quoted } from "./verify-options.js";

const heads = ["kernels", "cases", "single steps", "NMIs", "interrupts", "ways out", "not comparable", "differences"];
/** Indentation of what belongs to a line above. */
const inner = "    ";

/** @param repeat the command that runs it again */
export function verifyReport(result: Result, repeat: readonly string[] | undefined, colour: boolean): string {
  const colours = picocolors.createColors(colour);
  const { campaign, failures, notRun, objects, tallies } = result;
  const { name } = emulators[campaign.emulator];
  const shown = (n: number) => n.toLocaleString("en");
  const rows = Object.entries(tallies).map(([path, t]) => ({
    path,
    cells: [t.kernels.length, t.cases, t.steps, t.nmis, t.interrupts, Object.keys(t.ways).length, t.unseen, t.different].map(shown),
    different: t.different > 0,
    tally: t,
  }));
  const nameWidth = Math.max(...rows.map((r) => r.path.length)) + 2;
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((r) => r.cells[i]?.length ?? 0)));
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(nameWidth)}${cells.map((cell, i) => `  ${cell.padStart(widths[i] ?? 0)}`).join("")}`;
  const unseen = rows.reduce((sum, r) => sum + r.tally.unseen, 0);
  const shard = result.shards.of > 1 ? `, shard ${result.shards.indices.join(",")}/${result.shards.of}` : "";
  const kernels = `${campaign.kernels.length} of ${counted(campaign.possible, "kernel")}`;
  return [
    `${visible(result.spec)} on ${name}, seed ${campaign.seed}: ${kernels}, ${counted(campaign.cases, "case")} a path and kernel${shard}`,
    "",
    line("", heads),
    ...rows.map((r) => (r.different ? colours.red(line(r.path, r.cells)) : line(r.path, r.cells))),
    "",
    ...rows.flatMap(({ path, tally }) => waysOut(path, tally)),
    `State-changing instructions of ${counted(objects, "object file")} were compared with the spec's, one for one.`,
    ...(unseen > 0 ? [notComparable[campaign.emulator]] : []),
    ...(campaign.without.length > 0
      ? [`Kernels with ${campaign.without.join(", ")} are not run: ${name} has not got what they ask of the CPU.`]
      : []),
    ...rates(result),
    ...(notRun.units.length > 0
      ? [
          colours.yellow(
            `NOT RUN: ${notRun.units.length} of ${counted(result.done + notRun.units.length, "unit")} of work: ${notRun.reason}.`,
          ),
        ]
      : []),
    ...failures.flatMap((failure, i) => ["", ...failureText(failure, i + 1, colours)]),
    "",
    verdict(result, colours),
    ...(repeat ? [`Again: ${quoted(repeat)}`] : []),
    "",
  ].join("\n");
}

const notComparable: Readonly<Record<EmulatorName, string>> = {
  qemu:
    "Not comparable: QEMU's IRETQ takes an RIP that is not canonical and faults in ring 3, where the manuals say ring 0; and what a " +
    "hypervisor does with a frame that it refuses is its own business.",
  bochs: "Not comparable: what a hypervisor does with a frame that it refuses is its own business.",
};

function waysOut(path: string, { ways }: PathResult): string[] {
  const listed = Object.entries(ways).map(([way, times]) => `${way} ${times.toLocaleString("en")}`);
  return listed.length > 0 ? [`${path}:`, ...wrapped(listed), ""] : [];
}

function wrapped(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 118) lines[lines.length - 1] = `${last}, ${word}`;
    else lines.push(`${inner}${word}`);
  }
  return lines.map((l, i) => (i < lines.length - 1 ? `${l},` : l));
}

function rates({ campaign, time }: Result): string[] {
  const rate = (n: number, milliseconds: number) => Math.round((n / Math.max(1, milliseconds)) * 1000).toLocaleString("en");
  if (time.cases + time.steps === 0) return [];
  return [
    `In ${emulators[campaign.emulator].name}, its start and end included: ${rate(time.cases, time.casesInEmulator)} end states/s, ${rate(time.steps, time.stepsInEmulator)} single steps/s. ` +
      `Over all: ${rate(time.cases, time.wall)} end states/s and ${rate(time.steps, time.wall)} single steps/s in ${(time.wall / 1000).toFixed(1)} s.`,
  ];
}

function verdict({ failures, done }: Result, colours: ReturnType<typeof picocolors.createColors>): string {
  if (failures.length > 0) return colours.red(`${counted(failures.length, "kind")} of difference between the machine and the simulator.`);
  return done > 0 ? colours.green("The machine and the simulator agree.") : colours.yellow("Nothing was run.");
}

function failureText(failure: ShownFailure, number: number, colours: ReturnType<typeof picocolors.createColors>): string[] {
  const { index, kernel, layer, path, seed, shrunk, story, units } = failure;
  const where = path === undefined ? "the object file" : `${path}, ${layer}, case ${index} of seed ${seed}`;
  const title = colours.bold(
    `${number}. ${where}; kernel with ${kernel.join(", ") || "no feature"}${units > 1 ? `; and ${counted(units - 1, "other unit")}` : ""}`,
  );
  const indented = (lines: readonly string[]) => lines.flatMap((text) => text.split("\n").map((l) => inner + l));
  if (!shrunk) return [title, ...indented(story)];
  const width = Math.max("simulator".length, ...shrunk.disagreements.map((d) => d.simulator.length));
  const what = Math.max(...shrunk.disagreements.map((d) => d.what.length));
  return [
    title,
    ...(shrunk.parts ? [`${inner}They part at \`${shrunk.parts.text}\`, ${shrunk.parts.place}.`] : []),
    `${inner}${"".padEnd(what)}  ${"simulator".padEnd(width)}  machine`,
    ...shrunk.disagreements.map((d) => `${inner}${d.what.padEnd(what)}  ${d.simulator.padEnd(width)}  ${d.machine}`),
    ...(shrunk.trace.length > 0 ? ["", ...indented(shrunk.trace)] : []),
    "",
    `${inner}The simulator's side of the smallest case${shrunk.outside ? ", without the NMI that comes into it, for which the spec has no path" : ""}:`,
    `${inner}exitdsl ${quoted(shrunk.simulate)}`,
  ];
}
