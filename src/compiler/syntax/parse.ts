/** Text to tree. */
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Source } from "../text/source.js";
import { ErrorSink } from "./error-sink.js";
import { scan } from "./lexer.js";
import { limits } from "./limits.js";
import { SpecParser } from "./parser.js";
import type { SpecFile } from "./tree.js";

export interface Parsed {
  /** What could be read whole; every node is complete. */
  readonly file: SpecFile;
  /** All syntax errors, in the order of the text. */
  readonly diagnostics: Diagnostic[];
}

let parser: SpecParser | undefined;

/** Reads one file. Never throws, whatever the text is. */
export function parse(source: Source): Parsed {
  const sink = new ErrorSink(source);
  const { length } = source.text;
  if (length > limits.fileSize) {
    sink.report("EX1030", 0, 0, { size: length, limit: limits.fileSize }, { help: "split the spec into files and `import` them" });
    return { file: { start: 0, end: length, edition: undefined, imports: [], declarations: [], comments: [] }, diagnostics: sink.sorted() };
  }
  // Before anything is scanned: it completes the token types.
  parser ??= new SpecParser();
  const { tokens, comments } = scan(source, sink);
  const file = parser.read(source, tokens, comments, sink);
  return { file, diagnostics: sink.sorted() };
}
