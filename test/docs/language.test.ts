/** Every example of the language reference compiles, and no rule or word of the language is without one. */
import { readdirSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { mnemonicRows } from "../../src/compiler/machine/mnemonics.js";
import { builtInStates } from "../../src/compiler/machine/states.js";
import { terminals } from "../../src/compiler/machine/terminals.js";
import { short } from "../../src/compiler/report/short.js";
import { ErrorSink } from "../../src/compiler/syntax/error-sink.js";
import { scan } from "../../src/compiler/syntax/lexer.js";
import { SpecParser } from "../../src/compiler/syntax/parser.js";
import { keywordByText } from "../../src/compiler/syntax/tokens.js";
import { compileText, readRepositoryFile } from "./compile.js";

const page = readRepositoryFile("docs/language.md");
const marker = "// ── the fragment stands here ──";

interface Example {
  readonly title: string;
  /** The text of the fence. */
  readonly shown: string;
  /** The whole spec: the fragment inside its prelude. */
  readonly spec: string;
}

function examplesOf(text: string): Example[] {
  let heading = "";
  const examples: Example[] = [];
  for (const match of text.matchAll(/^(?:#+ (?<heading>.*)|```exitdsl(?<info>[^\n]*)\n(?<body>[\s\S]*?)^```)$/gm)) {
    const { heading: found, info = "", body = "" } = match.groups ?? {};
    if (found !== undefined) {
      heading = found;
      continue;
    }
    const line = text.slice(0, match.index).split("\n").length;
    const fragment = /^ fragment: ([a-z]+)$/.exec(info);
    if (!fragment && info !== "") throw new Error(`docs/language.md:${line}: an example is \`exitdsl\` or \`exitdsl fragment: PRELUDE\``);
    examples.push({ title: `${heading} (line ${line})`, shown: body, spec: fragment ? inPrelude(fragment[1] as string, body) : body });
  }
  return examples;
}

function inPrelude(name: string, fragment: string): string {
  const prelude = readRepositoryFile(`test/docs/preludes/${name}.exitdsl`);
  if (!prelude.includes(marker)) throw new Error(`the prelude ${name} does not say where its fragment stands`);
  return prelude.replace(marker, () => fragment);
}

const examples = examplesOf(page);

describe("examples of docs/language.md", () => {
  test("there are some", () => expect(examples.length).toBeGreaterThan(20));

  for (const { title, spec } of examples) {
    test(title, () => {
      const { diagnostics } = compileText("language.md", spec);
      expect(diagnostics.map((d) => short([d], { version: "", colour: false }))).toEqual([]);
    });
  }
});

describe("every part of the language has an example", () => {
  /** The parser says which rule it enters; the engine's method is not in Chevrotain's types. */
  const engine = SpecParser.prototype as unknown as { ruleInvocationStateUpdate(shortName: number, fullName: string, index: number): void };
  const original = engine.ruleInvocationStateUpdate;
  const entered = new Set<string>();
  const words = new Set<string>();
  engine.ruleInvocationStateUpdate = function (this: unknown, shortName, fullName, index) {
    entered.add(fullName);
    original.call(this, shortName, fullName, index);
  };
  const parser = new SpecParser();
  for (const { shown, spec } of examples) {
    const source = { name: "language.md", text: spec };
    const sink = new ErrorSink(source);
    const { tokens, comments } = scan(source, sink);
    parser.read(source, tokens, comments, sink);
    for (const token of scan({ name: "", text: shown }, new ErrorSink(source)).tokens) words.add(token.image);
  }
  afterAll(() => {
    engine.ruleInvocationStateUpdate = original;
  });

  test("each rule of the grammar", () => {
    const rules = Object.keys(parser.getGAstProductions());
    expect(rules.length).toBeGreaterThan(20);
    // `clause` is any clause in any declaration: the parser takes it only to report one that does not belong.
    expect(rules.filter((rule) => rule !== "clause" && !entered.has(rule))).toEqual([]);
  });

  test("each word of the language, in what the reader sees", () => {
    const all = [...keywordByText.keys(), "one-shot"];
    expect(all.filter((word) => !words.has(word))).toEqual([]);
  });
});

describe("the tables of docs/language.md are those of the compiler", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| "));

  for (const { name, values } of builtInStates) {
    test(`state ${name}`, () => {
      const row = rows.find((r) => (r.split("|")[1] ?? "").includes(`\`${name}\``) && r.includes(`\`${values[0]?.name}\``));
      expect(row?.split("|")[2]?.match(/[a-z_]+/g)).toEqual(values.map((v) => v.name));
    });
  }

  test("terminals", () => {
    const start = page.indexOf("| terminal | to |");
    const table = page.slice(start, page.indexOf("\n\n", start)).split("\n").slice(2);
    expect(table.map((r) => /`([a-z_]+)`/.exec(r)?.[1])).toEqual(terminals.map((t) => t.name));
    terminals.forEach(({ toUser, toKernel }, i) => {
      const to = table[i]?.split("|")[2] ?? "";
      expect([to.includes("user"), to.includes("kernel")]).toEqual([toUser, toKernel]);
    });
  });

  test("instructions", () => {
    const listed = /Known instructions: `([^`]*)`/.exec(page)?.[1]?.split(/\s+/) ?? [];
    expect([...listed].sort()).toEqual(mnemonicRows.map((row) => row.name).sort());
  });
});

describe("examples and profiles", () => {
  for (const folder of ["examples", "profiles"]) {
    for (const file of readdirSync(new URL(`../../${folder}`, import.meta.url)).filter((name) => name.endsWith(".exitdsl"))) {
      test(`${folder}/${file} has no findings`, () => {
        const { diagnostics } = compileText(file, readRepositoryFile(`${folder}/${file}`));
        expect(diagnostics.map((d) => short([d], { version: "", colour: false }))).toEqual([]);
      });
    }
  }
});
