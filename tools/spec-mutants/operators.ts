/** Mutants of a spec's exits, tails and entries: the same text with one mistake, as a person might make it. */
import type { Block, Expression, SpecFile, Statement, WaiveStatement, WhenStatement } from "../../src/compiler/syntax/tree.js";
import { type Atom, atomsOf, blockText, oneLine } from "./atoms.js";

export interface Mutant {
  readonly operator: Operator;
  /** What was changed, in which path, for people. */
  readonly story: string;
  /** The file's new text. */
  readonly text: string;
}

export const operators = [
  "drop",
  "double",
  "swap",
  "two earlier",
  "two later",
  "out of the loop",
  "into the loop",
  "out of the branch",
  "irqs flipped",
  "irqs inserted",
  "clause dropped",
  "clause turned",
  "or for and",
  "when negated",
  "when dropped",
  "else dropped",
  "step of other kernels",
  "mask exchanged",
  "mask member dropped",
  "terminal exchanged",
  "terminal without when",
  "terminal without recovery",
  "recovery exchanged",
  "tail exchanged",
  "token exchanged",
  "except changed",
  "prepare returns nothing",
  "waiver dropped",
] as const;
export type Operator = (typeof operators)[number];

/** Names of all files of the spec that an operator may put in another's place. */
export interface Names {
  readonly masks: readonly string[];
  readonly tails: readonly string[];
  /** `[state, token]` of what may be restored. */
  readonly tokens: readonly (readonly [string, string])[];
  readonly recoveries: readonly string[];
}

const terminals = ["sysretq", "sysretl", "iretq", "eretu", "erets", "xen_iret"];
const turned: Readonly<Record<string, string>> = {
  "==": "!=",
  "!=": "==",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  has: "lacks",
  lacks: "has",
};

/** All mutants of a file, in the order of the text. `names`: see `namesOf`. */
export function mutantsOf(text: string, file: SpecFile, names: Names): readonly Mutant[] {
  const result: Mutant[] = [];
  for (const declaration of file.declarations) {
    switch (declaration.kind) {
      case "exit": {
        const maker = new Maker(text, declaration.name.text, names, result);
        for (const waiver of declaration.waives) maker.waiver(waiver);
        if (declaration.prepare) {
          const { returns, body, name } = declaration.prepare;
          maker.block(body);
          if (returns) maker.edit("prepare returns nothing", `without \`returns ${returns.text}\``, name.end, returns.end, "");
        }
        if (declaration.leave) maker.block(declaration.leave);
        break;
      }
      case "tail":
      case "entry":
        new Maker(text, declaration.name.text, names, result).block(declaration.body);
        break;
      case "condition":
        new Maker(text, declaration.name.text, names, result).test(declaration.test);
        break;
      case "mask": {
        const maker = new Maker(text, declaration.name.text, names, result);
        const { members } = declaration;
        if (members.length > 1)
          members.forEach((member, i) => {
            const kept = members.filter((_, j) => j !== i).map((m) => m.text);
            maker.edit("mask member dropped", member.text, members[0]?.start ?? 0, members.at(-1)?.end ?? 0, kept.join(" | "));
          });
        break;
      }
      default:
        break;
    }
  }
  return result.filter((m) => m.text !== text);
}

/** What the files of a spec declare, for `mutantsOf`. */
export function namesOf(files: readonly SpecFile[]): Names {
  const all = files.flatMap((file) => file.declarations);
  const restored = all.flatMap((d) =>
    d.kind === "event" ? d.clauses.flatMap((c) => (c.kind === "token" ? [`${c.restores.text} ${c.name.text}`] : [])) : [],
  );
  const recoveries = new Set<string>();
  for (const d of all) {
    const blocks = d.kind === "exit" ? [d.leave] : d.kind === "tail" ? [d.body] : [];
    for (const block of blocks) if (block) collectRecoveries(block, recoveries);
  }
  return {
    masks: all.flatMap((d) => (d.kind === "mask" ? [d.name.text] : d.kind === "flags" ? d.flags.map((f) => f.name.text) : [])),
    tails: all.flatMap((d) => (d.kind === "tail" ? [d.name.text] : [])),
    tokens: [...new Set(restored)].map((pair) => pair.split(" ") as [string, string]),
    recoveries: [...recoveries],
  };
}

function collectRecoveries(block: Block, into: Set<string>): void {
  for (const statement of block.statements) {
    if (statement.kind === "terminal" && statement.recovery) into.add(statement.recovery.text);
    for (const inner of blocksOf(statement)) collectRecoveries(inner, into);
  }
}

