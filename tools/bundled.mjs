/** The modules `bundled:profiles`, `bundled:explanations` and `bundled:machine`, made from the files of a folder; for esbuild and for vitest. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = {
  "bundled:profiles": { folder: join(root, "profiles"), extension: ".exitdsl" },
  "bundled:explanations": { folder: join(root, "docs", "diagnostics"), extension: ".md" },
  // Sources in several languages: names with their extensions.
  "bundled:machine": { folder: join(root, "machine"), extension: "" },
};

/** The texts of one of the modules by their names, which is what it exports as its default. */
export function bundledTexts(module) {
  const { folder, extension } = folders[module];
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .sort();
  return Object.fromEntries(files.map((name) => [name.slice(0, name.length - extension.length), readFileSync(join(folder, name), "utf8")]));
}

export const bundledForEsbuild = {
  name: "bundled",
  setup(build) {
    build.onResolve({ filter: /^bundled:/ }, ({ path }) => ({ path, namespace: "bundled" }));
    build.onLoad({ filter: /.*/, namespace: "bundled" }, ({ path }) => ({
      contents: JSON.stringify(bundledTexts(path)),
      loader: "json",
    }));
  },
};

export const bundledForVitest = {
  name: "bundled",
  resolveId: (id) => (id in folders ? `\0${id}` : undefined),
  load: (id) => (id.startsWith("\0bundled:") ? `export default ${JSON.stringify(bundledTexts(id.slice(1)))};` : undefined),
};
