/**
 * Exits a second: the simulator of the 2015 proposal's system call return, with and without a trace, beside its C function compiled
 * with `gcc -O2` against stubs, in one run and by turns; then the simulators of all paths of all examples. Each exit starts from one
 * of 64 machines, which is copied in; half of them have a flag pending. Processor time counts, not the clock on the wall.
 * The C function is only the C side of an exit; the simulator executes the instructions, too.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { compile } from "../src/compiler/compile.js";
import { backEnds } from "../src/compiler/emit/back-ends.js";
import { emitSimulatorScript } from "../src/compiler/emit/simulator/simulator.js";

const examples = ["four-paths-2015", "linux-6.12", "freebsd-ast", "tiny-kernel"];
const rounds = 7;
const exitsARound = 400_000;
const states = 64;

type Words = Readonly<Record<string, number>>;
interface Machine {
  get(word: number): bigint;
  set(word: number, value: bigint): void;
  copyFrom(other: Machine): void;
  irqs: boolean;
}
interface Simulator {
  readonly Machine: new () => Machine;
  readonly frame: Words;
  readonly flags: Words;
  readonly flag: Words;
  readonly register: Words;
  readonly paths: Readonly<
    Record<
      string,
      { readonly run: (machine: Machine, features: object, script: readonly object[], trace?: number[]) => { readonly target: string } }
    >
  >;
}

const resolveImport = (path: string) => ({ name: `profile:${path}`, text: readFileSync(`profiles/${path}.exitdsl`, "utf8") });

function compiled(name: string) {
  const result = compile(
    { name: `${name}.exitdsl`, text: readFileSync(`examples/${name}.exitdsl`, "utf8"), resolveImport },
    { backEnds: backEnds.filter((b) => b.name === "c") },
  );
  const [first] = result.diagnostics;
  if (!result.model) throw new Error(first?.message ?? name);
  return { ...result, model: result.model };
}

/** Loads a module. What V8 learns of one `instance` does not slow another. */
async function simulator(name: string, instance: string): Promise<Simulator> {
  const { graphs, model } = compiled(name);
  const text = `${emitSimulatorScript(model, graphs, { stem: name, digest: "", version: "" })}// ${instance}\n`;
  return (await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`)) as Simulator;
}

// ── Machines: user frames that SYSRET can restore, every other one with RCX changed, every other one with a flag pending ──

const pendingFlags = ["TIF_SIGPENDING", "TIF_NEED_RESCHED", "TIF_NOTIFY_RESUME", "TDA_SIG", "TDA_SCHED", "NEED_RESCHED"];

function machines(module: Simulator): readonly Machine[] {
  const { flag, flags, frame, register } = module;
  const pending = pendingFlags.filter((name) => flag[name] !== undefined);
  const word = Object.values(flags)[0] as number;
  return Array.from({ length: states }, (_, i) => {
    const machine = new module.Machine();
    const set = (names: readonly string[], value: bigint): void => {
      for (const name of names) if (frame[name] !== undefined) machine.set(frame[name], value);
    };
    const rip = 0x401000n + BigInt(i);
    set(["ip", "rip", "tf_rip"], rip);
    set(["cx"], i % 2 === 0 ? rip : 1n);
    set(["flags", "rflags", "tf_rflags", "r11"], 0x246n);
    set(["cs", "tf_cs"], 0x33n);
    set(["ss", "tf_ss"], 0x2bn);
    set(["sp", "rsp", "tf_rsp"], 0x7ffd_0000n);
    machine.set(register.rbx as number, BigInt(i % 2));
    const name = pending[(i >> 2) % pending.length];
    if (i & 2 && name !== undefined) machine.set(word, BigInt(flag[name] as number));
    return machine;
  });
}

const cpuSeconds = (): number => process.cpuUsage().user / 1e6;

/** A function of its own for each measurement, so that the calls in it see one path only. */
function runner(module: Simulator, path: string, trace: number[] | undefined): (exits: number) => number {
  const make = new Function(
    "machine",
    "pool",
    "run",
    "trace",
    "features",
    "script",
    `return (exits) => {
       let user = 0;
       for (let i = 0; i < exits; i++) {
         machine.copyFrom(pool[i & ${states - 1}]);
         if (trace) trace.length = 0;
         if (run(machine, features, script, trace).target === "user") user++;
       }
       return user;
     }`,
  ) as (...args: readonly unknown[]) => (exits: number) => number;
  return make(new module.Machine(), machines(module), module.paths[path]?.run, trace, {}, []);
}

const rate = (seconds: number): number => exitsARound / seconds / 1e6;

function measured(run: (exits: number) => number): number {
  const start = cpuSeconds();
  run(exitsARound);
  return rate(cpuSeconds() - start);
}

// ── The C function ──

const stubs = `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "four-paths-2015.h"

uint32_t thread_flags;
int irqs;
void syscall_trace_leave(struct pt_regs *frame) { (void)frame; }
void schedule_user(void) { thread_flags &= ~TIF_NEED_RESCHED; }
void uprobe_notify_resume(struct pt_regs *frame) { (void)frame; thread_flags &= ~TIF_UPROBE; }
void do_signal(struct pt_regs *frame) { (void)frame; thread_flags &= ~TIF_SIGPENDING; }
void tracehook_notify_resume(struct pt_regs *frame) { (void)frame; thread_flags &= ~TIF_NOTIFY_RESUME; }
void fire_user_return_notifiers(void) { }
void preempt_schedule_irq(void) { }
void user_enter(void) { }
uint32_t exitdsl_value_preempt_count(void) { return 0; }

int main(void)
{
	static struct pt_regs pool[${states}];
	static const uint32_t pending[] = { TIF_SIGPENDING, TIF_NEED_RESCHED, TIF_NOTIFY_RESUME };
	uint32_t flags[${states}];
	unsigned long fast = 0;
	for (int i = 0; i < ${states}; i++) {
		pool[i].ip = 0x401000 + i;
		pool[i].cx = i % 2 == 0 ? pool[i].ip : 1;
		pool[i].flags = pool[i].r11 = 0x246;
		pool[i].cs = 0x33;
		pool[i].ss = 0x2b;
		flags[i] = i & 2 ? pending[(i >> 2) % 3] : 0;
	}
	clock_t start = clock();
	for (long i = 0; i < 20 * ${exitsARound}L; i++) {
		struct pt_regs frame = pool[i & ${states - 1}];
		thread_flags = flags[i & ${states - 1}];
		fast += prepare_syscall_return(&frame);
	}
	printf("%.6f %lu\\n", (double)(clock() - start) / CLOCKS_PER_SEC / 20, fast);
}
`;

const kernelHeader = `
#define EXITDSL_PREEMPT 0
#define EXITDSL_CONTEXT_TRACKING 0
#define EXITDSL_XENPV 0
extern uint32_t thread_flags;
extern int irqs;
#define exitdsl_irq_enable() ((void)(irqs = 1))
#define exitdsl_irq_disable() ((void)(irqs = 0))
#define exitdsl_read_thread_flags() (*(volatile uint32_t *)&thread_flags)
`;

function compiledC(folder: string): () => number {
  for (const { name, text } of compiled("four-paths-2015").artefacts) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "stubs.c"), stubs);
  writeFileSync(join(folder, "kernel.h"), kernelHeader);
  execFileSync("gcc", ["-O2", '-DEXITDSL_KERNEL_HEADER="kernel.h"', "-o", "exits", "stubs.c", "four-paths-2015.c"], { cwd: folder });
  return () => {
    const [seconds = ""] = execFileSync(resolve(folder, "exits"), { encoding: "utf8" }).split(" ");
    return rate(Number(seconds));
  };
}

// ── The run ──

const folder = mkdtempSync(join(tmpdir(), "exitdsl-bench-"));
try {
  const plain = runner(await simulator("four-paths-2015", "plain"), "syscall_return", undefined);
  const traced = runner(await simulator("four-paths-2015", "traced"), "syscall_return", []);
  const c = compiledC(folder);
  const best = { plain: 0, traced: 0, c: 0 };
  for (let round = 0; round < rounds; round++) {
    best.plain = Math.max(best.plain, measured(plain));
    best.traced = Math.max(best.traced, measured(traced));
    best.c = Math.max(best.c, c());
  }
  const line = (what: string, million: number) => console.log(`${what.padEnd(44)}${million.toFixed(1).padStart(7)} million exits/s`);
  console.log(`syscall_return of four-paths-2015, best of ${rounds} rounds:`);
  line("  simulator", best.plain);
  line("  simulator with trace", best.traced);
  line("  C function alone, gcc -O2, stubs", best.c);
  console.log(
    `  C is ${(best.c / best.plain).toFixed(1)} times as fast as the simulator, ${(best.c / best.traced).toFixed(1)} times as fast as with trace`,
  );
  console.log("all paths of all examples, simulator without trace:");
  for (const name of examples) {
    const other = await simulator(name, "all");
    for (const path of Object.keys(other.paths)) {
      const run = runner(other, path, undefined);
      line(`  ${name} ${path}`, Math.max(...Array.from({ length: rounds }, () => measured(run))));
    }
  }
  if (best.plain < 5) {
    console.error("The simulator is slower than 5 million exits a second.");
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
