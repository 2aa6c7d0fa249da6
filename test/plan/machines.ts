/** Small random machines: a few steps with contracts at random over made-up states, one exit to plan. */

/** A generator of numbers that a seed tells all of (mulberry32). */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed;
  }

  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

const lines = [
  ["lfence"],
  ["lfence", "lfence"],
  ["lfence", "lfence", "lfence"],
  ["lfence", "lfence", "lfence", "lfence"],
  ["movl $1, %eax"],
  ["movl $1, %ecx", "lfence"],
  ["movq {frame.rax}, %rax"],
  ["pushq {frame.rdi}"],
  ["popq %rdi"],
  ["movq %rax, %rdx"],
  ["movq %gs:counter, %rcx"],
];

const prelude = `edition 2026
import "bare"

feature FAST

frame regs {
  r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi,
  rip, cs, rflags, rsp, ss,
  user when cs has RPL
}

event trap {
  origin user
  starts irqs off
}
`;

/** A spec with the exit `planned`, whose `leave` is what `leave` says. */
export function machine(random: Random): { readonly steps: readonly string[]; spec(leave: string): string } {
  const states = ["a", "b", "c"].slice(0, 2 + random.below(2));
  const values = ["none", "some", "full"];
  const setting = () => `${random.pick(states)} ${random.pick(values)}`;
  const distinct = (list: readonly string[]) => [...new Map(list.map((s) => [s.split(" ")[0], s])).values()];
  const steps: string[] = [];
  let text = prelude;
  for (const state of states) text += `\nstate ${state} { ${values.join(", ")} }\n`;
  const count = 4 + random.below(4);
  for (let i = 0; i < count; i++) {
    const name = `step_${i}`;
    const requires = distinct([
      ...(random.chance(60) ? [setting()] : []),
      ...(random.chance(15) ? [`gs ${random.pick(["user", "kernel"])}`] : []),
      ...(random.chance(15) ? ["registers user except rsp"] : []),
    ]);
    const ensures = distinct([setting(), ...(random.chance(30) ? [setting()] : [])]);
    const condition = random.chance(20) ? ` if ${random.pick(["FAST", "not FAST"])}` : "";
    const asm = random
      .pick(lines)
      .map((line) => `"${line}"`)
      .join(" ");
    text += `\nstep ${name}${condition} {\n  asm ${asm}\n`;
    if (requires.length > 0) text += `  requires ${requires.join(", ")}\n`;
    text += `  ensures ${ensures.join(", ")}\n}\n`;
    steps.push(name);
  }
  for (const state of states) {
    if (random.chance(80)) text += `\nrequire ${state} ${random.pick(values)} at user${random.chance(25) ? " if FAST" : ""}\n`;
  }
  return { steps, spec: (leave) => `${text}\nexit planned from trap to user {\n  leave {\n${leave}\n  }\n}\n` };
}
