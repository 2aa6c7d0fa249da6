/** What the C language cannot take, though the spec language can: refused before anything is emitted. */
import { diagnostic } from "../../diagnostics/catalogue.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { CallArgument, Model, Operand, Step, Work } from "../../model/model.js";
import type { PathGraph } from "../../path/graph.js";
import type { Span } from "../../text/source.js";
import type { Uses } from "./uses.js";
import { calledFunctions, callOf, preparing, usesOf } from "./uses.js";

/** Names that the emitted files use, or that GCC or the included headers define, as macros or as keywords. */
const taken = new Set(
  (
    "bool true false offsetof NULL size_t ptrdiff_t wchar_t max_align_t uint32_t uint64_t frame linux unix i386 asm typeof inline " +
    "auto break case char const continue default do double else enum extern float for goto if int long register restrict return short signed sizeof static " +
    "struct switch typedef union unsigned void volatile while SIZE_MAX PTRDIFF_MAX PTRDIFF_MIN"
  ).split(" "),
);
const takenForms = [
  /^__/,
  /^_[A-Z]/,
  /^U?INT(_LEAST|_FAST)?(8|16|32|64|MAX|PTR)_(MAX|MIN|C)$/,
  /^u?int(_least|_fast)?(8|16|32|64|max|ptr)_t$/,
  /^exitdsl_/i,
];

/** @returns the names and calls that C cannot have (EX90xx); `emitC` is only for a model without such findings */
export function checkC(model: Model, graphs: readonly PathGraph[]): readonly Diagnostic[] {
  if (preparing(graphs).length === 0) return [];
  const uses = usesOf(model, graphs);
  return [...checkNames(model, graphs, uses), ...checkCalls(uses), ...checkTokens(uses)];
}

interface Declared {
  readonly name: string;
  readonly what: string;
  readonly span: Span;
}

function checkNames(model: Model, graphs: readonly PathGraph[], uses: Uses): Diagnostic[] {
  const of = (what: string, list: readonly { readonly name: string; readonly span: Span }[]): Declared[] =>
    list.map((d) => ({ name: d.name, what, span: d.span }));
  const macros = [...of("a flag", model.flags), ...of("a constant", uses.constants)];
  const identifiers = [
    ...macros,
    ...of("a mask", model.masks),
    ...of("the snapshot of a flags word", model.flagWords),
    ...of("a condition", uses.conditions),
    ...calledFunctions(uses).map(({ call }) => ({ name: call.function, what: "a function of the kernel", span: call.span })),
    ...preparing(graphs).flatMap((g) => (g.exit.prepare ? of("a prepare function", [g.exit.prepare]) : [])),
  ];
  const fields = of("a field of the frame", model.frame?.fields ?? []);
  const tags = of("the frame", model.frame ? [model.frame] : []);
  const help = "choose another name";
  const findings: Diagnostic[] = [];
  for (const { name, span } of [...identifiers, ...fields, ...tags]) {
    if (taken.has(name) || takenForms.some((form) => form.test(name))) findings.push(diagnostic("EX9002", span, { name }, { help }));
  }
  const report = (second: Declared, first: Declared) =>
    findings.push(
      diagnostic(
        "EX9001",
        second.span,
        { name: second.name, first: first.what, second: second.what },
        { secondary: [{ span: first.span, message: "the other one" }], help },
      ),
    );
  const known = new Map<string, Declared>();
  for (const declared of identifiers) {
    const earlier = known.get(declared.name);
    if (earlier) report(declared, earlier);
    else known.set(declared.name, declared);
  }
  const macroNames = new Map(macros.map((m) => [m.name, m]));
  for (const declared of [...fields, ...tags]) {
    const macro = macroNames.get(declared.name);
    if (macro) report(declared, macro);
  }
  return findings;
}

/** One C function has one prototype. */
function checkCalls(uses: Uses): Diagnostic[] {
  const first = new Map<string, Work | Step>();
  const findings: Diagnostic[] = [];
  for (const item of uses.items) {
    const call = callOf(item);
    if (!call) continue;
    const other = first.get(call.function);
    const otherCall = other && callOf(other);
    if (!otherCall) first.set(call.function, item);
    else if (shape(otherCall.arguments) !== shape(call.arguments)) {
      const secondary = [{ span: otherCall.span, message: `called with (${shape(otherCall.arguments)}) here` }];
      findings.push(
        diagnostic(
          "EX9003",
          call.span,
          { function: call.function, arguments: shape(call.arguments) },
          { secondary, help: "give both calls the same arguments, or call another function" },
        ),
      );
    }
  }
  return findings;
}

function shape(args: readonly CallArgument[]): string {
  return args.map((a) => (a.kind === "flags" ? "flags" : a.kind === "constant" ? "a constant" : "frame")).join(", ");
}

/** Tokens are in registers that the C calling convention does not pass on. */
function checkTokens(uses: Uses): Diagnostic[] {
  return uses.comparisons.flatMap(({ left, right }) =>
    [left, right].flatMap((operand: Operand) =>
      operand.kind === "token"
        ? [
            diagnostic(
              "EX9004",
              operand.span,
              { token: operand.token.name },
              { notes: [`it is in ${operand.token.register}`], help: "test it in `leave`" },
            ),
          ]
        : [],
    ),
  );
}
