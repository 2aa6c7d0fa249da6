/** Mutants of a spec's emitted assembly and C: outputs with one mistake each, for measuring what the checks would find. */
import { emitC } from "../compiler/emit/c/c.js";
import { emitGas } from "../compiler/emit/gas/gas.js";
import type { Change, Spec } from "./image.js";
import type { Random } from "./random.js";

export interface Mutant {
  readonly operator: string;
  readonly language: "assembly" | "C";
  /** The line before, and what became of it. */
  readonly story: string;
  readonly change: Change;
}

/** Lines of a file, with a name for what was done to them; undefined where the operator does not apply at this line. */
type Operator = (
  lines: readonly string[],
  at: number,
  random: Random,
) => { readonly lines: readonly string[]; readonly story: string } | undefined;

const registers = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"] as const;

/** The same mutants for the same random numbers: each operator `each` times for a language, at different lines. */
export function mutantsOf({ graphs, model, stem }: Spec, each: number, random: Random): readonly Mutant[] {
  const options = { stem, digest: "", version: "" };
  const artefacts = [...emitGas(model, graphs, options), ...emitC(model, graphs, options)];
  const text = (extension: string) => artefacts.find(({ name }) => name.endsWith(extension))?.text ?? "";
  return [...mutate(text(".S"), assemblyOperators, "assembly", each, random), ...mutate(text(".c"), cOperators, "C", each, random)];
}

function mutate(
  text: string,
  operators: Readonly<Record<string, Operator>>,
  language: Mutant["language"],
  each: number,
  random: Random,
): Mutant[] {
  const original = text.split("\n");
  const extension = language === "C" ? ".c" : ".S";
  return Object.entries(operators).flatMap(([operator, apply]) => {
    const possible = original.flatMap((_, at) => {
      const made = apply(original, at, random);
      return made && made.lines.join("\n") !== text ? [made] : [];
    });
    const chosen: Mutant[] = [];
    for (let i = 0; i < each && possible.length > 0; i++) {
      const [made] = possible.splice(random.below(possible.length), 1);
      if (!made) break;
      const mutated = made.lines.join("\n");
      chosen.push({ operator, language, story: made.story, change: (name, given) => (name.endsWith(extension) ? mutated : given) });
    }
    return chosen;
  });
}

const short = (line: string | undefined): string =>
  (line ?? "")
    .replace(/\s*\/\*.*?\*\/\s*$/, "")
    .replace(/\s+/g, " ")
    .trim();

function replaced(lines: readonly string[], at: number, count: number, by: readonly string[]): readonly string[] {
  return [...lines.slice(0, at), ...by, ...lines.slice(at + count)];
}

/** An edit of one line's text. */
function edit(change: (text: string, random: Random) => string | undefined, applies: (line: string) => boolean): Operator {
  return (lines, at, random) => {
    const line = lines[at] ?? "";
    if (!applies(line)) return undefined;
    const [, code = "", comment = ""] = /^(.*?)(\s*\/\*.*)?$/.exec(line) ?? [];
    const changed = change(code, random);
    if (changed === undefined || changed === code) return undefined;
    return { lines: replaced(lines, at, 1, [changed + comment]), story: `${short(code)} → ${short(changed)}` };
  };
}

