/** Declarations of things: features, constants, states, flags, masks, values, the frame, events, conditions, obligations. */

import { generalRegisters } from "../machine/instruction.js";
import { mnemonicNamed } from "../machine/mnemonics.js";
import { terminalNamed, terminals } from "../machine/terminals.js";
import type {
  Clause,
  ConstantDeclaration,
  EventDeclaration,
  FeatureDeclaration,
  FlagsDeclaration,
  FrameDeclaration,
  Located,
  MaskDeclaration,
  Name,
  StateSetting as SettingSyntax,
  StateDeclaration,
} from "../syntax/tree.js";
import type { Source } from "../text/source.js";
import { resolveFlags, resolveTest } from "./expressions.js";
import type {
  Constant,
  Event,
  Feature,
  Flag,
  FlagWord,
  Frame,
  FrameField,
  Mask,
  StateDimension,
  StateSetting,
  Test,
  Token,
} from "./model.js";
import type { Scope } from "./scope.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The registers that a frame's field may save. */
const savedRegisters = new Set<string>([...generalRegisters, "rip", "cs", "rflags", "ss"]);

/** Reports clauses that do not belong, and gives the rest by kind. */
export function clausesOf(
  scope: Scope,
  source: Source,
  declaration: string,
  clauses: readonly Clause[],
  allowed: readonly string[],
): Map<string, Clause[]> {
  const result = new Map<string, Clause[]>();
  for (const clause of clauses) {
    const word = clauseWord(clause);
    if (!allowed.includes(word)) {
      const known = allowed.map((a) => `\`${a}\``).join(", ");
      scope.report("EX2025", scope.span(source, clause), { clause: word, declaration }, { help: `a ${declaration} takes ${known}` });
      continue;
    }
    const list = result.get(word);
    if (list) list.push(clause);
    else result.set(word, [clause]);
  }
  return result;
}

function clauseWord(clause: Clause): string {
  if (clause.kind === "names" || clause.kind === "states") return clause.word;
  return clause.kind === "guard" ? "when" : clause.kind;
}

/** The only clause of a word; a second one is reported. */
export function single<K extends Clause["kind"]>(
  scope: Scope,
  source: Source,
  name: string,
  clauses: Map<string, Clause[]>,
  word: string,
  _kind: K,
): Extract<Clause, { kind: K }> | undefined {
  const list = clauses.get(word) ?? [];
  for (const extra of list.slice(1)) {
    const secondary = [{ span: scope.span(source, list[0] as Clause), message: "the first one" }];
    scope.report(
      "EX2027",
      scope.span(source, extra),
      { clause: word, name },
      { secondary, help: "nothing says which of them would count: write one" },
    );
  }
  return list[0] as Extract<Clause, { kind: K }> | undefined;
}

/** All names after all clauses of a word. */
export function namesOf(clauses: Map<string, Clause[]>, word: string): Name[] {
  return (clauses.get(word) ?? []).flatMap((c) => (c.kind === "names" ? c.names : []));
}

/** All settings after all clauses of a word. */
export function settingsOf(scope: Scope, source: Source, clauses: Map<string, Clause[]>, word: string): StateSetting[] {
  const settings = (clauses.get(word) ?? []).flatMap((c) => (c.kind === "states" ? c.settings : []));
  return settings.flatMap((s) => resolveSetting(scope, source, s) ?? []);
}

export function resolveSetting(scope: Scope, source: Source, setting: SettingSyntax): StateSetting | undefined {
  const dimension = scope.dimensions.get(setting.state.text);
  if (!dimension) {
    scope.unknown(source, setting.state, "state", scope.dimensions.keys());
    return undefined;
  }
  const value = dimension.values.indexOf(setting.value.text);
  if (value < 0) {
    const values = dimension.values.map((v) => `\`${v}\``).join(", ");
    scope.report(
      "EX2028",
      scope.span(source, setting.value),
      { state: dimension.name, value: setting.value.text },
      { help: `its values are ${values}` },
    );
    return undefined;
  }
  return { dimension, value, except: resolveRegisters(scope, source, setting.except), span: scope.span(source, setting) };
}