function blocksOf(statement: Statement): readonly Block[] {
  switch (statement.kind) {
    case "repeat":
    case "window":
      return [statement.body];
    case "when": {
      const { then, otherwise } = statement;
      if (!otherwise) return [then];
      return [then, ...("kind" in otherwise ? blocksOf(otherwise) : [otherwise])];
    }
    default:
      return [];
  }
}

class Maker {
  private readonly text: string;
  private readonly path: string;
  private readonly names: Names;
  private readonly result: Mutant[];

  constructor(text: string, path: string, names: Names, result: Mutant[]) {
    this.text = text;
    this.path = path;
    this.names = names;
    this.result = result;
  }

  /** Replaces a range of the text. */
  edit(operator: Operator, story: string, start: number, end: number, by: string): void {
    const text = this.text.slice(0, start) + by + this.text.slice(end);
    this.result.push({ operator, story: `${this.path}: ${story}`, text });
  }

  waiver(statement: WaiveStatement): void {
    this.edit("waiver dropped", oneLine(this.slice(statement)), statement.start, statement.end, "");
  }

  /** A block, and what is in it. */
  block(block: Block): void {
    const atoms = atomsOf(this.text, block);
    const reordered = (operator: Operator, story: string, order: readonly Atom[]) =>
      this.edit(operator, story, block.start, block.end, blockText(order));
    atoms.forEach((atom, i) => {
      const { short } = atom;
      const without = atoms.filter((_, j) => j !== i);
      const put = (at: number) => [...without.slice(0, at), atom, ...without.slice(at)];
      if (atom.statement.kind === "waive") this.waiver(atom.statement);
      else {
        reordered("drop", short, without);
        reordered("double", short, put(i).toSpliced(i, 0, atom));
      }
      const next = atoms[i + 1];
      if (next) reordered("swap", `${short} ↔ ${next.short}`, put(i + 1));
      if (i >= 2) reordered("two earlier", short, put(i - 2));
      if (i + 2 < atoms.length) reordered("two later", short, put(i + 2));
      if (i === 0 || next === undefined || atom.statement.kind === "repeat") {
        reordered("irqs inserted", `irqs on before ${short}`, atoms.toSpliced(i, 0, made("irqs on")));
        reordered("irqs inserted", `irqs on behind ${short}`, atoms.toSpliced(i + 1, 0, made("irqs on")));
      }
    });
    block.statements.forEach((statement, i) => {
      this.around(block, statement, i);
    });
    for (const statement of block.statements) this.statement(statement);
  }

  /** What moves between a block and the one that it is in. */
  private around(outer: Block, statement: Statement, at: number): void {
    if (statement.kind !== "repeat" && statement.kind !== "when") return;
    const inner = statement.kind === "repeat" ? statement.body : statement.then;
    const atoms = atomsOf(this.text, inner);
    const head = this.text.slice(statement.start, inner.start);
    const rest = this.text.slice(inner.end, statement.end);
    const operator = statement.kind === "repeat" ? "out of the loop" : "out of the branch";
    atoms.forEach((atom, i) => {
      if (atom.statement.kind === "terminal" || atom.statement.kind === "jump") return;
      const left = head + blockText(atoms.filter((_, j) => j !== i)) + rest;
      this.edit(operator, `${atom.short}, in front of it`, statement.start, statement.end, `${atom.text}\n${left}`);
      this.edit(operator, `${atom.short}, behind it`, statement.start, statement.end, `${left}\n${atom.text}`);
    });
    if (statement.kind !== "repeat") return;
    const before = outer.statements[at - 1];
    const after = outer.statements[at + 1];
    const moved = (order: readonly string[]) => `${head}{\n${order.join("\n")}\n}${rest}`;
    const own = atoms.map((a) => a.text);
    if (before) {
      const part = this.slice(before);
      this.edit("into the loop", `${oneLine(part)}, at its start`, before.start, statement.end, moved([part, ...own]));
    }
    if (after) {
      const part = this.slice(after);
      this.edit("into the loop", `${oneLine(part)}, at its end`, statement.start, after.end, moved([...own, part]));
    }
  }

