/**
 * The text of a spec with any number of asynchronous flags, each with work that clears it and may set one or two others. There are
 * eight kernels: three features, with each of which some other work handles a flag.
 */

const features = 3;

export function specWithFlags(count: number): string {
  const flags = Array.from({ length: count }, (_, i) => `TIF_${i}`);
  const works = flags.map((flag, i) => {
    const others = [...new Set([(i + 1) % count, ...(i % 2 === 0 ? [(i + 3) % count] : [])])].filter((o) => o !== i).map((o) => flags[o]);
    // Every fourth item is like the delivery of a signal.
    const may = [...(i % 4 === 2 ? ["rewrite frame"] : []), `set ${others.join(" | ")}`];
    const contract = (name: string, condition: string, effects: readonly string[]) =>
      `work ${name}${condition} {\n  one-shot when ${flag}\n  call ${name}(frame)\n  requires irqs on\n  clears ${flag}\n  may ${effects.join(", ")}\n}\n`;
    if (i >= features) return contract(`work_${i}`, "", may);
    return contract(`work_${i}`, ` if not F${i}`, may) + contract(`other_work_${i}`, ` if F${i}`, [...may, "sleep", `set ${flag}`]);
  });
  const runs = flags.flatMap((_, i) => (i < features ? [`work_${i}`, `other_work_${i}`] : [`work_${i}`]));
  return `edition 2026

import "bare"

${Array.from({ length: features }, (_, i) => `feature F${i}\n`).join("")}
flags thread_flags in thread.flags {
${flags.map((flag, i) => `  ${flag} bit ${i} async\n`).join("")}}

mask user_work = ${flags.join(" | ")}

frame pt_regs {
  r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi,
  vector,
  rip, cs, rflags, rsp, ss
  user when cs has RPL
}

event syscall { origin user  starts irqs on  loses rcx, r11 }

${works.join("\n")}
condition sysret_applies =
      frame.rcx == frame.rip and frame.r11 == frame.rflags and frame.cs == 0x33 and frame.ss == 0x2b
  and frame.rip < 0x7fff_ffff_f000 and frame.rflags lacks TF | RF

step load_user_stack {
  asm      "movq {frame.rsp}, %rsp"
  ensures  stack user
}

exit syscall_return from syscall to user {
  prepare prepare_syscall_return returns sysret_applies {
    irqs off
    repeat while pending user_work {
      irqs on
      run ${runs.join(", ")}
      irqs off
    }
  }
  leave {
    when sysret_applies {
      do restore_registers except rsp
      do load_user_stack, swapgs
      sysretq
    }
    do swapgs, restore_registers
    iretq on fault bad_iret
  }
}
`;
}
