import { defineConfig } from "vitest/config";
import { bundledForVitest } from "./tools/bundled.mjs";

export default defineConfig({
  plugins: [bundledForVitest],
  test: {
    include: ["test/**/*.test.ts"],
    // The long suites state their own limits; anything else that takes this long hangs.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: process.env.CI ? ["default"] : ["dot"],
  },
});
