/** How much of anything a file may hold. Specs are a few hundred lines long: what meets a limit is no spec. */
export const limits = {
  /** Characters (UTF-16 units) of a file. */
  fileSize: 4 * 1024 * 1024,
  /** Blocks in blocks, `else if` chains and parentheses in parentheses, together. */
  nesting: 64,
  /** Operators and reasons of one expression, those in its parentheses not counted. */
  operators: 1000,
  /** Syntax errors that are shown of one file. */
  errors: 100,
} as const;
