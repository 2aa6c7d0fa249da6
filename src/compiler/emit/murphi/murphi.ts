/**
 * Murphi: each exit as rules over its state, for the model checker rumur. One rule a point of the path, so that the states which rumur
 * counts are those that the compiler's own search counts.
 */
import type { Model } from "../../model/model.js";
import { buildProgram } from "../../model-check/build-program.js";
import { decisionValues, type ModelProgram, type Point } from "../../model-check/program.js";
import type { PathGraph } from "../../path/graph.js";
import { type Artefact, type BackEnd, type EmitOptions, headerLines } from "../artefact.js";
import {
  decisionName,
  decisionsIn,
  featureName,
  flagName,
  flagsIn,
  memberNames,
  plainText,
  pointName,
  pointText,
  possible,
  resets,
  seenName,
  type TestSyntax,
  takenBy,
  terminalPoints,
} from "../model/names.js";

export function emitMurphi(model: Model, graphs: readonly PathGraph[], options: EmitOptions): readonly Artefact[] {
  return graphs.map((graph) => ({
    name: `${options.stem}-${graph.exit.name}.m`,
    text: murphiText(buildProgram(graph), [
      ...(options.spdx ? [`SPDX-License-Identifier: ${options.spdx}`] : []),
      ...headerLines(model, options),
    ]),
  }));
}

export const murphi: BackEnd = { name: "murphi", check: () => [], emit: emitMurphi };

/** The model of one exit; `header` is its first comment. */
export function murphiText(program: ModelProgram, header: readonly string[]): string {
  const { exit } = program.graph;
  const lines = [
    ...header.map((line) => `-- ${plainText(line)}`),
    "--",
    `-- The way out \`${exit.name}\`, for rumur:`,
    "--   rumur --deadlock-detection off --output model.c FILE && gcc -O2 -mcx16 -o model model.c -lpthread && ./model",
    "-- An interrupt may set any async flag while IRQs are on. What a saved register holds is not modelled: its tests may go either",
    "-- way. A snapshot or a decision that nothing will use again is reset. The numbers in rule names are lines of the spec.",
    "",
    "type",
    `  points: enum { ${program.points.map(pointName).join(", ")} };`,
    `  decisions: enum { ${decisionValues.join(", ")} };`,
    "",
    "var",
    "  here: points;",
    "  irqs: boolean;",
    "  to_user: boolean;",
    ...program.features.map((f) => `  ${featureName(f)}: boolean;`),
    ...program.flags.map((f) => `  ${flagName(f)}: boolean;${f.members.length > 1 ? ` -- some of ${memberNames(f)}` : ""}`),
    ...program.flags.map((f) => `  ${seenName(f)}: boolean; -- in the last snapshot`),
    ...program.decisions.map((d) => `  ${decisionName(d)}: decisions;`),
    "",
    ...start(program),
    ...program.points.flatMap((point) => rules(program, point)),
    ...flagsIn(program, program.asyncFlags).flatMap((f) => [
      `rule "an interrupt sets ${memberNames(f)}"`,
      `  irqs & !${flagName(f)} ==>`,
      "begin",
      `  ${flagName(f)} := true;`,
      "end;",
      "",
    ]),
    ...invariants(program),
  ];
  return `${lines.join("\n")}\n`;
}

/** Any kernel, any flags, any way in. Choices that no kernel can have become the one without features. */
function start(program: ModelProgram): string[] {
  const { flags, features, decisions, starts } = program;
  const choices = [...features.map((f) => `any_${featureName(f)}`), ...flags.map((f) => `any_${flagName(f)}`)];
  const admissible = program.combinations.map(
    (on) => `(${features.map((f) => `${on.has(f) ? "" : "!"}any_${featureName(f)}`).join(" & ")})`,
  );
  return starts.flatMap(({ toUser, irqs }) => [
    ...choices.map((c) => `ruleset ${c}: boolean do`),
    `startstate "${toUser ? "to user mode" : "to the kernel"}, IRQs ${irqs ? "on" : "off"}"`,
    "begin",
    `  here := ${pointName(program.points[0] as Point)};`,
    `  irqs := ${irqs};`,
    `  to_user := ${toUser};`,
    ...features.map((f) => `  ${featureName(f)} := any_${featureName(f)} & (${admissible.join(" | ")});`),
    ...flags.map((f) => `  ${flagName(f)} := any_${flagName(f)};`),
    ...flags.map((f) => `  ${seenName(f)} := false;`),
    ...decisions.map((d) => `  ${decisionName(d)} := undecided;`),
    "end;",
    ...choices.map(() => "end;"),
    "",
  ]);
}

