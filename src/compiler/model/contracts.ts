/** Work items and steps: the contract that both have, and what is each one's own. */

import { generalRegisters } from "../machine/instruction.js";
import { parseInstruction } from "../machine/instructions.js";
import { callerSavedRegisters } from "../machine/registers.js";
import type { Clause, GuardClause, Located, Name, StepDeclaration, WorkDeclaration } from "../syntax/tree.js";
import type { Source } from "../text/source.js";
import { clausesOf, namesOf, settingsOf, single } from "./declarations.js";
import { resolveFlags, resolveTest } from "./expressions.js";
import type { AsmLine, Call, CallArgument, Contract, Flag, Frame, Step, StepForm, Test, Work } from "./model.js";
import type { Scope } from "./scope.js";

const contractClauses = ["call", "requires", "given", "ensures", "clears", "may", "clobbers", "touches"];

const featuresOnly = "which kernels have a step is fixed when they boot; a test at run time is a `when`, or a work's guard";

export function declareWork(scope: Scope, source: Source, d: WorkDeclaration, frame: Frame | undefined): Work | undefined {
  const name = d.name.text;
  const clauses = clausesOf(scope, source, "work", d.clauses, ["when", ...contractClauses]);
  const guard = single(scope, source, name, clauses, "when", "guard");
  const call = single(scope, source, name, clauses, "call", "call");
  const contract = resolveContract(scope, source, d, clauses, true, frame);
  if (!guard) {
    scope.report(
      "EX2026",
      scope.span(source, d.name),
      { declaration: "work", name, clause: "one-shot when …" },
      { help: "say when it runs: `one-shot when FLAG`, `once when FLAG`, `final when FLAG`, or `always`" },
    );
  }
  if (!call)
    scope.report(
      "EX2026",
      scope.span(source, d.name),
      { declaration: "work", name, clause: "call" },
      { help: "name the C function that does it: `call f(frame)`" },
    );
  const test = guard && resolveGuard(scope, source, guard, frame);
  if (!guard || !call || (guard.policy !== "always" && !test)) return undefined;
  const work: Work = { ...contract, kind: "work", policy: guard.policy, guard: test, call: resolveCall(scope, source, call) };
  scope.declare(source, d.name, { kind: "work", value: work });
  return work;
}

function resolveGuard(scope: Scope, source: Source, guard: GuardClause, frame: Frame | undefined): Test | undefined {
  if (guard.test) return resolveTest({ source, scope, frame }, guard.test);
  if (guard.policy !== "always") {
    scope.report(
      "EX2026",
      scope.span(source, guard),
      { declaration: "guard", name: guard.policy, clause: "when …" },
      { help: "name the flag" },
    );
  }
  return undefined;
}

export function declareStep(scope: Scope, source: Source, d: StepDeclaration, frame: Frame | undefined): Step | undefined {
  const name = d.name.text;
  const clauses = clausesOf(scope, source, "step", d.clauses, ["asm", "saves", "restores", ...contractClauses]);
  const call = single(scope, source, name, clauses, "call", "call");
  const asm = single(scope, source, name, clauses, "asm", "asm");
  const restores = single(scope, source, name, clauses, "restores", "restores");
  const contract = resolveContract(scope, source, d, clauses, call !== undefined, frame);
  if ((call === undefined) === (asm === undefined)) {
    const span = scope.span(source, call ?? d.name);
    if (call && asm)
      scope.report(
        "EX2027",
        span,
        { clause: "asm` and `call", name },
        { help: "a step is one C call or a few instructions; make two steps" },
      );
    else
      scope.report(
        "EX2026",
        span,
        { declaration: "step", name, clause: "call` or `asm" },
        { help: 'say how it is done: `call f()` or `asm "…"`' },
      );
    return undefined;
  }
  const form: StepForm = call
    ? { kind: "call", call: resolveCall(scope, source, call) }
    : { kind: "asm", lines: (asm?.lines ?? []).flatMap((line) => resolveAsmLine(scope, source, line) ?? []) };
  const dimension = restores && scope.dimensions.get(restores.state.text);
  if (restores && !dimension) scope.unknown(source, restores.state, "state", scope.dimensions.keys());
  const saves = single(scope, source, name, clauses, "saves", "saves");
  const saved = saves && scope.dimensions.get(saves.state.text);
  if (saves && !saved) scope.unknown(source, saves.state, "state", scope.dimensions.keys());
  const step: Step = {
    ...contract,
    kind: "step",
    form,
    saves: saves && saved ? { dimension: saved, token: saves.token.text } : undefined,
    restores: restores && dimension ? { dimension, token: restores.token.text } : undefined,
  };
  scope.declare(source, d.name, { kind: "step", value: step });
  return step;
}