/** `user_work clear` in an obligation or a waiver: the flags of a mask, or one flag. Undefined, and nothing said, when it is no such thing. */
export function resolveOwedFlags(scope: Scope, setting: SettingSyntax): readonly Flag[] | undefined {
  if (setting.value.text !== "clear" || scope.dimensions.has(setting.state.text)) return undefined;
  const entity = scope.entities.get(setting.state.text);
  if (entity?.kind === "flag") return [entity.value];
  return entity?.kind === "mask" ? entity.value.flags : undefined;
}

/** 64-bit general registers by name. */
export function resolveRegisters(scope: Scope, source: Source, names: readonly Name[]): string[] {
  return names.filter((name) => checkRegister(scope, source, name, new Set(generalRegisters))).map((n) => n.text);
}

function checkRegister(scope: Scope, source: Source, name: Name, known: ReadonlySet<string>): boolean {
  if (known.has(name.text)) return true;
  scope.report("EX2037", scope.span(source, name), { name: name.text }, { help: "registers are named by their 64-bit names: rax … r15" });
  return false;
}

export function declareFeature(scope: Scope, source: Source, d: FeatureDeclaration, index: number): Mutable<Feature> {
  const feature: Mutable<Feature> = {
    name: d.name.text,
    span: scope.span(source, d.name),
    doc: d.doc,
    index,
    config: [],
    cpu: [],
    excludes: [],
    needs: [],
    lacks: [],
    lacksInstructions: [],
  };
  scope.declare(source, d.name, { kind: "feature", value: feature });
  return feature;
}

/** The second pass, when all features are known. */
export function completeFeature(scope: Scope, source: Source, d: FeatureDeclaration, feature: Mutable<Feature>): void {
  const clauses = clausesOf(scope, source, "feature", d.clauses, ["config", "cpu", "excludes", "needs"]);
  feature.config = namesOf(clauses, "config").map((n) => n.text);
  feature.cpu = namesOf(clauses, "cpu").map((n) => n.text);
  const features = (word: string) => namesOf(clauses, word).flatMap((n) => scope.lookup(source, n, "feature")?.value ?? []);
  const excluded = namesOf(clauses, "excludes");
  const others = excluded.filter(({ text }) => !terminalNamed(text));
  const isInstruction = ({ text }: Name) => mnemonicNamed(text) !== undefined && scope.entities.get(text)?.kind !== "feature";
  feature.lacks = excluded.flatMap(({ text }) => (terminalNamed(text) ? [text] : []));
  feature.lacksInstructions = others.filter(isInstruction).map(({ text }) => text);
  feature.excludes = others.flatMap((n) => (isInstruction(n) ? [] : (scope.lookup(source, n, "feature")?.value ?? [])));
  feature.needs = features("needs");
}

export function declareConstant(scope: Scope, source: Source, d: ConstantDeclaration): void {
  const arms: { value: bigint; test: Test | undefined }[] = [];
  d.arms.forEach((arm, i) => {
    if (arm.value.value >= 1n << 64n) {
      scope.report("EX2039", scope.span(source, arm.value), { value: String(arm.value.value), width: 64 });
      return;
    }
    const last = i === d.arms.length - 1;
    if (last === (arm.test !== undefined)) {
      scope.report(
        "EX2031",
        scope.span(source, arm.value),
        { actual: last ? "a last value with an `if`" : "a value without an `if`", expected: "`V if FEATURE else W`" },
        { help: "every value but the last has an `if`; the last one holds for all other kernels" },
      );
      return;
    }
    const context = { source, scope, frame: undefined, featuresOnly: "a constant is fixed when the kernel boots" };
    arms.push({ value: arm.value.value, test: arm.test && resolveTest(context, arm.test) });
  });
  const constant: Constant = { name: d.name.text, span: scope.span(source, d.name), doc: d.doc, arms, because: d.because?.value };
  scope.declare(source, d.name, { kind: "constant", value: constant });
}

