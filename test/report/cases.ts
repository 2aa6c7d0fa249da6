/** Diagnostics made by hand, to show what reporters do with them; their codes are the catalogue's, their texts are not. */
import type { Code } from "../../src/compiler/diagnostics/catalogue.js";
import type { Diagnostic, Label } from "../../src/compiler/diagnostics/diagnostic.js";
import type { Source, Span } from "../../src/compiler/text/source.js";

export const spec: Source = {
  name: "examples/paths.exitdsl",
  text: `edition 2026
import "linux-4.0"

exit interrupt_return from interrupt to user {
  prepare prepare_interrupt_return {
    irqs off
    repeat while pending user_work {
      irqs on
      run deliver_signal
      irqs off
    }
    do notify_callback
  }
  leave { iretq }
}
`,
};

export const profile: Source = {
  name: "profile:linux-4.0",
  text: "step notify_callback {\n  call notify_callback()\n  requires irqs on\n  may set TIF_SIGPENDING\n}\n",
};

/** The span of the `nth` occurrence of `text`. */
export function at(source: Source, text: string, nth = 0): Span {
  let start = source.text.indexOf(text);
  for (let i = 0; i < nth; i++) start = source.text.indexOf(text, start + 1);
  if (start < 0) throw new Error(`no "${text}" in ${source.name}`);
  return { source, start, end: start + text.length };
}

export function label(span: Span, message = ""): Label {
  return { span, message };
}

export function problem(message: string, primary: Label, more: Partial<Diagnostic> = {}): Diagnostic {
  const code: Code = "EX2020";
  return { code, severity: "error", message, primary, secondary: [], trace: [], steps: [], notes: [], help: undefined, fixes: [], ...more };
}

/** Everything that a diagnostic can have, over two files. */
export const full: Diagnostic = problem(
  "TIF_SIGPENDING may be pending when the path leaves to user",
  label(at(spec, "iretq"), "leaves here"),
  {
    secondary: [
      label(at(spec, "irqs off", 1), "last read here, with IRQs off"),
      label(at(profile, "may set TIF_SIGPENDING"), "may set it after that"),
      label(at(spec, "do notify_callback"), "through this step"),
    ],
    trace: [
      { span: at(spec, "exit interrupt_return"), text: "an interrupt arrived in user mode: IRQs off" },
      { span: at(spec, "repeat while"), text: "thread_flags is read: TIF_SIGPENDING is clear" },
      { span: undefined, text: "feature PREEMPT is on" },
      { span: at(profile, "may set"), text: "notify_callback sets TIF_SIGPENDING" },
    ],
    notes: ["a signal would be delivered only at the next entry,\nwhich may be much later (INV-12)"],
    help: "move `do notify_callback` before the loop",
    fixes: [
      {
        title: "run the step inside the loop",
        edits: [
          { span: at(spec, "      run deliver_signal\n"), text: "      run deliver_signal\n      do notify_callback\n" },
          { span: at(spec, "    do notify_callback\n"), text: "" },
        ],
      },
    ],
  },
);

export const warning: Diagnostic = problem("this waiver waives nothing", label(at(spec, "irqs on")), { severity: "warning" });

export const severalOnALine: Diagnostic = problem("three labels share a line", label(at(spec, "interrupt_return"), "the exit"), {
  secondary: [label(at(spec, "interrupt", 1), "its event"), label(at(spec, "user"), "its target"), label(at(spec, "exit"))],
});

export const nested: Diagnostic = problem("one label lies in another", label(at(spec, "pending user_work"), "inner"), {
  secondary: [label(at(spec, "repeat while pending user_work"), "outer")],
});

const loop = "repeat while pending user_work {\n      irqs on\n      run deliver_signal\n      irqs off\n    }";
export const severalLines: Diagnostic = problem("labels over several lines", label(at(spec, loop), "this loop"), {
  secondary: [
    label(
      { source: spec, start: spec.text.indexOf("interrupt_return"), end: spec.text.indexOf("\n  leave") },
      "from the exit's name to here",
    ),
    label(at(spec, "run deliver_signal"), "inside"),
  ],
});

export const strange: Source = {
  name: "strange.exitdsl",
  text: "\t\tirqs\ton // tabs\nrun 漢字, e\u0301, 😀, x // wide, combining, astral\r\nwork \u001b[31m \u202e evil \u0007\n",
};

export const strangeCharacters: readonly Diagnostic[] = [
  problem("after tabs", label(at(strange, "on"), "here")),
  problem("after wide characters", label(at(strange, "x"), "and here")),
  problem("escapes: \u001b[2J and \u009b2J", label(at(strange, "evil"), "\u001b]0;title\u0007"), {
    notes: ["\u202eright to left"],
    help: "\u001b[31mred",
  }),
  problem("at the end of the file", label({ source: strange, start: strange.text.length, end: strange.text.length }, "end")),
];

export const hostileName: Diagnostic = problem(
  "the name is hostile",
  label({ source: { name: "a\u001b[2J\n::error file=x,line=1::b.exitdsl", text: "edition 1" }, start: 0, end: 7 }),
);

const far: Source = { name: "long.exitdsl", text: `mask m = ${"A | ".repeat(3000)}wrong${" | B".repeat(3000)}\n` };
export const longLine: Diagnostic = problem("a line is very long", label(at(far, "wrong"), "this one"));

export const emptyFile: Diagnostic = problem("the file is empty", label({ source: { name: "empty.exitdsl", text: "" }, start: 0, end: 0 }));