/** The steps whose instructions the compiler writes from the frame's layout. */
export function builtInSteps(source: Source): Step[] {
  const span = { source, start: 0, end: 0 };
  const common = {
    kind: "step",
    span,
    condition: undefined,
    requires: [],
    given: undefined,
    ensures: [],
    clears: [],
    maySet: [],
    maySleep: false,
    mayFault: false,
    rewritesFrame: false,
    clobbers: [],
    touches: [],
    containsReturn: false,
    restores: undefined,
    saves: undefined,
  } as const;
  return [
    {
      ...common,
      name: "restore_registers",
      doc: "Loads the general registers from the frame; RSP is left at the first word that was not restored.",
      form: { kind: "built-in", name: "restore_registers" },
    },
    {
      ...common,
      name: "save_registers",
      doc: "Stores the general registers in the frame, on the stack in use; RSP is left at the frame's first field. For entries.",
      form: { kind: "built-in", name: "save_registers" },
    },
  ];
}

function resolveAsmLine(scope: Scope, source: Source, line: Located & { readonly value: string }): AsmLine | undefined {
  const span = scope.span(source, line);
  const parsed = parseInstruction(line.value);
  if ("error" in parsed) {
    scope.report("EX2036", span, { problem: parsed.error }, { label: "in this instruction" });
    return undefined;
  }
  return { instruction: parsed.instruction, span };
}

function resolveContract(
  scope: Scope,
  source: Source,
  d: WorkDeclaration | StepDeclaration,
  clauses: Map<string, Clause[]>,
  isCall: boolean,
  frame: Frame | undefined,
): Contract {
  const may = (clauses.get("may") ?? []).flatMap((c) => (c.kind === "may" ? c.effects : []));
  const has = (kind: string) => may.some((effect) => effect.kind === kind);
  const clobbers = namesOf(clauses, "clobbers");
  for (const name of clobbers) {
    if ((generalRegisters as readonly string[]).includes(name.text) || /^[er]?flags(\.[a-z]+)?$/.test(name.text)) continue;
    scope.report("EX2037", scope.span(source, name), { name: name.text }, { help: "name a register by its 64-bit name, or `rflags`" });
  }
  const explicit = clobbers.map((n) => (n.text.includes("flags") ? "rflags" : n.text));
  const condition = d.condition && resolveTest({ source, scope, frame: undefined, featuresOnly }, d.condition);
  const given = single(scope, source, d.name.text, clauses, "given", "given");
  return {
    name: d.name.text,
    span: scope.span(source, d.name),
    doc: d.doc,
    condition,
    requires: settingsOf(scope, source, clauses, "requires"),
    given: given && resolveTest({ source, scope, frame }, given.test),
    ensures: settingsOf(scope, source, clauses, "ensures"),
    clears: flagsOf(scope, source, namesOf(clauses, "clears")),
    maySet: may.flatMap((effect) => (effect.kind === "set" ? flagsOf(scope, source, effect.flags) : [])),
    maySleep: has("sleep"),
    mayFault: has("fault"),
    rewritesFrame: has("rewrite-frame"),
    // A C function that declares nothing may use every register that the ABI lets it use.
    clobbers: explicit.length > 0 || !isCall ? explicit : [...callerSavedRegisters, "rflags"],
    touches: namesOf(clauses, "touches").map((n) => n.text),
    containsReturn: has("return") || isCall,
  };
}

/** Flags of any words: `clears` and `may set` may name several. */
function flagsOf(scope: Scope, source: Source, names: readonly Name[]): Flag[] {
  return names.flatMap((name) => resolveFlags(scope, source, [name])?.flags ?? []);
}

function resolveCall(scope: Scope, source: Source, clause: Extract<Clause, { kind: "call" }>): Call {
  scope.checkName(source, clause.function);
  const args = clause.arguments.flatMap((name): CallArgument[] => {
    if (name.text === "frame") return [{ kind: "frame" }];
    const entity = scope.lookup(source, name, "flags word", "constant");
    if (entity?.kind === "flags word") return [{ kind: "flags", word: entity.value }];
    return entity ? [{ kind: "constant", constant: entity.value }] : [];
  });
  return { function: clause.function.text, arguments: args, span: scope.span(source, clause) };
}
