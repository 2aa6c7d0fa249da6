/** Specs for `bench/check.ts`: of many paths, and of many features that have nothing to do with one another. They pass all checks. */

const head = `edition 2026

import "bare"

flags work_flags in current.flags {
  SIGNAL  bit 0 async
  RESCHED bit 1 async
}

mask work = SIGNAL | RESCHED

frame regs {
  r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, vector,
  rip, cs, rflags, rsp, ss
  user when cs has RPL
}

work signal {
  one-shot when SIGNAL
  call signal(frame)
  requires irqs on
  clears SIGNAL
  may sleep, rewrite frame, set RESCHED
}

work resched {
  one-shot when RESCHED
  call resched()
  requires irqs on
  clears RESCHED
  may sleep
}
`;

function exit(name: string, steps: string): string {
  return `
event ${name}_event { origin user starts irqs off }

exit ${name} from ${name}_event to user {
  prepare prepare_${name} {
    repeat while pending work { irqs on run signal, resched irqs off }
  }
  leave {
    ${steps}
    do swapgs, restore_registers
    iretq on fault ${name}_recovery
  }
}
`;
}

/** `count` exits that share all works. */
export function generatePaths(count: number): string {
  return head + Array.from({ length: count }, (_, i) => exit(`path${i}`, "")).join("");
}

/** One exit with `count` features, each of which has a step of its own; with "state" also a state that the step brings about and user mode owes. */
export function generateFeatures(count: number, kind: "step" | "state"): string {
  const declared = Array.from({ length: count }, (_, i) =>
    kind === "step"
      ? `feature F${i}\nstep step${i} if F${i} { asm "nop" }\n`
      : `feature F${i}\nstate state${i} { before, after }\nstep step${i} if F${i} { asm "nop" ensures state${i} after }\nrequire state${i} after at user if F${i}\n`,
  );
  return head + declared.join("") + exit("path", `do ${Array.from({ length: count }, (_, i) => `step${i}`).join(", ")}`);
}