  private statement(statement: Statement): void {
    switch (statement.kind) {
      case "irqs":
        this.edit(
          "irqs flipped",
          `irqs ${statement.on ? "on → off" : "off → on"}`,
          statement.start,
          statement.end,
          `irqs ${statement.on ? "off" : "on"}`,
        );
        break;
      case "repeat":
        for (const mask of this.names.masks)
          if (mask !== statement.mask.text)
            this.edit("mask exchanged", `${statement.mask.text} → ${mask}`, statement.mask.start, statement.mask.end, mask);
        this.block(statement.body);
        break;
      case "when":
        this.when(statement);
        break;
      case "window":
        this.block(statement.body);
        break;
      case "restore":
        for (const [state, token] of this.names.tokens) {
          if (token === statement.token.text) continue;
          const short = oneLine(this.slice(statement));
          this.edit(
            "token exchanged",
            `${short} → ${state} from ${token}`,
            statement.start,
            statement.end,
            `restore ${state} from ${token}`,
          );
          this.edit("token exchanged", `${short} → from ${token}`, statement.token.start, statement.token.end, token);
        }
        break;
      case "jump":
        for (const tail of this.names.tails)
          if (tail !== statement.tail.text)
            this.edit("tail exchanged", `${statement.tail.text} → ${tail}`, statement.tail.start, statement.tail.end, tail);
        break;
      case "terminal": {
        const { terminal, test, recovery } = statement;
        for (const other of terminals)
          if (other !== terminal.text) this.edit("terminal exchanged", `${terminal.text} → ${other}`, terminal.start, terminal.end, other);
        const whole = this.slice(statement);
        if (test)
          this.edit(
            "terminal without when",
            oneLine(whole),
            statement.start,
            statement.end,
            whole.replace(/\s+when\s+/, " ").replace(this.slice(test), ""),
          );
        if (recovery) {
          const bare = whole.replace(new RegExp(`\\s+on\\s+fault\\s+${recovery.text}`), "");
          this.edit("terminal without recovery", oneLine(whole), statement.start, statement.end, bare);
          for (const other of this.names.recoveries)
            if (other !== recovery.text)
              this.edit("recovery exchanged", `${recovery.text} → ${other}`, recovery.start, recovery.end, other);
        }
        break;
      }
      case "do":
        if (statement.except.length > 0) {
          const first = statement.steps.at(-1)?.end ?? statement.start;
          this.edit("except changed", "nothing excepted", first, statement.end, "");
        } else if (statement.steps.at(-1)?.text === "restore_registers")
          for (const register of ["rsp", "rdi", "rcx", "rax"])
            this.edit("except changed", `except ${register}`, statement.end, statement.end, ` except ${register}`);
        break;
      default:
        break;
    }
  }

  private when(statement: WhenStatement): void {
    const { test, then, otherwise, start, end } = statement;
    const story = `when ${oneLine(this.slice(test))}`;
    this.edit("when negated", story, test.start, test.end, `not (${this.slice(test)})`);
    const inside = this.text.slice(then.start + 1, then.end - 1);
    this.edit("when dropped", story, start, end, inside);
    if (otherwise) this.edit("else dropped", story, then.end, end, "");
    this.test(test);
    this.block(then);
    if (!otherwise) return;
    if ("kind" in otherwise) this.when(otherwise);
    else this.block(otherwise);
  }

  /** The clauses of a test. */
  test(test: Expression): void {
    switch (test.kind) {
      case "because":
        this.test(test.operand);
        break;
      case "not":
        this.test(test.operand);
        break;
      case "binary": {
        const { operator, left, right } = test;
        if (operator === "and" || operator === "or") {
          this.edit("clause dropped", oneLine(this.slice(left)), test.start, test.end, this.slice(right));
          this.edit("clause dropped", oneLine(this.slice(right)), test.start, test.end, this.slice(left));
          if (operator === "and") {
            const [l, r] = [this.slice(left), this.slice(right)];
            this.edit("or for and", oneLine(this.slice(test)), test.start, test.end, `((${l}) or (${r}))`);
          }
          this.test(left);
          this.test(right);
        } else if (turned[operator]) {
          const between = this.text.slice(left.end, right.start).replace(operator, turned[operator]);
          this.edit("clause turned", oneLine(this.slice(test)), left.end, right.start, between);
        }
        break;
      }
      default:
        break;
    }
  }

  private slice({ start, end }: { readonly start: number; readonly end: number }): string {
    return this.text.slice(start, end);
  }
}

function made(text: string): Atom {
  return { text, short: text, statement: { kind: "irqs", on: true, start: 0, end: 0 } };
}
