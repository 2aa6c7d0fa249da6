/** Names and calls that the spec language has and C has not are refused; text cannot become code. */
import { expect, test } from "vitest";
import { emitText } from "./specs.js";
import { folderWith, kernelFlags, run } from "./tools.js";

interface Parts {
  readonly declarations?: string;
  readonly fields?: string;
  readonly prepare?: string;
  readonly events?: string;
}

const spec = ({ declarations = "", fields = "", prepare = "", events = "" }: Parts) => `edition 2026
import "bare"
frame saved { ${fields} rip, cs, rflags, rsp, ss }
event strike {
  origin user
  starts irqs off
  ${events}
}
${declarations}
exit out from strike to user {
  prepare prepare_out {
    ${prepare}
  }
  leave { iretq }
}
`;

const codes = (parts: Parts) => emitText(spec(parts)).diagnostics.map((d) => `${d.code} ${d.message}`);

test("a constant that would replace a field of the frame", () => {
  const found = codes({ fields: "marker,", declarations: "constant limit = 5", prepare: "when frame.marker == limit { }" });
  expect(found).toEqual([]);
  expect(
    codes({
      fields: "limit,",
      declarations: "flags word in w { marker bit 1 }\nconstant many = 5",
      prepare: "when frame.limit == many { }",
    }),
  ).toEqual([]);
  expect(
    codes({
      fields: "marker,",
      declarations: "flags word in w { limit bit 1 }\nconstant marker = 5",
      prepare: "when frame.rip == marker { }",
    }),
  ).toEqual(["EX9001 `marker` would be both a constant and a field of the frame in C"]);
  expect(codes({ fields: "marker,", declarations: "flags word in w { marker bit 1 }" })).toEqual([
    "EX9001 `marker` would be both a flag and a field of the frame in C",
  ]);
});

test("a condition that is called like a function of the kernel", () => {
  const declarations = "condition ready = frame.rip == 0\nstep check { call ready() }";
  expect(codes({ declarations, prepare: "do check  when ready { do check }" })).toEqual([
    "EX9001 `ready` would be both a condition and a function of the kernel in C",
  ]);
});

test("names that the language, GCC or the headers have", () => {
  for (const name of ["linux", "UINT64_MAX", "uint32_t", "__asm__", "_Static_assert", "offsetof"]) {
    expect(codes({ fields: `${name},` }), name).toEqual([
      `EX9002 \`${name}\` is taken in C by the language, its headers or the emitted code`,
    ]);
  }
});

test("one function that is called with different arguments", () => {
  const declarations = "step one { call handle() }\nstep two { call handle(frame) }";
  expect(codes({ declarations, prepare: "do one, two" })).toEqual([
    "EX9003 `handle` is called with (frame) here and with others elsewhere",
  ]);
  expect(codes({ declarations, prepare: "do two" })).toEqual([]);
});

test("a token that C cannot see", () => {
  expect(codes({ events: "token old in rbx restores gs", prepare: "when token.old == 0 { }" })).toEqual([
    "EX9004 the C side cannot test the token `old`, which is in a register",
  ]);
});

const nasty = [
  "*/ int injected; /*",
  "ends in a backslash \\",
  "??/",
  "/* nested",
  "*\\",
  "// line",
  '" quote',

  "#include <x>",
];

test("comments hold whatever the spec says, and nothing of it is code", () => {
  const build = (doc: string, because: string) =>
    spec({
      fields: `\n/// ${doc}\nextra,`,
      declarations: `
/// ${doc}
/// ${doc}
feature PATCHED
/// ${doc}
flags word in w {
  /// ${doc}
  WAITING bit 1 async
}
/// ${doc}
mask all_of_it = WAITING
/// ${doc}
constant LIMIT = 5 if PATCHED else 6 because "${because}"
/// ${doc}
value locks in cpu.locks
/// ${doc}
condition low = frame.rip < LIMIT because "${because}" and locks == 0 because "${because}"
/// ${doc}
step enter { call enter() }
`,
      prepare: `
    when low because "${because}" { do enter } // ${doc}
    repeat while pending all_of_it { do enter } // ${doc}`,
    });
  const preprocessed = (text: string, name: string) => {
    const { artefacts, diagnostics } = emitText(text, { name, spdx: name });
    expect(diagnostics).toEqual([]);
    const { path, dispose } = folderWith(artefacts);
    // The strictest reading: trigraphs are replaced, and a warning about a comment is an error.
    const compiled = run(
      "gcc",
      [...kernelFlags, "-trigraphs", "-Wcomment", "-Wbidi-chars=any", "-DEXITDSL_PATCHED=1", "-c", "spec.c", "-o", "out.o"],
      path,
    );
    expect(compiled).toEqual({ status: 0, output: "" });
    const { output } = run("gcc", ["-std=gnu11", "-ffreestanding", "-trigraphs", "-DEXITDSL_PATCHED=1", "-E", "-P", "spec.c"], path);
    dispose();
    return output;
  };
  const harmless = preprocessed(build("text", "text"), "spec.exitdsl");
  for (const text of nasty) {
    const because = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    expect(preprocessed(build(text, because), `${text}.exitdsl`), text).toBe(harmless);
  }
  // The parser refuses what turns text around; a file's name may have it.
  const all = ["\u202e\u2066 bidi \u2028 int injected;\n int x;", ...nasty].join(" ");
  expect(preprocessed(build("text", "text"), all)).toBe(harmless);
});

test("a file name cannot end an include", () => {
  const { artefacts } = emitText(spec({}), { stem: 'a"\n#include "b\\' });
  expect(artefacts.map((a) => a.name)).toEqual(["a__#include _b_.h", "a__#include _b_-embed.h", "a__#include _b_.c"]);
  for (const { text } of artefacts) expect(text).not.toMatch(/^#include "b/m);
});

test("a long doc comment is wrapped, and long words are left whole", () => {
  const { artefacts } = emitText(
    spec({ declarations: `/// ${"word ".repeat(60)}${"x".repeat(150)}\nstep enter { call enter() }`, prepare: "do enter" }),
  );
  const header = artefacts.find((a) => a.name === "spec.h")?.text ?? "";
  const long = header.split("\n").filter((l) => l.length > 100);
  expect(long).toEqual([` * ${"x".repeat(150)}`]);
});
