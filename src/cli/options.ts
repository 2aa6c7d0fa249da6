/** The options that several verbs share. */
import { UsageError } from "./failures.js";

export const inputOptions = {
  root: { type: "string", value: "DIRECTORY", description: "imports may not leave it; the spec's own folder if not given" },
  "stdin-filepath": {
    type: "string",
    value: "PATH",
    description: "what standard input (`-`) is called, and where its imports are looked for",
  },
  "path-prefix-map": {
    type: "string",
    multiple: true,
    value: "FROM=TO",
    description: "write TO for a path's beginning FROM in reports and outputs",
  },
} as const;

export const reportOptions = {
  format: { type: "string", default: "pretty", value: "FORMAT", description: "pretty, short, json, sarif or github" },
} as const;

export interface InputSettings {
  readonly root: string | undefined;
  readonly stdinPath: string | undefined;
  /** What a path is called in reports and outputs. */
  readonly shownName: (path: string) => string;
}

export function inputSettings(values: {
  readonly root: string | undefined;
  readonly "stdin-filepath": string | undefined;
  readonly "path-prefix-map": readonly string[] | undefined;
}): InputSettings {
  const prefixes = (values["path-prefix-map"] ?? []).map((text) => {
    const at = text.indexOf("=");
    if (at < 0) throw new UsageError("`--path-prefix-map` takes FROM=TO");
    return { from: text.slice(0, at), to: text.slice(at + 1) };
  });
  // The last one that fits counts, as with GCC's -ffile-prefix-map.
  const shownName = (path: string) => {
    const prefix = prefixes.findLast(({ from }) => path.startsWith(from));
    return prefix ? prefix.to + path.slice(prefix.from.length) : path;
  };
  return { root: values.root, stdinPath: values["stdin-filepath"], shownName };
}
