/** Small specs for the tests of the checker, with the expected place marked in them: `<|here|>`. */
import { expect } from "vitest";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import type { Span } from "../../src/compiler/text/source.js";
import { compileText } from "../docs/compile.js";

/** A frame, two flags words, an event from user mode, works of each policy, and a few steps. */
const kernel = `edition 2026

import "bare"

feature PTI feature XENPV feature FAST { excludes XENPV }

state context { kernel, user }

flags work_flags in current.flags {
  SIGNAL bit 0 async
  RESCHED bit 1 async
  TRACED bit 2
  NOTIFY bit 3
}

mask user_work = SIGNAL | RESCHED

value depth in current.depth

frame regs {
  r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi,
  rip, cs, rflags, rsp, ss,
  user when cs has RPL
}

event trap { origin user or kernel starts irqs off }

event syscall { origin user starts irqs on loses rcx, r11 }

work signal { one-shot when SIGNAL call signal(frame) requires irqs on clears SIGNAL may sleep, rewrite frame, set RESCHED }

work resched { one-shot when RESCHED call resched() requires irqs on clears RESCHED may sleep }

work trace { once when TRACED call trace() }

work notify { final when NOTIFY call notify() clears NOTIFY }

step leave_kernel { call leave_kernel() requires context kernel ensures context user }

step user_stack { asm "movq {frame.rsp}, %rsp" ensures stack user }

condition sysret_applies =
      frame.rcx == frame.rip and frame.r11 == frame.rflags
  and frame.cs == 0x33 and frame.ss == 0x2b
  and frame.rip < 0x7fff_ffff_f000 and frame.rflags lacks RF | TF

condition to_user = frame.user
`;

export interface Found {
  readonly code: string;
  readonly message: string;
  /** The text that the report points at. */
  readonly at: string;
  readonly label: string;
  /** The other places: the text there, and what is said of it. */
  readonly secondary: readonly (readonly [string, string])[];
  readonly trace: readonly string[];
  readonly notes: readonly string[];
  readonly help: string;
}

/** All findings of the kernel above with `text` behind it; the marks are taken out. */
export function findings(text: string): readonly Found[] {
  return compileText("test.exitdsl", kernel + withoutMarks(text)).diagnostics.map(found);
}

/** The only finding of `text`, which must be where the mark is. */
export function fault(text: string): Found {
  const start = kernel.length + text.indexOf("<|");
  const length = text.indexOf("|>") - text.indexOf("<|") - 2;
  const { diagnostics } = compileText("test.exitdsl", kernel + withoutMarks(text));
  expect(diagnostics.map((d) => `${d.code} ${d.message}`)).toHaveLength(1);
  const [only] = diagnostics as readonly [Diagnostic];
  const { span } = only.primary;
  expect(textOf(span)).toBe((kernel + withoutMarks(text)).slice(start, start + length));
  expect(span.start).toBe(start);
  return found(only);
}

/** `text` in an exit from user mode by IRETQ: `body` is its `prepare`. */
export function prepare(body: string, event = "syscall"): string {
  return `exit path from ${event} to user {\n prepare prepare_path {\n${body}\n }\n leave { do swapgs, restore_registers iretq on fault bad_iret }\n}`;
}

/** `body` as the `leave` of an exit to user mode, behind a `prepare` that turns IRQs off. */
export function leave(body: string, more = ""): string {
  return `${more}\nexit path from syscall to user {\n prepare prepare_path returns sysret_applies { irqs off }\n leave {\n${body}\n }\n}`;
}

function withoutMarks(text: string): string {
  return text.replaceAll(/<\||\|>/g, "");
}

function textOf({ source, start, end }: Span): string {
  return source.text.slice(start, end);
}

function found({ code, message, primary, secondary, trace, notes, help = "" }: Diagnostic): Found {
  return {
    code,
    message,
    at: textOf(primary.span),
    label: primary.message,
    secondary: secondary.map((l) => [textOf(l.span), l.message] as const),
    trace: trace.map((step) => step.text),
    notes,
    help,
  };
}
