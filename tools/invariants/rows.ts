/**
 * The numbered ordering rules of the x86-64 exit paths, INV-1 to INV-126: what holds each of them, and a wrong spec that shows it. The numbers
 * have gaps. `test/invariants` compiles all of the specs, and `docs/invariants.md` is made from this table.
 */
import type { Change } from "../linux/spec.js";

/** A spec that breaks the rule. */
export type Shown =
  /** A spec of this repository that passes, with a mistake made in it. */
  | { readonly kind: "change"; readonly base: string; readonly changes: readonly Change[] }
  /** A spec of `test/ui`, without its ending. */
  | { readonly kind: "ui"; readonly name: string }
  /** A bug of `test/bugs`. */
  | { readonly kind: "bug"; readonly id: string };

export interface Invariant {
  readonly number: number;
  readonly rule: string;
  /** The diagnostics that refuse the spec, in their order; none where nothing does. */
  readonly codes: readonly string[];
  readonly shown: Shown | undefined;
  /** What is not held, and why; or what else is to be said. Needed where nothing is shown. */
  readonly note: string | undefined;
}

const linux = "test/linux-6.12/linux-6.12.exitdsl";
const files = {
  example: "examples/linux-6.12.exitdsl",
  syscalls: "test/linux-6.12/syscalls.exitdsl",
  interrupts: "test/linux-6.12/interrupts.exitdsl",
  anyPoint: "test/linux-6.12/any-point.exitdsl",
  tails: "test/linux-6.12/tails.exitdsl",
  kernel: "test/invariants/kernel.exitdsl",
} as const;
type File = keyof typeof files;

/** `[from, to]`, made in a file that is its own spec, or in one of the set of Linux 6.12. */
function made(file: File, ...edits: readonly (readonly [from: string, to: string])[]): Shown {
  const base = file === "example" || file === "kernel" ? files[file] : linux;
  return { kind: "change", base, changes: edits.map(([from, to]) => ({ file: files[file], from, to })) };
}

/** A change of a profile that the base imports. */
function madeIn(base: string, profile: string, from: string, to: string): Shown {
  return { kind: "change", base, changes: [{ file: `profiles/${profile}.exitdsl`, from, to }] };
}

const ui = (name: string): Shown => ({ kind: "ui", name });
const bug = (id: string): Shown => ({ kind: "bug", id });

/** `codes` are written with blanks between them. */
function held(number: number, rule: string, codes: string, shown: Shown, note?: string): Invariant {
  return { number, rule, codes: codes.split(" "), shown, note };
}

function open(number: number, rule: string, note: string): Invariant {
  return { number, rule, codes: [], shown: undefined, note };
}

const loop = "      do tick_nohz_user_enter_prepare\n      repeat while pending exit_to_user_mode_work {";
const final = "      run user_return_notifiers, update_io_bitmap, switch_fpu_return\n";

