import { defineConfig } from "vitest/config";
import { bundledForVitest } from "./tools/bundled.mjs";

export default defineConfig({
  plugins: [bundledForVitest],
  test: {
    include: ["test/**/*.test.ts"],
    // What takes this long hangs, also on a machine that does much else; the long suites state their own limits.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: process.env.CI ? ["default"] : ["dot"],
  },
});