export function declareState(scope: Scope, source: Source, d: StateDeclaration): StateDimension | undefined {
  scope.checkName(source, d.name);
  const earlier = scope.dimensions.get(d.name.text);
  if (earlier) {
    const secondary = earlier.span ? [{ span: earlier.span, message: "first declared here" }] : [];
    const notes = earlier.builtIn ? [`\`${earlier.name}\` is a state of x86-64 itself, with the values ${earlier.values.join(", ")}`] : [];
    scope.report(
      "EX2021",
      scope.span(source, d.name),
      { name: d.name.text },
      { secondary, notes, help: "remove this one, or choose another name" },
    );
    return undefined;
  }
  const seen = new Set<string>();
  for (const value of d.values) {
    if (seen.has(value.text))
      scope.report("EX2021", scope.span(source, value), { name: value.text }, { help: "a state names each of its values once" });
    seen.add(value.text);
  }
  const dimension: StateDimension = {
    name: d.name.text,
    index: scope.dimensions.size,
    values: [...seen],
    usual: 0,
    builtIn: false,
    register: d.register?.text === "frame" ? "frame" : d.register && resolveRegisters(scope, source, [d.register])[0],
    span: scope.span(source, d.name),
    doc: d.doc,
  };
  scope.dimensions.set(d.name.text, dimension);
  return dimension;
}

export function declareFlags(scope: Scope, source: Source, d: FlagsDeclaration, index: number, firstFlag: number): FlagWord {
  const flags: Flag[] = [];
  const word: FlagWord = { name: d.name.text, span: scope.span(source, d.name), doc: d.doc, location: dotted(d.location), flags, index };
  scope.declare(source, d.name, { kind: "flags word", value: word });
  for (const f of d.flags) {
    const span = scope.span(source, f.bit);
    const bit = Number(f.bit.value);
    const taken = flags.find((other) => other.bit === bit);
    if (f.bit.value > 31n) {
      scope.report(
        "EX2029",
        span,
        { bit: String(f.bit.value), word: word.name, problem: "does not exist" },
        { help: "a flags word has 32 bits, 0 to 31" },
      );
      continue;
    }
    if (taken) {
      const secondary = [{ span: taken.span, message: `\`${taken.name}\` has it` }];
      scope.report(
        "EX2029",
        span,
        { bit, word: word.name, problem: `is \`${taken.name}\` already` },
        { secondary, help: "give each flag a bit of its own" },
      );
      continue;
    }
    const flag: Flag = {
      name: f.name.text,
      span: scope.span(source, f.name),
      doc: f.doc,
      word,
      bit,
      async: f.async !== undefined,
      index: firstFlag + flags.length,
    };
    scope.declare(source, f.name, { kind: "flag", value: flag });
    flags.push(flag);
  }
  return word;
}

export function declareMask(scope: Scope, source: Source, d: MaskDeclaration): Mask | undefined {
  const resolved = resolveFlags(scope, source, d.members);
  if (!resolved) return undefined;
  const mask: Mask = { name: d.name.text, span: scope.span(source, d.name), doc: d.doc, ...resolved };
  scope.declare(source, d.name, { kind: "mask", value: mask });
  return mask;
}

