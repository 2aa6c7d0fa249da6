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

describe("what the four exit paths of 2015 owe is owed, word for word, by a spec that breaks it", () => {
  const requirements = (text: string) =>
    [...text.matchAll(/^require (.*(?:\n {2}.*)*)/gm)].map(([, clause]) =>
      (clause as string).split("because")[0]?.split(/\s+/).join(" ").trim(),
    );
  const owed = requirements(readRepositoryFile("examples/four-paths-2015.exitdsl"));
  const broken = new Set(names.flatMap((name) => requirements(readRepositoryFile(`test/ui/${name}.exitdsl`))));

  test("there are four", () => expect(owed.length).toBe(4));
  test.each(owed)("%s", (requirement) => expect([...broken]).toContain(requirement));
});
