/** Texts that are no specs: bytes, characters, words of the language in any order, and specs with tokens dropped, doubled, swapped or put in. */
import fc from "fast-check";
import { ErrorSink } from "../../src/compiler/syntax/error-sink.js";
import { scan } from "../../src/compiler/syntax/lexer.js";
import { hardKeywords, softKeywords, wordsOf } from "../../src/compiler/syntax/tokens.js";

/** One change of a token; `at` and `other` choose tokens by their share of the text's length. */
type Mutation = {
  readonly kind: "drop" | "double" | "swap" | "insert" | "blank" | "cut";
  readonly at: number;
  readonly other: number;
  readonly word: string;
};

const words = [...Object.values(softKeywords), hardKeywords].flatMap(wordsOf);
const signs = ["{", "}", "(", ")", ",", ".", "|", "-", "=", "==", "!=", "<", "<=", ">", ">=", "one-shot"];
const oddities = [
  "x",
  "é",
  "\0",
  '"',
  '"abc',
  "0x",
  "12ab",
  "//",
  "///",
  "/*",
  "&&",
  "!",
  ";",
  "\n",
  "\r\n",
  "\u2028",
  "\ud800",
  "\ufeff",
  "\\",
  "99999999999999999999",
];

const word = fc.constantFrom(...words, ...signs, ...oddities);
/** Evenly spread: `fc.double` favours the doubles near zero, of which there are most. */
const share = fc.integer({ min: 0, max: 2 ** 30 - 1 }).map((n) => n / 2 ** 30);
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("drop", "double", "swap", "insert", "blank", "cut"),
  at: share,
  other: share,
  word,
});

/** Where the tokens of a text start and end. */
function tokenRanges(text: string): [start: number, end: number][] {
  const source = { name: "fuzz", text };
  return scan(source, new ErrorSink(source)).tokens.map(({ startOffset, image }) => [startOffset, startOffset + image.length]);
}

function mutate(text: string, { kind, at, other, word }: Mutation): string {
  const ranges = tokenRanges(text);
  const [start, end] = ranges[Math.floor(at * ranges.length)] ?? [0, 0];
  const [otherStart, otherEnd] = ranges[Math.floor(other * ranges.length)] ?? [0, 0];
  const token = text.slice(start, end);
  switch (kind) {
    case "drop":
      return text.slice(0, start) + text.slice(end);
    case "double":
      return `${text.slice(0, end)} ${token}${text.slice(end)}`;
    case "swap": {
      if (otherStart < end) return text;
      return text.slice(0, start) + text.slice(otherStart, otherEnd) + text.slice(end, otherStart) + token + text.slice(otherEnd);
    }
    case "insert":
      return `${text.slice(0, start)} ${word} ${text.slice(start)}`;
    case "blank":
      return text.slice(0, start) + text.slice(start).replace(/^[\s\S]\s*/, "");
    case "cut":
      return text.slice(0, start + Math.floor(other * token.length));
  }
}

/** `specs` are texts to mutate. Pieces of them are taken, so that one case takes well under a millisecond. */
export function brokenSpecs(specs: readonly string[]): fc.Arbitrary<string> {
  const pieces = specs.flatMap((spec) => spec.split(/\n(?=\S)/)).filter((piece) => piece.length > 20);
  const mutated = fc
    .tuple(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 3 }), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([chosen, mutations]) => mutations.reduce(mutate, chosen.join("\n")));
  const soup = fc.array(word, { maxLength: 60 }).map((chosen) => chosen.join(" "));
  const characters = fc.string({ unit: "binary", maxLength: 100 });
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => new TextDecoder().decode(array));
  return fc.oneof(
    { weight: 6, arbitrary: mutated },
    { weight: 2, arbitrary: soup },
    { weight: 1, arbitrary: characters },
    { weight: 1, arbitrary: bytes },
  );
}
