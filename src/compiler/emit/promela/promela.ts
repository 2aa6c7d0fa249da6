/**
 * Promela: each exit as two processes, the path and the interrupts, for the model checker SPIN. It asserts the seed rule where the
 * path leaves, so that a user can have the compiler's verdict from a program that shares no line with it.
 */
import type { Model } from "../../model/model.js";
import { buildProgram } from "../../model-check/build-program.js";
import { type Duty, decisionValues, type ModelProgram, type Point, type TerminalPoint } from "../../model-check/program.js";
import type { PathGraph } from "../../path/graph.js";
import { type Artefact, type BackEnd, type EmitOptions, headerLines } from "../artefact.js";
import {
  decisionName,
  decisionsIn,
  featureName,
  flagName,
  flagsIn,
  isDefinite,
  memberNames,
  plainText,
  pointName,
  pointText,
  possible,
  resets,
  type TestSyntax,
  takenBy,
} from "../model/names.js";

export function emitPromela(model: Model, graphs: readonly PathGraph[], options: EmitOptions): readonly Artefact[] {
  return graphs.map((graph) => ({
    name: `${options.stem}-${graph.exit.name}.pml`,
    text: promelaText(buildProgram(graph), [
      ...(options.spdx ? [`SPDX-License-Identifier: ${options.spdx}`] : []),
      ...headerLines(model, options),
    ]),
  }));
}

export const promela: BackEnd = { name: "promela", check: () => [], emit: emitPromela };

/** The model of one exit; `header` is its first comment. */
export function promelaText(program: ModelProgram, header: readonly string[]): string {
  const { exit } = program.graph;
  const lines = [
    "/*",
    ...header.map((line) => ` * ${plainText(line)}`),
    " *",
    ` * The way out \`${exit.name}\`, for SPIN: spin -a FILE && gcc -O2 -DSAFETY -o pan pan.c && ./pan`,
    " * An interrupt may set any async flag while IRQs are on. What a saved register holds is not modelled: its tests may go either",
    " * way. A snapshot or a decision that nothing will use again is reset. The numbers in front of comments are lines of the spec.",
    " */",
    "",
    ...declarations(program),
    "active proctype path()",
    "{",
    ...start(program).map((line) => `\t${line}`),
    ...program.points.flatMap((point) => pointLines(program, point)),
    "left:\tskip",
    "}",
    ...interrupts(program),
  ];
  return `${lines.join("\n")}\n`;
}

function declarations(program: ModelProgram): string[] {
  const { flags, features, decisions } = program;
  const words = [...new Set(flags.map((f) => f.word))];
  return [
    ...words.flatMap((word) => [
      `/* ${word.name} */`,
      ...flags.flatMap((flag, i) => {
        if (flag.word !== word) return [];
        const notes = [...(flag.async ? ["async"] : []), ...(flag.members.length > 1 ? [`some of ${memberNames(flag)}`] : [])];
        return [`#define ${flagName(flag)} ${2 ** i}${notes.length > 0 ? `\t/* ${notes.join(": ")} */` : ""}`];
      }),
    ]),
    ...(decisions.length > 0 ? ["/* what became of a decision; `held` and `failed`: the saved registers were rewritten since */"] : []),
    ...(decisions.length > 0 ? decisionValues.map((value, i) => `#define ${value} ${i}`) : []),
    "",
    "bool irqs;",
    "bool to_user;",
    ...features.map((f) => `bool ${featureName(f)};`),
    ...(flags.length > 0 ? [`unsigned flags : ${flags.length};`, `unsigned seen : ${flags.length};\t/* the last snapshot */`] : []),
    ...decisions.map((d) => `unsigned ${decisionName(d)} : 3;`),
    "",
  ];
}

