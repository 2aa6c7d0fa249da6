/* The bench machine: page tables and descriptors, then one case after the other. Freestanding; it runs in ring 0. */
#include "machine.h"

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

#define PRESENT 1UL
#define WRITABLE 2UL
#define USER 4UL
#define UNCACHED 0x10UL
#define LARGE 0x80UL
#define PAGE 4096UL
#define TF 0x100UL
#define LARGE_PAGE 0x200000UL

extern char shared_start[], shared_end[], landing_page[], machine_stubs[], machine_step[], landing_stack_top[], fault_stack_top[],
	step_stack_top[], ring0_stack_top[], event_stack_top[], machine_nmi_gate[], machine_irq_gate[];
extern uint64_t machine_gdt[], machine_ldt[], machine_idt[], machine_kernel_cr3, step_next, step_limit;
extern uint8_t machine_tss[];
_Noreturn void machine_main(void);
_Noreturn void machine_landed(struct landing *, uint64_t cr3);
_Noreturn void machine_finish(void);

struct table {
	uint64_t entry[512];
} __attribute__((aligned(4096)));

/* The kernel's tables and, 4 KiB above, the user's: one bit of CR3 apart. */
struct table machine_tables[2] __attribute__((aligned(8192)));
static struct table directories[2], directory[2], pages[2], apic_directory, user_directory, user_pages, espfix_directories, espfix_directory, espfix_pages;
struct table machine_espfix_page;
uint64_t machine_per_cpu[512] __attribute__((aligned(4096)));
uint8_t machine_thread_stack[16384] __attribute__((aligned(4096)));

const struct bench_case *machine_case;
uint32_t machine_flags[16];
uint32_t machine_snapshot[16];
static struct run *const run = (struct run *)RUN_ADDRESS;
static const uint64_t *script;
static uint64_t script_left;
struct result *machine_result;
static uint64_t number; /* of the case, from 1 */
int machine_has_entry;
const uint64_t *machine_entry_flags;
static const uint64_t *entry_fields;

