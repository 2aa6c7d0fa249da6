import { expect, test } from "vitest";
import { clauses, declaration, expression, outline, read, statements } from "./outline.js";

test("a file is an edition, imports and declarations", () => {
  const file = read('edition 2026\nimport "bare"\nimport "./common.exitdsl"\n\nstate context { kernel, user }\n');
  expect(file.edition?.value).toBe(2026n);
  expect(outline(file.imports)).toEqual([{ path: "bare" }, { path: "./common.exitdsl" }]);
  expect(outline(file.declarations)).toEqual([{ kind: "state", name: "context", values: ["kernel", "user"] }]);
  expect(read("").declarations).toEqual([]);
});

test("doc comments are those right above, without slashes", () => {
  const file = read(
    "/// Not this one.\n// Between.\n/// Who runs.\n///  Indented.\n\nstate a { b }\n//// A ruler.\nstate c { d }\nflags f in t.f {\n  /// First.\n  A bit 0 // Not this.\n  B bit 1\n}\nframe g {\n  a,\n  /// Second.\n  b\n}\n",
  );
  expect(file.declarations.map(({ doc }) => doc)).toEqual(["Who runs.\n Indented.", "", "", ""]);
  expect(outline(file.declarations.slice(2))).toEqual([
    {
      kind: "flags",
      name: "f",
      location: ["t", "f"],
      flags: [
        { doc: "First.", name: "A", bit: 0n },
        { name: "B", bit: 1n },
      ],
    },
    { kind: "frame", name: "g", fields: [{ name: "a" }, { doc: "Second.", name: "b" }] },
  ]);
  expect(file.comments.map(({ text }) => text)).toContain("// Between.");
  expect(file.comments.filter(({ doc }) => doc).length).toBe(5);
});

test("features, constants, masks and values", () => {
  expect(declaration("feature A")).toEqual({ kind: "feature", name: "A" });
  expect(declaration("feature A { config X, Y cpu Z excludes B needs C }")).toEqual({
    kind: "feature",
    name: "A",
    clauses: [
      { kind: "names", word: "config", names: ["X", "Y"] },
      { kind: "names", word: "cpu", names: ["Z"] },
      { kind: "names", word: "excludes", names: ["B"] },
      { kind: "names", word: "needs", names: ["C"] },
    ],
  });
  expect(declaration('constant A = 0xFFFF_ffff_0000_0000 if B and not C else 1_000 if D else 3 because "why"')).toEqual({
    kind: "constant",
    name: "A",
    arms: [
      {
        value: 0xffffffff00000000n,
        test: {
          kind: "binary",
          operator: "and",
          left: { kind: "name", path: ["B"] },
          right: { kind: "not", operand: { kind: "name", path: ["C"] } },
        },
      },
      { value: 1000n, test: { kind: "name", path: ["D"] } },
      { value: 3n },
    ],
    because: "why",
  });
  expect(declaration("mask a = B | C | d")).toEqual({ kind: "mask", name: "a", members: ["B", "C", "d"] });
  expect(declaration("value a in b.c.d")).toEqual({ kind: "value", name: "a", location: ["b", "c", "d"] });
});

test("flags may be async", () => {
  expect(declaration("flags f in a { A bit 31 async B bit 0x2 }")).toMatchObject({
    flags: [
      { name: "A", bit: 31n, async: {} },
      { name: "B", bit: 2n },
    ],
  });
});

test("frames list fields, and say what a user's frame is", () => {
  const fields = [{ name: "r15" }, { name: "ax", saves: "rax" }];
  expect(declaration("frame f { r15, ax saves rax }")).toEqual({ kind: "frame", name: "f", fields });
  expect(declaration("frame f { r15, ax saves rax, }")).toEqual({ kind: "frame", name: "f", fields });
  const user = { kind: "name", path: ["x"] };
  expect(declaration("frame f { r15, ax saves rax user when x }")).toEqual({ kind: "frame", name: "f", fields, user });
  expect(declaration("frame f { r15, ax saves rax, user when x }")).toEqual({ kind: "frame", name: "f", fields, user });
  expect(declaration("frame f { a, user, user when x }")).toMatchObject({ fields: [{ name: "a" }, { name: "user" }], user });
});

