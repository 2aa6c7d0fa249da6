/**
 * Whatever the spacing and wherever comments stand: the formatted text says the same, has the same comments, and formatting it again
 * changes nothing. What has syntax errors is refused with them, and nothing else is ever thrown.
 * `EXITDSL_FUZZ` is the number of cases.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { format } from "../../src/compiler/format/format.js";
import { ErrorSink } from "../../src/compiler/syntax/error-sink.js";
import { scan } from "../../src/compiler/syntax/lexer.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { seed } from "../seed.js";
import { comments, isValid, meaning } from "./compare.js";

const runs = Number(process.env.EXITDSL_FUZZ ?? 10_000);

function tokens(text: string): string[] {
  const source = { name: "test.exitdsl", text };
  return scan(source, new ErrorSink(source)).tokens.map((token) => token.image);
}

/** A declaration as its tokens, and the separators before each of them. */
interface Snippet {
  readonly tokens: readonly string[];
  /** The line end after `except` lists counts, so the fixtures' separators are the default. */
  readonly separators: readonly string[];
}

function snippets(): Snippet[] {
  const folder = join(import.meta.dirname, "fixtures");
  const found: Snippet[] = [];
  for (const name of readdirSync(folder).filter((name) => name.includes(".formatted."))) {
    const text = readFileSync(join(folder, name), "utf8");
    for (const declaration of parse({ name, text }).file.declarations) {
      const part = text.slice(declaration.start, declaration.end);
      const images = tokens(part);
      let at = 0;
      const separators = images.map((image) => {
        const next = part.indexOf(image, at);
        const between = part.slice(at, next).replace(/\/\/.*/g, "");
        at = next + image.length;
        return between;
      });
      const snippet = { tokens: images, separators };
      if (isValid(joined(snippet.tokens, snippet.separators))) found.push(snippet);
    }
  }
  return found;
}

function joined(images: readonly string[], separators: readonly string[]): string {
  return images.map((image, i) => `${separators[i] ?? ""}${image}`).join("");
}

const pool = snippets();

const commentText = fc.constantFrom(
  "// plain",
  "//",
  "//tight  ",
  "/// doc",
  "///",
  "//// four",
  "// prettier-ignore",
  "// größer 漢字\t",
  '// { } , "',
  "// other",
);
const blanks = fc.constantFrom("\n", "\n\n", "\n\n\n\n", "\n  ", "\r\n", "\r\n\t\r\n", " \n");
const separator = fc.oneof(
  fc.constantFrom(" ", "  ", "\t"),
  blanks,
  fc
    .tuple(fc.constantFrom("", " ", "\n", "\n\n"), fc.array(fc.tuple(commentText, blanks), { minLength: 1, maxLength: 3 }))
    .map(([start, parts]) => start + parts.flat().join("")),
);
/** Where (a share of the tokens), and what stands there instead; `token` replaces the token too. */
const edit = fc.record({
  at: fc.nat(10_000),
  separator,
  token: fc.oneof({ weight: 60, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(10_000) }),
});
const cases = fc.record({
  snippets: fc.array(fc.nat(10_000), { minLength: 1, maxLength: 3 }),
  edits: fc.array(edit, { maxLength: 8 }),
  end: fc.constantFrom("", "\n", "\n\n\n", " // end", "\n/// end\n"),
  printWidth: fc.constantFrom(120, 120, 80, 40, 10),
});

function build(specimen: typeof cases extends fc.Arbitrary<infer T> ? T : never): string {
  const images: string[] = [];
  const separators: string[] = [];
  for (const index of specimen.snippets) {
    const snippet = pool[index % pool.length] as Snippet;
    images.push(...snippet.tokens);
    separators.push("\n", ...snippet.separators.slice(1));
  }
  for (const { at, separator, token } of specimen.edits) {
    const i = at % images.length;
    separators[i] = separator;
    if (token !== null) images[i] = images[token % images.length] as string;
  }
  return joined(images, separators) + specimen.end;
}

test(`${runs} re-spaced and commented specs (seed ${seed})`, { timeout: 600_000 }, async () => {
  let valid = 0;
  await fc.assert(
    fc.asyncProperty(cases, async (specimen) => {
      const text = build(specimen);
      const { printWidth } = specimen;
      const once = await format({ name: "test.exitdsl", text }, { printWidth });
      if (once.text === undefined) {
        expect(isValid(text)).toBe(false);
        expect(once.diagnostics.length).toBeGreaterThan(0);
        return;
      }
      valid++;
      expect(meaning(once.text)).toBe(meaning(text));
      expect(comments(once.text)).toEqual(comments(text));
      const twice = await format({ name: "test.exitdsl", text: once.text }, { printWidth });
      expect(twice.text).toBe(once.text);
    }),
    { numRuns: runs, seed, endOnFailure: false },
  );
  expect(valid, "too few cases without a syntax error").toBeGreaterThan(runs / 2);
});

test(`any text gives a text or diagnostics (seed ${seed})`, { timeout: 600_000 }, async () => {
  const word = fc.constantFrom(
    "exit",
    "work",
    "{",
    "}",
    "(",
    ")",
    "when",
    "frame",
    "a",
    '"s"',
    "0x1",
    "// c\n",
    "/// d\n",
    ",",
    "|",
    "=",
    "and",
    "\uFEFF",
    "\u2028",
    "\r",
    "\f",
    "é",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(word).map((words) => words.join(" ")),
  );
  await fc.assert(
    fc.asyncProperty(text, async (text) => {
      const formatted = await format({ name: "test.exitdsl", text });
      if (formatted.text === undefined) expect(formatted.diagnostics.length).toBeGreaterThan(0);
      else expect(comments(formatted.text)).toEqual(comments(text));
    }),
    { numRuns: Math.ceil(runs / 10), seed },
  );
});