static void write_msr(uint32_t number, uint64_t value)
{
	__asm__ __volatile__("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static uint64_t read_msr(uint32_t number)
{
	uint32_t low, high;
	__asm__ __volatile__("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
	return low | (uint64_t)high << 32;
}

/* ── Set-up ── */

static uint64_t at(const void *p)
{
	return (uint64_t)p;
}

static void make_tables(void)
{
	uint64_t results_end = run->results + run->count * run->result_size;
	uint64_t first_large = run->results / LARGE_PAGE, last_large = (run->steps ? run->steps_end : results_end) / LARGE_PAGE;

	for (uint64_t i = 0; i < 512; i++) {
		uint64_t page = i * PAGE;
		pages[0].entry[i] = page | WRITABLE | PRESENT;
		if (page >= at(shared_start) && page < at(shared_end))
			pages[1].entry[i] = page | WRITABLE | PRESENT;
		directory[0].entry[i] = i * LARGE_PAGE | LARGE | WRITABLE | PRESENT;
		/* What the machine writes is its own business: both tables have it. */
		if (i >= first_large && i <= last_large)
			directory[1].entry[i] = directory[0].entry[i];
	}
	for (int i = 0; i < USER_PAGES; i++)
		user_pages.entry[i] = at(landing_page) | USER | PRESENT;
	user_directory.entry[0] = at(&user_pages) | USER | WRITABLE | PRESENT;
	for (int i = 0; i < 2; i++) {
		directory[i].entry[0] = at(&pages[i]) | WRITABLE | PRESENT;
		directories[i].entry[0] = at(&directory[i]) | WRITABLE | PRESENT;
		directories[i].entry[1] = at(&user_directory) | USER | WRITABLE | PRESENT;
		directories[i].entry[APIC_ADDRESS >> 30] = at(&apic_directory) | WRITABLE | PRESENT;
		machine_tables[i].entry[0] = at(&directories[i]) | USER | WRITABLE | PRESENT;
		machine_tables[i].entry[510] = at(&espfix_directories) | WRITABLE | PRESENT;
	}
	for (int i = 0; i < 512; i++) {
		espfix_directories.entry[i] = at(&espfix_directory) | WRITABLE | PRESENT;
		espfix_directory.entry[i] = at(&espfix_pages) | WRITABLE | PRESENT;
	}
	apic_directory.entry[APIC_ADDRESS >> 21 & 511] = APIC_ADDRESS | LARGE | UNCACHED | WRITABLE | PRESENT;
	/* The same page every 64 KiB, and nothing between. */
	for (int i = 0; i < 512; i += 16)
		espfix_pages.entry[i] = at(&machine_espfix_page) | PRESENT;
	machine_kernel_cr3 = at(machine_tables);
	__asm__ __volatile__("mov %0, %%cr3" : : "r"(machine_kernel_cr3) : "memory");
}

static void set_gate(unsigned vector, uint64_t target, uint64_t stack)
{
	machine_idt[2 * vector] = (target & 0xffff) | 0x10UL << 16 | stack << 32 | 0xee00UL << 32 | (target >> 16 & 0xffff) << 48;
	machine_idt[2 * vector + 1] = target >> 32;
}

static void set_system_descriptor(unsigned index, uint64_t base, uint64_t limit, uint64_t type)
{
	machine_gdt[index] = limit | (base & 0xffffff) << 16 | type << 40 | (base >> 24 & 0xff) << 56;
	machine_gdt[index + 1] = base >> 32;
}

static void set_stack(unsigned offset, const void *top)
{
	uint64_t address = at(top);
	__builtin_memcpy(machine_tss + offset, &address, 8);
}

static void make_descriptors(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) gdt = { 8 * 12 - 1, at(machine_gdt) }, idt = { 4095, at(machine_idt) };

	set_stack(4, ring0_stack_top);
	set_stack(36, landing_stack_top);
	set_stack(44, step_stack_top);
	set_stack(52, fault_stack_top);
	set_stack(60, nmi_stack + sizeof(nmi_stack));
	set_system_descriptor(8, at(machine_tss), 103, 0x89);
	set_system_descriptor(10, at(machine_ldt), 7, 0x82);
	/* #GP and #PF on the stack that is there, as kernels have them, so that a bad one ends in #DF; the rest on their own. */
	for (unsigned i = 0; i < 256; i++)
		set_gate(i, at(machine_stubs) + 16 * i, i == 13 || i == 14 ? 0 : i == 8 ? 3 : 1);
	set_gate(1, at(machine_step), 2);
	set_gate(2, at(machine_nmi_gate), 4);
	set_gate(IRQ_VECTOR, at(machine_irq_gate), 0);
	__asm__ __volatile__("lgdt %0; lidt %1; ltr %w2; lldt %w3" : : "m"(gdt), "m"(idt), "r"(0x40), "r"(0x50) : "memory");
	write_msr(MSR_STAR, 0x0023001000000000);
	write_msr(MSR_LSTAR, at(machine_stubs) + 16 * 0x80);
	write_msr(MSR_FMASK, 0x47700);
}

/* ── Cases ── */

/* A function of its own, because a debugger stops here. */
__attribute__((noinline)) void machine_finish(void)
{
	for (;;)
		__asm__ __volatile__("outl %0, %w1" : : "a"(0x10), "d"(0xf4));
}

static uint64_t ones(uint64_t mask)
{
	uint64_t count = 0;
	for (; mask; mask &= mask - 1)
		count++;
	return count;
}

void machine_copy(uint64_t *to, const uint64_t *from, uint64_t count)
{
	while (count--)
		*to++ = *from++;
}

uint64_t *machine_frame(void)
{
	char *top = spec_paths[machine_case->path].on_event_stack ? event_stack_top : (char *)machine_thread_stack + sizeof(machine_thread_stack);
	return (uint64_t *)(top - ABOVE_FRAME);
}

void machine_write_gs(uint64_t base, uint64_t kernel_base)
{
	write_msr(MSR_GS_BASE, base);
	write_msr(MSR_KERNEL_GS_BASE, kernel_base);
}

_Noreturn static void start_case(void)
{
	const uint64_t *words = machine_case->words;
	uint64_t *frame = machine_frame();

	script = words + spec_words;
	script_left = machine_case->script_length;
	machine_result->event_count = 0;
	machine_result->nmis = 0;
	machine_result->interrupts = 0;
	for (uint64_t i = 0; i < spec_flag_words; i++) {
		machine_flags[i] = (uint32_t)words[spec_flags + i];
		machine_snapshot[i] = 0;
	}
	machine_copy(frame, words + spec_frame, spec_frame_fields);
	for (uint64_t i = 0; i < spec_above_count; i++)
		frame[spec_above[i].offset / 8] = words[spec_above[i].word];
	for (uint64_t i = 0; i < spec_cell_count; i++)
		__builtin_memcpy(spec_cells[i].address, &words[spec_cells[i].word], 8);
	machine_copy(machine_entry.registers, words, 16);
	machine_entry.registers[4] = at(frame);
	machine_entry.rflags = words[spec_system.rflags] | (run->steps ? TF : 0);
	machine_entry.target = at(spec_paths[machine_case->path].label);
	machine_entry.cr3 = words[spec_system.cr3];
	machine_write_gs(words[spec_system.gs_base], words[spec_system.kernel_gs_base]);
	machine_prepare_injection();
	enter_path();
}

_Noreturn void machine_main(void)
{
	make_tables();
	make_descriptors();
	if (run->count == 0)
		machine_finish();
	step_next = run->steps;
	step_limit = run->steps_end;
	machine_case = (const struct bench_case *)run->cases;
	machine_result = (struct result *)run->results;
	number = 1;
	run->progress = number;
	start_case();
}

/* Before an event counts: what is due has come. */
static inline void interrupt_if_due(void)
{
	if (machine_due_flags)
		machine_interrupt_now();
}

static uint64_t recovery_at(uint64_t rip)
{
	for (uint64_t i = 0; i < spec_recovery_count; i++)
		if (at(spec_recoveries[i].instruction) == rip)
			return spec_recoveries[i].number;
	return 0;
}

/* The result is complete, the next case begins. */
_Noreturn static void next_case(void)
{
	machine_result->steps_end = step_next;
	machine_result->number = number;
	if (number == run->count)
		machine_finish();
	number++;
	run->progress = number;
	machine_case = (const struct bench_case *)((const char *)machine_case + machine_case->size);
	machine_result = (struct result *)((char *)machine_result + run->result_size);
	start_case();
}

void machine_landed(struct landing *landing, uint64_t cr3)
{
	uint64_t *words = machine_result->words;

	interrupt_if_due();
	machine_copy(words, machine_case->words, spec_words);
	machine_copy(words, landing->registers, 16);
	words[4] = landing->rsp;
	words[spec_system.rip] = landing->rip;
	words[spec_system.cs] = landing->cs;
	words[spec_system.rflags] = landing->rflags;
	words[spec_system.ss] = landing->ss;
	words[spec_system.cr3] = cr3;
	words[spec_system.gs_base] = read_msr(MSR_GS_BASE);
	words[spec_system.kernel_gs_base] = read_msr(MSR_KERNEL_GS_BASE);
	for (uint64_t i = 0; i < spec_flag_words; i++)
		words[spec_flags + i] = machine_flags[i];
	for (uint64_t i = 0; i < spec_cell_count; i++)
		__builtin_memcpy(&words[spec_cells[i].word], spec_cells[i].address, 8);
	machine_result->vector = landing->vector;
	machine_result->error = landing->error;
	machine_result->recovery = landing->cs & 3 ? 0 : recovery_at(landing->rip);
	next_case();
}

/* ── The script ── */

void machine_note(unsigned number)
{
	if (machine_result->event_count < EVENTS_KEPT)
		machine_result->events[machine_result->event_count] = (uint16_t)number;
	machine_result->event_count++;
}

void machine_event(unsigned number)
{
	interrupt_if_due();
	machine_note(number);
	if (machine_result->event_count > EVENT_LIMIT) {
		machine_result->vector = VECTOR_ENDLESS;
		next_case();
	}
	machine_has_entry = script_left > 0;
	if (!machine_has_entry)
		return;
	script_left--;
	machine_entry_flags = script;
	entry_fields = script + spec_flag_words;
	script = entry_fields + 1 + ones(*entry_fields);
}

void machine_rewrite_frame(uint64_t *frame)
{
	if (!machine_has_entry)
		return;
	const uint64_t *value = entry_fields + 1;
	for (uint64_t i = 0; i < spec_frame_fields; i++)
		if (*entry_fields >> i & 1)
			frame[i] = *value++;
}

void machine_scripted_interrupts(void)
{
	uint64_t rflags;
	__asm__ __volatile__("pushf; pop %0" : "=r"(rflags));
	if ((rflags & 0x200) && !machine_interrupt_later(machine_entry_flags))
		for (uint64_t i = 0; i < spec_flag_words; i++)
			machine_flags[i] |= (uint32_t)(machine_entry_flags[i] >> 32) & spec_async_flags[i];
}