test("events", () => {
  expect(
    declaration(
      "event a, b { origin user or kernel, any point starts irqs off, gs kernel frame complete, orig_ax == -1, x loses rcx, r11 token old_gs in rbx restores gs }",
    ),
  ).toEqual({
    kind: "event",
    names: ["a", "b"],
    clauses: [
      { kind: "origin", target: { user: true, kernel: true }, anyPoint: true },
      {
        kind: "states",
        word: "starts",
        settings: [
          { state: "irqs", value: "off" },
          { state: "gs", value: "kernel" },
        ],
      },
      {
        kind: "frame",
        complete: true,
        facts: [
          { kind: "binary", operator: "==", left: { kind: "name", path: ["orig_ax"] }, right: { kind: "integer", value: -1n } },
          { kind: "name", path: ["x"] },
        ],
      },
      { kind: "names", word: "loses", names: ["rcx", "r11"] },
      { kind: "token", name: "old_gs", register: "rbx", restores: "gs" },
    ],
  });
  expect(clauses("frame partial origin kernel or user", "event e")).toEqual([
    { kind: "frame", complete: false },
    { kind: "origin", target: { user: true, kernel: true }, anyPoint: false },
  ]);
});

test("work and steps", () => {
  expect(declaration("work w if A or B { always }")).toMatchObject({
    condition: { operator: "or" },
    clauses: [{ kind: "guard", policy: "always" }],
  });
  expect(clauses("one-shot when A once when A final when A | B")).toMatchObject([
    { policy: "one-shot" },
    { policy: "once" },
    { policy: "final", test: { operator: "|" } },
  ]);
  expect(clauses("call f() call g(frame, flags)")).toEqual([
    { kind: "call", function: "f" },
    { kind: "call", function: "g", arguments: ["frame", "flags"] },
  ]);
  expect(
    clauses("requires irqs on, registers user except rdi rsp ensures gs user clears A | B clobbers rax, eflags.zf touches kernel_data"),
  ).toEqual([
    {
      kind: "states",
      word: "requires",
      settings: [
        { state: "irqs", value: "on" },
        { state: "registers", value: "user", except: ["rdi", "rsp"] },
      ],
    },
    { kind: "states", word: "ensures", settings: [{ state: "gs", value: "user" }] },
    { kind: "names", word: "clears", names: ["A", "B"] },
    { kind: "names", word: "clobbers", names: ["rax", "eflags.zf"] },
    { kind: "names", word: "touches", names: ["kernel_data"] },
  ]);
  expect(clauses("may sleep, fault, return, rewrite frame, set A | B")).toEqual([
    {
      kind: "may",
      effects: [{ kind: "sleep" }, { kind: "fault" }, { kind: "return" }, { kind: "rewrite-frame" }, { kind: "set", flags: ["A", "B"] }],
    },
  ]);
  expect(clauses('asm "swapgs" "say \\"hi\\" \\\\" restores gs from old_gs', "step s")).toEqual([
    { kind: "asm", lines: ["swapgs", 'say "hi" \\'] },
    { kind: "restores", state: "gs", token: "old_gs" },
  ]);
});

test("a clause of another declaration is kept for the resolver to refuse", () => {
  expect(clauses('config A always loses rcx asm "x"', "feature F")).toMatchObject([
    { word: "config" },
    { kind: "guard" },
    { word: "loses" },
    { kind: "asm" },
  ]);
});

test("require and assume", () => {
  expect(declaration('require buffers clean at user if A because "why"')).toEqual({
    kind: "require",
    setting: { state: "buffers", value: "clean" },
    target: "user",
    condition: { kind: "name", path: ["A"] },
    because: "why",
  });
  expect(declaration('assume "what" because "why"')).toEqual({ kind: "assume", fact: "what", because: "why" });
  expect(declaration('assume "what"')).toEqual({ kind: "assume", fact: "what" });
});

test("tails and exits", () => {
  expect(declaration("tail t to user or kernel { requires irqs off requires gs user iretq }")).toMatchObject({
    target: { user: true, kernel: true },
    requires: [{ word: "requires" }, { word: "requires" }],
    body: { statements: [{ kind: "terminal", terminal: "iretq" }] },
  });
  expect(declaration("tail t to kernel { requires registers user except rsp\n iretq }")).toMatchObject({
    requires: [{ settings: [{ except: ["rsp"] }] }],
    body: { statements: [{ terminal: "iretq" }] },
  });
  expect(
    declaration(
      'exit x from a, b to user { waive EX3101 because "c" prepare p returns r { irqs off } leave { iretq } waive gs user because "d" }',
    ),
  ).toEqual({
    kind: "exit",
    name: "x",
    events: ["a", "b"],
    target: { user: true, kernel: false },
    prepare: { name: "p", returns: "r", body: { statements: [{ kind: "irqs", on: false }] } },
    leave: { statements: [{ kind: "terminal", terminal: "iretq" }] },
    waives: [
      { kind: "waive", rule: "EX3101", because: "c" },
      { kind: "waive", rule: { state: "gs", value: "user" }, because: "d" },
    ],
  });
});

