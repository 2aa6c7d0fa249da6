/**
 * Whatever the spec says: the whole compiler does not throw, comes to an end, names only places inside the texts, and emits exactly
 * where it has found no error. The specs are real ones with names, lines and words exchanged, so that many get past the parser.
 * `EXITDSL_FUZZ` is the number of cases.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import { compile, github, json, parse, pretty, sarif, short } from "../../src/index.js";
import { seed } from "../seed.js";

const runs = Number(process.env.EXITDSL_FUZZ ?? 10_000);

/** Without their comments, in which a change would change nothing. */
const specs = ["examples/tiny-kernel.exitdsl", "examples/freebsd-ast.exitdsl", "test/c/every-statement.exitdsl"].map((path) => {
  const text = readFileSync(path, "utf8");
  const { comments } = parse({ name: path, text }).file;
  return comments.reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text).replaceAll(/\s*\n/g, "\n");
});

/** One change; `at` and `other` choose words or lines by their share of the text. */
interface Mutation {
  readonly kind: "rename" | "drop-line" | "double-line" | "swap-lines" | "move-line" | "word";
  readonly at: number;
  readonly other: number;
  readonly word: string;
}

const words = [
  ...["on", "off", "user", "kernel", "frame", "when", "not", "has", "lacks", "or", "and", "0", "-1", "0xffffffffffffffff", "if", "except"],
  ...[
    "run",
    "do",
    "irqs",
    "read",
    "take",
    "clear",
    "repeat while pending",
    "iretq",
    "sysretq",
    "jump",
    "evaluate",
    "restore",
    "window w {",
    "}",
  ],
  ...[
    "final",
    "once",
    "one-shot",
    "always",
    "async",
    "because",
    "waive EX3001",
    '"swapgs"',
    '"popq %rsp"',
    '"jmp 1f"',
    '"movq {frame.rip}, %rax"',
  ],
];
/** Evenly spread: `fc.double` favours the doubles near zero, of which there are most. */
const share = fc.integer({ min: 0, max: 2 ** 30 - 1 }).map((n) => n / 2 ** 30);
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("rename", "rename", "rename", "rename", "drop-line", "double-line", "swap-lines", "move-line", "word"),
  at: share,
  other: share,
  word: fc.constantFrom(...words),
});

function mutate(text: string, { kind, at, other, word }: Mutation): string {
  if (kind === "rename" || kind === "word") {
    // Names that are no words of the language have a capital or an underscore, mostly.
    const places = [...text.matchAll(kind === "rename" ? /\b\w*[A-Z_]\w*\b/g : /\w+/g)];
    const from = places[Math.floor(at * places.length)];
    const to = kind === "word" ? word : places[Math.floor(other * places.length)]?.[0];
    return from && to !== undefined ? text.slice(0, from.index) + to + text.slice(from.index + from[0].length) : text;
  }
  const lines = text.split("\n");
  const [i, j] = [Math.floor(at * lines.length), Math.floor(other * lines.length)];
  const [first, second] = [lines[i] as string, lines[j] as string];
  if (kind === "drop-line") lines.splice(i, 1);
  if (kind === "double-line") lines.splice(j, 0, first);
  if (kind === "swap-lines") [lines[i], lines[j]] = [second, first];
  if (kind === "move-line") lines.splice(j, 0, ...lines.splice(i, 1));
  return lines.join("\n");
}

function checkPlaces({ code, message, primary, secondary, trace, fixes }: Diagnostic): void {
  if (!/^EX\d{4}$/.test(code) || /undefined|\[object|NaN/.test(message)) throw new Error(`${code}: ${message}`);
  const spans = [primary, ...secondary].map(({ span }) => span).concat(trace.flatMap(({ span }) => span ?? []));
  for (const { source, start, end } of [...spans, ...fixes.flatMap(({ edits }) => edits.map(({ span }) => span))]) {
    if (!(start >= 0 && start <= end && end <= source.text.length)) throw new Error(`${code} at [${start}, ${end}) of ${source.name}`);
  }
}

test(`${runs} changed specs, seed ${seed}`, { timeout: 1_200_000 }, () => {
  const reached = { syntax: 0, names: 0, paths: 0, outputs: 0 };
  fc.assert(
    fc.property(fc.constantFrom(...specs), fc.array(mutation, { minLength: 1, maxLength: 3 }), (spec, mutations) => {
      const { model, diagnostics, artefacts } = compile({ name: "fuzz.exitdsl", text: mutations.reduce(mutate, spec) });
      diagnostics.forEach(checkPlaces);
      const failed = diagnostics.some(({ severity }) => severity === "error");
      if (failed && artefacts.length > 0) throw new Error("outputs of a spec with an error");
      if (!failed && artefacts.length === 0 && model?.exits.length !== 0) throw new Error("no outputs of a spec without an error");
      for (const reporter of [pretty, short, json, sarif, github]) reporter(diagnostics.slice(0, 3), { version: "0.0.0", colour: true });
      const stage = !failed ? "outputs" : model ? "paths" : diagnostics[0]?.code.startsWith("EX1") ? "syntax" : "names";
      reached[stage]++;
    }),
    { numRuns: runs, seed },
  );
  console.log(`compile fuzz: reached ${JSON.stringify(reached)}`);
  // A fuzz that never gets past the parser says little about the rest.
  for (const count of Object.values(reached)) expect(count).toBeGreaterThan(runs / 100);
});
