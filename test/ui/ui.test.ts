/**
 * Specs with one fault each, most of them the four exit paths of 2015 with one rule broken. A file is named after the code of
 * its fault; what the user is told is in the `.stderr` beside it.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/compiler/diagnostics/catalogue.js";
import { pretty } from "../../src/compiler/report/pretty.js";
import { compileText, readRepositoryFile } from "../docs/compile.js";

const names = readdirSync(new URL(".", import.meta.url)).flatMap((file) =>
  file.endsWith(".exitdsl") ? [file.slice(0, -".exitdsl".length)] : [],
);

describe.each(names)("%s", (name) => {
  const code = name.slice(0, "EX0000".length);
  const { diagnostics } = compileText(`${name}.exitdsl`, readRepositoryFile(`test/ui/${name}.exitdsl`));

  test("is refused for its fault", () => {
    expect(diagnostics[0]?.code).toBe(code);
  });

  test("tells the user so", async () => {
    await expect(pretty(diagnostics, { version: "", colour: false })).toMatchFileSnapshot(`${name}.stderr`);
  });
});

// EX5014 takes a spec with dozens of steps, one a kernel.
test("every rule of the families 3 to 8 has a spec that breaks it", () => {
  const tested = new Set(names.map((name) => name.slice(0, "EX0000".length)));
  expect(Object.keys(catalogue).filter((code) => /^EX[3-8]/.test(code) && !tested.has(code) && code !== "EX5014")).toEqual([]);
});
