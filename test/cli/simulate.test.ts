import { beforeAll, describe, expect, it } from "vitest";
import { builtTool, folder, run, tiny, write, wrong } from "./tool.js";

let tool: string;
let root: string;
beforeAll(async () => {
  tool = await builtTool();
  root = folder();
  write(root, { "tiny.exitdsl": tiny });
});

const simulate = (...args: string[]) => run(tool, ["simulate", "tiny.exitdsl", ...args], { cwd: root });

/** The rows of the table: event, step, IRQs, flags. */
function rows(stdout: string): string[] {
  return stdout
    .split("\n")
    .filter((line) => /tiny\.exitdsl:\d+|profile:/.test(line))
    .map((line) =>
      line
        .replace(/\S+:\d+/, "")
        .replace(/\s+/g, " ")
        .trim(),
    );
}

describe("simulate", () => {
  it("shows a run of the loop, in which the flag is set once more while IRQs are on", () => {
    const { status, stdout, stderr } = simulate("--flags", "NEED_RESCHED", "--event", "3: async NEED_RESCHED");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(rows(stdout).slice(0, 12)).toEqual([
      expect.stringMatching(/^movq %rsp, %rdi off NEED_RESCHED rdi = 0x[0-9a-f]+$/),
      "call prepare_trap_return off NEED_RESCHED",
      "1 read thread_flags off NEED_RESCHED",
      "2 irqs on on NEED_RESCHED",
      "3 call schedule on NEED_RESCHED",
      "4 irqs off off NEED_RESCHED",
      "5 read thread_flags off NEED_RESCHED",
      "6 irqs on on NEED_RESCHED",
      "7 call schedule on -",
      "8 irqs off off -",
      "9 read thread_flags off -",
      "testb %al, %al off -",
    ]);
    expect(stdout).toContain("9 events of the C side, 22 instructions. The C function returned true. `iretq` left to user mode:\n");
    expect(stdout).toContain("\nrip 0x401000, cs 0x33, ");
  });

  it("takes the saved registers, and returns into the kernel without swapgs", () => {
    const { status, stdout } = simulate("--from", "kernel", "--frame", "rip=0xffffffff81000123");
    expect(status).toBe(0);
    expect(stdout).not.toContain("swapgs");
    expect(stdout).toContain("The C function returned false. `iretq` left to kernel mode:\nrip 0xffffffff81000123, cs 0x10, ");
  });

  it("shows a terminal that faults", () => {
    const { status, stdout } = simulate("--frame", "rip=0x8000000000000000");
    expect(status).toBe(0);
    expect(stdout).toContain("`iretq` raised #GP in ring 0; nothing recovers from it.\n");
  });

  it.each([
    [["--path", "trap_retrun"], "no path is called trap_retrun; did you mean trap_return?"],
    [["--flags", "NONE"], "no flag is called NONE"],
    [["--feature", "PTI"], "no feature is called PTI; there are none"],
    [["--frame", "rip"], "write NAME=NUMBER"],
    [["--frame", "rip=x"], "`x` is not a number"],
    [["--frame", "rip=0x10000000000000000"], "does not fit in 64 bits"],
    [["--frame", "nothing=1"], "no field of the frame is called nothing"],
    [["--set", "nothing=1"], "no register or value is called nothing"],
    [["--from", "hell"], "`--from` is user or kernel"],
    [["--event", "explode"], "`--event` takes"],
    [["--event", "0: async NEED_RESCHED"], "events are counted from 1"],
    [["--event", "async NONE"], "no flag is called NONE"],
  ])("%j: exit code 2", (args, message) => {
    const { status, stdout, stderr } = simulate(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("reports a spec with errors, and runs nothing", () => {
    const { status, stdout, stderr } = run(tool, ["simulate", "-"], { input: wrong });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("error[EX");
  });
});
