import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { catalogue } from "../../src/compiler/diagnostics/catalogue.js";
import { version } from "../../src/compiler/version.js";
import { builtTool, folder, run, shell, tiny, write, wrong } from "./tool.js";

let tool: string;
beforeAll(async () => {
  tool = await builtTool();
});

describe("help and version", () => {
  it("prints the version of package.json", () => {
    const packageVersion = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
    expect(version).toBe(packageVersion);
    expect(run(tool, ["--version"])).toMatchObject({ status: 0, stdout: `exitdsl ${packageVersion}\n`, stderr: "" });
  });

  it("helps on standard output when asked, on standard error when called with nothing", () => {
    const asked = run(tool, ["--help"]);
    expect(asked).toMatchObject({ status: 0, stderr: "" });
    expect(run(tool, [])).toMatchObject({ status: 2, stdout: "", stderr: asked.stdout });
  });

  it.each(["build", "check", "fmt", "simulate", "explain"])("%s --help lists its options", (verb) => {
    const { status, stdout, stderr } = run(tool, [verb, "--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^exitdsl ${verb} `));
    expect(stdout).toContain("--help");
  });
});

describe("wrong usage is told, with exit code 2", () => {
  it.each([
    [["frobnicate"], "there is no verb `frobnicate`"],
    [["\u001b[2J"], "there is no verb `\\u{1b}[2J`"],
    [["check"], "name a file, a folder, or `-`"],
    [["check", "--frobnicate", "-"], "--frobnicate"],
    [["check", "--format", "xml", "-"], "`--format` is one of pretty, short, json, sarif, github"],
    [["check", "--path-prefix-map", "x", "-"], "takes FROM=TO"],
    [["build", "--emit", "asm,pascal", "-"], "`--emit` takes some of asm,c,simulator"],
    [["fmt", "--write", "--check", "-"], "exclude each other"],
    [["fmt", "--write", "-"], "cannot rewrite standard input"],
    [["explain"], "name one code"],
    [["explain", "EX0000"], "there is no diagnostic EX0000"],
    [["explain", "EX2002O"], "did you mean EX2002"],
  ])("%j", (args, message) => {
    const { status, stdout, stderr } = run(tool, args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("\u001b");
  });
});

describe("reports", () => {
  it("fine: nothing is said", () => {
    expect(run(tool, ["check", "-"], { input: tiny })).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  it("an error: on standard error for people, exit code 1", () => {
    const { status, stdout, stderr } = run(tool, ["check", "-", "--stdin-filepath", "mine.exitdsl"], { input: wrong });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("--> mine.exitdsl:4:10\n");
    expect(stderr).toContain("4 | mask m = nowhere\n  |          ^^^^^^^");
    expect(stderr.endsWith("\n1 error\n")).toBe(true);
  });

  it("short", () => {
    expect(run(tool, ["check", "-", "--format", "short"], { input: wrong }).stderr).toMatch(
      /^standard-input\.exitdsl:4:10: error\[EX\d{4}\]: .*\n$/,
    );
  });

  it.each(["json", "sarif", "github"])("%s: on standard output", (format) => {
    const { status, stdout, stderr } = run(tool, ["check", "-", "--format", format], { input: wrong });
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    if (format === "github") expect(stdout).toMatch(/^::error file=standard-input\.exitdsl,line=4,/);
    else expect(JSON.parse(stdout)).toBeTypeOf("object");
  });

  it("no colour unless a terminal is there or colour is asked for, and never with NO_COLOR", () => {
    const escapes = (env: Record<string, string>) => run(tool, ["check", "-"], { input: wrong, env }).stderr.includes("\u001b[");
    expect(escapes({})).toBe(false);
    expect(escapes({ FORCE_COLOR: "1" })).toBe(true);
    expect(escapes({ FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
    expect(escapes({ FORCE_COLOR: "1", NO_COLOR: "" })).toBe(true);
  });

  it("a fault in a file that two specs import is reported once", () => {
    const root = folder();
    const importer = 'edition 2026\nimport "bare"\nimport "./common.exitdsl"\n';
    write(root, { "a.exitdsl": importer, "b.exitdsl": importer, "common.exitdsl": wrong });
    const { stderr } = run(tool, ["check", "a.exitdsl", "b.exitdsl", "--format", "short"], { cwd: root });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("--path-prefix-map changes what a file is called", () => {
    const root = folder();
    write(root, { "specs/a.exitdsl": wrong });
    const args = ["check", join(root, "specs"), "--format", "short", "--path-prefix-map", `${root}/=`];
    expect(run(tool, args).stderr).toMatch(/^specs\/a\.exitdsl:4:10: /);
  });

  it("--summary has a line a path", () => {
    const { status, stdout } = run(tool, ["check", "--summary", "-"], { input: tiny });
    expect(status).toBe(0);
    expect(stdout.split("\n")[0]).toMatch(/^\s+steps\s+states\s+feature combinations\s+instructions\s+time$/);
    expect(stdout).toMatch(/\n {2}trap_return\s+\d+\s+\d+\s+1\s+\d+\s+[\d.]+ ms\n\n1 path in 1 spec\n$/);
  });
});

describe("explain", () => {
  it("lists every code", () => {
    const { status, stdout } = run(tool, ["explain", "--list"]);
    expect(status).toBe(0);
    expect(stdout.match(/^EX\d{4}/gm)).toEqual(Object.keys(catalogue));
  });

  it("takes a code in any spelling", () => {
    const page = run(tool, ["explain", "EX2020"]);
    expect(page).toMatchObject({ status: 0, stderr: "" });
    expect(page.stdout).toMatch(/^# EX2020/);
    expect(run(tool, ["explain", "ex2020"]).stdout).toBe(page.stdout);
    expect(run(tool, ["explain", "2020"]).stdout).toBe(page.stdout);
  });
});

describe("failures of the system and our own", () => {
  it("a full disk under standard output: exit code 3, and what was full", () => {
    const { status, stderr } = shell(tool, "$TOOL explain --list > /dev/full", folder());
    expect({ status, stderr }).toEqual({ status: 3, stderr: "exitdsl: standard output: no space left on device\n" });
  });

  it("nobody reads standard output: exit code 3, no stack", () => {
    const { stdout, stderr } = shell(tool, "{ sleep 0.5; $TOOL explain --list; echo $? >&2; } | true", folder());
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "exitdsl: standard output: nobody reads it any more (broken pipe)\n3\n" });
  });

  it("a report larger than a pipe arrives whole", () => {
    const many = `edition 2026\n${"mask m = nowhere\n".repeat(400)}`;
    const { stdout } = run(tool, ["check", "-", "--format", "json"], { input: many });
    expect(JSON.parse(stdout).diagnostics.length).toBeGreaterThan(100);
  });

  it("closed standard error is no reason to fail otherwise", () => {
    expect(shell(tool, "echo nonsense | $TOOL check - 2>&-", folder()).status).toBe(1);
  });

  it("a fault of ours: exit code 70, one paragraph, the stack only on request", () => {
    const root = folder();
    write(root, { "fault.cjs": 'process.hrtime.bigint = () => { throw new Error("boom \\u001b[2J"); };\n' });
    const node = ["--require", join(root, "fault.cjs")];
    const { status, stdout, stderr } = run(tool, ["check", "-"], { input: tiny, node });
    expect({ status, stdout }).toEqual({ status: 70, stdout: "" });
    expect(stderr).toMatch(/^exitdsl: something went wrong inside exitdsl .* \(boom \\u\{1b\}\[2J\)\. This is a fault of ours.*\n$/);
    expect(run(tool, ["check", "-"], { input: tiny, node, env: { EXITDSL_DEBUG: "1" } }).stderr).toContain("at ");
  });

  it("works without the code that the build kept", () => {
    const root = folder();
    const copied = shell(tool, `cp ${join(tool, "..")}/*.cjs ${join(tool, "..")}/*.json . && ls`, root);
    expect(copied.stdout).not.toContain(".cache");
    expect(run(join(root, "exitdsl.cjs"), ["check", "-"], { input: tiny }).status).toBe(0);
  });
});
