/** `exitdsl verify` as users run it, from a folder of their own. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { builtTool, folder, run, tiny, write, wrong } from "../cli/tool.js";
import { withoutProgress, withoutTime } from "./results.js";

const minute = 60_000;
/** Few cases: what they show is other tests' business. */
const options = ["tiny.exitdsl", "--seed", "7", "--cases", "100"];

let tool: string;
let root: string;
beforeAll(async () => {
  tool = await builtTool();
  root = folder();
  write(root, { "tiny.exitdsl": tiny, "again.exitdsl": tiny, "wrong.exitdsl": wrong });
});

function verify(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stderr, stdout } = run(tool, ["verify", ...args], { cwd: root, env });
  return { status, stderr: withoutProgress(stderr), stdout };
}

const bug = (name: string) => join(import.meta.dirname, "../bugs", name, "fixed.exitdsl");

describe("a campaign", () => {
  test.each([
    ["ia32-popfq-if", "POPF among the steps, SYSRETL"],
    ["espfix32-user-cr3", "a recovery that has no label"],
    ["arm64-nmi-lockdep", "no C side"],
  ])("of %s: %s", { timeout: 20 * minute }, (name) => {
    const { status, stderr, stdout } = verify([bug(name), "--seed", "1", "--cases", "100"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("\nThe machine and the simulator agree.\n");
  });

  test("in parts, merged, is the same as in one; the report names the command that repeats it", { timeout: 20 * minute }, () => {
    const parts = [1, 2, 3].map((i) => `${i}.json`);
    for (const [i, part] of parts.entries()) {
      const { status, stderr, stdout } = verify([...options, "--shard", `${i + 1}/3`, "--out", part]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toContain(`, shard ${i + 1}/3\n`);
    }
    const merged = verify(["--merge", ...[...parts].reverse(), "--format", "json"]);
    const whole = verify([...options, "--jobs", "1", "--out", "whole.json"]);
    expect(whole.status).toBe(0);
    expect(whole.stdout).toMatch(/^trap_return +1 +150 +[\d,]+ .* 0$/m);
    expect(whole.stdout).toContain("Again: exitdsl verify tiny.exitdsl --seed 7 --cases 100 --kernels 4\n");
    expect({ merged: withoutTime(merged.stdout) }).toEqual({ merged: withoutTime(readFileSync(join(root, "whole.json"), "utf8")) });

    const refused = (...files: string[]) => {
      const { status, stderr, stdout } = verify(["--merge", ...files]);
      expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
      return stderr;
    };
    expect(refused("1.json", "3.json")).toBe("exitdsl: these results cannot be merged: missing: shard 2/3\n");
    expect(refused("1.json", "2.json", "2.json")).toContain("shard 2/3 is in 2.json and in 2.json");
    expect(refused("1.json", "whole.json")).toContain("whole.json is of another number of shards than 1.json: 1, not 3");
    const change = (from: string, to: string) =>
      write(root, { "other.json": readFileSync(join(root, "2.json"), "utf8").replace(from, to) });
    change('"seed": 7', '"seed": 8');
    expect(refused("1.json", "other.json", "3.json")).toContain("other.json is of another seed than 1.json: 8, not 7");
    change('"emulator": "qemu"', '"emulator": "bochs"');
    expect(refused("1.json", "other.json", "3.json")).toContain('other.json is of another emulator than 1.json: "bochs", not "qemu"');
    change('"digest": "', '"digest": "0');
    expect(refused("1.json", "other.json", "3.json")).toContain("other.json is of another spec than 1.json");
    change('"cases": 100', '"cases": "many"');
    expect(refused("other.json")).toMatch(/other.json is no result of `exitdsl verify`: campaign.cases: /);
    change("{", "");
    expect(refused("other.json")).toContain("other.json is no JSON");
    expect(refused("nothing.json")).toBe("exitdsl: nothing.json: no such file or directory\n");

    // A difference in any part is one of the whole.
    const failure = {
      unit: 1,
      layer: "end state",
      kernel: [],
      path: "trap_return",
      seed: 1,
      index: 2,
      disagreements: [],
      story: ["rip: odd"],
      units: 1,
    };
    change('"failures": []', `"failures": [${JSON.stringify(failure)}]`);
    const different = verify(["--merge", "1.json", "other.json", "3.json"]);
    expect({ status: different.status, stdout: different.stdout }).toEqual({
      status: 1,
      stdout: expect.stringContaining("    rip: odd\n"),
    });
  });

  test("on Bochs: nothing is left out of the comparison, and the report says where it was", { timeout: 5 * minute }, () => {
    const { status, stdout } = verify([...options, "--emulator", "bochs"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^tiny.exitdsl on Bochs, seed 7: /);
    expect(stdout).toMatch(/^trap_return +1 +150 +[\d,]+ +[1-9]\d* +\d+ +\d+ +0 +0$/m);
    expect(stdout).toContain("\nIn Bochs, its start and end included: ");
    expect(stdout).toContain("Again: exitdsl verify tiny.exitdsl --seed 7 --cases 100 --kernels 4 --emulator bochs\n");
  });

  test("that the time does not suffice for says what was not run", { timeout: 5 * minute }, () => {
    const { status, stdout } = verify([...options, "--time", "0s"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^NOT RUN: 4 of 4 units of work: the time was up\.$/m);
    expect(stdout).toContain("\nNothing was run.\n");
  });

  test("keeps what it builds, if it is asked to, and nothing else", { timeout: 5 * minute }, () => {
    const before = readdirSync(root);
    expect(verify([...options, "--time", "0s"], { TMPDIR: root }).status).toBe(0);
    expect(readdirSync(root)).toEqual(before);
    expect(verify([...options, "--keep", "kept"]).status).toBe(0);
    for (const name of ["machine/machine.c", "image0/emitted.S", "image0/emitted.c", "image0/image"])
      expect(existsSync(join(root, "kept", name)), name).toBe(true);
    expect(verify([...options, "--keep", "kept"]).stderr).toMatch(/`--keep` takes a new folder or an empty one/);
  });
});

describe("what stands in the way", () => {
  test("a spec that is refused is reported as by `check`", () => {
    const { status, stderr, stdout } = verify(["wrong.exitdsl"]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(run(tool, ["check", "wrong.exitdsl"], { cwd: root }).stderr);
  });

  test("tools that are missing are named, with the line that installs them", () => {
    const missing =
      "exitdsl: not installed: as, gcc, ld, nm, objdump, qemu-system-x86_64. On Debian: apt-get install binutils gcc qemu-system-x86\n";
    const { status, stderr, stdout } = verify(options, { PATH: "/nowhere" });
    expect({ status, stderr, stdout }).toEqual({ status: 3, stderr: missing, stdout: "" });
  });

  test("so is Bochs, where it is to be the machine; and there are no others", () => {
    const { status, stderr } = verify([...options, "--emulator", "bochs"], { PATH: "/nowhere" });
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr:
        "exitdsl: not installed: as, gcc, ld, nm, objdump, bochs, script, objcopy. On Debian: apt-get install binutils gcc bochs bochs-term bsdutils\n",
    });
    expect(verify([...options, "--emulator", "kvm"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("exitdsl: `--emulator` is qemu or bochs, not `kvm`"),
    });
  });

  test("a spec that the machine has no kernel for is told why", () => {
    const edition = tiny.slice(0, tiny.indexOf("exit trap_return"));
    write(root, { "nothing.exitdsl": edition });
    const { status, stderr } = verify(["nothing.exitdsl"]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: "exitdsl: nothing.exitdsl cannot be run on the bench machine: the spec has no exit: there is no path to run\n",
    });
  });

  test("an instruction that names memory which the machine has not got", () => {
    const { status, stderr } = verify([bug("gvisor-root-table-prefault"), "--cases", "1"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/fixed\.exitdsl cannot be run on the bench machine: an instruction names memory at `\(%rax\)`; /);
  });

  test("kernels that QEMU cannot be are left out, and named", () => {
    const { status, stdout } = verify([bug("nmi-fred-ipi-missing"), "--time", "0s"]);
    expect(status).toBe(0);
    expect(stdout).toContain(" 1 of 1 kernel, ");
    expect(stdout).toContain("Kernels with FRED are not run: QEMU has not got what they ask of the CPU.\n");
  });

  test.each([
    [["--seed", "x"], "`--seed` takes a whole number from 0 to 4294967295"],
    [["--cases", "0"], "`--cases` takes a whole number from 1"],
    [["--kernels", "some"], "`--kernels` takes a whole number from 1"],
    [["--shard", "4/3"], "`--shard` takes I/N with I from 1 to N"],
    [["--time", "soon"], "`--time` takes a time such as 60s, 10m or 2h"],
    [["--jobs", "0"], "`--jobs` takes a whole number from 1"],
    [["--path", "trap_retrun"], "no path is called trap_retrun; did you mean trap_return?"],
    [["--format", "sarif"], "`--format` of verify is pretty or json"],
    [["again.exitdsl"], "verify takes one spec"],
    [["--merge"], "is no JSON"],
  ])("%j", (args, message) => {
    const { stderr, stdout } = verify(["tiny.exitdsl", ...args]);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });
});
