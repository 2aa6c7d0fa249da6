import { expect, test } from "vitest";
import { catalogue } from "../../src/compiler/diagnostics/catalogue.js";
import { limits } from "../../src/compiler/syntax/limits.js";
import { parse } from "../../src/compiler/syntax/parse.js";
import { SpecParser } from "../../src/compiler/syntax/parser.js";
import { positionAt } from "../../src/compiler/text/source.js";

/** Each error as `line:column code message [help]`. */
function errors(text: string): string[] {
  const source = { name: "test.exitdsl", text };
  return parse(source).diagnostics.map(({ code, message, help, primary }) => {
    const { line, column } = positionAt(source, primary.span.start);
    return `${line}:${column} ${code} ${message}${help === undefined ? "" : ` [${help}]`}`;
  });
}

const exit = (leave: string) => `exit x from y to user {\n  leave {\n    ${leave}\n    iretq\n  }\n}\n`;

/** A text, and every error that it must give: no more, no fewer. */
const cases: readonly (readonly [text: string, ...expected: string[]])[] = [
  // What stands where.
  [
    "feature A {\n  config\n}\nfeature B { config X",
    "3:1 EX1001 expected a name, but found `}`",
    "4:11 EX1005 this `{` is never closed [add the missing `}`]",
  ],
  ["exit x from y too user { }", "1:15 EX1001 expected `,` or `to`, but found `too` [did you mean `to`?]"],
  ["event e {\n  origin uesr\n}", "2:10 EX1001 expected `user` or `kernel`, but found `uesr` [did you mean `user`?]"],
  ["edition", "1:8 EX1001 expected a number, but found the end of the file"],
  ["import bare", "1:8 EX1001 expected a string, but found `bare`"],
  ["constant A = 1 if B\nfeature C", "2:1 EX1001 expected an operator or `else`, but found `feature`"],
  ["condition c = a and\nfeature F", "2:1 EX1001 expected a name, but found `feature` [something is missing before `feature`]"],
  [
    "condition c = 1 2",
    "1:17 EX1002 the number `2` starts no declaration [expected `feature`, `constant`, `state`, `flags`, `mask`, `value`, `frame`, `event`, `condition`, `work`, `step`, `require`, `assume`, `tail`, `entry` or `exit`]",
  ],
  [
    "fetaure A { config X }\nfeature B { confg Y }",
    "1:1 EX1002 `fetaure` starts no declaration [did you mean `feature`?]",
    "2:13 EX1003 `confg` starts no clause of a feature [did you mean `config`?]",
  ],
  ["feature A { 7 }", "1:13 EX1003 the number `7` starts no clause of a feature [expected `config`, `cpu`, `excludes` or `needs`]"],
  [exit("runn a"), "3:5 EX1004 `runn` starts no statement [did you mean `run`?]"],
  [
    exit("whne a { do b } esle { do c, }"),
    "3:5 EX1004 `whne` starts no statement [did you mean `when`?]",
    "3:21 EX1004 `esle` starts no statement [did you mean `else`?]",
    "3:34 EX1001 expected a name, but found `}`",
  ],
  [exit("when a { } else when b { }"), "3:21 EX1001 expected `if` or `{`, but found `when`"],
  [exit("{ do a }"), "3:5 EX1004 `{` starts no statement [a block follows `when`, `else`, `repeat while pending` or `window`]"],
  [
    "work w {\n  call f()\n\nwork v {\n  call g(\n}\n",
    "1:8 EX1005 this `{` is never closed [add the missing `}`]",
    "6:1 EX1001 expected a name or `)`, but found `}`",
  ],
  ["exit x from y to user {\n  leave {\n    when a {\n      iretq\n  }\n}\n", "1:23 EX1005 this `{` is never closed [add the missing `}`]"],
  ["feature A { } }\nfeature B", "1:15 EX1006 this `}` closes nothing [remove it, or look further up for a block that ends too early]"],
  [
    'feature A\nimport "b"\nedition 2026',
    "2:1 EX1007 `import` must come before all declarations [the order is: edition, imports, declarations]",
    "3:1 EX1007 `edition` must come before all declarations [the order is: edition, imports, declarations]",
  ],
  [
    "edition 2026\nedition 2026",
    "2:1 EX1007 `edition` must come before everything else, and only once [the order is: edition, imports, declarations]",
  ],
  [
    "feature if",
    "1:9 EX1008 `if` is a reserved word, which cannot be a name [reserved are `or`, `and`, `not`, `has`, `lacks`, `is`, `because`, `when`, `if`, `else`]",
  ],
  [
    "exit x from y to user { leave { } prepare p { } leave { } }",
    "1:35 EX1009 `prepare` comes before `leave` [an exit has at most one `prepare`, then one `leave`: that is the order in which they run]",
    "1:55 EX1009 an exit has one `leave` [an exit has at most one `prepare`, then one `leave`: that is the order in which they run]",
  ],
  [
    "exit x from y to user { prepare p { } prepare q { } }",
    "1:39 EX1009 an exit has one `prepare` [an exit has at most one `prepare`, then one `leave`: that is the order in which they run]",
  ],
  [
    "condition c = a == b == c",
    "1:22 EX1010 `==` cannot follow another comparison [a comparison is true or false, and not a number: join two of them with `and`]",
  ],
  [
    'condition c = a because "x" == b',
    "1:29 EX1011 `==` cannot follow a `because` [a `because` ends its clause; go on with `and` or `or`]",
  ],
  ["condition c = a == not b", "1:20 EX1012 `not` cannot follow `==` [put the `not` before the whole comparison]"],

  // Characters and literals.
  [
    'assume "abc\nfeature A',
    '1:8 EX1020 this string has no closing quote on its line [a string ends with `"` on the line on which it starts]',
  ],
  [
    'assume "ends in \\"',
    '1:8 EX1020 this string has no closing quote on its line [a string ends with `"` on the line on which it starts]',
  ],
  [
    'assume "a\\n" because "b\\💡"',
    '1:10 EX1021 `\\n` is not an escape [a string knows `\\"` and `\\\\`]',
    '1:24 EX1021 `\\💡` is not an escape [a string knows `\\"` and `\\\\`]',
  ],
  [
    "feature A\0\0 // \x1b[31m\nfeature B \u202e",
    "1:10 EX1022 the text holds a zero byte (U+0000) [a spec is plain UTF-8 text]",
    "1:16 EX1022 the text holds a control character (U+001B) [a spec is plain UTF-8 text]",
    "2:11 EX1022 the text holds a character that changes the direction of the text (U+202E) [a spec is plain UTF-8 text]",
  ],
  [
    "// \ufffd\n// \u2028\n// \ud800",
    "1:4 EX1022 the text holds bytes that are not UTF-8 text [a spec is plain UTF-8 text]",
    "2:4 EX1022 the text holds a line separator (U+2028) [a spec is plain UTF-8 text]",
    "3:4 EX1022 the text holds half a character (U+D800) [a spec is plain UTF-8 text]",
  ],
  ["feature é", "1:9 EX1023 `é` (U+00E9) stands outside of strings and comments [names and keywords are ASCII]"],
  [
    "assume “b”",
    '1:8 EX1023 a curly quotation mark (U+201C) stands outside of strings and comments [`"` is meant, it seems]',
    '1:10 EX1023 a curly quotation mark (U+201D) stands outside of strings and comments [`"` is meant, it seems]',
  ],
  ["feature A\u00a0{ }", "1:10 EX1023 a no-break space (U+00A0) stands outside of strings and comments [a blank is meant, it seems]"],
  [
    "feature A;\n# c\nfeature B",
    "1:10 EX1024 `;` has no meaning here [statements and declarations need no semicolon]",
    "2:1 EX1024 `#` has no meaning here [a comment starts with `//`]",
  ],
  [
    "condition c = a && !b || c",
    "1:17 EX1025 `&&` is not an operator of this language [write `and`]",
    "1:20 EX1025 `!` is not an operator of this language [write `not`]",
    "1:23 EX1025 `||` is not an operator of this language [write `or`]",
  ],
  [
    "/* a\n * b */ feature A /* c",
    "1:1 EX1026 there are no block comments [a comment starts with `//` and ends with its line]",
    "2:19 EX1026 there are no block comments [a comment starts with `//` and ends with its line]",
  ],
  [
    "constant A = 0x\nconstant B = 1__2",
    "1:14 EX1027 `0x` is not a number [numbers are decimal, or hexadecimal after `0x`, with single `_` between digits]",
    "2:14 EX1027 `1__2` is not a number [numbers are decimal, or hexadecimal after `0x`, with single `_` between digits]",
  ],
  ["feature 3com", "1:9 EX1027 `3com` is not a number [a name does not start with a digit]"],
  [
    "constant A = 0xffff_ffff_ffff_ffff\nconstant B = 0x1_0000_0000_0000_0000\nconstant C = 18446744073709551616",
    "2:14 EX1028 `0x1_0000_0000_0000_0000` does not fit in 64 bits [the largest number is 0xffff_ffff_ffff_ffff]",
    "3:14 EX1028 `18446744073709551616` does not fit in 64 bits [the largest number is 0xffff_ffff_ffff_ffff]",
  ],
  [
    "condition c = a == -0x8000000000000001",
    "1:20 EX1028 `-9223372036854775809` does not fit in 64 bits [the smallest number is -0x8000_0000_0000_0000]",
  ],

  // Limits.
  [
    " ".repeat(limits.fileSize + 1),
    `1:1 EX1030 the file has ${limits.fileSize + 1} characters, and the limit is ${limits.fileSize} [split the spec into files and \`import\` them]`,
  ],
  [
    `condition c = ${"(".repeat(65)}a${")".repeat(65)}\nfeature if`,
    "1:79 EX1031 blocks and parentheses are nested more than 64 deep [name an inner condition with `condition`, or move statements into a `tail`]",
    "2:9 EX1008 `if` is a reserved word, which cannot be a name [reserved are `or`, `and`, `not`, `has`, `lacks`, `is`, `because`, `when`, `if`, `else`]",
  ],
  [
    `condition c = a${" or a".repeat(limits.operators + 1)}`,
    "1:5017 EX1032 the expression has more than 1000 operators [name a part of it with `condition`]",
  ],
  [
    "feature if\n".repeat(limits.errors + 5),
    ...Array.from(
      { length: limits.errors },
      (_, i) =>
        `${i + 1}:9 EX1008 \`if\` is a reserved word, which cannot be a name [reserved are \`or\`, \`and\`, \`not\`, \`has\`, \`lacks\`, \`is\`, \`because\`, \`when\`, \`if\`, \`else\`]`,
    ),
    "101:9 EX1033 the file has more than 100 syntax errors; the rest is not shown",
  ],
];

