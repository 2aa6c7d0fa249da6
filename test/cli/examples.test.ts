import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { builtTool, run } from "./tool.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

let tool: string;
beforeAll(async () => {
  tool = await builtTool();
});

describe("what the repository holds", () => {
  it("out/ is what the compiler makes of examples/ (npm start brings it up to date)", () => {
    expect(run(tool, ["build", "--check", "examples", "--out", "out"], { cwd: root })).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  it("examples and profiles are laid out by the formatter (exitdsl fmt --write examples profiles)", () => {
    expect(run(tool, ["fmt", "--check", "examples", "profiles"], { cwd: root })).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });
});
