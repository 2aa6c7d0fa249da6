/**
 * The exit paths and entries of Linux 6.12 as one spec: no false alarm, each departure waived with its reason, and each thing that is
 * taken away from it missed. What the kernel itself does against its own rules is refused.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { backEnds } from "../../src/compiler/emit/back-ends.js";
import { format } from "../../src/compiler/format/format.js";
import { combinations } from "../../src/compiler/model/features.js";
import type { Action, Waiver } from "../../src/compiler/model/model.js";
import { pretty } from "../../src/compiler/report/pretty.js";
import { type Change, compileFrom } from "../../tools/linux/spec.js";
import { binutils, inFolder } from "../machine/tools.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = "test/linux-6.12";
const set = compileFrom(root, `${folder}/linux-6.12.exitdsl`, { backEnds });
const { model } = set;
if (!model) throw new Error("no model");

const rendered = (diagnostics: typeof set.diagnostics) => pretty(diagnostics, { version: "", colour: false });

test("passes", () => {
  expect(rendered(set.diagnostics)).toBe("");
});

test("has a way out for each way in", () => {
  const left = new Set(model.exits.flatMap((exit) => exit.events.map((event) => event.name)));
  const entered = new Set(model.entries.flatMap((entry) => entry.events.map((event) => event.name)));
  // The example's own event, one name for all that the set tells apart.
  const events = model.events.filter((event) => event.name !== "paranoid").map((event) => event.name);
  expect(events.filter((name) => !left.has(name))).toEqual([]);
  // A new thread has no entry, and that of a FRED event is the hardware's.
  expect(events.filter((name) => !entered.has(name))).toEqual(["fork", "asm_fred_entrypoint_user"]);
});

describe("waivers", () => {
  const told = ({ rule, because }: Waiver): string => {
    if (rule.kind === "code") return `${rule.code}: ${because}`;
    if (rule.kind === "flags") return `${rule.flags.map((f) => f.name).join(" ")}: ${because}`;
    return `${rule.setting.dimension.name} ${rule.setting.dimension.values[rule.setting.value]}: ${because}`;
  };
  const collect = (actions: readonly Action[]): string[] =>
    actions.flatMap((action): string[] => {
      if (action.kind === "waive") return [told(action.waiver)];
      if (action.kind === "assume")
        return [`assumed ${action.setting.dimension.name} ${action.setting.dimension.values[action.setting.value]}: ${action.because}`];
      if (action.kind === "when") return [...collect(action.then), ...collect(action.otherwise)];
      return action.kind === "window" || action.kind === "repeat" ? collect(action.body) : [];
    });

  test("and assumptions, each with its reason", async () => {
    const lines = [
      ...model.exits.flatMap(({ name, waivers, prepare, leave }) =>
        [...waivers.map(told), ...collect(prepare?.body ?? []), ...collect(leave)].map((line) => `${name}: ${line}`),
      ),
      ...model.entries.flatMap(({ name, body }) => collect(body).map((line) => `${name}: ${line}`)),
      ...model.tails.flatMap(({ name, body }) => collect(body).map((line) => `${name}: ${line}`)),
    ];
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("waivers.txt");
  });
});

describe("what is taken away is missed", () => {
  const changes: readonly (readonly [what: string, change: Change, code: string])[] = [
    [
      "the last look at the flags",
      {
        file: "interrupts.exitdsl",
        from: "        irqs off\n        do tick_nohz_user_enter_prepare\n      }\n",
        to: "      }\n irqs off\n",
      },
      "EX3001",
    ],
    [
      "GS, by SYSCALL",
      { file: "syscalls.exitdsl", from: "    do swapgs\n    window entry_SYSCALL_64_spill", to: "    window entry_SYSCALL_64_spill" },
      "EX4001",
    ],
    ["GS, by an exception", { file: "interrupts.exitdsl", from: "      do swapgs, fence_swapgs\n", to: "" }, "EX4001"],
    ["the fence of the kernel's arm", { file: "interrupts.exitdsl", from: "    do fence_swapgs\n", to: "" }, "EX6007"],
    [
      "the page tables, by an exception",
      { file: "interrupts.exitdsl", from: "      do switch_to_kernel_cr3_pcid, switch_to_kernel_cr3\n", to: "" },
      "EX4001",
    ],
    [
      "CLD",
      { file: "interrupts.exitdsl", from: "do clear_alignment_check, clear_direction_flag,", to: "do clear_alignment_check," },
      "EX4007",
    ],
    ["SYSENTER's flags", { file: "syscalls.exitdsl", from: ", sysenter_fix_flags", to: "" }, "EX4007"],
    [
      "the saving of CR3",
      {
        file: "any-point.exitdsl",
        from: "double_fault {\n  do clear_alignment_check, clear_direction_flag, save_registers\n  do save_cr3_pcid, save_cr3\n",
        to: "double_fault {\n  do clear_alignment_check, clear_direction_flag, save_registers\n",
      },
      "EX4001",
    ],
    [
      "the restoring of CR3",
      {
        file: "any-point.exitdsl",
        from: "  restore cr3 from old_cr3\n  restore gs from old_gs\n  jump",
        to: "  restore gs from old_gs\n  jump",
      },
      "EX6002",
    ],
    [
      "the order of GS and CR3",
      {
        file: "any-point.exitdsl",
        from: "  restore cr3 from old_cr3\n  restore gs from old_gs\n  jump",
        to: "  restore gs from old_gs\n  restore cr3 from old_cr3\n  jump",
      },
      "EX4001",
    ],
    [
      "DF before the NMI's note",
      { file: "any-point.exitdsl", from: "skip_outermost_frame, set_direction_flag,", to: "skip_outermost_frame," },
      "EX4001",
    ],
    [
      "the NMI's note",
      { file: "any-point.exitdsl", from: ", set_direction_flag, clear_nmi_executing", to: ", set_direction_flag" },
      "EX7001",
    ],
    ["the way to the NMI's frame", { file: "any-point.exitdsl", from: "do skip_outermost_frame, ", to: "do " }, "EX4001"],
    [
      "the reason that NMIs do no work",
      {
        file: "any-point.exitdsl",
        from: '  waive exit_to_user_mode_work clear\n    because "a signal or a reschedule waits for the next interrupt rather than for IRQs inside an NMI"\n',
        to: "",
      },
      "EX3001",
    ],
    [
      "the stack's erasing before IBRS",
      {
        file: "syscalls.exitdsl",
        from: "    when sysret_applies {\n      do stackleak_erase, ibrs_exit\n",
        to: "    when sysret_applies {\n      do ibrs_exit, stackleak_erase\n",
      },
      "EX8002",
    ],
    [
      "the CR3 switch behind the last look at the stack",
      {
        file: "syscalls.exitdsl",
        from: "do load_compat_registers, load_user_stack_from_frame\n",
        to: "do load_compat_registers, switch_to_user_cr3_nostack_pcid, load_user_stack_from_frame\n",
      },
      "EX4001",
    ],
    ["the second VERW", { file: "tails.exitdsl", from: "      do clear_cpu_buffers\n      iretq", to: "      iretq" }, "EX8001"],
    ["the espfix fault's stack", { file: "tails.exitdsl", from: "on fault double_fault", to: "on fault bad_iret" }, "EX5011"],
    [
      "the token of GS",
      {
        file: "profiles/linux-6.12-entry.exitdsl",
        from: "  above    ip, cs, flags, sp, ss\n  token    old_gs        in rbx  restores gs\n",
        to: "  above    ip, cs, flags, sp, ss\n",
      },
      "EX2",
    ],
    ["TF from SYSRET's condition", { file: "profiles/linux-6.12.exitdsl", from: "lacks RF | TF\n", to: "lacks RF\n" }, "EX5004"],
  ];

  test.each(changes)("%s", (_, change, code) => {
    const file = change.file.includes("/") ? change.file : `${folder}/${change.file}`;
    const { diagnostics } = compileFrom(root, `${folder}/linux-6.12.exitdsl`, { change: { ...change, file } });
    expect(diagnostics.map((d) => `${d.code} ${d.message}`)).not.toEqual([]);
    expect(
      diagnostics.map((d) => d.code).filter((c) => c.startsWith(code)).length,
      diagnostics.map((d) => `${d.code} ${d.message}`).join("\n"),
    ).toBeGreaterThan(0);
  });
});

describe("what Linux does against its own rules", () => {
  const page = readFileSync(new URL("../../docs/linux-6.12-findings.md", import.meta.url), "utf8");

  test.each([
    ["stackleak-after-ibrs-exit", ["EX8002", "EX8002"]],
    ["fred-exit-without-verw", ["EX8001", "EX7001"]],
  ])("%s is refused, and its page prints why", (name, codes) => {
    const { diagnostics } = compileFrom(root, `${folder}/findings/${name}.exitdsl`);
    expect(diagnostics.map((d) => d.code)).toEqual(codes);
    expect(page).toContain(`\`\`\`text\n${rendered(diagnostics).trim()}\n\`\`\``);
  });
});

describe("assembly", () => {
  const used = model.features;
  const names = ["PTI", "PCID", "KERNEL_IBRS", "CLEAR_CPU_BUF", "ESPFIX64", "FSGSBASE", "XENPV", "FRED", "STACKLEAK"];
  const kernels = combinations(used.filter((f) => names.includes(f.name)));

  test("assembles for every kernel of a sample", () => {
    const text = set.artefacts.find((a) => a.name === "linux-6.12.S");
    const include = set.artefacts.filter((a) => a.name !== "linux-6.12.S" && a.name.endsWith(".inc"));
    if (!text) throw new Error(`no assembly: ${set.artefacts.map((a) => a.name).join()}`);
    inFolder([text, ...include], (at) => {
      for (let i = 0; i < kernels.length; i += 7) {
        const on = [...(kernels[i] ?? [])].map((f) => f.name);
        const symbols = used.flatMap((f) => ["--defsym", `EXITDSL_${f.name}=${on.includes(f.name) ? 1 : 0}`]);
        binutils("as", ["--64", "--fatal-warnings", ...symbols, "-o", "out.o", text.name], at);
      }
    });
    expect(kernels.length).toBeGreaterThan(50);
  });
});

test.each([
  ...readdirSync(new URL(".", import.meta.url)).filter((f) => f.endsWith(".exitdsl")),
  ...readdirSync(new URL("findings/", import.meta.url)).map((f) => `findings/${f}`),
])("%s is laid out by the formatter", async (file) => {
  const text = readFileSync(new URL(file, import.meta.url), "utf8");
  expect((await format({ name: file, text })).text).toBe(text);
});
