import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { comments, formatText, meaning } from "./compare.js";

const folder = join(import.meta.dirname, "fixtures");

describe.each(readdirSync(folder).filter((name) => !name.includes(".formatted.")))("%s", (name) => {
  const input = readFileSync(join(folder, name), "utf8");

  test("is laid out as expected", async () => {
    await expect(await formatText(input)).toMatchFileSnapshot(join(folder, name.replace(".exitdsl", ".formatted.exitdsl")));
  });

  test("says the same, with the same comments, and is stable", async () => {
    const once = await formatText(input);
    expect(meaning(once)).toBe(meaning(input));
    expect(comments(once)).toEqual(comments(input));
    expect(await formatText(once)).toBe(once);
  });

  test("is stable in narrow lines too", async () => {
    for (const printWidth of [20, 40, 80]) {
      const once = await formatText(input, { printWidth });
      expect(meaning(once)).toBe(meaning(input));
      expect(comments(once)).toEqual(comments(input));
      expect(await formatText(once, { printWidth })).toBe(once);
    }
  });

  test("CRLF, CR, a byte order mark and a missing final newline make no difference", async () => {
    const expected = await formatText(input);
    expect(await formatText(input.replaceAll("\n", "\r\n"))).toBe(expected);
    expect(await formatText(input.replaceAll("\n", "\r"))).toBe(expected);
    expect(await formatText(`\uFEFF${input}`)).toBe(expected);
    expect(await formatText(input.trimEnd())).toBe(expected);
    expect(await formatText(input, { endOfLine: "crlf" })).toBe(expected.replaceAll("\n", "\r\n"));
    expect(await formatText(input.replaceAll("\n", "\r\n"), { endOfLine: "auto" })).toBe(expected.replaceAll("\n", "\r\n"));
  });

  test("tabs indent where they are asked for", async () => {
    const once = await formatText(input, { useTabs: true });
    expect(meaning(once)).toBe(meaning(input));
    expect(await formatText(once, { useTabs: true })).toBe(once);
  });
});

const root = join(import.meta.dirname, "..", "..");
const specs = ["profiles", "examples"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".exitdsl"))
    .map((name) => join(folder, name)),
);

test.each(specs)("%s says the same when formatted, and is stable", async (name) => {
  const input = readFileSync(join(root, name), "utf8");
  const once = await formatText(input);
  expect(meaning(once)).toBe(meaning(input));
  expect(comments(once)).toEqual(comments(input));
  expect(await formatText(once)).toBe(once);
});
