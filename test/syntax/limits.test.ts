/** Texts of megabytes, and nesting without end: a diagnostic comes, and soon. */
import { describe, expect, test } from "vitest";
import { parse } from "../../src/compiler/syntax/parse.js";

describe("limits", () => {
  const started = (text: string) => parse({ name: "test", text }).diagnostics.map(({ code }) => code);

  test("64 blocks and parentheses and 1000 operators are allowed", () => {
    expect(started(`condition c = ${"(".repeat(64)}a${")".repeat(64)}`)).toEqual([]);
    expect(started(`condition c = a${" or a".repeat(1000)}`)).toEqual([]);
    expect(started(`exit x from y to user { leave ${"{ when a ".repeat(63)}{ iretq }${" }".repeat(63)} }`)).toEqual([]);
  });

  const many = 1_000_000;
  const hostile: readonly (readonly [name: string, text: string, code: string])[] = [
    ["open parentheses", `condition c = ${"(".repeat(many)}`, "EX1031"],
    ["closed parentheses", `condition c = ${"(".repeat(many)}a${")".repeat(many)}`, "EX1031"],
    ["nested blocks", `exit x from y to user { leave { ${"when a {".repeat(many / 4)}`, "EX1031"],
    ["else if", `exit x from y to user { leave { when a { } ${"else if a { } ".repeat(many / 5)}`, "EX1031"],
    ["not", `condition c = ${"not ".repeat(many)}a`, "EX1032"],
    ["because", `condition c = a${' because "b"'.repeat(many / 4)}`, "EX1032"],
    ["one long string", `assume "${"\\n".repeat(many)}`, "EX1021"],
    ["one long number", `constant c = ${"9_".repeat(many)}9`, "EX1028"],
    ["comments in comments", "/*".repeat(2 * many), "EX1026"],
    ["closing braces", "}".repeat(4 * many), "EX1006"],
    ["zero bytes", "\0".repeat(4 * many), "EX1022"],
  ];
  for (const [name, text, code] of hostile) {
    test(name, () => {
      expect(started(text)[0]).toBe(code);
    });
  }
});