for (const [text, ...expected] of cases) {
  test(JSON.stringify(text.slice(0, 80)), () => {
    expect(errors(text)).toEqual(expected);
  });
}

test("every syntax error of the catalogue is among these", () => {
  const shown = cases.flatMap(([, ...expected]) => expected.map((error) => error.split(" ")[1]));
  const known = Object.keys(catalogue).filter((code) => code.startsWith("EX1"));
  expect([...new Set(shown)].toSorted()).toEqual(known.toSorted());
});

test("one run finds every error of a file", () => {
  const text = `edition 2026
fetaure A { config X }
flags f in a {
  A bitt 1
  B bit x
  C bit 3
}
work w {
  one-shot when
  call f(
  may slep
}
exit x from y to user {
  prepare p {
    irqs onn
    repeat whlie pending m { run a, }
  }
  leave {
    iretq at
  }
}
state s { a b }
`;
  expect(errors(text).map((error) => error.split(" ").slice(0, 2).join(" "))).toEqual([
    "2:1 EX1002",
    "4:5 EX1001",
    "5:9 EX1001",
    "10:3 EX1001",
    "11:7 EX1001",
    "15:10 EX1001",
    "16:12 EX1001",
    "16:37 EX1001",
    "20:3 EX1001",
    "22:13 EX1001",
  ]);
});

test("a keyword with a slip is repaired in the tree as well", () => {
  const { file } = parse({ name: "test", text: "fetaure A { confg X }" });
  expect(file.declarations).toMatchObject([{ kind: "feature", name: { text: "A" }, clauses: [{ word: "config" }] }]);
});

test("what is wrong is left out of the tree, what is right stays", () => {
  const { file } = parse({
    name: "test",
    text: "feature A { config X cpu }\nstate s { a b }\nfeature B\nwork w {\n always\n call (\n requires irqs on\n}",
  });
  expect(file.declarations).toMatchObject([
    { name: { text: "A" }, clauses: [{ word: "config" }] },
    { name: { text: "B" } },
    { name: { text: "w" }, clauses: [{ kind: "guard" }, { kind: "states" }] },
  ]);
});

test("the grammar passes the parser generator's own validation", () => {
  expect(() => new SpecParser("validated")).not.toThrow();
});
