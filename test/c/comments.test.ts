/** How a doc comment of the spec reads in C: prose is filled anew, whatever its lines were; what was laid out stays so. */
import { expect, test } from "vitest";
import { commentLines, docParagraphs } from "../../src/compiler/emit/c/text.js";

const comment = (doc: string) => commentLines(docParagraphs(doc));

test("the lines of a paragraph are filled anew", () => {
  const word = "twelve bytes";
  const half = Array(6).fill(word).join(" ");
  expect(comment(`${half}\n${half}`)).toEqual(["/*", ` * ${Array(7).fill(word).join(" ")}`, ` * ${Array(5).fill(word).join(" ")}`, " */"]);
});

test("paragraphs, lists and indented lines stay", () => {
  const doc = "One\nparagraph.\n\nAnother:\n- an item\n  that goes on\n- and more\n1. first\n    movq %rax, %rbx";
  expect(comment(doc)).toEqual([
    "/*",
    " * One paragraph.",
    " *",
    " * Another:",
    " * - an item",
    " * that goes on",
    " * - and more",
    " * 1. first",
    " * movq %rax, %rbx",
    " */",
  ]);
});
