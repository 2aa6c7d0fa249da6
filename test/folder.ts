/** A folder for what tests write, which goes away after the last of them, however it ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    readonly folder: string;
  }
}

export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "exitdsl-test-"));
  provide("folder", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
