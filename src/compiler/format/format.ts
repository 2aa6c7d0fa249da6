/** Formatting for the command line and the library: Prettier, with the plugin and nothing else loaded. */
import { format as prettierFormat } from "prettier/standalone";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Source } from "../text/source.js";
import plugin, { SpecSyntaxError } from "./plugin.js";

/** Prettier's options that mean something here; all may be left out. */
export interface FormatOptions {
  /** Columns of a line; 120. */
  readonly printWidth?: number;
  /** Blanks an indentation level; 2. */
  readonly tabWidth?: number;
  readonly useTabs?: boolean;
  /** "lf" unless said otherwise; "auto" keeps what the text begins with. */
  readonly endOfLine?: "lf" | "crlf" | "cr" | "auto";
}

/** Either the formatted text, without a byte order mark, or what keeps the source from being formatted. */
export type Formatted =
  | { readonly text: string; readonly diagnostics: readonly [] }
  | { readonly text: undefined; readonly diagnostics: readonly Diagnostic[] };

/** Formats a source. Its diagnostics are those of the syntax; names and meaning are not looked at. */
export async function format(source: Source, options: FormatOptions = {}): Promise<Formatted> {
  const text = source.text.replace(/^\uFEFF/, "");
  try {
    return {
      text: await prettierFormat(text, { ...options, parser: "exitdsl", plugins: [plugin], filepath: source.name }),
      diagnostics: [],
    };
  } catch (error) {
    if (error instanceof SpecSyntaxError) return { text: undefined, diagnostics: error.diagnostics };
    throw error;
  }
}
