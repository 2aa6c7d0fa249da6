/**
 * A spec of any length for measurements: subsystems of the same shape as the examples, each with features, flags, work, steps
 * and two exits of its own. It passes all checks. The same length gives the same text.
 */

const head = `// Generated for measurements.

edition 2026

import "bare"

feature CONTEXT_TRACKING { config CONFIG_CONTEXT_TRACKING }

constant USER_CS = 0x33 because "SYSRET takes CS from STAR[63:48] + 16"
constant USER_DS = 0x2b because "SYSRET takes SS from STAR[63:48] + 8"
constant TASK_SIZE_MAX = 0x7fff_ffff_f000 because "SDM Vol. 1, 3.3.7.1"

/// Who the context tracker believes is running.
state context { kernel, user }

value preempt_count in thread_info.preempt_count

frame pt_regs {
  r15, r14, r13, r12,
  bp saves rbp,
  bx saves rbx,
  r11, r10, r9, r8,
  ax saves rax,
  cx saves rcx,
  dx saves rdx,
  si saves rsi,
  di saves rdi,
  orig_ax,
  ip saves rip,
  cs,
  flags saves rflags,
  sp saves rsp,
  ss,
  user when cs has RPL
}

event syscall {
  origin user
  starts irqs on, gs kernel, stack thread, context kernel
  frame complete
  loses rcx, r11
}

event interrupt, exception {
  origin user or kernel
  starts irqs off, gs kernel, stack thread, context kernel
  frame complete, orig_ax == -1
}

step user_enter if CONTEXT_TRACKING {
  call user_enter()
  requires irqs off, context kernel
  ensures context user
}

require context user at user if CONTEXT_TRACKING because "user time must not be accounted to the kernel"
`;

function subsystem(n: number): string {
  return `
// ═══ Subsystem ${n} ═══

/// Subsystem ${n} is built in.
feature SUBSYSTEM_${n} {
  config CONFIG_SUBSYSTEM_${n}
  cpu X86_FEATURE_SUBSYSTEM_${n}
}
feature SUBSYSTEM_${n}_TRACE { config CONFIG_SUBSYSTEM_${n}_TRACE needs SUBSYSTEM_${n} }

constant LIMIT_${n} = 0x${(0x1000 + n).toString(16)} if SUBSYSTEM_${n} else ${4096 + n} because "the subsystem's page"

flags flags_${n} in thread_info.flags_${n} {
  /// A tracer wants to see system calls.
  TRACE_${n}      bit 0
  SIGNAL_${n}     bit 2  async
  RESCHEDULE_${n} bit 3  async
  /// Fire the notifiers before user code runs.
  NOTIFY_${n}     bit 11
  PROBE_${n}      bit 12 async
}

mask user_work_${n} = SIGNAL_${n} | RESCHEDULE_${n} | PROBE_${n}

/// Gives the CPU away.
work schedule_${n} {
  one-shot when RESCHEDULE_${n}
  call     schedule_${n}()
  requires irqs on, context kernel, stack thread
  clears   RESCHEDULE_${n}
  may      sleep
}

/// Delivers signals; the handler's frame replaces the saved one.
work deliver_signal_${n} {
  one-shot when SIGNAL_${n}
  call     do_signal_${n}(frame, flags_${n})
  requires irqs on, context kernel
  clears   SIGNAL_${n}
  may      sleep, rewrite frame, set RESCHEDULE_${n}
}

work probe_${n} if SUBSYSTEM_${n} {
  one-shot when PROBE_${n}
  call     uprobe_notify_resume_${n}(frame)
  requires irqs on, context kernel
  clears   PROBE_${n}
  may      sleep, rewrite frame, set SIGNAL_${n} | RESCHEDULE_${n}
}

work trace_leave_${n} if SUBSYSTEM_${n}_TRACE {
  once     when TRACE_${n}
  call     trace_leave_${n}(frame)
  requires irqs on, context kernel
  may      sleep, rewrite frame, set user_work_${n}
}

work notifiers_${n} {
  final    when NOTIFY_${n}     // after the last look at the flags
  call     fire_notifiers_${n}()
  requires irqs off
}

step load_user_stack_${n} {
  asm      "movq {frame.sp}, %rsp"
  requires irqs off
  ensures  stack user
}

condition sysret_applies_${n} =
      frame.cx == frame.ip             because "SYSRET loads RIP from RCX"
  and frame.r11 == frame.flags         because "and RFLAGS from R11"
  and frame.cs == USER_CS
  and frame.ss == USER_DS              because "STAR fixes both selectors"
  and frame.ip < TASK_SIZE_MAX         because "Intel CPUs fault in ring 0 on a RIP that is not canonical"
  and (SUBSYSTEM_${n} or not frame.orig_ax == LIMIT_${n})
  and frame.flags lacks RF | TF        because "SYSRET cannot restore RF, and traps late on TF"

condition to_user_${n} = frame.user

exit syscall_return_${n} from syscall to user {
  prepare prepare_syscall_return_${n} returns sysret_applies_${n} {
    run trace_leave_${n}
    irqs off
    repeat while pending user_work_${n} {
      irqs on
      run schedule_${n}, deliver_signal_${n}, probe_${n}
      irqs off
    }
    run notifiers_${n}
    do user_enter
  }
  leave {
    when sysret_applies_${n} {
      do restore_registers except rsp
      do load_user_stack_${n}, swapgs
      sysretq
    }
    do swapgs, restore_registers
    iretq at syscall_iret_${n} on fault bad_iret
  }
}

exit interrupt_return_${n} from interrupt, exception to user or kernel {
  prepare prepare_interrupt_return_${n} returns to_user_${n} {
    when frame.user {
      repeat while pending user_work_${n} {
        irqs on
        run schedule_${n}, deliver_signal_${n}, probe_${n}
        irqs off
      }
      run notifiers_${n}
      do user_enter
    } else if SUBSYSTEM_${n} and preempt_count == 0 {
      run idle_${n}
    }
  }
  leave {
    when to_user_${n} { do swapgs }
    do restore_registers
    iretq at interrupt_iret_${n} on fault bad_iret
  }
}

work idle_${n} {
  always
  call idle_${n}(frame)
  requires irqs off
}
`;
}

/** A spec of at least `lines` lines; it exceeds them by less than one subsystem. */
export function generateSpec(lines: number): string {
  const parts = [head];
  let count = head.split("\n").length;
  for (let n = 0; count < lines; n++) {
    const part = subsystem(n);
    parts.push(part);
    count += part.split("\n").length - 1;
  }
  return parts.join("");
}