const groups: Readonly<Record<string, readonly Invariant[]>> = {
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
      "EX3011",
      made(
        "example",
        [loop, `      do tick_nohz_user_enter_prepare\n      run user_return_notifiers\n${loop.slice(loop.indexOf("\n") + 1)}`],
        [final, final.replace("user_return_notifiers, ", "")],
      ),
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
  GS: [
    held(40, "GS is swapped once on a way to user mode", "EX5001", ui("EX5001-swapgs-missing"), "Twice is EX5001, too."),
    held(41, "No per-CPU data through the user's GS", "EX4003", ui("EX4003-espfix-without-swapgs")),
    held(42, "The user's GS only with IRQs off", "EX4005", ui("EX4005-irqs-on-after-swapgs")),
    held(43, "What may come anywhere does not go by CS", "EX6005", ui("EX6005-gs-decided-by-cs")),
    held(44, "GS is put back by a write with FSGSBASE, by a swap without", "EX6007", bug("fsgsbase-sign-test")),
    held(45, "Both ways around a swap that depends are fenced", "EX4003", bug("swapgs-spectre-v1")),
    held(
      46,
      "IRET's frame is of the mode that GS is of",
      "EX5001",
      ui("EX5001-swapgs-to-the-kernel"),
      "Proved for all ways of a path. The check at run time, which Linux has beside it, is not asked for.",
    ),
    held(
      47,
      "No SWAPGS with FRED",
      "EX5001 EX5011",
      made("tails", ["    do clear_cpu_buffers\n    eretu", "    do swapgs, clear_cpu_buffers\n    eretu"]),
      "Two that cancel out are not found: that the instruction does not exist there is not in the machine's table.",
    ),
  ],
  Stacks: [
    held(50, "The stack at the change of page tables is mapped in both", "EX4004", ui("EX4004-kernel-stack-after-cr3")),
    held(51, "Without a stack: the last look at it, then the page tables", "EX4004", bug("compat-sysretl-cr3-too-early")),
    held(
      52,
      "Nothing on the user's stack in ring 0",
      "EX4006 EX5003",
      ui("EX4006-push-on-the-user-stack"),
      "That handlers know the range by its labels is not asked: with stacks of their own they need not.",
    ),
    held(
      53,
      "Frames from user mode are on the thread's stack before C runs",
      "EX4001",
      made("interrupts", ["      do ibrs_enter, sync_regs\n    }\n", "      do ibrs_enter\n    }\n"]),
    ),
    held(54, "A stack of the interrupt stack table is left before it can be used again", "EX6009", ui("EX6009-nmi-leaves-from-its-stack")),
    held(
      55,
      "Scheduling is done on the thread's stack",
      "EX3002",
      made("kernel", ["starts  irqs off, hardirq yes", "starts  irqs off, hardirq yes, stack irq"]),
    ),
    held(
      56,
      "The stack is erased behind its last deep use",
      "EX7001",
      made("example", ["  do stackleak_erase, ibrs_exit\n  when XENPV", "  do ibrs_exit\n  when XENPV"]),
    ),
    open(
      57,
      "A handler may move the frame of a return to the kernel",
      "The gap above the frame of #BP is used inside of C. The compiler's own code reads RSP from the frame each time.",
    ),
    held(58, "Nothing is written to the espfix stack", "EX4010", ui("EX4010-push-on-the-espfix-stack")),
  ],
  "Page tables": [
    open(
      60,
      "The user's PCID is flushed if a flush is due, in the same step",
      "What CR3 means is the step's contract; its arithmetic runs on the bench machine, and is not proved.",
    ),
    held(
      61,
      "Page tables are changed with the kernel's GS",
      "EX4001",
      made("tails", [
        "    do switch_to_user_cr3_pcid, switch_to_user_cr3\n    do pop_rdi",
        "    do swapgs, switch_to_user_cr3_pcid, switch_to_user_cr3, swapgs\n    do pop_rdi",
      ]),
    ),
    held(
      62,
      "Behind the change only the entry area is used",
      "EX4004",
      {
        kind: "change",
        base: linux,
        changes: [
          { file: files.tails, from: "    do pop_rdi\n", to: "    do count_exit, pop_rdi\n" },
          {
            file: "profiles/linux-6.12-entry.exitdsl",
            from: "/// RSP := the *iret* frame",
            to: 'step count_exit if PTI { asm "movq exit_count(%rip), %rdi" }\n\n/// RSP := the *iret* frame',
          },
        ],
      },
      "A call there is EX4007. Where code and VERW's operand lie is the kernel's link map.",
    ),
    held(
      63,
      "What may come anywhere puts back the page tables that it found",
      "EX6002",
      made("anyPoint", ["  restore cr3 from old_cr3\n  restore gs from old_gs\n  jump", "  restore gs from old_gs\n  jump"]),
    ),
    held(
      64,
      "In between nobody else's page tables are loaded",
      "EX6004",
      ui("EX6004-paranoid-schedules"),
      "What a handler does inside of C is its own.",
    ),
    held(
      65,
      "PTI and FRED exclude each other",
      "EX8001",
      madeIn(
        files.example,
        "linux-6.12",
        "  excludes XENPV, FRED                      // INV-65",
        "  excludes XENPV                            // INV-65",
      ),
    ),
    open(
      66,
      "Other bits of CR3 stay as they are",
      "Some kernels load CR3 from memory, which is as right; which bits a kernel has set there (LAM) no spec says.",
    ),
  ],
  Speculation: [
    held(70, "IBRS is left with the kernel's GS and page tables, before the registers", "EX4001", ui("EX4001-ibrs-after-swapgs")),
    held(71, "IBRS is left behind the last RET", "EX8002", ui("EX8002-stack-erased-after-ibrs")),
    held(72, "IBRS is set before the first RET", "EX8002", bug("retbleed-early-ret")),
    held(
      73,
      "SPEC_CTRL, CR3, GS, each as it was found",
      "EX4001 EX4003",
      made("anyPoint", [
        "  restore cr3 from old_cr3\n  restore gs from old_gs\n  jump",
        "  restore gs from old_gs\n  restore cr3 from old_cr3\n  jump",
      ]),
    ),
    held(74, "VERW comes last, behind the registers", "EX4001 EX8001", ui("EX4001-buffers-cleared-too-early")),
    held(
      75,
      "And again where kernel data is touched behind it",
      "EX8001",
      made("tails", ["      do clear_cpu_buffers\n      iretq", "      iretq"]),
    ),
    held(
      76,
      "VERW has a memory operand that user mode's page tables map",
      "EX2036",
      madeIn(files.example, "linux-6.12", '  asm      "verw x86_verw_sel(%rip)"\n', '  asm      "verw %ax"\n'),
      "Where the operand lies is the kernel's link map.",
    ),
    held(77, "What is left out is said", "EX8003", ui("EX8003-machine-check-behind-verw")),
    held(
      78,
      "The barrier for a guest's branches is on the exit of the CPU that ran it",
      "EX3009",
      made("example", ["      run branch_prediction_barrier\n      do trace", "      do trace"]),
    ),
    held(
      79,
      "The divider is scrubbed last",
      "EX7001",
      made("example", ["         user_enter_irqoff,\n         amd_clear_divider,\n", "         user_enter_irqoff,\n"]),
    ),
    held(80, "Registers that are not the user's are cleared", "EX5003", ui("EX5003-register-not-restored")),
    open(
      81,
      "Behind an instruction that goes elsewhere stands a trap",
      "The compiler writes it, and no spec can leave it out; `test/gas` holds it.",
    ),
  ],
  "SYSRET, IRET, espfix": [
    held(85, "SYSRET only where it restores everything", "EX5004 EX5015", ui("EX5004-sysret-without-conditions")),
    held(86, "That is decided behind the last change of the frame", "EX3007", ui("EX3007-conditions-before-signals")),
    held(
      87,
      "SYSRET takes RCX and R11, so it is for those who gave them up",
      "EX5004",
      made(
        "syscalls",
        ["  prepare prepare_syscall_return_by_iret {", "  prepare prepare_syscall_return_by_iret returns sysretl_applies {"],
        [
          "  leave {\n    jump swapgs_restore_regs_and_return_to_usermode\n  }\n",
          '  leave {\n    when sysretl_applies {\n      do stackleak_erase, ibrs_exit\n      do load_compat_registers, load_user_stack_from_frame\n      do switch_to_user_cr3_nostack_pcid, switch_to_user_cr3_nostack\n      do zero_r8_to_r10, swapgs, clear_cpu_buffers_compat\n      waive EX5003 because "this is about RCX"\n      sysretl\n    }\n    jump swapgs_restore_regs_and_return_to_usermode\n  }\n',
        ],
      ),
    ),
    held(88, "RIP is a page below the hole, for each width of addresses", "EX5004", ui("EX5004-sysret-last-page")),
    held(89, "RF and TF go by IRET", "EX5004", ui("EX5004-sysret-tf")),
    held(
      90,
      "SS is not null where SYSRET is used",
      "EX4001",
      bug("sysret-ss-attrs"),
      "By the contracts of that spec; Linux's has it as an `assume`.",
    ),
    held(
      91,
      "SYSRETL goes to the landing pad only",
      "EX4011",
      madeIn(
        linux,
        "linux-6.12-entry",
        '  and frame.ip == landing_pad  because "ECX is lost, and the code there restores it: INV-91"\n',
        "",
      ),
    ),
    held(
      92,
      "IRET to user mode may fault, and its fault has its own state",
      "EX5012",
      made("tails", [" at native_irq_return_iret on fault bad_iret", " at native_irq_return_iret"]),
    ),
    held(
      93,
      "To the kernel by IRET, not by RET",
      "EX2041",
      made("tails", ["  when XENPV { xen_iret }\n  iretq\n", "  when XENPV { xen_iret }\n  ret\n"]),
    ),
    held(
      94,
      "16-bit stack segments go over the espfix stack",
      "EX8001",
      made("example", ["    when frame.ss has TI {", "    when frame.ss has RPL {"]),
    ),
    held(
      95,
      "With FRED there is none, and ERETU has a recovery of its own",
      "EX5012",
      made("tails", [" on fault asm_fred_entrypoint_user", ""]),
    ),
    open(96, "What user mode may write to a frame is made safe", "Inside of sigreturn and ptrace; the profiles `assume` it."),
    open(97, "SYSEXIT comes right behind STI", "64-bit kernels of today do not use it, and it is not among the terminals."),
  ],
  NMI: [
    held(
      100,
      "NMIs from user mode do no work, and turn no IRQs on",
      "EX4005",
      made("anyPoint", [
        "  leave {\n    jump swapgs_restore_regs_and_return_to_usermode\n",
        "  prepare prepare_nmi_return {\n    irqs on\n    irqs off\n  }\n  leave {\n    jump swapgs_restore_regs_and_return_to_usermode\n",
      ]),
    ),
    held(
      101,
      "The note that a handler runs is there while it does",
      "EX6007",
      made("anyPoint", ["  window repeat_nmi_range {\n    do repeat_nmi\n  }\n", ""]),
    ),
    open(
      102,
      "A nested NMI changes the IRET frame only, outside of a range",
      "A nested NMI has no frame of its own and returns at once: it is no path of the language. Which RIP was interrupted no entry can ask.",
    ),
    held(103, "The outermost frame stays as it is", "EX6009", bug("nmi-iret-unmasks"), "Stated is that the NMI leaves by a copy of it."),
    held(
      104,
      "DF is set before the note is taken away",
      "EX4001",
      made("anyPoint", ["set_direction_flag, clear_nmi_executing", "clear_nmi_executing, set_direction_flag"]),
    ),
    open(
      105,
      "Between the note and IRET nothing touches the stack",
      "A state tells what is so, not what comes next: that one step must be the last before a terminal cannot be said.",
    ),
    held(
      106,
      "CR2 and DR7 are put back before the next NMI may start",
      "EX5001",
      bug("nmi-cr2"),
      "DR7 is a token of the kernel's own: see INV-114.",
    ),
    held(107, "An IRET inside of an NMI lets the next one in", "EX6009", bug("nmi-iret-unmasks")),
    open(
      108,
      "With FRED the NMI's block is a bit of the frame, and moves with it",
      "The extra bits of a FRED frame are not in the language: ERETU and ERETS are taken to unblock NMIs where the frame says so.",
    ),
    open(
      109,
      "SEV-ES: DR7's bracket is inside of the IST's",
      "Both brackets are inside of one C function. As steps they would be two states, each required by the other.",
    ),
  ],
  "What may come anywhere": [
    held(
      112,
      "What entry saved is in a register that nobody else uses until it is put back",
      "EX5010",
      made("kernel", ["    restore gs from old_gs\n    do restore_registers\n", "    do restore_registers\n    restore gs from old_gs\n"]),
      "Not at all is EX6002, twice is EX6003.",
    ),
    held(113, "A double fault is paranoid, from user mode, too", "EX6007", bug("xpti-double-fault-cr3")),
    held(
      114,
      "DR7 is saved first and put back last",
      "EX6002",
      made("kernel", ["    restore dr7 from old_dr7\n", ""]),
      "That it is last is the order of the statements, and not asked.",
    ),
    open(
      115,
      "#VC leaves its stack for one that was checked",
      "Which stack was interrupted is found out inside of C; the exit is on whichever it is.",
    ),
  ],
  "RFLAGS, objtool, placement": [
    held(118, "C runs with AC, DF and NT clear", "EX4007", ui("EX4007-entry-without-cld")),
    held(119, "No call with AC or DF set", "EX4007", ui("EX4007-c-call-with-df-set")),
    open(
      120,
      "Unwinders are told of each change of the stack",
      "The assembly has no unwind hints; whoever embeds it in a kernel with objtool adds them (docs/embedding.md).",
    ),
    open(
      121,
      "Exit instructions are in no callable function",
      "The compiler writes labels for code that is jumped to, and calls only `prepare`.",
    ),
    held(
      122,
      "Variants leave the stack alike",
      "EX5010",
      made("kernel", ["    when to_user { do swapgs }\n", "    when to_user { do swapgs }\n    do keep_a_word\n"]),
    ),
    open(
      123,
      "Labels that the processor goes to begin with ENDBR",
      "Entries are checked and not emitted; an exit's labels are not the processor's.",
    ),
    open(124, "It all lies in .entry.text", "The compiler writes the section; `test/gas` holds it."),
    open(
      125,
      "FRED's entries are on one page, 256 bytes apart",
      "Entries are checked and not emitted: where they lie is the embedding kernel's.",
    ),
    held(
      126,
      "Every kernel's variant holds to all of this",
      "EX8001 EX8001",
      madeIn(
        files.example,
        "linux-6.12",
        "step clear_cpu_buffers if CLEAR_CPU_BUF {",
        "step clear_cpu_buffers if CLEAR_CPU_BUF and not LA57 {",
      ),
    ),
  ],
};

export const invariants: readonly (Invariant & { readonly group: string })[] = Object.entries(groups).flatMap(([group, rows]) =>
  rows.map((row) => ({ ...row, group })),
);