/** Any kernel, any flags, any way in. */
function start(program: ModelProgram): string[] {
  const { features, flags, starts } = program;
  const assign = (name: string, value: boolean) => `${name} = ${value}`;
  const kernels = program.combinations.map((on) => features.map((f) => assign(featureName(f), on.has(f))).join("; "));
  return [
    "atomic {",
    ...choice(features.length > 0 ? kernels : []),
    ...flags.map((flag) => `\tif :: flags = flags | ${flagName(flag)} :: skip fi;`),
    ...choice(starts.map(({ toUser, irqs }) => [assign("to_user", toUser), assign("irqs", irqs)].join("; "))),
    "}",
  ];
}

function choice(options: readonly string[]): string[] {
  if (options.length === 0) return [];
  return options.length === 1 ? [`\t${options[0]};`] : ["\tif", ...options.map((o) => `\t:: ${o}`), "\tfi;"];
}

function pointLines(program: ModelProgram, point: Point): string[] {
  const text = pointText(program, point);
  const label = `${pointName(point)}:${text === "" ? "" : `\t/* ${text} */`}`;
  return [label, ...statements(program, point).map((line) => `\t${line}`)];
}

function statements(program: ModelProgram, point: Point): string[] {
  switch (point.kind) {
    case "irqs":
      return [...step(program, point, point.next, [`irqs = ${point.on}`]), ...goOn(point, point.next)];
    case "read": {
      const taken = flagUnion(program, takenBy(program, point));
      const own = flagUnion(program, point.flags);
      const snapshot = taken === "" ? `seen = seen & ~(${own})` : `seen = (seen & ~(${own})) | (flags & (${taken}))`;
      const moves = [snapshot, ...(point.take ? [`flags = flags & ~(${own})`] : [])];
      return [...step(program, point, point.next, moves), ...goOn(point, point.next)];
    }
    case "change":
      return [...change(program, point), ...goOn(point, point.next)];
    case "decide": {
      const name = decisionName(program.decisions[point.decision] as ModelProgram["decisions"][number]);
      const arm = (outcome: boolean) => {
        const moves = [`${name} = ${outcome ? "holds" : "fails"}`, ...resetMoves(program, point, point.next)];
        return `:: atomic { ${possible(program, point.test, outcome, syntax)} -> ${moves.join("; ")} }`;
      };
      return ["if", arm(true), arm(false), "fi;", ...goOn(point, point.next)];
    }
    case "test": {
      const arm = (to: Point, guard: string) => {
        const moves = resetMoves(program, point, to);
        return moves.length > 0
          ? `:: atomic { ${guard} -> ${moves.join("; ")}; goto ${pointName(to)} }`
          : `:: ${guard} -> goto ${pointName(to)}`;
      };
      const fresh = decisionsIn(program, point.relies).map((d) => `assert(${decisionName(d)} < held);`);
      const holds = possible(program, point.test, true, syntax);
      const fails = isDefinite(point.test) ? `!(${holds})` : possible(program, point.test, false, syntax);
      return [...fresh, "if", arm(point.then, holds), arm(point.otherwise, fails), "fi;"];
    }
    case "terminal":
      return terminal(program, point);
  }
}

/** One step that nothing can come in between of; not a `d_step`, into which SPIN lets no `goto` jump. */
function step(program: ModelProgram, from: Point, to: Point, moves: readonly string[]): string[] {
  const all = [...moves, ...resetMoves(program, from, to)];
  return [all.length === 1 ? `${all[0]};` : `atomic { ${all.join("; ")} };`];
}

function resetMoves(program: ModelProgram, from: Point, to: Point): string[] {
  const { seen, decisions } = resets(program, from, to);
  // A read writes the whole of its word's snapshot.
  const kept = from.kind === "read" ? seen & ~from.flags : seen;
  return [
    ...(kept !== 0 ? [`seen = seen & ~(${flagUnion(program, kept)})`] : []),
    ...decisions.map((d) => `${decisionName(d)} = undecided`),
  ];
}

function goOn(point: Point, next: Point): string[] {
  return next.id === point.id + 1 ? [] : [`goto ${pointName(next)};`];
}

