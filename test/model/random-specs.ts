/**
 * Random specs of one way out each: a few flags, work and features in any order that the language can say, most of them wrong. They
 * leave GS alone: of IRQs that are on while it is swapped the checker tells there, and not again where the path leaves.
 */
export type Random = () => number;

/** A small generator of numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function generator(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const some = <T>(random: Random, list: readonly T[], chance: number): T[] => list.filter(() => random() < chance);

const frame = `
frame trap_frame {
  r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
  rip, cs, rflags, rsp, ss
  user when cs has RPL
}
`;

export function randomSpec(random: Random): string {
  const flags = ["A", "B", "C", "D"].slice(0, 1 + Math.floor(random() * 4));
  const other = random() < 0.4 ? ["X", "Y"].slice(0, 1 + Math.floor(random() * 2)) : [];
  const works = flags.map((flag, i) => `work_${flag}${random() < 0.2 && i > 0 ? `_and_${flags[i - 1]}` : ""}`);
  const policy = () => pick(random, ["one-shot", "one-shot", "one-shot", "final", "once"]);
  const contract = (clears: readonly string[]) => {
    const set = some(random, flags, 0.25);
    const may = [
      ...(random() < 0.25 ? ["rewrite frame"] : []),
      ...(set.length > 0 ? [`set ${set.join(" | ")}`] : []),
      ...(other.length > 0 && random() < 0.2 ? [`set ${other[0]}`] : []),
    ];
    return [
      ...(clears.length > 0 && random() < 0.9 ? [`  clears ${clears.join(" | ")}`] : []),
      ...(may.length > 0 ? [`  may ${may.join(", ")}`] : []),
      ...(random() < 0.1 ? [`  ensures irqs ${pick(random, ["on", "off"])}`] : []),
    ];
  };
  const workTexts = works.map((work, i) => {
    const own = [flags[i] as string, ...(work.includes("_and_") ? [flags[i - 1] as string] : [])];
    const feature = random() < 0.2 ? ` if ${pick(random, ["F", "G", "not F"])}` : "";
    return [`work ${work}${feature} {`, `  ${policy()} when ${own.join(" | ")}`, `  call ${work}(frame)`, ...contract(own), "}"].join("\n");
  });
  const tests = [
    ...flags,
    "F",
    "G",
    "not G",
    "ok",
    "from_user",
    "frame.user",
    `not ${flags[0]}`,
    ...flags.map((f) => `${f} and F`),
    "frame.rax == 0",
    "frame.rax == 0 or F",
    "mixed",
  ];
  const returned = pick(random, ["ok", "from_user", "mixed"]);
  // A named condition is decided once, at the end, or where it is tested: else the language would not say which decision counts.
  const testable = tests.filter((t) => t !== returned);
  const block = (depth: number, inLoop: boolean): string[] =>
    Array.from({ length: 1 + Math.floor(random() * 4) }, () => statement(depth, inLoop)).flat();
  const indented = (lines: readonly string[]) => lines.map((l) => `  ${l}`);
  const loop = (depth: number): string[] => {
    const mask = pick(random, ["all", "all", "some"]);
    const body =
      random() < 0.6 ? ["irqs on", ...works.filter(() => random() < 0.9).map((w) => `run ${w}`), "irqs off"] : block(depth - 1, true);
    return [`repeat while pending ${mask}_flags {`, ...indented(body), "}"];
  };
  const statement = (depth: number, inLoop: boolean): string[] => {
    const roll = random();
    if (roll < 0.14) return [`irqs ${pick(random, ["on", "off", "off"])}`];
    if (roll < 0.4) return [`run ${pick(random, works)}`];
    if (roll < 0.46) return [`do ${pick(random, ["poke", "wake"])}`];
    if (roll < 0.52) return [pick(random, ["read work_flags", "take work_flags"])];
    if (roll < 0.57) return [`clear ${pick(random, flags)}`];
    if (roll < 0.78 && depth > 0 && !inLoop) return loop(depth);
    if (depth > 0) {
      const otherwise = random() < 0.4 ? [" else {", ...indented(block(depth - 1, inLoop)), "}"] : [""];
      const [head, ...rest] = otherwise;
      return [`when ${pick(random, testable)} {`, ...indented(block(depth - 1, inLoop)), `}${head}`, ...rest];
    }
    return ["irqs off"];
  };
  const early = returned === "mixed" || random() < 0.6 ? [] : [`evaluate ${returned}`];
  const good = ["irqs off", ...loop(0), ...(random() < 0.3 ? statement(1, false) : [])];
  const body = [
    ...(random() < 0.3 ? block(1, false) : []),
    ...early,
    ...(random() < 0.6 ? good : block(2, false)),
    ...(random() < 0.7 ? ["irqs off"] : []),
  ];
  const duty = random() < 0.2 ? `require all_flags clear at user${random() < 0.5 ? " if F" : ""}` : "";
  const waiver = random() < 0.1 ? [`waive ${pick(random, ["EX3001", "all_flags clear"])} because "to see what it hides"`] : [];
  return `edition 2026
import "bare"
feature F
feature G { ${pick(random, ["excludes F", "needs F", "config CONFIG_G"])} }
flags work_flags in thread.flags {
${flags.map((f, i) => `  ${f} bit ${i}${random() < 0.7 ? " async" : ""}`).join("\n")}
}
${other.length > 0 ? `flags other_flags in cpu.flags {\n${other.map((f, i) => `  ${f} bit ${i}`).join("\n")}\n}` : ""}
mask all_flags = ${flags.join(" | ")}
mask some_flags = ${flags.slice(0, 2).join(" | ")}
${frame}
event syscall { origin user  starts irqs ${pick(random, ["on", "off"])} }
event trap { origin user or kernel  starts irqs off }
condition ok = ${pick(random, ["frame.rip < 0x1000", "F and frame.rip < 0x1000", "frame.rip < 0x1000 or G", "frame.rip < 0x1000 and not F"])}
condition from_user = frame.user
condition mixed = ${pick(random, ["not A", "A and frame.rip < 0x1000", "frame.user and not A"])}
${workTexts.join("\n")}
step poke {
  call poke(frame)
${contract([]).join("\n")}
}
step wake {
  call wake()
  may set ${pick(random, flags)}
}
step rest { call rest() }
step open { asm "sti" }
step close { asm "cli" }
${duty}
exit way_out from ${pick(random, ["syscall", "trap", "syscall, trap"])} to user or kernel {
${indented(waiver).join("\n")}
  prepare prepare_way_out returns ${returned} {
${indented(indented(body)).join("\n")}
  }
  leave {
    when ${returned} { do ${pick(random, ["rest", "rest", "open", "close"])} }
    ${random() < 0.1 ? "do open, close" : ""}
    do restore_registers
    iretq
  }
}
`;
}
