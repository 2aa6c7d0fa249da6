/*
 * What comes from outside while a path is single-stepped: NMIs at any boundary, one nested in the other, and interrupts at boundaries
 * with IRQs on. The machine's own part of them, as an embedding kernel has it; they come through the local APIC.
 */
#include "machine.h"

#define DF 0x400UL

extern uint64_t injected_nmi_left, injected_c_nmi_left, injected_irq_left, injected_c_irq_left, injected_in_c;
void machine_nmi(const struct landing *);
_Noreturn void machine_run_nmi(const struct landing *);
void machine_interrupt(void);
extern char machine_repeat_nmi[];

static const struct injection *injection;
const uint64_t *machine_due_flags;
/* The bit of those words from which on it sets them. */
static unsigned due_shift;
static uint64_t random;

static volatile uint32_t *apic(uint64_t address)
{
	return (volatile uint32_t *)address;
}

static uint64_t *nmi_frame(void)
{
	return (uint64_t *)(nmi_stack + sizeof(nmi_stack) - ABOVE_FRAME);
}

/* The five words that IRET will pop, if they are not the frame's own; behind them is whether a handler runs. */
static uint64_t *iret_words(void)
{
	return nmi_frame() + spec_frame_fields;
}

void machine_prepare_injection(void)
{
	injection = machine_case->injection ? (const struct injection *)((const char *)machine_case + machine_case->injection) : 0;
	machine_due_flags = 0;
	injected_nmi_left = injected_c_nmi_left = injected_irq_left = injected_c_irq_left = injected_in_c = 0;
	if (!injection)
		return;
	*apic(APIC_SPURIOUS) = 0x1ff; /* enabled */
	injected_nmi_left = injection->nmi_at;
	injected_c_nmi_left = injection->nmi_in_c_at;
	injected_irq_left = injection->irq_at;
	injected_in_c = injection->nmi_in_c_at || injection->irq_seed;
	random = injection->irq_seed;
	if (injection->path != NO_PATH && spec_paths[injection->path].nests)
		iret_words()[5] = 0;
	if (injection->irq_at) {
		machine_due_flags = injection->flags;
		due_shift = 0;
	}
}

/* ── Interrupts ── */

static void set_due_flags(void)
{
	if (machine_due_flags)
		for (uint64_t i = 0; i < spec_flag_words; i++)
			machine_flags[i] |= (uint32_t)(machine_due_flags[i] >> due_shift) & spec_async_flags[i];
	machine_due_flags = 0;
}

/* The handler: somebody has work for this thread. */
void machine_interrupt(void)
{
	machine_result->interrupts++;
	set_due_flags();
}

int machine_interrupt_later(const uint64_t *entry)
{
	uint64_t any = 0;

	if (!injection || !injection->irq_seed)
		return 0;
	for (uint64_t i = 0; i < spec_flag_words; i++)
		any |= entry[i] >> 32 & spec_async_flags[i];
	if (!any)
		return 1;
	machine_due_flags = entry;
	due_shift = 32;
	random = random * 6364136223846793005 + 1442695040888963407;
	injected_c_irq_left = 1 + (random >> 33) % 24;
	return 1;
}

/* A script's interrupt comes between two events, so if no boundary between them was the drawn one, it comes now. */
void machine_interrupt_now(void)
{
	injected_irq_left = injected_c_irq_left = 0;
	set_due_flags();
}

/* ── NMIs ── */

/* Entry has saved the registers; what it saves in the frame, and what it leaves behind, is the spec's. */
static uint64_t saved(const struct landing *landing, unsigned what)
{
	const uint64_t processors[] = { landing->rip, landing->cs, landing->rflags, landing->rsp, landing->ss };

	if (what == SAVED_NOTHING)
		return ~0UL;
	return what < SAVED_RIP ? landing->registers[what] : processors[what - SAVED_RIP];
}

static void set_iret_words(uint64_t rip, uint64_t cs, uint64_t rflags, uint64_t rsp, uint64_t ss)
{
	const uint64_t words[] = { rip, cs, rflags, rsp, ss };
	machine_copy(iret_words(), words, 5);
}

_Noreturn static void leave_nmi(void)
{
	uint64_t *frame = nmi_frame();

	machine_result->nmis++;
	if (spec_paths[injection->path].nests) {
		uint64_t words[5];
		for (uint64_t i = 0; i < spec_frame_fields; i++)
			if (spec_saved[i] >= SAVED_RIP && spec_saved[i] != SAVED_NOTHING)
				words[spec_saved[i] - SAVED_RIP] = frame[i];
		machine_copy(iret_words(), words, 5);
		iret_words()[5] = 1;
	}
	machine_copy(machine_entry.registers, injection->registers, 16);
	machine_entry.registers[4] = (uint64_t)frame;
	machine_entry.rflags = 2 | 0x100;
	machine_entry.target = (uint64_t)spec_paths[injection->path].label;
	machine_entry.cr3 = injection->cr3;
	machine_write_gs(injection->gs_base, injection->kernel_gs_base);
	enter_path();
}

/*
 * An NMI at a boundary. If one is being handled, which its own note tells, or DF once the note is gone (the path has set it, and RSP is on
 * the NMI's stack), that one is sent to machine_repeat_nmi instead of to what it interrupted, and this one is over (INV-101 to INV-104).
 * @return when it is over
 */
void machine_nmi(const struct landing *landing)
{
	int on_nmi_stack = landing->rsp - (uint64_t)nmi_stack <= sizeof(nmi_stack);
	uint64_t *frame = nmi_frame();

	injected_nmi_left = injected_c_nmi_left = 0;
	if (injection->path == NO_PATH) {
		machine_result->nmis++;
		return;
	}
	if (spec_paths[injection->path].nests && (iret_words()[5] || (on_nmi_stack && landing->rflags & DF))) {
		set_iret_words((uint64_t)machine_repeat_nmi, 0x10, 2, (uint64_t)nmi_stack + sizeof(nmi_stack) - 40, 0x18);
		return;
	}
	for (uint64_t i = 0; i < spec_frame_fields; i++)
		frame[i] = saved(landing, spec_saved[i]);
	injected_nmi_left = injection->nested_at;
	leave_nmi();
}

/* A nested NMI wants the handler to run again. The registers are those of the interrupted code; where that was is in the frame still. */
void machine_run_nmi(const struct landing *landing)
{
	uint64_t *frame = nmi_frame();

	for (uint64_t i = 0; i < spec_frame_fields; i++)
		if (spec_saved[i] < SAVED_RIP)
			frame[i] = landing->registers[spec_saved[i]];
	leave_nmi();
}
