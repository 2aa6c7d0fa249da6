/** Reads the pages of `docs/diagnostics/`. */
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../docs/diagnostics/", import.meta.url);

export interface Example {
  readonly spec: string;
  /** Files beside it, by name. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Page {
  readonly code: string;
  readonly text: string;
  readonly title: string;
  /** The generator that its comment names. */
  readonly generator: string | undefined;
  readonly wrong: Example | undefined;
  readonly right: Example | undefined;
}

export const pages: readonly Page[] = readdirSync(folder)
  .filter((name) => name !== "README.md")
  .map((name) => {
    const text = readFileSync(new URL(name, folder), "utf8");
    return {
      code: name.replace(/\.md$/, ""),
      text,
      title: text.slice(0, text.indexOf("\n")),
      generator: /^<!-- test: (.*) -->$/m.exec(text)?.[1],
      wrong: exampleOf(text, "Wrong"),
      right: exampleOf(text, "Right"),
    };
  });

/** The fences of a section: the first is the spec, those that name a file lie beside it. */
function exampleOf(text: string, heading: string): Example | undefined {
  const [, section = ""] = text.split(`\n## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  const fences = [...own.matchAll(/^```exitdsl(?: file: (?<name>\S+))?\n(?<body>[\s\S]*?)^```$/gm)].map(({ groups }) => {
    const { name, body = "" } = groups ?? {};
    return { name, body };
  });
  const specs = fences.filter((fence) => fence.name === undefined);
  const [spec] = specs;
  if (!spec || specs.length > 1) return undefined;
  return { spec: spec.body, files: Object.fromEntries(fences.flatMap(({ name, body }) => (name === undefined ? [] : [[name, body]]))) };
}
