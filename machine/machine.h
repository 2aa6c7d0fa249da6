/* What the bench machine's parts know of each other, and of the file that is its memory. */
#ifndef MACHINE_H
#define MACHINE_H

/* Offsets into machine_entry, behind the 16 general registers. */
#define ENTRY_RFLAGS (8 * 16)
#define ENTRY_TARGET (8 * 17)
#define ENTRY_CR3 (8 * 18)

/* Where the run is described; it fills the rest of the file as it likes. */
#define RUN_ADDRESS 0x1000000
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
};

/* A case: its size in bytes, its path, its features, then the simulator's words, then the script. */
struct bench_case {
	uint64_t size;
	uint64_t path;
	uint64_t features;
	uint64_t script_length;
	uint64_t words[];
	/* Entries: a word for each word of flags (low half: set, high half: async), a mask of fields, and their values. */
};

struct result {
	uint64_t number; /* of the case, from 1 */
	uint64_t vector, error, recovery;
	uint64_t event_count;
	uint64_t steps_end;
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
};

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

/* ── The case that runs, for the functions that the C side calls ── */

extern const struct bench_case *machine_case;
extern uint32_t machine_flags[];
extern uint32_t machine_snapshot[];

/* An event happens: counts it, and reads its entry of the script. */
void machine_event(unsigned number);
/* Flags that the called function sets, of those that it may. */
void machine_set_flags(unsigned word, uint32_t may_set);
/* New values of fields, if the entry has any. */
void machine_rewrite_frame(uint64_t *frame);
/* Interrupts, if IRQs are on. */
void machine_after_event(void);
/* The C side was told something wrong. */
void machine_note(unsigned number);
#endif
#endif
