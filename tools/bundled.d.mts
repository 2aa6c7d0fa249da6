import type { Plugin as EsbuildPlugin } from "esbuild";
import type { Plugin as VitePlugin } from "vitest/config";

export const bundledForEsbuild: EsbuildPlugin;
export const bundledForVitest: VitePlugin;