test("statements", () => {
  expect(statements("run a, b do c, d except rdi, rsp irqs on irqs off read f take f clear A | B")).toEqual([
    { kind: "run", works: ["a", "b"] },
    { kind: "do", steps: ["c", "d"], except: ["rdi", "rsp"] },
    { kind: "irqs", on: true },
    { kind: "irqs", on: false },
    { kind: "read", word: "f", take: false },
    { kind: "read", word: "f", take: true },
    { kind: "clear", flags: ["A", "B"] },
  ]);
  expect(statements("repeat while pending m { run a } evaluate c restore gs from old_gs window w { do a } jump t")).toEqual([
    { kind: "repeat", mask: "m", body: { statements: [{ kind: "run", works: ["a"] }] } },
    { kind: "evaluate", condition: "c" },
    { kind: "restore", state: "gs", token: "old_gs" },
    { kind: "window", name: "w", body: { statements: [{ kind: "do", steps: ["a"] }] } },
    { kind: "jump", tail: "t" },
  ]);
  expect(statements('waive EX3001 waive gs user assume gs kernel because "why"')).toEqual([
    { kind: "waive", rule: "EX3001" },
    { kind: "waive", rule: { state: "gs", value: "user" } },
    { kind: "assume-state", setting: { state: "gs", value: "kernel" }, because: "why" },
  ]);
  expect(statements("sysretq when ok iretq at a on fault b")).toEqual([
    { kind: "terminal", terminal: "sysretq", test: { kind: "name", path: ["ok"] } },
    { kind: "terminal", terminal: "iretq", label: "a", recovery: "b" },
  ]);
});

test("when, else if, else", () => {
  const name = (text: string) => ({ kind: "name", path: [text] });
  const block = (text: string) => ({ statements: [{ kind: "run", works: [text] }] });
  expect(statements("when a { run a } else if b { run b } else { run c }")).toEqual([
    {
      kind: "when",
      test: name("a"),
      body: block("a"),
      otherwise: { kind: "when", test: name("b"), body: block("b"), otherwise: block("c") },
    },
  ]);
  expect(statements("when a { run a }")).toEqual([{ kind: "when", test: name("a"), body: block("a") }]);
});

test("expressions bind: or, and, because, not, comparisons, |", () => {
  expect(expression("a or b and c")).toBe("(a or (b and c))");
  expect(expression("a and b or c and d")).toBe("((a and b) or (c and d))");
  expect(expression('a == b because "x" and not c has D | E')).toBe('(((a == b) because "x") and (not (c has (D | E))))');
  expect(expression('not a because "x"')).toBe('((not a) because "x")');
  expect(expression("not not a")).toBe("(not (not a))");
  expect(expression("(a or b) and c.d != -0x10")).toBe("((a or b) and (c.d != -16))");
  expect(expression("a lacks B|C and 1<2 and 3>=4 or x<=y or z>w")).toBe(
    "(((((a lacks (B | C)) and (1 < 2)) and (3 >= 4)) or (x <= y)) or (z > w))",
  );
  expect(expression("((a))")).toBe("a");
  expect(expression('(a because "x") == (b and c)')).toBe('((a because "x") == (b and c))');
});

test("places: nodes begin and end with their text, parentheses included", () => {
  const text = "condition c = (a or b) and\n  not d\n";
  const { declarations } = read(text);
  const [first] = declarations;
  if (first?.kind !== "condition" || first.test.kind !== "binary") throw new Error("no condition");
  expect(text.slice(first.start, first.end)).toBe("condition c = (a or b) and\n  not d");
  expect(text.slice(first.test.left.start, first.test.left.end)).toBe("(a or b)");
  expect(text.slice(first.test.right.start, first.test.right.end)).toBe("not d");
});

test("keywords are names where only a name can stand", () => {
  expect(declaration("state user { frame, irqs, on, flags, edition }")).toEqual({
    kind: "state",
    name: "user",
    values: ["frame", "irqs", "on", "flags", "edition"],
  });
  expect(expression("frame.user and token.exit == work")).toBe("(frame.user and (token.exit == work))");
  expect(statements("run run, do, exit irqs on")).toEqual([
    { kind: "run", works: ["run", "do", "exit"] },
    { kind: "irqs", on: true },
  ]);
});

test("CRLF, CR, byte order mark, no final newline and non-ASCII comments", () => {
  const text = '\ufeffedition 2026\r\n/// Für alle: ≥ 1 💡\r\nstate a { b }\r// ✓\rassume "Grüße, 世界"';
  const { edition, declarations, comments } = read(text);
  expect(edition?.value).toBe(2026n);
  expect(outline(declarations)).toEqual([
    { kind: "state", doc: "Für alle: ≥ 1 💡", name: "a", values: ["b"] },
    { kind: "assume", fact: "Grüße, 世界" },
  ]);
  expect(comments.map((comment) => comment.text)).toEqual(["/// Für alle: ≥ 1 💡", "// ✓"]);
});
