/** An NMI in `simulate`: it is left by the spec's own path, and nothing of what it interrupts is changed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { builtTool, folder, run, write } from "./tool.js";

let tool: string;
beforeAll(async () => {
  tool = await builtTool();
});

const simulate = (...args: string[]) => run(tool, ["simulate", "examples/four-paths-2015.exitdsl", "--path", "syscall_return", ...args]);
const rows = (stdout: string) => stdout.split("\n").filter((line) => /four-paths-2015\.exitdsl:\d|profile:/.test(line));
const usual = () => rows(simulate().stdout);

describe("simulate --nmi", () => {
  it("between SWAPGS and SYSRET swaps GS twice, by the path for NMIs", () => {
    const { status, stdout } = simulate("--nmi", "22");
    expect(status).toBe(0);
    const shown = rows(stdout);
    const nmis = shown.filter((row) => row.includes("nmi_return: "));
    expect(nmis.length).toBeGreaterThan(10);
    expect(nmis.filter((row) => row.includes("swapgs"))).toHaveLength(1);
    expect(shown.at(-2)).toMatch(/nmi_return: iretq/);
    expect(shown.at(-1)).toMatch(/^ +sysretq /);
    expect(stdout).toContain("22 instructions. The NMI was left by nmi_return: GS.base, KERNEL_GS_BASE and CR3 are what they were.");
  });

  it("finds the kernel's GS before that, and swaps nothing", () => {
    const { stdout } = simulate("--nmi", "1");
    expect(rows(stdout)[0]).toContain("nmi_return: ");
    expect(stdout).not.toContain("nmi_return: swapgs");
  });

  it("by another exit, if it is named; the rows of the interrupted path are the same at any place", () => {
    for (const place of [1, 3, 9, 21]) {
      const { stdout } = simulate("--nmi", `${place}:paranoid_return`);
      const own = rows(stdout).filter((row) => !row.includes("paranoid_return: "));
      const squeezed = (lines: readonly string[]) => lines.map((line) => line.replace(/ +/g, " "));
      expect(squeezed(own)).toEqual(squeezed(usual()));
    }
  });

  it.each([
    ["99", "the run has 22 instructions: none is number 99"],
    ["0", "`--nmi` takes a whole number from 1 to 1000000, not `0`"],
    ["3:nmi_retrun", "no path of NMIs is called nmi_retrun; did you mean nmi_return?"],
    ["3:interrupt_return", "no path of NMIs is called interrupt_return; "],
  ])("%s is refused", (value, message) => {
    const { status, stderr, stdout } = simulate("--nmi", value);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("says that a path which forgets GS does not lead back", () => {
    const spec = readFileSync("examples/four-paths-2015.exitdsl", "utf8");
    const [before, nmi = ""] = spec.split(/(?=exit nmi_return)/);
    const root = folder();
    write(root, { "no.exitdsl": before + nmi.replace("restore gs from old_gs", 'waive EX6002 because "to see what it does"') });
    const { status, stdout } = run(tool, ["simulate", join(root, "no.exitdsl"), "--path", "syscall_return", "--nmi", "22"]);
    expect(status).toBe(1);
    expect(stdout).toContain("No entry that kernels have lets the NMI's path lead back to the GS.base, KERNEL_GS_BASE and CR3");
    expect(stdout).not.toContain("nmi_return: ");
  });

  it("needs a path for it", () => {
    const { status, stderr } = run(tool, ["simulate", "examples/tiny-kernel.exitdsl", "--nmi", "1"]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("without a `prepare`; the spec has none") });
  });
});
