/* What the bench machine's parts know of each other, and of the file that is its memory. */
#ifndef MACHINE_H
#define MACHINE_H

/* Offsets into machine_entry, behind the 16 general registers. */
#define ENTRY_RFLAGS (8 * 16)
#define ENTRY_TARGET (8 * 17)
#define ENTRY_CR3 (8 * 18)

/* Where the run is described; it fills the rest of the file as it likes. */
#define RUN_ADDRESS 0x200000
/* Where user mode's page is: 16 pages, all the same, full of INT3. */
#define USER_ADDRESS 0x40000000
#define USER_PAGES 16
/* The read-only alias of the espfix stack: bits 31 to 16 may be anything (INV-58, INV-94). */
#define ESPFIX_ADDRESS 0xffffff0000000800
/* At the top of each stack, above the frame. */
#define ABOVE_FRAME 1024
/* A case with more events than this does not end. */
#define EVENT_LIMIT 512
/* Events that a result keeps. */
#define EVENTS_KEPT 128
/* In the place of a vector: the C side did not end. */
#define VECTOR_ENDLESS 0x1000

/* The local APIC, on its page of both page tables: SDM Vol. 3A, 11.4 and 11.6. */
#define APIC_ADDRESS 0xfee00000
#define APIC_END_OF_INTERRUPT 0xfee000b0
#define APIC_SPURIOUS 0xfee000f0
#define APIC_COMMAND 0xfee00300
/* Interrupt commands to the only processor: an NMI; a fixed vector, to be added. */
#define APIC_NMI 0x4400
#define APIC_FIXED 0x4000
#define IRQ_VECTOR 0x30

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What the driver writes at RUN_ADDRESS. All addresses are physical, which here is virtual. */
struct run {
	uint64_t count;
	uint64_t cases;
	uint64_t results;
	uint64_t result_size;
	uint64_t steps; /* 0: no single steps */
	uint64_t steps_end;
	uint64_t progress; /* written by the machine: from 1, and one more with each case that has ended */
};

/* A case: its size in bytes, its path, its features, then the simulator's words, then the script, then what is injected. */
struct bench_case {
	uint64_t size;
	uint64_t path;
	uint64_t features;
	uint64_t script_length;
	uint64_t injection; /* the distance of `struct injection` in bytes; 0: nothing is injected */
	uint64_t words[];
	/* Entries: a word for each word of flags (low half: set, high half: async), a mask of fields, and their values. */
};

/*
 * What comes from outside, in a case that is single-stepped. Boundaries count from 1, the one before a path's first instruction;
 * 0: nothing comes.
 */
struct injection {
	uint64_t nmi_at; /* of the emitted assembly */
	uint64_t nmi_in_c_at; /* of the emitted C */
	uint64_t nested_at; /* of the path by which the NMI is left: a second NMI */
	uint64_t irq_at; /* of the emitted assembly, those with IRQs on */
	/* Not 0: what the script says of interrupts comes by interrupts, at boundaries of the emitted C that are drawn from this. */
	uint64_t irq_seed;
	/* By which path the NMI is left, and with what: the state in which its event starts. */
	uint64_t path;
	uint64_t registers[16];
	uint64_t gs_base, kernel_gs_base, cr3;
	/* A word for each word of flags: what the interrupt at `irq_at` sets. */
	uint64_t flags[];
};

struct result {
	uint64_t number; /* of the case, from 1 */
	uint64_t vector, error, recovery;
	uint64_t event_count;
	uint64_t steps_end;
	uint64_t nmis; /* how often the handler ran */
	uint64_t interrupts;
	uint16_t events[EVENTS_KEPT];
	uint64_t words[];
};

/* On the stack that an exception came to. */
struct landing {
	uint64_t registers[16];
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct entry {
	uint64_t registers[16];
	uint64_t rflags, target, cr3;
};

/* ── What is known of the spec: generated ── */

/* A word that stands in memory at a fixed address. */
struct cell {
	uint64_t word;
	void *address;
};

/* A word above the frame. */
struct above {
	uint64_t word;
	uint64_t offset; /* from the frame's start */
};

struct path {
	void (*label)(void);
	uint64_t on_event_stack;
	/* Above the frame are the five words that IRET pops, and then one that is not 0 while an NMI handler runs. */
	uint64_t nests;
};

/* In spec_saved: nothing of the processor's. 0 to 15 are registers, then RIP, CS, RFLAGS, RSP and SS. */
#define SAVED_NOTHING 255
#define SAVED_RIP 16
/* In the place of a path: the NMI is left by nothing of the spec's. */
#define NO_PATH (~0UL)

/* An instruction that may fault, and the number of its recovery. */
struct recovery {
	void *instruction;
	uint64_t number;
};

struct system_words {
	uint64_t rip, cs, rflags, ss, gs_base, kernel_gs_base, cr3;
};

/* Where the case that runs has its frame. */
uint64_t *machine_frame(void);
extern const struct path spec_paths[];
extern const struct cell spec_cells[];
extern const struct above spec_above[];
extern const struct recovery spec_recoveries[];
extern const struct system_words spec_system;
/* Words in all; the first of the frame's and of the flags'; how many. */
extern const uint64_t spec_words, spec_frame, spec_frame_fields, spec_flags, spec_flag_words, spec_cell_count, spec_above_count,
	spec_recovery_count;
extern const uint32_t spec_async_flags[];
/* For each field of the frame, what entry saves there. */
extern const uint8_t spec_saved[];

/* ── The case that runs, for the functions that the C side calls ── */

extern const struct bench_case *machine_case;
extern uint32_t machine_flags[];
extern uint32_t machine_snapshot[];

extern struct result *machine_result;
extern struct entry machine_entry;
extern char nmi_stack[4096];
void machine_write_gs(uint64_t base, uint64_t kernel_base);
_Noreturn void enter_path(void);
void machine_copy(uint64_t *to, const uint64_t *from, uint64_t count);

/* ── What comes from outside: injection.c ── */

/* Makes ready for a case; turns the local APIC on before the first. */
void machine_prepare_injection(void);
/* What the interrupt that is due sets, a word for each word of flags; null: none is due. */
extern const uint64_t *machine_due_flags;
/* An interrupt that is due comes now. */
void machine_interrupt_now(void);
/* Interrupts that set these flags, a word for each word of flags. @return 0 when the stub may set them itself */
int machine_interrupt_later(const uint64_t *entry);

/* Has the script an entry for the event that happens? Its flags: low half set, high half async. */
extern int machine_has_entry;
extern const uint64_t *machine_entry_flags;

/* An event happens: counts it, and reads its entry of the script. */
void machine_event(unsigned number);
/* New values of fields, if the entry has any. */
void machine_rewrite_frame(uint64_t *frame);
/* Interrupts that the entry has, if IRQs are on. */
void machine_scripted_interrupts(void);

/* Few events have an entry, and a call costs TCG more than this test. */
static inline void machine_after_event(void)
{
	if (machine_has_entry)
		machine_scripted_interrupts();
}

/* Flags that the called function sets, of those that it may. */
static inline void machine_set_flags(unsigned word, uint32_t may_set)
{
	if (machine_has_entry)
		machine_flags[word] |= (uint32_t)machine_entry_flags[word] & may_set;
}

/* The C side was told something wrong. */
void machine_note(unsigned number);
#endif
#endif