function rules(program: ModelProgram, point: Point): string[] {
  const text = pointText(program, point);
  const at = `here = ${pointName(point)}`;
  const rule = (name: string, guard: string, moves: readonly string[], to: Point): string[] => [
    `rule "${name}"`,
    `  ${guard} ==>`,
    "begin",
    ...[...moves, ...resetMoves(program, point, to), `here := ${pointName(to)};`].map((m) => `  ${m}`),
    "end;",
  ];
  switch (point.kind) {
    case "irqs":
      return [...rule(text, at, [`irqs := ${point.on};`], point.next), ""];
    case "read": {
      const taken = takenBy(program, point);
      const moves = program.flags.flatMap((f, i) => ((taken & (1 << i)) !== 0 ? [`${seenName(f)} := ${flagName(f)};`] : []));
      const cleared = point.take ? flagsIn(program, point.flags).map((f) => `${flagName(f)} := false;`) : [];
      return [...rule(text, at, [...moves, ...cleared], point.next), ""];
    }
    case "change": {
      const maySet = flagsIn(program, point.maySet);
      const aging = point.rewrites ? decisionsIn(program, program.aging).map(decisionName) : [];
      const moves = [
        ...flagsIn(program, point.clears).map((f) => `${flagName(f)} := false;`),
        ...maySet.map((f) => `${flagName(f)} := ${flagName(f)} | set_${flagName(f)};`),
        ...aging.flatMap((d) => [`if ${d} = holds then ${d} := held;`, `elsif ${d} = fails then ${d} := failed;`, "endif;"]),
        ...(point.irqs === undefined ? [] : [`irqs := ${point.irqs};`]),
      ];
      return [
        ...maySet.map((f) => `ruleset set_${flagName(f)}: boolean do`),
        ...rule(text, at, moves, point.next),
        ...maySet.map(() => "end;"),
        "",
      ];
    }
    case "decide": {
      const name = decisionName(program.decisions[point.decision] as ModelProgram["decisions"][number]);
      const arm = (outcome: boolean) => {
        const value = outcome ? "holds" : "fails";
        return rule(
          `${text} (${value})`,
          `${at} & ${possible(program, point.test, outcome, syntax)}`,
          [`${name} := ${value};`],
          point.next,
        );
      };
      return [...arm(true), ...arm(false), ""];
    }
    case "test": {
      const arm = (outcome: boolean, to: Point) =>
        rule(`${text} (${outcome ? "yes" : "no"})`, `${at} & ${possible(program, point.test, outcome, syntax)}`, [], to);
      return [...arm(true, point.then), ...arm(false, point.otherwise), ""];
    }
    case "terminal":
      return [`-- ${pointName(point)}: the path leaves by ${point.terminals.join(", ")} (${text})`, ""];
  }
}

function resetMoves(program: ModelProgram, from: Point, to: Point): string[] {
  const { seen, decisions } = resets(program, from, to);
  // What a read has just taken matters; the rest of its word's snapshot is old.
  const written = from.kind === "read" ? takenBy(program, from) : 0;
  return [
    ...flagsIn(program, seen & ~written).map((f) => `${seenName(f)} := false;`),
    ...decisions.map((d) => `${decisionName(d)} := undecided;`),
  ];
}

function invariants(program: ModelProgram): string[] {
  const terminals = terminalPoints(program);
  const at = (point: Point) => `here = ${pointName(point)}`;
  const off = terminals.flatMap((t) => {
    const targets = t.irqsOffToUser && t.irqsOffToKernel ? "" : t.irqsOffToUser ? " & to_user" : " & !to_user";
    return t.irqsOffToUser || t.irqsOffToKernel ? [`(${at(t)}${targets} -> !irqs)`] : [];
  });
  const clear = terminals.flatMap((t) =>
    t.duties.map(({ flags, when }) => {
      const kernels = when ? ` & ${possible(program, when, true, syntax)}` : "";
      return `(${at(t)} & to_user${kernels} -> ${flagsIn(program, flags)
        .map((f) => `!${flagName(f)}`)
        .join(" & ")})`;
    }),
  );
  const fresh = program.points.flatMap((point) =>
    point.kind === "test" || point.kind === "terminal"
      ? decisionsIn(program, point.relies).map((d) => `(${at(point)} -> ${decisionName(d)} != held & ${decisionName(d)} != failed)`)
      : [],
  );
  return [
    ...invariant("IRQs are off where the path leaves", off),
    ...invariant("no work is pending where user mode goes on", clear),
    ...invariant("no decision is used after the saved registers were rewritten", fresh),
  ];
}

function invariant(name: string, parts: readonly string[]): string[] {
  return parts.length === 0 ? [] : [`invariant "${name}"`, `  ${parts.join("\n  & ")};`, ""];
}

const syntax: TestSyntax = {
  and: " & ",
  or: " | ",
  toUser: "to_user",
  notToUser: "!to_user",
  truth: String,
  seen: (flags, outcome) =>
    flags.length === 0 ? String(!outcome) : `(${flags.map((f) => `${outcome ? "" : "!"}${seenName(f)}`).join(outcome ? " | " : " & ")})`,
  feature: (feature, outcome) => `${outcome ? "" : "!"}${featureName(feature)}`,
  decision: (condition, values) => `(${values.map((v) => `${decisionName(condition)} = ${decisionValues[v]}`).join(" | ")})`,
};
