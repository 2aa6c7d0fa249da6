#!/usr/bin/env node
/** Runs a TypeScript file of this repository: `node tools/run.mjs bench/parse.ts [argument …]`, from the repository's root. */
import { mkdirSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const [entry, ...rest] = process.argv.slice(2);
if (!entry) {
  console.error("usage: node tools/run.mjs FILE.ts [argument …]");
  process.exit(2);
}
// Inside node_modules, so that packages are found from there.
const folder = resolve("node_modules/.cache/exitdsl");
const outfile = join(folder, `${basename(entry, ".ts")}-${process.pid}.mjs`);
mkdirSync(folder, { recursive: true });
try {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  process.argv.splice(1, process.argv.length - 1, entry, ...rest);
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