/** Operators that treat a line as a statement. */
function statementOperators(isStatement: (line: string) => boolean, furthest: number): Readonly<Record<string, Operator>> {
  const move =
    (direction: 1 | -1): Operator =>
    (lines, at, random) => {
      const line = lines[at] ?? "";
      let distance = 0;
      const wanted = 2 + random.below(furthest - 1);
      while (distance < wanted && isStatement(lines[at + direction * (distance + 1)] ?? "")) distance++;
      if (!isStatement(line) || distance < 2) return undefined;
      const without = replaced(lines, at, 1, []);
      return {
        lines: replaced(without, at + direction * distance, 0, [line]),
        story: `${short(line)}: ${distance} ${direction > 0 ? "later" : "earlier"}`,
      };
    };
  return {
    drop: (lines, at) => (isStatement(lines[at] ?? "") ? { lines: replaced(lines, at, 1, []), story: short(lines[at]) } : undefined),
    double: (lines, at) => {
      const line = lines[at] ?? "";
      return isStatement(line) ? { lines: replaced(lines, at, 1, [line, line]), story: short(line) } : undefined;
    },
    swap: (lines, at) => {
      const [first = "", second = ""] = [lines[at], lines[at + 1]];
      if (!isStatement(first) || !isStatement(second)) return undefined;
      return { lines: replaced(lines, at, 2, [second, first]), story: `${short(first)} ↔ ${short(second)}` };
    },
    earlier: move(-1),
    later: move(1),
  };
}

// ── Assembly ──

const isInstruction = (line: string): boolean => /^\t[a-z]/.test(line) && !/^\tint3/.test(line);
const opposite: Readonly<Record<string, string>> = { jz: "jnz", jnz: "jz", jc: "jnc", jnc: "jc" };

const assemblyOperators: Readonly<Record<string, Operator>> = {
  ...statementOperators(isInstruction, 4),
  condition: edit(
    (text) => text.replace(/^\t(jn?[zc])\b/, (_, jump: string) => `\t${opposite[jump] ?? jump}`),
    (line) => /^\tjn?[zc]\b/.test(line),
  ),
  register: edit(
    (text, random) => text.replace(/%(r[a-z0-9]+)/, () => `%${random.pick(registers)}`),
    (line) => isInstruction(line) && registers.some((r) => line.includes(`%${r}`)),
  ),
  offset: edit(
    (text, random) =>
      text.replace(/(-?\d*)\((%r[a-z]+)\)/, (_, n: string, base: string) => `${Number(n) + (random.once(2) ? 8 : -8)}(${base})`),
    (line) => isInstruction(line) && /\(%r[^i]/.test(line),
  ),
  number: edit(
    (text, random) =>
      text.replace(
        /\$(-?)(0x[0-9a-f]+|\d+)/,
        (_, sign: string, n: string) => `$${sign}0x${(Number(n) ^ (1 << random.below(5))).toString(16)}`,
      ),
    (line) => isInstruction(line) && /\$-?\d/.test(line),
  ),
  guard: edit(
    (text) => text.replace(/^(\t\.(?:else)?if)\t(.*)$/, "$1\t!($2)"),
    (line) => /^\t\.(else)?if\t/.test(line),
  ),
};

// ── C ──

const isCall = (line: string): boolean =>
  /^\t+(?:\w+ = )?\w+\([^()]*(?:\([^()]*\))?[^()]*\);$/.test(line) && !/return|_Static_assert|^\t+for/.test(line);
const isTest = (line: string): boolean => /^\t+(?:\} else )?(if|while) \(/.test(line);

const cOperators: Readonly<Record<string, Operator>> = {
  ...statementOperators(isCall, 2),
  condition: edit((text) => text.replace(/\b(if|while) \((.*)\)( \{)?$/, "$1 (!($2))$3"), isTest),
  loop: edit(
    (text) => text.replace("while (", "if ("),
    (line) => /^\t+while \(/.test(line),
  ),
  operator: edit(
    (text) =>
      text.replace(/ (==|!=|&&|<=|<) /, (_, o: string) => ` ${{ "==": "!=", "!=": "==", "&&": "||", "<": "<=", "<=": "<" }[o] ?? o} `),
    (line) => /^\t.* (==|!=|&&|<=|<) /.test(line) && !/^\t*(\*|\/\*|_Static)/.test(line),
  ),
  guard: edit(
    (text) => text.replace(/(EXITDSL_\w+)/, "!$1"),
    (line) => /^\t.*EXITDSL_/.test(line),
  ),
  mask: edit(
    (text) => text.replace(/& (\w+)/, "& ~$1"),
    (line) => /^\t.*[\w)] & \w/.test(line),
  ),
};
