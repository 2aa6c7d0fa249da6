/**
 * The C program that runs emitted prepare functions against stubs. The stubs play the kernel as the simulator does: the event k
 * of a run first has its own effect and that of entry k of the script, then, if IRQs are on, interrupts set the entry's flags.
 */
import type { CallArgument, Constant, Test } from "../../src/compiler/model/model.js";
import { type Draw, flagBits, halvesOf, irqsStartOn, type Plan } from "../../src/verify/plan.js";
import { endless, endlessHash, scriptLimit } from "./limits.js";

/** A run with more events than this does not end by itself: it is cut off, and all that counts is that the simulator says so, too. */
const eventLimit = 2_000;

/** What `-DEXITDSL_KERNEL_HEADER` names: the embedding of a kernel that is all stubs. Features are read at run time. */
export function harnessHeader(plans: readonly Plan[]): string {
  const { model } = first(plans);
  const lines = [
    "#include <stdint.h>",
    "extern uint32_t harness_features;",
    "void exitdsl_irq_enable(void);",
    "void exitdsl_irq_disable(void);",
    "#define exitdsl_irq_enable exitdsl_irq_enable",
    "#define exitdsl_irq_disable exitdsl_irq_disable",
    ...model.features.map((f) => `#define EXITDSL_${f.name} ((harness_features >> ${f.index}) & 1U)`),
  ];
  for (const { name } of model.flagWords) {
    lines.push(`uint32_t exitdsl_read_${name}(void);`, `uint32_t exitdsl_take_${name}(void);`, `void exitdsl_clear_${name}(uint32_t);`);
    for (const verb of ["read", "take", "clear"]) lines.push(`#define exitdsl_${verb}_${name} exitdsl_${verb}_${name}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The program: `harness PATH SEED FIRST COUNT BLOCK EXHAUSTIVE` prints a hash a block, `harness trace PATH SEED CASE EXHAUSTIVE` one case. */
export function harnessProgram(stem: string, plans: readonly Plan[]): string {
  const { model } = first(plans);
  const { frame } = model;
  if (!frame) throw new Error("a path has a frame");
  const calls = [...new Map(plans.flatMap((p) => p.calls).map((c) => [c.function, c])).values()];
  const clears = [...new Map(plans.flatMap((p) => clearEvents(p)).map((c) => [c.text, c])).values()];
  const fixed = ["irqs on", "irqs off", ...model.flagWords.flatMap((w) => [`read ${w.name}`, `take ${w.name}`])];
  const texts = [...fixed, ...clears.map((c) => c.text), ...calls.map((c) => `call ${c.function}`)];
  const slot = (text: string) => texts.indexOf(text);
  const words = model.flagWords;
  const lines = [
    "#include <setjmp.h>",
    "#include <stdio.h>",
    "#include <stdlib.h>",
    "#include <string.h>",
    `#include "${stem}.h"`,
    `#pragma GCC diagnostic ignored "-Wunused-variable"`,
    `#define WORDS ${words.length}`,
    `#define FIELDS ${frame.fields.length}`,
    prelude(frame.name),
    `static const uint32_t async_mask[] = { ${words.map((w) => hex(plans[0]?.words[w.index]?.async ?? 0)).join(", ") || "0"} };`,
    "static void after_event(void)",
    "{",
    "\tif (irqs && event_number < script_length)",
    "\t\tfor (int i = 0; i < WORDS; i++)",
    "\t\t\tword[i] |= entry_async[i] & async_mask[i];",
    "\tevent_number++;",
    "}",
    `void exitdsl_irq_enable(void) { before_event(${slot("irqs on")}); irqs = 1; after_event(); }`,
    `void exitdsl_irq_disable(void) { before_event(${slot("irqs off")}); irqs = 0; after_event(); }`,
  ];
  words.forEach((w, i) => {
    const look = (verb: string, extra: string) =>
      `uint32_t exitdsl_${verb}_${w.name}(void) { before_event(${slot(`${verb} ${w.name}`)}); snapshot[${i}] = word[${i}];${extra} after_event(); return snapshot[${i}]; }`;
    lines.push(look("read", ""), look("take", ` word[${i}] = 0;`));
    lines.push(`void exitdsl_clear_${w.name}(uint32_t flags)`, "{", "\tint slot = -1;");
    for (const c of clears) if (c.word === i) lines.push(`\tif (flags == ${hex(c.bits)}) slot = ${slot(c.text)};`);
    lines.push("\tbefore_event(slot);", `\tword[${i}] &= ~flags;`, "\tafter_event();", "}");
  });
  const values = [...new Map(plans.flatMap((p) => p.values).map((v) => [v.name, v])).keys()];
  for (const name of values) lines.push(`static uint32_t value_${name};`, `uint32_t exitdsl_value_${name}(void) { return value_${name}; }`);
  for (const call of calls) lines.push(...stub(call, slot(`call ${call.function}`), frame.name, words.length));
  lines.push(...plans.flatMap((plan, i) => pathTables(plan, i, texts)));
  lines.push(mainProgram(plans, texts));
  return `${lines.join("\n")}\n`;
}

function first(plans: readonly Plan[]): Plan {
  const [plan] = plans;
  if (!plan) throw new Error("no path has a prepare function");
  return plan;
}

interface ClearEvent {
  readonly text: string;
  readonly word: number;
  readonly bits: number;
}

function clearEvents(plan: Plan): ClearEvent[] {
  return plan.graph.nodes.flatMap((n) =>
    n.kind === "clear"
      ? [
          {
            text: `clear ${n.flags.map((f) => f.name).join(" | ")}`,
            word: n.word.index,
            bits: n.flags.reduce((b, f) => b | (1 << f.bit), 0) >>> 0,
          },
        ]
      : [],
  );
}

function stub(call: Plan["calls"][number], slot: number, frame: string, words: number): string[] {
  const { item } = call;
  const form = item.kind === "work" ? item.call : item.form.kind === "call" ? item.form.call : undefined;
  const args: readonly CallArgument[] = form?.arguments ?? [];
  const parameters = args.map((a, i) =>
    a.kind === "frame" ? `struct ${frame} *a${i}` : a.kind === "flags" ? `uint32_t a${i}` : `uint64_t a${i}`,
  );
  const expected = args.map((a) =>
    a.kind === "frame" ? "&the_frame" : a.kind === "flags" ? `snapshot[${a.word.index}]` : constantText(a.constant),
  );
  const lines = [`void ${call.function}(${parameters.join(", ") || "void"})`, "{", `\tbefore_event(${slot});`];
  expected.forEach((e, i) => {
    lines.push(`\tif (a${i} != ${e}) note(0xbadbad00U + ${i});`);
  });
  for (let w = 0; w < words; w++) {
    if (call.clears[w]) lines.push(`\tword[${w}] &= ~${hex(call.clears[w] ?? 0)};`);
    if (call.maySet[w]) lines.push(`\tif (event_number < script_length) word[${w}] |= entry_set[${w}] & ${hex(call.maySet[w] ?? 0)};`);
  }
  if (item.rewritesFrame) lines.push("\trewrite_frame();");
  return [...lines, "\tafter_event();", "}"];
}

/** A constant's value, told apart by the features of the run. */
function constantText(constant: Constant): string {
  return `(${constant.arms.map((arm) => (arm.test ? `${featureText(arm.test)} ? 0x${arm.value.toString(16)}ULL : ` : `0x${arm.value.toString(16)}ULL`)).join("")})`;
}

function featureText(test: Test): string {
  if (test.kind === "feature") return `(harness_features >> ${test.feature.index} & 1)`;
  if (test.kind === "not") return `!${featureText(test.operand)}`;
  if (test.kind === "and" || test.kind === "or") return `(${test.operands.map(featureText).join(test.kind === "and" ? " && " : " || ")})`;
  if (test.kind === "condition") return featureText(test.condition.test);
  throw new Error(`a constant cannot depend on a test of kind ${test.kind}`);
}

/** State, the random numbers (the same as in cases.ts) and what every stub does first. */
function prelude(frame: string): string {
  return `
struct draw { uint32_t mask_low, mask_high, value_low, value_high; };
struct planned_field { int field, alike, good_count, all_count; const struct draw *good, *all; };
struct path {
	const char *name;
	uint32_t (*run)(void);
	const int *codes;
	uint32_t combination_count, field_count, flag_count;
	const uint32_t *combinations, *used, *flag_word, *flag_bit;
	const struct planned_field *fields;
	const uint32_t *hidden;
	void (*values)(void);
};
uint32_t harness_features;
static struct ${frame} the_frame;
static uint32_t word[WORDS + 1], snapshot[WORDS + 1], entry_set[WORDS + 1], entry_async[WORDS + 1];
static uint32_t irqs, event_number, script_length, case_seed, hash, state, exhaustive, script_digits;
static const struct path *path;
static jmp_buf too_long;
static int tracing;
static uint32_t draft[FIELDS][2];

static uint32_t mix(uint32_t z)
{
	z = (z ^ (z >> 16)) * 0x21f0aaadU;
	z = (z ^ (z >> 15)) * 0x735a2d97U;
	return z ^ (z >> 15);
}
static uint32_t next(void) { return mix(state += 0x9e3779b9U); }
static void note(uint32_t x) { hash = (hash ^ x) * 0x9e3779b1U; hash ^= hash >> 15; }

static void draw_fields(void)
{
	uint32_t friendly = (next() & 3) != 0;
	for (uint32_t j = 0; j < path->field_count; j++) {
		const struct planned_field *f = &path->fields[j];
		uint32_t c = next(), good = friendly && (c & 15) != 0;
		if (f->alike >= 0 && (good || (c & 16))) {
			memcpy(draft[j], draft[f->alike], sizeof(draft[j]));
			continue;
		}
		const struct draw *d = good ? &f->good[(c >> 5) % f->good_count] : &f->all[(c >> 5) % f->all_count];
		draft[j][0] = (next() & d->mask_low) | d->value_low;
		draft[j][1] = (next() & d->mask_high) | d->value_high;
	}
}
static void set_field(uint32_t j)
{
	((uint64_t *)&the_frame)[path->fields[j].field] = draft[j][0] | (uint64_t)draft[j][1] << 32;
}
static void make_entry(void)
{
	if (exhaustive) {
		uint32_t digit = script_digits % (path->flag_count + 1);
		script_digits /= path->flag_count + 1;
		memset(entry_set, 0, sizeof(entry_set));
		if (digit > 0)
			entry_set[path->flag_word[digit - 1]] = path->flag_bit[digit - 1];
		memcpy(entry_async, entry_set, sizeof(entry_set));
		state = mix(case_seed ^ (event_number + 1) * 0x85ebca6bU);
		return;
	}
	state = mix(case_seed ^ (event_number + 1) * 0x85ebca6bU);
	for (int i = 0; i < WORDS; i++) {
		entry_set[i] = next();
		entry_set[i] &= next();
		entry_async[i] = next();
		entry_async[i] &= next();
	}
}
static void before_event(int slot)
{
	if (event_number >= ${eventLimit})
		longjmp(too_long, 1);
	uint32_t code = slot < 0 ? 0xbadU : (uint32_t)path->codes[slot];
	note(code + 1);
	if (tracing)
		printf("event %u\\n", code);
	if (event_number < script_length)
		make_entry();
}
static void rewrite_frame(void)
{
	if (event_number >= script_length)
		return;
	uint32_t c = next();
	if (c & 3)
		return;
	draw_fields();
	for (uint32_t j = 0; j < path->field_count; j++)
		if (c >> (2 + j % 30) & 1)
			set_field(j);
}`;
}

function pathTables(plan: Plan, index: number, texts: readonly string[]): string[] {
  const code = (text: string) => plan.events.find((e) => e.text === text)?.code ?? -1;
  const draws = (name: string, list: readonly Draw[]) => `static const struct draw ${name}[] = { ${list.map(drawText).join(", ")} };`;
  const flags = flagBits(plan);
  const table = (name: string, list: readonly number[]) => `static const uint32_t ${name}[] = { ${list.map(hex).join(", ") || "0"} };`;
  const p = `p${index}`;
  return [
    `static const int ${p}_codes[] = { ${texts.map(code).join(", ")} };`,
    table(`${p}_combinations`, plan.combinations),
    table(
      `${p}_hidden`,
      (plan.model.frame?.fields ?? []).map((_, i) => (plan.hiddenFields.has(i) ? 1 : 0)),
    ),
    table(
      `${p}_used`,
      plan.words.map((w) => w.used),
    ),
    table(
      `${p}_flag_word`,
      flags.map((f) => f.word),
    ),
    table(
      `${p}_flag_bit`,
      flags.map((f) => f.bit),
    ),
    ...plan.fields.flatMap((f, j) => [draws(`${p}_good${j}`, f.good), draws(`${p}_all${j}`, f.all)]),
    `static const struct planned_field ${p}_fields[] = {`,
    ...plan.fields.map((f, j) => `\t{ ${f.field}, ${f.alike}, ${f.good.length}, ${f.all.length}, ${p}_good${j}, ${p}_all${j} },`),
    "};",
    `static void ${p}_values(void)`,
    "{",
    ...plan.values.flatMap((v) => [
      `\tstatic const uint32_t ${v.name}[] = { ${v.candidates.map(hex).join(", ")} };`,
      "\t{",
      "\t\tuint32_t c = next();",
      `\t\tvalue_${v.name} = c & 3 ? ${v.name}[(c >> 2) % ${v.candidates.length}] : next();`,
      "\t}",
    ]),
    "}",
    `static uint32_t ${p}_run(void) { ${plan.graph.exit.prepare?.returns ? `return ${plan.name}(&the_frame);` : `${plan.name}(&the_frame); return 2;`} }`,
  ];
}

function mainProgram(plans: readonly Plan[], texts: readonly string[]): string {
  const rows = plans.map(
    (p, i) =>
      `\t{ "${p.name}", p${i}_run, p${i}_codes, ${p.combinations.length}, ${p.fields.length}, ${flagBits(p).length}, p${i}_combinations, p${i}_used, p${i}_flag_word, p${i}_flag_bit, p${i}_fields, p${i}_hidden, p${i}_values },`,
  );
  const startsOn = plans.map((p) => (irqsStartOn(p) ? 1 : 0));
  return `
static const struct path paths[] = {
${rows.join("\n")}
};
static const uint32_t starts_on[] = { ${startsOn.join(", ")} };
/* Events: ${texts.join(", ")}. */

static void make_case(uint32_t number, uint32_t seed, uint32_t index)
{
	uint32_t base, rest = index, *fields = (uint32_t *)&the_frame;
	case_seed = mix(seed ^ mix(index + 0x9e3779b9U));
	state = case_seed;
	harness_features = path->combinations[next() % path->combination_count];
	for (int i = 0; i < WORDS; i++) {
		word[i] = next();
		word[i] &= next();
		snapshot[i] = 0;
	}
	script_length = next() % ${scriptLimit};
	if (exhaustive) {
		harness_features = path->combinations[rest % path->combination_count];
		rest /= path->combination_count;
		memset(word, 0, sizeof(word));
		for (uint32_t i = 0; i < path->flag_count; i++, rest /= 2)
			if (rest & 1)
				word[path->flag_word[i]] |= path->flag_bit[i];
		script_digits = rest;
		script_length = ${scriptLimit};
	}
	path->values();
	base = next();
	for (uint32_t i = 0; i < FIELDS; i++) {
		fields[2 * i] = base + i * 0x9e3779b1U;
		fields[2 * i + 1] = base ^ i;
	}
	draw_fields();
	for (uint32_t j = 0; j < path->field_count; j++)
		set_field(j);
	irqs = starts_on[number];
	event_number = 0;
}

static uint32_t run_case(uint32_t number, uint32_t seed, uint32_t index)
{
	const uint32_t *fields = (const uint32_t *)&the_frame;
	uint32_t result;
	make_case(number, seed, index);
	hash = 0x811c9dc5U;
	result = setjmp(too_long) ? ${endless} : path->run();
	if (result == ${endless} && !tracing)
		return ${hex(endlessHash)};
	note(result);
	note(irqs);
	for (int i = 0; i < WORDS; i++)
		note(word[i]);
	for (int i = 0; i < 2 * FIELDS; i++)
		if (!path->hidden[i / 2])
			note(fields[i]);
	if (tracing) {
		printf("result %u\\nirqs %u\\n", result, irqs);
		for (int i = 0; i < WORDS; i++)
			printf("word %d 0x%08x\\n", i, word[i]);
		for (int i = 0; i < FIELDS; i++)
			if (!path->hidden[i])
				printf("field %d 0x%08x%08x\\n", i, fields[2 * i + 1], fields[2 * i]);
	}
	return hash;
}

static uint32_t number_argument(const char *text) { return (uint32_t)strtoul(text, NULL, 0); }

int main(int count, char **arguments)
{
	if (count == 7) {
		uint32_t number = number_argument(arguments[1]), seed = number_argument(arguments[2]), index = number_argument(arguments[3]);
		uint32_t left = number_argument(arguments[4]), block = number_argument(arguments[5]), in_block = 0, sum = 0;
		path = &paths[number];
		exhaustive = number_argument(arguments[6]);
		for (; left > 0; left--, index++) {
			sum = mix(sum ^ run_case(number, seed, index));
			if (++in_block == block || left == 1) {
				printf("%08x\\n", sum);
				in_block = sum = 0;
			}
		}
		return 0;
	}
	if (count == 6 && strcmp(arguments[1], "trace") == 0) {
		uint32_t number = number_argument(arguments[2]);
		path = &paths[number];
		tracing = 1;
		exhaustive = number_argument(arguments[5]);
		run_case(number, number_argument(arguments[3]), number_argument(arguments[4]));
		return 0;
	}
	return 2;
}`;
}

function drawText(d: Draw): string {
  return `{ ${halvesOf(d).map(hex).join(", ")} }`;
}

function hex(n: number): string {
  return `0x${(n >>> 0).toString(16)}U`;
}
