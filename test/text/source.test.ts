import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineIndexAt, lineText, positionAt } from "../../src/compiler/text/source.js";
import { seed } from "../seed.js";

/** Texts with all kinds of line ends and characters of one and two units. */
const text = fc
  .array(fc.constantFrom("a", "é", "漢", "😀", "\ud800", "\udc00", "\t", "\n", "\r\n", "\r"), { maxLength: 40 })
  .map((parts) => parts.join(""));

describe("positionAt", () => {
  it("counts lines and code points from 1, in whatever order it is asked", () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(80), { minLength: 1, maxLength: 10 }), (content, offsets) => {
        const source = { name: "a", text: content };
        for (const wanted of offsets) {
          const offset = Math.min(wanted, content.length);
          const before = content.slice(0, offset);
          // A CR that its LF follows does not end the line yet.
          const lines = (content[offset] === "\n" ? before.replace(/\r$/, "x") : before).split(/\r\n|[\r\n]/);
          expect(positionAt(source, offset)).toEqual({ line: lines.length, column: [...(lines.at(-1) as string)].length + 1 });
          expect(lineText(source, lineIndexAt(source, offset))).toBe(content.split(/\r\n|[\r\n]/)[lines.length - 1]);
        }
      }),
      { seed, numRuns: 2000 },
    );
  });

  it("does not count a line of millions of characters anew for each place", () => {
    // Anew for each of these places would take many minutes.
    const source = { name: "a", text: "x".repeat(4_000_000) };
    for (let i = 0; i < 300_000; i++) if (positionAt(source, 4_000_000 - i).column !== 4_000_001 - i) expect.fail(`${i}`);
  });
});
