/** The house rules that a reader relies on: which part may know which, and that every file can be read in one go. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compiler = join(root, "src/compiler");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.c?ts$/.test(entry.name) ? [path] : [];
  });
}

/** What a file imports, exports from, or imports when it runs. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  return [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/gm)].map(
    (match) => (match[1] ?? match[2] ?? match[3]) as string,
  );
}

/** Each part of the compiler, with the parts that it may import beside itself. Arrows point one way, so there is no circle. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  text: [],
  diagnostics: ["text"],
  machine: ["text"],
  syntax: ["text", "diagnostics"],
  model: ["text", "diagnostics", "syntax", "machine"],
  path: ["text", "diagnostics", "machine", "model"],
  check: ["text", "diagnostics", "machine", "model", "path"],
  plan: ["text", "diagnostics", "machine", "model", "path", "check"],
  "model-check": ["text", "machine", "model", "path"],
  emit: ["text", "diagnostics", "machine", "model", "path", "model-check"],
  format: ["text", "diagnostics", "syntax"],
  report: ["text", "diagnostics"],
};

describe("src/compiler", () => {
  const files = sources(compiler);

  it("is there", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(importsOf(join(compiler, "compile.ts"))).toContain("./model/resolve.js");
  });

  it.each(Object.entries(mayImport))("%s imports only what stands before it", (part, allowed) => {
    const wrong = files
      .filter((file) => relative(compiler, file).startsWith(`${part}/`))
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => target.startsWith("."))
          .map((target) => relative(compiler, resolve(dirname(file), target)))
          .filter((target) => ![part, ...allowed].includes(target.split("/")[0] as string))
          .map((target) => `${relative(compiler, file)} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it("every part is known here", () => {
    const parts = readdirSync(compiler, { withFileTypes: true }).filter((e) => e.isDirectory());
    expect(parts.map((e) => e.name).sort()).toEqual(Object.keys(mayImport).sort());
  });

  it("touches no files and no process", () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((t) => t.startsWith("node:"))
        .map((t) => `${relative(root, file)}: ${t}`),
    );
    expect(wrong).toEqual([]);
    const using = files.filter((file) => /\b(?:process\.|require\()/.test(withoutComments(readFileSync(file, "utf8"))));
    expect(using.map((file) => relative(root, file))).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
}

it("the compiler does not import the command line", () => {
  const wrong = sources(compiler).flatMap((file) => importsOf(file).filter((t) => t.includes("/cli/")));
  expect(wrong).toEqual([]);
});

it("no file is longer than 400 lines", () => {
  const all = ["src", "test", "bench", "tools"].flatMap((folder) => sources(join(root, folder)));
  const long = all
    .map((file) => [relative(root, file), readFileSync(file, "utf8").split("\n").length - 1] as const)
    .filter(([, lines]) => lines > 400);
  expect(long).toEqual([]);
});
