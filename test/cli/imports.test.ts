import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { builtTool, folder, run, tiny, write } from "./tool.js";

let tool: string;
beforeAll(async () => {
  tool = await builtTool();
});

const edition = "edition 2026\n";
const importing = (...paths: string[]) => edition + paths.map((path) => `import "${path}"\n`).join("");
const flags = `${edition}flags word in task.flags { FLAG bit 0 }\n`;

/** Checks `main.exitdsl` among `files`; the short report. */
function check(files: Record<string, string | Uint8Array>, args: readonly string[] = [], prepare?: (root: string) => void) {
  const root = folder();
  write(root, files);
  prepare?.(root);
  const { status, stdout, stderr } = run(tool, ["check", "main.exitdsl", "--format", "short", ...args], { cwd: root });
  expect(stdout).toBe("");
  return { status, stderr };
}

describe("imports that work", () => {
  it("beside the file, in subfolders and back, each file once", () => {
    const files = {
      "main.exitdsl": `${importing("./a.exitdsl", "./sub/b.exitdsl", "./flags.exitdsl")}mask both = a | b\n`,
      "a.exitdsl": `${importing("./flags.exitdsl")}mask a = FLAG\n`,
      "sub/b.exitdsl": `${importing("../flags.exitdsl", "../sub/../flags.exitdsl")}mask b = FLAG\n`,
      "flags.exitdsl": flags,
    };
    expect(check(files)).toEqual({ status: 0, stderr: "" });
  });

  it("profiles", () => {
    expect(check({ "main.exitdsl": importing("bare") })).toEqual({ status: 0, stderr: "" });
  });

  it("through a link that stays inside, and is the same file", () => {
    const files = { "main.exitdsl": importing("./flags.exitdsl", "./link.exitdsl"), "flags.exitdsl": flags };
    expect(check(files, [], (root) => symlinkSync("flags.exitdsl", join(root, "link.exitdsl")))).toEqual({ status: 0, stderr: "" });
  });

  it("of a spec on standard input, from where --stdin-filepath says", () => {
    const root = folder();
    write(root, { "specs/flags.exitdsl": flags });
    const args = ["check", "-", "--stdin-filepath", "specs/new.exitdsl"];
    expect(run(tool, args, { cwd: root, input: `${importing("./flags.exitdsl")}mask m = FLAG\n` })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  it("with CRLF, a byte order mark, no final line end and text that is not ASCII in comments", () => {
    const files = {
      "main.exitdsl": `\ufeff${importing("./flags.exitdsl")}// 漢字\nmask m = FLAG`.replaceAll("\n", "\r\n"),
      "flags.exitdsl": `\ufeff${flags}// é`.replaceAll("\n", "\r\n"),
    };
    expect(check(files)).toEqual({ status: 0, stderr: "" });
  });

  it("from the folder above, if --root allows it", () => {
    const root = folder();
    write(root, { "specs/main.exitdsl": importing("../flags.exitdsl"), "flags.exitdsl": flags });
    const args = ["check", "specs/main.exitdsl", "--format", "short"];
    expect(run(tool, args, { cwd: root }).stderr).toContain("error[EX2004]: `../flags.exitdsl` lies outside the root directory");
    expect(run(tool, [...args, "--root", "."], { cwd: root })).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("imports that do not", () => {
  const at = "main.exitdsl:2:8: error";
  it.each<[string, string, string]>([
    ["a missing file", "./missing.exitdsl", `${at}[EX2001]: there is no file \`./missing.exitdsl\`\n`],
    [
      "a file in place of a folder",
      "./main.exitdsl/x.exitdsl",
      `${at}[EX2005]: \`./main.exitdsl/x.exitdsl\` cannot be read: not a directory\n`,
    ],
    ["an unknown profile", "linux-99", `${at}[EX2002]: no profile is called \`linux-99\`\n`],
    ["the name of an inherited property", "constructor", `${at}[EX2002]: no profile is called \`constructor\`\n`],
    ["a folder", "./sub", `${at}[EX2006]: \`./sub\` is a directory, not a file\n`],
    ["an absolute path", "/etc/passwd", `${at}[EX2010]: \`/etc/passwd\` is neither`],
    ["a path without a dot", "flags.exitdsl", `${at}[EX2010]: `],
    ["a path that leaves the root", "../../../etc/passwd", `${at}[EX2004]: `],
    ["a path that leaves the root and is not there", "../no-such-file", `${at}[EX2004]: `],
    ["a path that leaves and comes back", "./sub/../../main.exitdsl", `${at}[EX2004]: `],
    ["the file itself", "./main.exitdsl", `${at}[EX2003]: \`./main.exitdsl\` imports itself`],
    [
      "a file in UTF-16",
      "./utf16.exitdsl",
      `${at}[EX2008]: \`./utf16.exitdsl\` is not UTF-8 text: it begins with the byte order mark of UTF-16\n`,
    ],
    ["a file in Latin-1", "./latin1.exitdsl", `${at}[EX2008]: \`./latin1.exitdsl\` is not UTF-8 text: byte 4 (0xe9) cannot stand there\n`],
    ["a file that is too large", "./large.exitdsl", `${at}[EX2009]: `],
    ["a very long path", `./${"x".repeat(5000)}`, `cannot be read: name too long\n`],
  ])("%s", (_, path, message) => {
    const files = {
      "main.exitdsl": importing(path),
      "sub/other.exitdsl": flags,
      "utf16.exitdsl": Buffer.from("\ufeffedition 2026", "utf16le"),
      "latin1.exitdsl": Buffer.from("// \u00e9\n", "latin1"),
      "large.exitdsl": "/".repeat(4 * 1024 * 1024 + 1),
    };
    const { status, stderr } = check(files);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(1);
  });

  it("a path with a NUL never reaches the system", () => {
    const { status, stderr } = check({ "main.exitdsl": importing("./a\u0000b") });
    expect(status).toBe(1);
    expect(stderr).toContain("main.exitdsl:2:8: error[EX2010]: `./a\\u{0}b` is neither");
  });

  it("links that lead out of the root, to a file or through a folder", () => {
    const root = folder();
    write(root, { "inside/main.exitdsl": importing("./link.exitdsl", "./linked/secret.exitdsl"), "outside/secret.exitdsl": flags });
    symlinkSync("../outside/secret.exitdsl", join(root, "inside/link.exitdsl"));
    symlinkSync("../outside", join(root, "inside/linked"));
    const { stderr } = run(tool, ["check", "inside/main.exitdsl", "--format", "short"], { cwd: root });
    expect(stderr.match(/EX\d+/g)).toEqual(["EX2004", "EX2004"]);
  });

  it("links in a circle", () => {
    const { status, stderr } = check({ "main.exitdsl": importing("./loop.exitdsl") }, [], (root) =>
      symlinkSync("loop.exitdsl", join(root, "loop.exitdsl")),
    );
    expect(status).toBe(1);
    expect(stderr).toContain("cannot be read: too many symbolic links");
  });

  it("a named pipe does not hang it", () => {
    const { status, stderr } = check({ "main.exitdsl": importing("./pipe.exitdsl") }, [], (root) =>
      execFileSync("mkfifo", [join(root, "pipe.exitdsl")]),
    );
    expect(status).toBe(1);
    expect(stderr).toContain("[EX2006]: `./pipe.exitdsl` is a device, a pipe or a socket, not a file");
  });

  it("a circle is told where it closes, with the way around it", () => {
    const root = folder();
    write(root, {
      "main.exitdsl": importing("./a.exitdsl"),
      "a.exitdsl": importing("./b.exitdsl"),
      "b.exitdsl": importing("bare", "./a.exitdsl"),
    });
    const { status, stderr } = run(tool, ["check", "main.exitdsl"], { cwd: root });
    expect(status).toBe(1);
    expect(stderr).toContain("error[EX2003]: `./a.exitdsl` imports itself");
    expect(stderr).toContain("--> b.exitdsl:3:8\n");
    expect(stderr).toMatch(/1\. a\.exitdsl:2:8 {2}b\.exitdsl is imported\n\s+2\. b\.exitdsl:3:8 {2}a\.exitdsl is imported again\n/);
    expect(stderr.endsWith("\n1 error\n")).toBe(true);
  });

  it("too many files, told once", () => {
    const files: Record<string, string> = { "main.exitdsl": importing(...Array.from({ length: 70 }, (_, i) => `./f${i}.exitdsl`)) };
    for (let i = 0; i < 70; i++) files[`f${i}.exitdsl`] = `${edition}mask m${i} = nowhere\n`;
    const { status, stderr } = check(files);
    expect(status).toBe(1);
    expect(stderr).toBe("main.exitdsl:65:8: error[EX2007]: a spec may consist of 64 files, and this import is one too many\n");
  });
});

describe("specs that cannot be read", () => {
  it.each<[string, Uint8Array, string]>([
    [
      "UTF-16",
      Buffer.from(`\ufeff${tiny}`, "utf16le"),
      "main.exitdsl:1:1: error[EX2008]: `main.exitdsl` is not UTF-8 text: it begins with the byte order mark of UTF-16\n",
    ],
    [
      "a wrong byte",
      Buffer.from(`${edition}// caf\u00e9\n`, "latin1"),
      "main.exitdsl:2:7: error[EX2008]: `main.exitdsl` is not UTF-8 text: byte 20 (0xe9) cannot stand there\n",
    ],
    ["too large", Buffer.alloc(5 * 1024 * 1024, "/"), "main.exitdsl:1:1: error[EX2009]: `main.exitdsl` is larger than 4194304 bytes\n"],
  ])("%s: a diagnostic at the place", (_, bytes, message) => {
    expect(check({ "main.exitdsl": bytes })).toEqual({ status: 1, stderr: message });
  });

  it.each<[string, string[], string]>([
    ["missing", ["missing.exitdsl"], "exitdsl: missing.exitdsl: no such file or directory\n"],
    ["a hostile name", ["a\u001b[2J\nb"], "exitdsl: a\\u{1b}[2J\\u{a}b: no such file or directory\n"],
    ["a folder without specs", ["empty"], "exitdsl: empty: there is no *.exitdsl file in this folder\n"],
    ["a root that is not there", ["main.exitdsl", "--root", "nowhere"], "exitdsl: nowhere: no such file or directory\n"],
  ])("%s: exit code 3", (_, args, message) => {
    const root = folder();
    write(root, { "main.exitdsl": edition, "empty/readme.txt": "" });
    expect(run(tool, ["check", ...args], { cwd: root })).toMatchObject({ status: 3, stdout: "", stderr: message });
  });

  it("folders are searched in the order of names, hidden ones, packages and linked ones are not", () => {
    const root = folder();
    const error = `${edition}mask m = nowhere\n`;
    write(root, {
      "b.exitdsl": error,
      "a/z.exitdsl": error,
      ".git/x.exitdsl": error,
      "node_modules/p/x.exitdsl": error,
      "a/readme.md": "",
    });
    symlinkSync("..", join(root, "a/around"));
    const { stderr } = run(tool, ["check", ".", "--format", "short"], { cwd: root });
    expect(stderr.match(/^[^:]+/gm)).toEqual(["a/z.exitdsl", "b.exitdsl"]);
  });
});
