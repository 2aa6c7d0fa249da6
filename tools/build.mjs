/**
 * Bundles the tool into dist/: `exitdsl.cjs` (the command line), `index.mjs` (the library) and `prettier-plugin.mjs`. With
 * `--types` also the library's declarations.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { bundledForEsbuild, bundledTexts } from "./bundled.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "node20.20",
  charset: "utf8",
  legalComments: "external",
  outExtension: { ".js": ".mjs" },
  plugins: [bundledForEsbuild],
  logLevel: "warning",
};

/** What most runs do without, by the file in which the command line finds it: the less the core holds, the sooner it starts. */
const texts = { "bundled:profiles": "profiles.json", "bundled:explanations": "explanations.json", "bundled:machine": "machine.json" };
const libraries = { "prettier/standalone": "prettier-standalone.cjs", "prettier/doc": "prettier-doc.cjs" };

const besideCore = {
  name: "beside-core",
  setup(build) {
    build.onResolve({ filter: /^(?:bundled:|prettier\/)/ }, ({ path }) => ({
      path: `./${texts[path] ?? libraries[path]}`,
      external: true,
    }));
  },
};

/** The command line alone, into any folder: the launcher `exitdsl.cjs`, the core, V8's code of the core, and what lies beside it. */
export async function buildTool(outdir) {
  const tool = { ...common, format: "cjs", platform: "node", minify: true, outdir, outExtension: { ".js": ".cjs" } };
  // Code that V8 kept cannot `import()` by itself: files and Node's modules are required, at the place where they are imported.
  const supported = { "dynamic-import": false };
  const { outputFiles } = await build({
    ...tool,
    entryPoints: { core: "src/cli/main.ts" },
    plugins: [besideCore],
    supported,
    charset: "ascii",
    legalComments: "none",
    write: false,
  });
  // esbuild writes all but regular expressions in ASCII; the launcher reads the core byte by byte.
  const text = outputFiles[0].text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  // What the launcher runs is one function; it would take a copy of the text to make it one.
  const code = `(function (require, importModule, launcher) {${text}\n})`;
  const core = `core-${createHash("sha256").update(code).digest("hex").slice(0, 16)}`;
  mkdirSync(outdir, { recursive: true });
  writeFileSync(join(outdir, `${core}.cjs`), code);
  for (const [module, file] of Object.entries(texts)) writeFileSync(join(outdir, file), JSON.stringify(bundledTexts(module)));
  const entryPoints = Object.fromEntries(Object.entries(libraries).map(([module, file]) => [file.replace(/\.cjs$/, ""), module]));
  await build({ ...tool, entryPoints });
  await build({
    ...tool,
    entryPoints: { exitdsl: "src/cli/launch.cts" },
    banner: { js: "#!/usr/bin/env node" },
    define: { CORE: JSON.stringify(core) },
  });
  chmodSync(join(outdir, "exitdsl.cjs"), 0o755);
  keepCode(outdir, core);
}

/** Lets the tool check an example, and keeps the code of what that run compiled. */
function keepCode(outdir, core) {
  const env = { ...process.env, EXITDSL_KEEP_CODE: join(outdir, `${core}.cache`) };
  const example = join(root, "examples", "four-paths-2015.exitdsl");
  const { status } = spawnSync(process.execPath, [join(outdir, "exitdsl.cjs"), "check", example], { env, stdio: "inherit" });
  if (status !== 0) throw new Error(`the tool that was built ended with ${status}`);
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
