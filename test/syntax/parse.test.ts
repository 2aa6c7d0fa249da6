import { expect, test } from "vitest";
import { parse } from "../../src/compiler/syntax/parse.js";

test("a file of declarations becomes a tree, with its doc comments", () => {
  const { file, diagnostics } = parse({
    name: "a.exitdsl",
    text: 'edition 2026\nimport "bare"\n\n/// Who runs.\n/// Two lines.\nstate context { kernel, user }\n',
  });
  expect(diagnostics).toEqual([]);
  expect(file.edition?.value).toBe(2026n);
  expect(file.imports.map(({ path }) => path.value)).toEqual(["bare"]);
  expect(file.declarations).toMatchObject([
    { kind: "state", doc: "Who runs.\nTwo lines.", name: { text: "context" }, values: [{ text: "kernel" }, { text: "user" }] },
  ]);
});