export function declareFrame(scope: Scope, source: Source, d: FrameDeclaration): Frame {
  const fields: FrameField[] = [];
  const savedBy = new Map<string, string>();
  for (const f of d.fields) {
    const span = scope.span(source, f.name);
    const earlier = fields.find((other) => other.name === f.name.text);
    if (earlier) {
      scope.report("EX2021", span, { name: f.name.text }, { secondary: [{ span: earlier.span, message: "first declared here" }] });
      continue;
    }
    scope.checkName(source, f.name);
    if (f.saves) checkRegister(scope, source, f.saves, savedRegisters);
    const saves = f.saves?.text ?? (savedRegisters.has(f.name.text) ? f.name.text : undefined);
    const other = saves === undefined ? undefined : savedBy.get(saves);
    if (saves !== undefined && other !== undefined) {
      scope.report("EX2021", span, { name: saves }, { notes: [`\`${other}\` saves ${saves} already; a register is saved once`] });
      continue;
    }
    if (saves !== undefined) savedBy.set(saves, f.name.text);
    fields.push({ name: f.name.text, span, doc: f.doc, offset: fields.length * 8, saves });
  }
  const frame: Mutable<Frame> = {
    name: d.name.text,
    span: scope.span(source, d.name),
    doc: d.doc,
    fields,
    size: fields.length * 8,
    user: undefined,
  };
  for (const needed of ["rip", "cs", "rflags", "rsp", "ss"]) {
    if (!savedBy.has(needed)) {
      scope.report(
        "EX2026",
        frame.span,
        { declaration: "frame", name: frame.name, clause: `field that saves ${needed}` },
        { help: `the processor pushes it; name the field and write \`saves ${needed}\`` },
      );
    }
  }
  if (d.user) frame.user = resolveTest({ source, scope, frame, bareFields: true }, d.user);
  scope.declare(source, d.name, { kind: "frame", value: frame });
  return frame;
}

export function declareEvents(scope: Scope, source: Source, d: EventDeclaration, frame: Frame | undefined): Event[] {
  const names = d.names.map((n) => n.text).join(", ");
  const clauses = clausesOf(scope, source, "event", d.clauses, ["origin", "arrives", "starts", "frame", "above", "loses", "token"]);
  const origin = single(scope, source, names, clauses, "origin", "origin");
  const frameClause = single(scope, source, names, clauses, "frame", "frame");
  if (!origin)
    scope.report(
      "EX2026",
      scope.span(source, d.names[0] as Located),
      { declaration: "event", name: names, clause: "origin" },
      { help: "say where it comes from: `origin user`, `origin kernel` or `origin user or kernel`" },
    );
  const starts = settingsOf(scope, source, clauses, "starts");
  const tokens: Token[] = [];
  for (const clause of clauses.get("token") ?? []) {
    if (clause.kind !== "token") continue;
    const restores = scope.dimensions.get(clause.restores.text);
    if (!restores) scope.unknown(source, clause.restores, "state", scope.dimensions.keys());
    const known = checkRegister(scope, source, clause.register, new Set(generalRegisters));
    if (restores && known)
      tokens.push({ name: clause.name.text, span: scope.span(source, clause), doc: "", register: clause.register.text, restores });
  }
  const context = { source, scope, frame, bareFields: true, tokens };
  const shared = {
    doc: d.doc,
    fromUser: origin?.target.user ?? false,
    fromKernel: origin?.target.kernel ?? false,
    anyPoint: origin?.anyPoint ?? false,
    faultOf: faultingTerminal(scope, source, origin?.faultsOf[0]),
    arrives: settingsOf(scope, source, clauses, "arrives"),
    starts,
    frameComplete: frameClause?.complete ?? true,
    frameFacts: (frameClause?.facts ?? []).flatMap((f) => resolveTest(context, f) ?? []),
    loses: resolveRegisters(scope, source, namesOf(clauses, "loses")),
    above: namesOf(clauses, "above").flatMap((name) => {
      const field = frame?.fields.find((f) => f.name === name.text);
      if (!field) scope.unknown(source, name, "field of the frame", frame?.fields.map((f) => f.name) ?? []);
      return field ?? [];
    }),
    tokens,
  };
  return d.names.map((name) => {
    const event: Event = { ...shared, name: name.text, span: scope.span(source, name) };
    scope.declare(source, name, { kind: "event", value: event });
    return event;
  });
}

export function dotted(names: readonly Name[]): string {
  return names.map((n) => n.text).join(".");
}

function faultingTerminal(scope: Scope, source: Source, name: Name | undefined): string | undefined {
  if (!name || terminalNamed(name.text)?.mayFault) return name?.text;
  const faulting = terminals.filter((t) => t.mayFault).map((t) => t.name);
  scope.unknown(source, name, "terminal that may fault", faulting);
  return undefined;
}
