/** The rules of work, of what the kernel believes, and of preemption: INV-1 to INV-38. */
import { bug, files, held, type Invariant, made, madeIn, open, ui } from "./row.js";

const loop = "      do tick_nohz_user_enter_prepare\n      repeat while pending exit_to_user_mode_work {";
const final = "      run user_return_notifiers, update_io_bitmap, switch_fpu_return\n";

export const kernelRules: Readonly<Record<string, readonly Invariant[]>> = {
  "IRQs and work flags": [
    held(
      1,
      "The flags that gate user mode are read last with IRQs off, and IRQs stay off",
      "EX3001",
      made("example", [final, `      irqs on\n      irqs off\n${final}`]),
    ),
    held(
      2,
      "What may sleep runs with IRQs on, on the thread's stack",
      "EX3005",
      made("example", ["        irqs on\n        run schedule, uprobe", "        run schedule\n        irqs on\n        run uprobe"]),
    ),
    held(
      3,
      "Work with IRQs on is in a loop that looks again",
      "EX3001",
      made("example", [loop, loop.replace("repeat while pending", "when")]),
    ),
    held(
      4,
      "A flag is cleared before its work runs, not behind it",
      "EX3010",
      ui("EX3010-taken-and-not-run"),
      "The barrier between the two is inside of the work.",
    ),
    held(
      5,
      "The loop's mask is what the loop handles",
      "EX3001",
      ui("EX3001-flag-missing-from-the-mask"),
      "The other way round, a flag that nothing in the loop clears, is EX3006.",
    ),
    held(
      6,
      "Final work comes once, behind the loop, on its last look at the flags",
      "EX3009",
      made(
        "example",
        [loop, `      do tick_nohz_user_enter_prepare\n      run user_return_notifiers\n${loop.slice(loop.indexOf("\n") + 1)}`],
        [final, final.replace("user_return_notifiers, ", "")],
      ),
      "Of final work that no `require` names it is EX3011.",
    ),
    held(7, "Atomic work runs with IRQs off", "EX3005", ui("EX3005-notifiers-with-irqs-on")),
    held(8, "The FPU is loaded behind the last schedule and signal", "EX3001", ui("EX3001-fpu-loaded-before-the-loop")),
    held(
      9,
      "What restarts a system call is forgotten behind the signals",
      "EX4001",
      made(
        "example",
        [loop, `      do tick_nohz_user_enter_prepare, clear_compat_status\n${loop.slice(loop.indexOf("\n") + 1)}`],
        ["      do clear_compat_status\n", ""],
      ),
    ),
    held(
      10,
      "The end of a system call is reported once, and of nothing else",
      "EX4001",
      made("example", [
        "    when frame.user {\n      do tick_nohz_user_enter_prepare\n",
        "    when frame.user {\n      irqs on\n      run syscall_exit_work\n      irqs off\n      do tick_nohz_user_enter_prepare\n",
      ]),
      "Twice is EX3004, not at all is EX3009.",
    ),
    held(11, "The work of a system call has an order", "EX4001", bug("seccomp-before-ptrace")),
    held(
      12,
      "System calls end with IRQs on",
      "EX3005",
      madeIn(files.example, "linux-6.12", "  starts   irqs on,\n           gs kernel,", "  starts   irqs off,\n           gs kernel,"),
    ),
    held(
      13,
      "What may wake a thread is flushed before each look at the flags",
      "EX7001",
      made("example", ["        irqs off\n        do tick_nohz_user_enter_prepare\n      }", "        irqs off\n      }"]),
      "Behind the last look it is EX3001.",
    ),
    open(
      14,
      "Frames of interrupts have no system call to restart",
      "The entry stores -1 beside the saved registers, and the event says so (`frame orig_ax == -1`); the signal's code inside of C reads it. Which value a step stores to a word of the frame is not followed.",
    ),
    held(15, "No lock is held at a return to user mode", "EX4001 EX7001", made("kernel", ["do take_lock, release_lock", "do take_lock"])),
    held(
      16,
      "The count of interrupts is taken away before anybody is scheduled",
      "EX4001",
      made("kernel", ["    do leave_interrupt\n", ""]),
    ),
    held(17, "A handler that turned IRQs on turns them off", "EX3005 EX3001", bug("page-fault-irqs-left-on")),
    held(
      18,
      "Per-CPU flags are tested and cleared where nobody can come in between",
      "EX3001",
      made(
        "example",
        [loop, `      do tick_nohz_user_enter_prepare\n      run branch_prediction_barrier\n${loop.slice(loop.indexOf("\n") + 1)}`],
        ["      run branch_prediction_barrier\n      do trace", "      do trace"],
      ),
    ),
  ],
  "Context tracking, RCU, lockdep, tracing": [
    held(
      20,
      "Tracer, lockdep, context tracking, the last scrubbing, lockdep again",
      "EX4001",
      made("example", ["         lockdep_hardirqs_on_prepare,\n", ""]),
    ),
    held(
      21,
      "Entry mirrors exit: the change of context is first there and last here",
      "EX4001",
      made("interrupts", ["    do enter_from_user_mode\n  } else {", "    do enter_from_user_mode, enter_from_user_mode\n  } else {"]),
    ),
    held(
      22,
      "Nothing that is instrumented, or uses RCU, comes behind it",
      "EX4001",
      ui("EX4001-notifiers-after-user-enter"),
      "By the contracts: what a C step of one's own needs of `context` its author has to say. A step that says nothing is taken to be noinstr.",
    ),
    held(
      23,
      "The change of context is made with IRQs off",
      "EX4005 EX3001",
      made("example", [
        "         user_enter_irqoff,\n         amd_clear",
        "         user_enter_irqoff\n      irqs on\n      irqs off\n      do amd_clear",
      ]),
    ),
    open(
      24,
      "Brackets of instrumentation are balanced",
      "They are marks for objtool inside of C functions. A spec that has steps for them can declare a state and require it, as for locks (INV-15).",
    ),
    held(
      25,
      "The work of a system call starts in the kernel's context",
      "EX4005 EX6007",
      made("syscalls", ["  do enter_from_user_mode\n  irqs on", "  irqs on"]),
    ),
    held(
      26,
      "What entry found of RCU is undone by exit, and only that",
      "EX4011",
      made("example", ["    } else if exit_rcu != 0 {\n      do ct_irq_exit ", "    } else {\n      do ct_irq_exit "]),
      "That it is undone where it is due is not asked: a state that is owed to some returns to the kernel under a test of an integer cannot be said of some events only.",
    ),
    held(
      27,
      "Where RCU was not watching, nothing is scheduled",
      "EX4011",
      made("example", [
        "      when exit_rcu != 0 {                 // an idle task",
        "      when exit_rcu != 0 {\n        when preempt_count == 0 { run preempt_schedule_irq }                 // an idle task",
      ]),
    ),
    held(
      28,
      "Where IRQs were off, nobody is told that they come on, and nothing is scheduled",
      "EX4011",
      made("interrupts", ["      do ct_irq_exit\n    }\n", "      do ct_irq_exit\n    } else {\n      do trace_hardirqs_on\n    }\n"]),
    ),
    held(29, "NMIs undo in reverse what entry did", "EX6002", bug("arm64-nmi-lockdep"), "In Linux 6.12 it is inside of one C function."),
    open(
      30,
      "Each event has a way back for each mode that it comes from",
      "A spec may describe a part of a kernel's exits, so it is not asked. That Linux's set is whole is a test of its own (`has a way out for each way in`).",
    ),
    open(31, "Only tasks with memory of their own go to user mode", "A fact of the task, not of a path; `assume` states it."),
  ],
  Preemption: [
    held(
      35,
      "The kernel is preempted only where it may be",
      "EX4011",
      made("example", ["        when preempt_count == 0 { run preempt_schedule_irq }", "        run preempt_schedule_irq"]),
    ),
    held(
      36,
      "It is preempted with IRQs off",
      "EX3005",
      made("example", [
        "        when preempt_count == 0 { run preempt_schedule_irq }",
        "        irqs on\n        when preempt_count == 0 { run preempt_schedule_irq }",
      ]),
      "That the function loops while somebody asks is its own.",
    ),
    held(37, "No work on paranoid, IST and NMI exits", "EX6004", ui("EX6004-paranoid-schedules")),
    held(
      38,
      "The IRQ stack is in use by one at a time",
      "EX3002",
      made("kernel", ["starts  irqs off, hardirq yes", "starts  irqs off, hardirq yes, stack irq"]),
      "What is found is who would sleep on it. The flag that says so is inside of the code that switches to it.",
    ),
  ],
};
