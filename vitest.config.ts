import { defineConfig } from "vitest/config";
import { bundledForVitest } from "./tools/bundled.mjs";

export default defineConfig({
  plugins: [bundledForVitest],
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/folder.ts",
    // Files that one worker runs share modules, and what these have compiled: a third of the time.
    isolate: false,
    // As many test files at once as there are processors; without this, one processor is left to an editor.
    maxWorkers: "100%",
    // What takes this long hangs, also on a machine that does much else; the long suites state their own limits.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: process.env.CI ? ["default"] : ["dot"],
  },
});
