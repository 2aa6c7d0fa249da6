/**
 * The Prettier plugin: `prettier --plugin exitdsl/prettier-plugin file.exitdsl`, and what `exitdsl fmt` uses.
 * The layout is the formatter's, but the author decides: which short blocks stay on one line (those whose `{` does not end its line),
 * the rows of a frame's fields, single blank lines, parentheses, and where comments stand.
 */
import type { Parser, Plugin, Printer, SupportLanguage } from "prettier";
import { util } from "prettier/standalone";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { ErrorSink } from "../syntax/error-sink.js";
import { scan } from "../syntax/lexer.js";
import { parse } from "../syntax/parse.js";
import type { SpecFile } from "../syntax/tree.js";
import { positionAt, type Source } from "../text/source.js";
import { placeComment } from "./comments.js";
import type { ConcreteFile, ConcreteNode, PlacedComment, TokenNode } from "./concrete.js";
import { printFile } from "./declarations.js";
import { Page } from "./page.js";

export const languages: SupportLanguage[] = [
  { name: "exitdsl", parsers: ["exitdsl"], extensions: [".exitdsl"], vscodeLanguageIds: ["exitdsl"] },
];

/** A file that cannot be formatted, in the form in which Prettier reports it; `diagnostics` has all that is wrong. */
export class SpecSyntaxError extends SyntaxError {
  /** Lines and columns count from 1. */
  readonly loc: { readonly start: Place; readonly end: Place };

  constructor(readonly diagnostics: readonly Diagnostic[]) {
    const first = diagnostics[0] as Diagnostic;
    const { span } = first.primary;
    const start = positionAt(span.source, span.start);
    super(`${first.message} (${first.code}, ${start.line}:${start.column})`);
    this.name = "SyntaxError";
    this.loc = { start, end: positionAt(span.source, span.end) };
  }
}

interface Place {
  readonly line: number;
  readonly column: number;
}

function parseConcrete(text: string, options: { readonly filepath?: string }): ConcreteFile {
  const source: Source = { name: options.filepath ?? "input", text };
  const { file: tree, diagnostics } = parse(source);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  if (errors.length > 0) throw new SpecSyntaxError(errors);
  const comments = tree.comments.map(
    ({ start, end, text, doc }): PlacedComment => ({ type: "comment", start, end, text, value: text, doc }),
  );
  return { type: "file", start: 0, end: text.length, tree, tokens: tokensOf(source, tree), comments };
}

/** All tokens but the comma behind a frame's last field, which the formatter drops. */
function tokensOf(source: Source, tree: SpecFile): TokenNode[] {
  const lastFields = new Set<number>();
  for (const declaration of tree.declarations) {
    const field = declaration.kind === "frame" ? declaration.fields.at(-1) : undefined;
    if (field) lastFields.add(field.end);
  }
  const tokens: TokenNode[] = [];
  for (const { image, startOffset } of scan(source, new ErrorSink(source)).tokens) {
    if (image === "," && lastFields.has(tokens.at(-1)?.end ?? -1)) continue;
    tokens.push({ type: "token", start: startOffset, end: startOffset + image.length, text: image });
  }
  tokens.push({ type: "token", start: source.text.length, end: source.text.length, text: "" });
  return tokens;
}

const parser: Parser<ConcreteNode> = {
  astFormat: "exitdsl",
  parse: parseConcrete,
  locStart: (node) => node.start,
  locEnd: (node) => node.end,
};

const printer: Printer<ConcreteNode> = {
  print(path, options) {
    const { node } = path;
    return node.type === "file" ? printFile(new Page(node, options, util.getStringWidth)) : node.text;
  },
  // The whole file is printed from its root, comments too; its tokens exist for Prettier to attach them to.
  getVisitorKeys: () => [],
  getCommentChildNodes: (node) => (node.type === "file" ? [...node.tokens] : []),
  canAttachComment: (node) => node.type === "token",
  handleComments: { ownLine: placeComment, endOfLine: placeComment, remaining: placeComment },
};

export const parsers: NonNullable<Plugin["parsers"]> = { exitdsl: parser };
export const printers: NonNullable<Plugin["printers"]> = { exitdsl: printer };
/** Used where neither a command line nor a configuration file says otherwise. */
export const defaultOptions: NonNullable<Plugin["defaultOptions"]> = { printWidth: 120, tabWidth: 2 };

const plugin: Plugin = { languages, parsers, printers, defaultOptions };
export default plugin;
