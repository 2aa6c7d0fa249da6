/** The comparison finds what is wrong: the emitted C is broken on purpose, each time in one place, and each time a case shows it. */
import { describe, expect, test } from "vitest";
import { emitExample } from "../c/specs.js";
import { Differ } from "./differ.js";

interface Mutation {
  readonly what: string;
  readonly from: string | RegExp;
  readonly to: string;
  /** What the report must have on the side of C or of the simulator, in a line that differs. */
  readonly shows: RegExp;
}

const mutations: readonly Mutation[] = [
  { what: "IRQs stay on", from: "exitdsl_irq_disable();", to: "", shows: /^! .*irqs off/m },
  { what: "IRQs stay off in the loop", from: "exitdsl_irq_enable();", to: "", shows: /^! .*irqs on/m },
  {
    what: "a wrong mask",
    from: "while (thread_flags & user_work)",
    to: "while (thread_flags & (user_work & ~TIF_UPROBE))",
    shows: /^! .*TIF|thread_flags/m,
  },
  { what: "a stale snapshot", from: /thread_flags = exitdsl_read_thread_flags\(\);\n\t}/, to: "}", shows: /^! .*read thread_flags/m },
  { what: "a guard left out", from: "if (thread_flags & TIF_SIGPENDING)\n", to: "", shows: /^! .*call do_signal/m },
  {
    what: "two calls exchanged",
    from: "schedule_user();\n\t\tif (thread_flags & TIF_UPROBE)\n\t\t\tuprobe_notify_resume(frame);",
    to: "uprobe_notify_resume(frame);\n\t\tif (thread_flags & TIF_UPROBE)\n\t\t\tschedule_user();",
    shows: /^! .*call (schedule_user|uprobe)/m,
  },
  {
    what: "an off-by-one in a bound",
    from: "frame->ip < TASK_SIZE_MAX",
    to: "frame->ip <= TASK_SIZE_MAX",
    shows: /^! returns true +returns false/m,
  },
  { what: "a clause left out", from: /frame->r11 == frame->flags &&/, to: "", shows: /^! returns true +returns false/m },
  { what: "a wrong bit", from: "(RF | TF)", to: "(RF)", shows: /^! returns true +returns false/m },
  { what: "a feature ignored", from: "if (EXITDSL_CONTEXT_TRACKING)\n", to: "", shows: /^! .*call user_enter/m },
  {
    what: "a write to the frame",
    from: "return sysret_applies(frame);",
    to: "frame->dx++; return sysret_applies(frame);",
    shows: /^! frame\.dx/m,
  },
  { what: "another frame passed on", from: "do_signal(frame);", to: "do_signal(frame + 1);", shows: /./ },
];

const emitted = emitExample("four-paths-2015");
const seed = 20150402;

describe("the emitted C with", () => {
  test.each(mutations)("$what is found out", async ({ from, to, shows }) => {
    const change = (text: string): string => {
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      return changed;
    };
    const differ = await Differ.of(emitted, { change });
    const mismatch = await differ.compare(0, { seed, first: 0, count: 50_000, exhaustive: false });
    differ.dispose();
    expect(mismatch?.report).toMatch(shows);
    expect(mismatch?.report).toContain(`prepare_syscall_return, seed ${seed}, case ${mismatch?.index}`);
  });

  test("nothing changed differs nowhere", async () => {
    const differ = await Differ.of(emitted);
    expect(await differ.compare(0, { seed, first: 0, count: 50_000, exhaustive: false })).toBeUndefined();
    differ.dispose();
  });
});
