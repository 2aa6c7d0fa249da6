/** Specs that no page can show: too long, or not text. Each is named by its page's comment `<!-- test: NAME -->`. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";

export interface Generated {
  /** The files of the wrong example by their names; the spec is `spec.exitdsl`. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** What is no file: made in the folder of the spec. */
  readonly prepare?: (folder: string) => void;
  /** The code that is reported besides, where the fault is that there are too many others. */
  readonly others?: string;
}

const spec = (...lines: readonly string[]): Generated => ({ files: { "spec.exitdsl": `edition 2026\n${lines.join("\n")}\n` } });
const times = (count: number, line: (index: number) => string): readonly string[] => Array.from({ length: count }, (_, i) => line(i));
const tooLong = `edition 2026\n${"// a comment\n".repeat(330_000)}`;

/** A feature that turns the order of two steps round: with it a before b, without it b before a. */
const pair = (i: number) => `feature F${i}
state a${i} { no, yes } state b${i} { no, yes } state last${i} { none, a, b }
require a${i} yes at user
require b${i} yes at user
require last${i} b at user if F${i}
require last${i} a at user if not F${i}
step do_a${i} { asm "nop" ensures a${i} yes, last${i} a }
step do_b${i} { asm "nop" ensures b${i} yes, last${i} b }`;

export const generators: Readonly<Record<string, () => Generated>> = {
  "a link to itself": () => ({
    ...spec('import "./common.exitdsl"'),
    prepare: (folder) => symlinkSync("common.exitdsl", join(folder, "common.exitdsl")),
  }),
  "65 files": () => {
    const parts = times(64, (i) => `part-${i}.exitdsl`);
    const imports = `edition 2026\n${parts.map((name) => `import "./${name}"\n`).join("")}`;
    return { files: { "spec.exitdsl": imports, ...Object.fromEntries(parts.map((name, i) => [name, `edition 2026\nfeature F${i}\n`])) } };
  },
  "Latin-1": () => ({
    files: { "spec.exitdsl": Buffer.from("edition 2026\n\n/// Entrée par une interruption.\nfeature NMI\n", "latin1") },
  }),
  "4 MiB": () => ({ files: { "spec.exitdsl": tooLong } }),
  "4 MiB of text": () => ({ files: { "spec.exitdsl": tooLong } }),
  "501 errors": () => ({ ...spec(...times(501, (i) => `mask m${i} = SIGNAL`)), others: "EX2020" }),
  "a zero byte": () => spec("feature PTI\0"),
  "65 parentheses": () => spec("feature PTI", `require cr3 user at user if ${"(".repeat(65)}PTI${")".repeat(65)}`),
  "1001 operators": () => spec("feature PTI", `require cr3 user at user if PTI${" or PTI".repeat(1001)}`),
  "16 kernels": () =>
    spec(
      'import "bare"',
      "frame regs { r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, rip, cs, rflags, rsp, ss, user when cs has RPL }",
      "event trap { origin user starts irqs off }",
      ...times(4, pair),
      "exit trap_return from trap to user { leave { iretq } }",
    ),
  "101 syntax errors": () => ({ ...spec(...times(101, (i) => `feature ${i}`)), others: "EX1001" }),
};
