/** A syntax tree without its places, for comparison by eye: names and literals as what they say, absent parts left out. */
import { parse } from "../../src/compiler/syntax/parse.js";
import type { SpecFile } from "../../src/compiler/syntax/tree.js";

export function outline(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(outline);
  if (typeof node !== "object" || node === null) return node;
  const { start: _start, end: _end, ...rest } = node as Record<string, unknown>;
  const entries = Object.entries(rest).filter(
    ([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0),
  );
  const keys = entries.map(([key]) => key).join();
  if (keys === "text" || (keys === "value" && typeof rest.value !== "object")) return Object.values(rest)[0];
  // A `then` in an object literal of a test would make a promise of it.
  return Object.fromEntries(entries.map(([key, value]) => [key === "then" ? "body" : key, outline(value)]));
}

/** The tree of a text that has no syntax errors. */
export function read(text: string): SpecFile {
  const { file, diagnostics } = parse({ name: "test.exitdsl", text });
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  return file;
}

/** The outline of a text that is one declaration. */
export function declaration(text: string): unknown {
  const { declarations } = read(text);
  if (declarations.length !== 1) throw new Error(`${declarations.length} declarations`);
  return outline(declarations[0]);
}

/** The outline of the statements of a `leave` block. */
export function statements(text: string): unknown {
  const exit = declaration(`exit x from e to user { leave { ${text} } }`) as { leave: { statements: unknown } };
  return exit.leave.statements;
}

/** The outline of the clauses of a work item. */
export function clauses(text: string, head = "work w"): unknown {
  return (declaration(`${head} { ${text} }`) as { clauses: unknown }).clauses;
}

/** An expression with all its parentheses. */
export function expression(text: string): string {
  const { test } = declaration(`condition c = ${text}`) as { test: Node };
  return show(test);
}

interface Node {
  readonly kind: string;
  readonly operator: string;
  readonly left: Node;
  readonly right: Node;
  readonly operand: Node;
  readonly path: readonly string[];
  readonly value: bigint;
  readonly reason: string;
}

function show(node: Node | bigint): string {
  if (typeof node === "bigint") return String(node);
  switch (node.kind) {
    case "binary":
      return `(${show(node.left)} ${node.operator} ${show(node.right)})`;
    case "not":
      return `(not ${show(node.operand)})`;
    case "because":
      return `(${show(node.operand)} because "${node.reason}")`;
    case "name":
      return node.path.join(".");
    default:
      return String(node.value);
  }
}
