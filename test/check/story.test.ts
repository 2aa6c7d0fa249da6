/** The story of a fault: the shortest way to it, in a kernel that has it, and nothing that does not matter. */
import { expect, test } from "vitest";
import { fault, prepare } from "./specs.js";

test("of two ways the shorter one", () => {
  const detour = "step walk { call walk() } step run_on { call run_on() }";
  const body = "irqs off when depth == 0 { do walk, walk, walk } else { do run_on } do leave_kernel do <|leave_kernel|>";
  const { trace } = fault(`${detour} ${prepare(body)}`);
  expect(trace).toEqual([
    "`syscall` came from user mode: irqs on",
    "IRQs go off",
    "the `when` does not hold",
    "`run_on` runs",
    "`leave_kernel` runs: context user",
  ]);
});

test("of two states with the same fault the one that is reached sooner", () => {
  const detour = "state mode { one, two } step walk { call walk() } step change { call change() ensures mode two }";
  const body = "irqs off when depth == 0 { do walk, walk, walk } else { do change } do leave_kernel do <|leave_kernel|>";
  const { trace } = fault(`${detour} ${prepare(body)}`);
  expect(trace.slice(-2)).toEqual(["`change` runs: mode two", "`leave_kernel` runs: context user"]);
});

test("a loop is left out where it is not the cause, and goes round once where it is", () => {
  const loop = "repeat while pending user_work { irqs on run signal, resched irqs off }";
  const skipped = fault(prepare(`irqs off ${loop} do leave_kernel do <|leave_kernel|>`)).trace;
  expect(skipped.filter((step) => step.includes("another round"))).toEqual([]);
  const round = fault(
    prepare("irqs off repeat while pending user_work { irqs on run signal, resched do <|leave_kernel|> irqs off }"),
  ).trace;
  expect(round.filter((step) => step.includes("another round"))).toHaveLength(2);
});

test("it is told of a kernel that has the fault", () => {
  const steps = "step close if PTI { call close() ensures context user }";
  const { trace, notes } = fault(`${steps} ${prepare("irqs off do close do <|leave_kernel|>")}`);
  expect(trace).toContain("`close` runs: context user");
  expect(notes).toContain("in kernels with PTI");
});

test("moves that change nothing are left out of it", () => {
  const { trace } = fault("exit path from trap to user { leave { do lfence, lfence, restore_registers <|iretq|> } }");
  expect(trace).toEqual(["`trap` came from user mode: irqs off"]);
});
