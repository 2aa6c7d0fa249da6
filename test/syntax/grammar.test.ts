import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, test } from "vitest";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";
import { parse } from "../../src/compiler/syntax/parse.js";
import { grammarFiles } from "../../tools/grammar/files.js";
import { grammar, notes, type Production } from "../../tools/grammar/productions.js";

describe("grammar/ says what the parser reads", () => {
  const made = grammarFiles();

  test("it holds these files and no others", () => {
    const found = readdirSync("grammar", { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(found.map(({ parentPath, name }) => `${parentPath}/${name}`.replace(/^.*?grammar\//, "")).toSorted()).toEqual(
      [...made.keys()].toSorted(),
    );
  });

  for (const [name, content] of made) {
    test(`${name} is up to date: otherwise run \`npm run grammar\``, () => {
      expect(readFileSync(`grammar/${name}`, "utf8")).toBe(content);
    });
  }

  test("every rule that is mentioned is shown, and every note is about a rule", () => {
    const rules = grammar();
    const lexical = ["word", "operator", "identifier", "integer", "string"];
    const mentioned = [...rules.values()].flatMap(mentions);
    expect(mentioned.filter((name) => !rules.has(name) && !lexical.includes(name))).toEqual([]);
    expect(Object.keys(notes).filter((name) => !rules.has(name))).toEqual([]);
    expect([...rules.keys()].filter((name) => name !== "file" && !mentioned.includes(name))).toEqual([]);
  });
});

function mentions(production: Production): string[] {
  switch (production.kind) {
    case "text":
      return [];
    case "rule":
      return [production.name];
    case "sequence":
    case "choice":
      return production.items.flatMap(mentions);
    default:
      return mentions(production.item);
  }
}

describe("the TextMate grammar", () => {
  let tokenize: (text: string) => [text: string, scope: string][];

  beforeAll(async () => {
    const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
    await oniguruma.loadWASM(readFileSync(wasm));
    const registry = new textmate.Registry({
      onigLib: Promise.resolve({
        createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
        createOnigString: (text) => new oniguruma.OnigString(text),
      }),
      loadGrammar: async () => textmate.parseRawGrammar(readFileSync("grammar/exitdsl.tmLanguage.json", "utf8"), "exitdsl.tmLanguage.json"),
    });
    const loaded = await registry.loadGrammar("source.exitdsl");
    if (!loaded) throw new Error("no grammar");
    tokenize = (text) => {
      let state = textmate.INITIAL;
      return text.split("\n").flatMap((line) => {
        const { tokens, ruleStack } = loaded.tokenizeLine(line, state);
        state = ruleStack;
        return tokens.map(({ startIndex, endIndex, scopes }): [string, string] => [
          line.slice(startIndex, endIndex),
          (scopes.at(-1) ?? "").replace(/\.exitdsl$/, ""),
        ]);
      });
    };
  });

  /** The tokens that have a colour. */
  const coloured = (text: string) => tokenize(text).filter(([part, scope]) => scope !== "source" && part.trim() !== "");

  test("declarations, clauses, constants, numbers and comments", () => {
    expect(coloured("/// Doc.\nwork deliver if PTI { // note\n  one-shot when TIF_A\n  call do_it(frame)\n  may set user_work\n}")).toEqual(
      [
        ["/// Doc.", "comment.line.documentation"],
        ["work", "storage.type"],
        ["deliver", "entity.name.type"],
        ["if", "keyword.control"],
        ["PTI", "constant.other"],
        ["// note", "comment.line.double-slash"],
        ["one-shot", "keyword.other"],
        ["when", "keyword.control"],
        ["TIF_A", "constant.other"],
        ["call", "keyword.other"],
        ["do_it", "entity.name.function"],
        ["frame", "keyword.other"],
        ["may", "keyword.other"],
        ["set", "keyword.other"],
      ],
    );
    expect(coloured("constant A = 0x7fff_f000 if not B else 4_096")).toEqual([
      ["constant", "storage.type"],
      ["A", "entity.name.type"],
      ["=", "keyword.operator"],
      ["0x7fff_f000", "constant.numeric"],
      ["if", "keyword.control"],
      ["not", "keyword.operator.word"],
      ["B", "constant.other"],
      ["else", "keyword.control"],
      ["4_096", "constant.numeric"],
    ]);
  });

  test("strings stay strings, whatever they hold", () => {
    expect(coloured('  asm "movq {frame.sp}, %rsp" "say \\"// hi\\""')).toEqual([
      ["asm", "keyword.other"],
      ['"', "string.quoted.double"],
      ["movq ", "string.quoted.double"],
      ["{frame.sp}", "variable.other.placeholder"],
      [", %rsp", "string.quoted.double"],
      ['"', "string.quoted.double"],
      ['"', "string.quoted.double"],
      ["say ", "string.quoted.double"],
      ['\\"', "constant.character.escape"],
      ["// hi", "string.quoted.double"],
      ['\\"', "constant.character.escape"],
      ['"', "string.quoted.double"],
    ]);
  });

  test("a part of a dotted name is no keyword", () => {
    expect(coloured("  and frame.user == token.exit")).toEqual([
      ["and", "keyword.operator.word"],
      ["==", "keyword.operator"],
    ]);
  });

  test("all comments and strings of the examples and profiles are found", () => {
    for (const folder of ["examples", "profiles"]) {
      for (const name of readdirSync(folder).filter((file) => file.endsWith(".exitdsl"))) {
        const text = readFileSync(`${folder}/${name}`, "utf8");
        const comments = tokenize(text).flatMap(([part, scope]) => (scope.startsWith("comment") ? [part] : []));
        expect(comments).toEqual(parse({ name, text }).file.comments.map((comment) => comment.text));
      }
    }
  });
});
