/**
 * Bundles the tool into dist/: `exitdsl.mjs` (the command line; what a verb alone needs is in chunks that it loads), `index.mjs`
 * (the library) and `prettier-plugin.mjs`. With `--types` also the library's declarations.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { bundledForEsbuild } from "./bundled.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "node20.20",
  charset: "utf8",
  legalComments: "linked",
  outExtension: { ".js": ".mjs" },
  plugins: [bundledForEsbuild],
  logLevel: "warning",
};

/** The command line alone, into any folder. */
export async function buildTool(outdir) {
  await build({
    ...common,
    entryPoints: { exitdsl: "src/cli/main.ts" },
    outdir,
    platform: "node",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    minify: true,
    banner: { js: "#!/usr/bin/env node" },
  });
}

export async function buildLibrary(outdir) {
  await build({ ...common, entryPoints: { index: "src/index.ts" }, outdir, platform: "neutral", mainFields: ["module", "main"] });
  await build({
    ...common,
    entryPoints: { "prettier-plugin": "src/compiler/format/plugin.ts" },
    outdir,
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["prettier/*"],
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const outdir = join(root, "dist");
  rmSync(outdir, { recursive: true, force: true });
  await buildTool(outdir);
  await buildLibrary(outdir);
  if (process.argv.includes("--types")) {
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    process.exitCode = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" }).status ?? 1;
  }
}
