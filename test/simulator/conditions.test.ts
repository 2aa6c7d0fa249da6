/** Comparisons of 64-bit words and constants, against the same in BigInt; and stacks that depend on the way that was taken. */
import { describe, expect, test } from "vitest";
import { seed } from "../seed.js";
import { randomFrom, word64 } from "./random.js";
import { load, simulateText } from "./specs.js";

const numbers = [
  0n,
  1n,
  0xffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_f000n,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

const operators: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  has: (a, b) => (a & b) !== 0n,
  lacks: (a, b) => (a & b) === 0n,
};

/** Each right side as the spec says it, and its value in a kernel without and with the feature. */
const rights: readonly (readonly [text: string, value: (b: bigint, feature: boolean) => bigint])[] = [
  ["frame.b", (b) => b],
  ["LIMIT", (_, feature) => (feature ? 0xff_ffff_ffff_f000n : 0x7fff_ffff_f000n)],
  ["LIMIT | 0x8000_0000_0000_0001", (_, feature) => (feature ? 0xff_ffff_ffff_f000n : 0x7fff_ffff_f000n) | 0x8000_0000_0000_0001n],
  ...numbers.map((n) => [`0x${n.toString(16)}`, () => n] as const),
];

const forms: readonly (readonly [wrap: (test: string) => string, negated: boolean])[] = [
  [(t) => t, false],
  [(t) => `not (${t})`, true],
];

const cases = Object.keys(operators).flatMap((operator) =>
  // Bits are asked for by number.
  rights
    .filter(([right]) => right !== "frame.b" || !/^[hl]/.test(operator))
    .flatMap(([right, value]) =>
      forms.map(([wrap, negated]) => ({ operator, right, value, negated, text: wrap(`frame.a ${operator} ${right}`) })),
    ),
);

test(`every comparison of a spec, seed ${seed}`, async () => {
  const exits = cases.map(
    ({ text }, i) => `condition c${i} = ${text}\nexit x${i} from e to user { prepare p${i} returns c${i} { irqs off } leave { iretq } }`,
  );
  const module = await load(
    simulateText(`
edition 2026
feature WIDE
constant LIMIT = 0xff_ffff_ffff_f000 if WIDE else 0x7fff_ffff_f000
frame f { a, b, rip, cs, rflags, rsp, ss }
event e { origin user }
${exits.join("\n")}
`),
  );
  const random = randomFrom(seed);
  const machine = new module.Machine();
  const wrong: string[] = [];
  const values = [...numbers, ...numbers.map((n) => BigInt.asUintN(64, n + 1n)), word64(random), word64(random)];
  cases.forEach(({ negated, operator, right, text, value }, i) => {
    for (const a of values) {
      for (const b of right === "frame.b" ? values : [0n]) {
        for (const WIDE of [false, true]) {
          machine.set(module.frame.a as number, a);
          machine.set(module.frame.b as number, b);
          const expected = operators[operator]?.(a, value(b, WIDE)) !== negated;
          if (module.paths[`x${i}`]?.run(machine, { WIDE }, []).result !== expected)
            wrong.push(`${text} with a = ${a}, b = ${b}, WIDE ${WIDE}`);
        }
      }
    }
  });
  expect(wrong).toEqual([]);
});

describe("a stack that depends on the way that was taken", () => {
  /** Only frames from user mode are copied to another stack; IRETQ takes the five words from where RSP then is. */
  const text = (branch: string) => `
edition 2026
feature SPLIT
frame f { rax, rip, cs, rflags, rsp, ss, user when cs has 3 }
event e { origin user or kernel }
step pop_rax { asm "popq %rax" }
step other_stack {
  asm ${branch === "step" ? '"testb $3, 8(%rsp)" "jz 1f"' : ""}
      "movq %rsp, %rdi" "movq %gs:top, %rsp" "pushq 32(%rdi)" "pushq 24(%rdi)" "pushq 16(%rdi)" "pushq 8(%rdi)" "pushq (%rdi)"
      ${branch === "step" ? '"1:"' : ""}
  ensures stack trampoline
}
exit x from e to user or kernel { leave { do pop_rax  ${branch === "step" ? "do other_stack" : `when ${branch} { do other_stack }`}  iretq } }
`;

  test.each(["frame.user", "SPLIT", "step"])("by %s", async (branch) => {
    const module = await load(simulateText(text(branch)));
    for (const cs of [0x33n, 0x10n]) {
      for (const SPLIT of [false, true]) {
        const machine = new module.Machine();
        const words = { rax: 7n, rip: 0x401000n, cs, rflags: 0x246n, rsp: 0x7ffd_0000n, ss: cs === 0x33n ? 0x2bn : 0x18n };
        for (const [field, value] of Object.entries(words)) machine.set(module.frame[field] as number, value);
        machine.set(module.memory?.["%gs:top"] as number, 0xffff_fe00_0000_2000n);
        expect(module.paths.x?.run(machine, { SPLIT }, [])).toMatchObject({ target: cs === 0x33n ? "user" : "kernel", fault: undefined });
        expect(machine.get(module.system.rip as number)).toBe(0x401000n);
        expect(machine.get(module.register.rsp as number)).toBe(0x7ffd_0000n);
        expect(machine.get(module.system.rflags as number)).toBe(0x246n);
      }
    }
  });
});
