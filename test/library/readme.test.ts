/** What the README shows is what the compiler does. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compile, pretty, version } from "../../src/index.js";

const root = new URL("../../", import.meta.url);
const readme = readFileSync(new URL("README.md", root), "utf8");
const name = "tiny-kernel.exitdsl";
const spec = readFileSync(new URL(`examples/${name}`, root), "utf8");

/** The first code block of a language. */
function block(language: string): string {
  return new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(readme)?.[1] ?? `no block of ${language}`;
}

function output(file: string): string {
  return compile({ name, text: spec }).artefacts.find((artefact) => artefact.name === file)?.text ?? `no ${file}`;
}

it("shows the example, its assembly and its C as they are", () => {
  expect(spec).toContain(block("exitdsl"));
  expect(output("tiny-kernel.S")).toContain(block("asm"));
  expect(output("tiny-kernel.c")).toContain(block("c"));
  expect(readme).toContain(`has ${spec.trimEnd().split("\n").length} lines`);
});

it("shows the diagnostic as it is", () => {
  const loop = "        irqs off\n      }\n";
  expect(spec).toContain(loop);
  const { diagnostics } = compile({ name, text: spec.replace(loop, `${loop}      irqs on\n      irqs off\n`) });
  expect(pretty(diagnostics, { version, colour: false })).toBe(block("text"));
});

it("names files that are there", () => {
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] as string);
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) expect(() => readFileSync(new URL(link, root))).not.toThrow();
});
