/**
 * `npm test`: sets up, bundles the tool, and runs every check: lint and layout, types, and all test suites. The last line is
 * `N passed, N failed`. With `--quick` (under a minute) the suites are left out that try random or large input, all specs of a kind,
 * other checkers, or many processes.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, setUp, setUpDebian } from "./setup.mjs";

const quick = process.argv.includes("--quick");
const longSuites = [
  "test/asm-agreement/**",
  "test/campaign/**",
  "test/check/{feature-groups,flags,spec-mutants}.test.ts",
  "test/cli/{imports,outputs,simulate-nmi}.test.ts",
  "test/differential/**",
  "test/fuzz/**",
  "test/**/fuzz.test.ts",
  "test/gas/{gas,walk}.test.ts",
  "test/invariants/**",
  "test/linux-6.12/**",
  "test/model/{agreement,rumur,smtlib,spin}.test.ts",
  "test/plan/{minimality,mitigations,table}.test.ts",
  "test/run/**",
  "test/simulator/{instructions,modules}.test.ts",
  "test/syntax/limits.test.ts",
];

setUp();
setUpDebian();

let passed = 0;
let failed = 0;

function step(title, script, args) {
  console.log(`\n── ${title}`);
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });
  if (status === 0) passed++;
  else failed++;
}

step("Bundles, and the types of the library", "tools/build.mjs", ["--types"]);
step("Lint and layout (biome)", "node_modules/@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "."]);
step("Types (tsc)", "node_modules/typescript/bin/tsc", ["-p", "."]);

console.log("\n── Tests (vitest)");
const folder = mkdtempSync(join(tmpdir(), "exitdsl-test-"));
const resultFile = join(folder, "result.json");
const excluded = quick ? longSuites.flatMap((pattern) => ["--exclude", pattern]) : [];
const vitest = ["run", "--reporter=default", "--reporter=json", `--outputFile=${resultFile}`, ...excluded];
const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", ...vitest], { cwd: root, stdio: "inherit" });
try {
  const result = JSON.parse(readFileSync(resultFile, "utf8"));
  passed += result.numPassedTests;
  // A suite that did not even load has no failed tests.
  failed += result.numFailedTests + result.testResults.filter((r) => r.status === "failed" && r.assertionResults.length === 0).length;
} catch {
  console.error("vitest gave no result");
}
rmSync(folder, { recursive: true });
if (status !== 0 && failed === 0) failed++;

console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