/** Work: clears its flags, then may set some. */
function change(program: ModelProgram, point: Extract<Point, { kind: "change" }>): string[] {
  const { next } = point;
  const aging = point.rewrites ? decisionsIn(program, program.aging) : [];
  const others = [
    ...aging.map(
      (d) => `${decisionName(d)} = (${decisionName(d)} == holds -> held : (${decisionName(d)} == fails -> failed : ${decisionName(d)}))`,
    ),
    ...(point.irqs === undefined ? [] : [`irqs = ${point.irqs}`]),
    ...resetMoves(program, point, next),
  ];
  const cleared = point.clears === 0 ? "flags" : `(flags & ~(${flagUnion(program, point.clears)}))`;
  const clearing = point.clears === 0 ? [] : [`flags = flags & ~(${flagUnion(program, point.clears)})`];
  const maySet = flagsIn(program, point.maySet);
  if (maySet.length === 0) {
    const moves = [...clearing, ...others];
    return [moves.length === 1 ? `${moves[0]};` : moves.length === 0 ? "skip;" : `atomic { ${moves.join("; ")} };`];
  }
  if (maySet.length > 3) {
    return [
      "atomic {",
      ...[...clearing, ...others].map((m) => `\t${m};`),
      ...maySet.map((f) => `\tif :: flags = flags | ${flagName(f)} :: skip fi;`),
      "};",
    ];
  }
  const subsets = Array.from({ length: 2 ** maySet.length }, (_, bits) => maySet.filter((_f, i) => (bits & (1 << i)) !== 0));
  const arms = subsets.map((set) => {
    const moves = [`flags = ${[cleared, ...set.map(flagName)].join(" | ")}`, ...others];
    return moves.length === 1 ? `:: ${moves[0]}` : `:: d_step { ${moves.join("; ")} }`;
  });
  return ["if", ...arms, "fi;"];
}

function terminal(program: ModelProgram, point: TerminalPoint): string[] {
  const { irqsOffToUser, irqsOffToKernel } = point;
  const off =
    irqsOffToUser && irqsOffToKernel
      ? ["!irqs"]
      : [...(irqsOffToUser ? ["!to_user || !irqs"] : []), ...(irqsOffToKernel ? ["to_user || !irqs"] : [])];
  const clear = point.duties.map((duty) => `${premises(program, duty)}(flags & (${flagUnion(program, duty.flags)})) == 0`);
  const fresh = decisionsIn(program, point.relies).map((d) => `${decisionName(d)} < held`);
  const asserts = [...off, ...clear, ...fresh].map((a) => `assert(${a});`);
  return [...asserts, `goto left;\t/* ${point.terminals.join(", ")} */`];
}

function premises(program: ModelProgram, { when }: Duty): string {
  const kernels = when ? [possible(program, when, false, syntax)] : [];
  return ["!to_user", ...kernels].map((p) => `${p} || `).join("");
}

function flagUnion(program: ModelProgram, bits: number): string {
  return flagsIn(program, bits).map(flagName).join(" | ");
}

const syntax: TestSyntax = {
  and: " && ",
  or: " || ",
  toUser: "to_user",
  notToUser: "!to_user",
  truth: String,
  seen: (flags, outcome) =>
    flags.length === 0 ? String(!outcome) : `(seen & (${flags.map(flagName).join(" | ")})) ${outcome ? "!=" : "=="} 0`,
  feature: (feature, outcome) => `${outcome ? "" : "!"}${featureName(feature)}`,
  decision: (condition, values) => `(${values.map((v) => `${decisionName(condition)} == ${decisionValues[v]}`).join(" || ")})`,
};

function interrupts(program: ModelProgram): string[] {
  const flags = flagsIn(program, program.asyncFlags);
  if (flags.length === 0) return [];
  return [
    "",
    "active proctype interrupts()",
    "{",
    "end:\tdo",
    ...flags.map((flag) => `\t:: d_step { irqs && (flags & ${flagName(flag)}) == 0 -> flags = flags | ${flagName(flag)} }`),
    "\tod",
    "}",
  ];
}
