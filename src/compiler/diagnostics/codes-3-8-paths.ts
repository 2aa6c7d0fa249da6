import type { CatalogueEntry } from "./catalogue.js";

export const entries3to8 = {
  // 3: IRQs and work
  EX3001: {
    severity: "error",
    title: "one-shot work may be pending at a return to user mode",
    message: "{flags} may be pending when `{terminal}` returns to user mode",
  },
  EX3002: { severity: "error", title: "work that sleeps where it must not", message: "`{item}` may sleep, and {why}" },
  EX3003: { severity: "error", title: "final work with IRQs on", message: "`{item}` is final work, and IRQs are on here" },
  EX3004: { severity: "error", title: "once-only work that may run twice", message: "`{item}` is to run once, and {why}" },
  EX3005: {
    severity: "error",
    title: "the wrong IRQ state for a call or step",
    message: "`{item}` requires IRQs {wanted}, and they are {actual} here",
  },
  EX3006: {
    severity: "error",
    title: "a loop that waits for a flag nobody clears",
    message: "the loop waits for `{flag}` to clear, and nothing in it clears that flag",
  },
  EX3007: {
    severity: "error",
    title: "a condition that has gone stale",
    message: "`{condition}` was decided on a frame that has been rewritten since",
  },
  EX3008: {
    severity: "error",
    title: "a condition decided on some ways only",
    message: "`{condition}` is returned, but on some ways it is never decided",
  },
  EX3009: {
    severity: "error",
    title: "work that is owed and not done",
    message: "`{work}` is owed{when}, and `{terminal}` may return to user mode without it",
  },
  EX3010: {
    severity: "error",
    title: "work that is asked for and lost",
    message: "{flags} may be cleared here, and {works} not run for it",
  },
  EX3011: {
    severity: "error",
    title: "final work that comes too early",
    message: "`{flag}` may have been set since `{item}` looked at it, and `{terminal}` returns to user mode",
  },
  EX3012: {
    severity: "error",
    title: "IRQs on in kernel code that ran with them off",
    message: "IRQs go on here, and the kernel code that `{event}` interrupted may have had them off",
  },
  // 4: machine state
  EX4001: {
    severity: "error",
    title: "a contract that does not hold",
    message: "`{item}` requires {dimension} {wanted}, and here it is {actual}",
  },
  EX4002: {
    severity: "error",
    title: "a step that says less than it does",
    message: "`{item}` writes {what}, and its contract does not say what that ensures",
  },
  EX4003: {
    severity: "error",
    title: "per-CPU data through the wrong GS",
    message: "`{instruction}` accesses per-CPU data, and {dimension} is {actual} here",
  },
  EX4004: {
    severity: "error",
    title: "memory that the user's page tables do not map",
    message: "`{instruction}` uses the {region}, which the user's page tables do not map",
  },
  EX4005: { severity: "error", title: "IRQs on with the user's state loaded", message: "IRQs {irqs} here, and {dimension} is {actual}" },
  EX4006: {
    severity: "error",
    title: "a use of the user's stack in ring 0",
    message: "`{instruction}` uses the stack, and RSP is the user's",
  },
  EX4007: {
    severity: "error",
    title: "a C call in the wrong machine state",
    message: "`{item}` is C, which runs with {dimension} {wanted}, and here it is {actual}",
  },
  EX4008: {
    severity: "error",
    title: "a step whose contract its instructions contradict",
    message: "`{item}` says it ensures {dimension} {wanted}, and its instructions leave it {actual}",
  },
  EX4011: {
    severity: "error",
    title: "a step where what it takes for granted is not known",
    message: "`{item}` runs here, and nothing proves that {test}",
  },
  EX4010: {
    severity: "error",
    title: "a write to the espfix stack",
    message: "`{instruction}` writes to the stack, and RSP is the espfix stack's read-only alias",
  },
  EX4009: { severity: "error", title: "a jump on flags that are gone", message: "`{instruction}` tests flags, and {why}" },
  // 5: terminals
  EX5001: {
    severity: "error",
    title: "a terminal's requirement does not hold",
    message: "`{terminal}` requires {dimension} {wanted}, and here it is {actual}",
  },
  EX5002: { severity: "error", title: "a terminal that pops the wrong words", message: "`{terminal}` would load {register} with {actual}" },
  EX5003: {
    severity: "error",
    title: "a register that is not the user's at a terminal",
    message: "`{terminal}` is reached with {registers} not restored",
  },
  EX5004: {
    severity: "error",
    title: "a frame that the terminal cannot restore",
    message: "nothing proves that {fact} where `{terminal}` is reached",
  },
  EX5005: { severity: "error", title: "a terminal to the wrong mode", message: "`{terminal}` cannot return to {target} mode" },
  EX5006: { severity: "error", title: "a path that ends without a terminal", message: "{what} can reach its end without leaving" },
  EX5007: { severity: "error", title: "a statement that is never reached", message: "this is never reached" },
  EX5008: {
    severity: "error",
    title: "a tail entered in the wrong state",
    message: "the tail `{tail}` requires {dimension} {wanted}, and here it is {actual}",
  },
  EX5009: { severity: "error", title: "tails that jump in a circle", message: "the tail `{tail}` jumps to itself" },
  EX5010: { severity: "error", title: "a test that assembly cannot make here", message: "{problem}" },
  EX5011: {
    severity: "error",
    title: "a fault that its recovery does not expect",
    message: "a fault of `{terminal}` finds {dimension} {actual}, and `{event}` is to arrive with it {wanted}",
  },
  EX5012: {
    severity: "error",
    title: "a terminal that may fault, and nobody to recover",
    message: "`{terminal}` may fault here, and nothing says what happens then",
  },
  EX5013: { severity: "error", title: "a tail that cannot be planned", message: "no legal order of steps leads to `{goal}` from here" },
  EX5014: {
    severity: "error",
    title: "a tail with too many variants",
    message: "the steps to `{goal}` would need more than {limit} variants for different kernels",
  },
  EX5015: {
    severity: "error",
    title: "a terminal or an instruction that the kernel does not have",
    message: "`{terminal}` may be reached, and {why}",
  },
  // 6: NMI and paranoid
  EX6001: {
    severity: "error",
    title: "IRQs on in a path that may have interrupted anything",
    message: "IRQs go on here, and `{event}` may have interrupted any instruction of the kernel",
  },
  EX6002: { severity: "error", title: "a saved value that is not restored", message: "`{token}` is never restored before `{terminal}`" },
  EX6003: { severity: "error", title: "a saved value restored twice", message: "`{token}` was restored already" },
  EX6004: {
    severity: "error",
    title: "work in a path that may have interrupted anything",
    message: "`{item}` runs here, and `{event}` may have interrupted any instruction of the kernel",
  },
  EX6005: {
    severity: "error",
    title: "an any-point path that takes a state for granted",
    message: "`{event}` takes {dimension} {assumed} for granted, and it may come while `{path}` has it at {actual}",
  },
  EX6006: {
    severity: "error",
    title: "an any-point event without a stack of its own",
    message: "`{event}` has no stack of its own, and it may come while `{path}` has the user's RSP loaded",
  },
  EX6007: {
    severity: "error",
    title: "an entry that does not arrive where its exit starts",
    message: "`{entry}` ends with {dimension} {actual}, and `{event}` starts with it {wanted}",
  },
  EX6008: {
    severity: "error",
    title: "a token that entry does not save",
    message: "`{entry}` never saves `{token}`, which the exit of `{event}` restores",
  },
  EX6009: {
    severity: "error",
    title: "an NMI's stack that is not its own any more",
    message: "`{terminal}` leaves from the stack of `{event}`, and {why}",
  },
  EX6010: {
    severity: "error",
    title: "an entry that loses what it should save",
    message: "`{entry}` {problem}",
  },
  // 7: context tracking and instrumentation; 8: mitigations
  EX7001: {
    severity: "error",
    title: "an obligation to the kernel's own state",
    message: "every return to {target} mode owes {dimension} {wanted}, and at `{terminal}` it is {actual}",
  },
  EX8001: {
    severity: "error",
    title: "a mitigation that is missing",
    message: "every return to {target} mode owes {dimension} {wanted}, and at `{terminal}` it is {actual}",
  },
  EX8002: {
    severity: "error",
    title: "a RET without the kernel's speculation controls",
    message: "`{item}` contains a RET, and spec_ctrl is {actual} here",
  },
  EX8003: {
    severity: "error",
    title: "a mitigation that an interruption undoes",
    message: "`{event}` may have interrupted a way to user mode with {dimension} {wanted}, and leaves it {actual}",
  },
  EX8004: {
    severity: "warning",
    title: "a mitigation on the way to the kernel",
    message: "the CPU's buffers are clean where `{terminal}` returns to the kernel, for nobody",
  },
  // Waivers
  EX3900: { severity: "warning", title: "a waiver that waives nothing", message: "this `waive` puts nothing aside" },
} as const satisfies Record<string, CatalogueEntry>;
