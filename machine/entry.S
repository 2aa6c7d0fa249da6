/*
 * What both page tables map, as a kernel's entry area: the way into an exit path, the way out of the CPU's exceptions, the single-step
 * log, descriptors and stacks. Wherever a path lands, or faults, the first exception ends the case.
 */
#include "machine.h"

	.section .shared.text, "ax"

/* The registers in the encoding's order: the beginning of `struct landing`. */
	.macro	save_registers
	.irp	register, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp
	pushq	%\register
	.endr
	pushq	$0			/* RSP has a word of its own */
	.irp	register, rbx, rdx, rcx, rax
	pushq	%\register
	.endr
	.endm

/* RDI := what was saved, RSI := CR3 as it was found; then the machine's own stack and the kernel's page tables. */
	.macro	call_c_prologue
	movq	%rsp, %rdi
	movq	%cr3, %rsi
	movq	%rsi, %rax
	xorq	machine_kernel_cr3, %rax
	cmpq	$0xfff, %rax		/* bits 11 to 0 choose no tables; a load flushes the TLB, which costs more than all the rest */
	jbe	.Lkernel_tables_\@
	movq	machine_kernel_cr3, %rax
	movq	%rax, %cr3
.Lkernel_tables_\@:
	movl	$machine_stack_top, %esp
	.endm

/* To this processor: a fixed interrupt comes as soon as IRET has turned IRQs on. Overwrites RDI. */
	.macro	command_apic command:vararg
	movl	$APIC_COMMAND, %edi
	movl	$\command, (%rdi)
	.endm

/* enter_path: loads `machine_entry`, and goes to the exit's label. GS bases are loaded already. */
	.globl	enter_path
enter_path:
	movq	%cr3, %rcx
	movq	machine_entry + ENTRY_CR3, %rax
	cmpq	%rcx, %rax
	je	1f
	movq	%rax, %cr3
1:
	movq	machine_entry + 8 * 1, %rcx
	movq	machine_entry + 8 * 2, %rdx
	movq	machine_entry + 8 * 3, %rbx
	movq	machine_entry + 8 * 4, %rsp
	movq	machine_entry + 8 * 5, %rbp
	movq	machine_entry + 8 * 6, %rsi
	movq	machine_entry + 8 * 7, %rdi
	movq	machine_entry + 8 * 8, %r8
	movq	machine_entry + 8 * 9, %r9
	movq	machine_entry + 8 * 10, %r10
	movq	machine_entry + 8 * 11, %r11
	movq	machine_entry + 8 * 12, %r12
	movq	machine_entry + 8 * 13, %r13
	movq	machine_entry + 8 * 14, %r14
	movq	machine_entry + 8 * 15, %r15
	pushq	machine_entry + ENTRY_RFLAGS
	movq	machine_entry, %rax
	popfq
	jmp	*machine_entry + ENTRY_TARGET

/* Hands `struct landing` to C on the machine's own stack and page tables. */
landed:
	save_registers
	call_c_prologue
	movl	$0x18, %eax		/* an exception from user mode left it null */
	movl	%eax, %ss
	pushq	$2
	popfq
	call	machine_landed
	ud2

/*
 * One stub an exception vector, all on the same stack layout. Those of the exceptions in which paths end are on the page of the code
 * above, for the sake of the TLB, which loads of CR3 flush.
 */
	.balign	16
	.globl	machine_stubs
machine_stubs:
	.set	vector, 0
	.rept	256
	.balign	16, 0xcc
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	pushq	$0
	.endif
	pushq	$vector
	jmp	landed
	.set	vector, vector + 1
	.endr

/*
 * #DB: logs each instruction of the emitted code that is about to run, and counts the boundaries at which an NMI or an interrupt shall
 * come. A function that the code calls runs unstepped: its return address is replaced by step_resume, which turns TF on again. Where
 * boundaries of the emitted C count, too, only what that calls does.
 */
	.balign	16
	.globl	machine_step
machine_step:
	testb	$3, 8(%rsp)
	jnz	5f
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rdi
	movq	32(%rsp), %rax
	cmpq	$emitted_start, %rax
	jb	1f
	cmpq	$emitted_end, %rax
	jae	1f
	movq	%rax, step_last
	movq	step_next, %rdi
	cmpq	step_limit, %rdi
	jae	4f
	movq	%rax, (%rdi)
	movq	48(%rsp), %rax
	movq	%rax, 8(%rdi)
	movq	%cr3, %rax
	movq	%rax, 16(%rdi)
	movl	$0xc0000101, %ecx	/* IA32_GS_BASE */
	rdmsr
	movl	%eax, 24(%rdi)
	movl	%edx, 28(%rdi)
	addq	$32, step_next
	movq	32(%rsp), %rax
	cmpb	$0x9d, (%rax)		/* POPF, which would end the steps: it finds TF set on the stack */
	jne	3f
	movq	56(%rsp), %rax
	orq	$0x100, (%rax)
3:	testb	$2, 49(%rsp)		/* IF */
	jz	2f
	decq	injected_irq_left
	jnz	2f
	command_apic APIC_FIXED | IRQ_VECTOR
2:	decq	injected_nmi_left
	jz	inject_nmi
	jmp	4f
1:	/* Outside: called, or left. */
	cmpb	$0, injected_in_c
	je	7f
	cmpq	$emitted_c_start, %rax
	jb	7f
	cmpq	$emitted_c_end, %rax
	jb	6f
7:	movq	step_last, %rdi
	testq	%rdi, %rdi
	jz	4f
	movq	$0, step_last
	cmpb	$0xe8, (%rdi)		/* CALL rel32 */
	jne	4f
	andq	$~0x100, 48(%rsp)
	movq	56(%rsp), %rdi
	movq	(%rdi), %rax
	movq	%rax, step_return
	movq	$step_resume, (%rdi)
	jmp	4f
6:	/* In the C side. */
	movq	%rax, step_last
	testb	$2, 49(%rsp)
	jz	8f
	decq	injected_c_irq_left
	jnz	8f
	command_apic APIC_FIXED | IRQ_VECTOR
8:	decq	injected_c_nmi_left
	jz	inject_nmi
4:	popq	%rdi
	popq	%rdx
	popq	%rcx
	popq	%rax
	iretq
5:	/* User mode has been reached. Another IRET would change a 16-bit stack's pointer. */
	pushq	$0
	pushq	$1
	jmp	landed

/*
 * An NMI at the boundary to which #DB returns, and not a moment before: a first one comes here, in the handler, and with it all others
 * have to wait for an IRET. It asks for the second, and the IRET is the one that the #DB handler was about to execute.
 */
inject_nmi:
	command_apic APIC_NMI
inject_nmi_wait:
	pause
	jmp	inject_nmi_wait
inject_nmi_end:

	.balign	16
	.globl	machine_nmi_gate
machine_nmi_gate:
	pushq	%rax
	movq	8(%rsp), %rax
	cmpq	$inject_nmi, %rax
	jb	1f
	cmpq	$inject_nmi_end, %rax
	jae	1f
	command_apic APIC_NMI
	movq	32(%rsp), %rsp		/* the #DB handler's */
	popq	%rdi
	popq	%rdx
	popq	%rcx
	popq	%rax
	iretq
1:	popq	%rax
	pushq	$0
	pushq	$2
	save_registers
	call_c_prologue
	cld
	pushq	%rdi
	pushq	%rsi
	call	machine_nmi
	/* There is nothing more to do: it nested, or the spec has no path for it. */
	popq	%rsi
	popq	%rdi
	movq	%rsi, %cr3
	movq	%rdi, %rsp
	.irp	register, rax, rcx, rdx, rbx
	popq	%\register
	.endr
	addq	$8, %rsp
	.irp	register, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	popq	%\register
	.endr
	addq	$16, %rsp
	iretq

/* Where a nested NMI sends the first one, with RSP below the five words that the processor pushes: the handler runs once more. */
	.globl	machine_repeat_nmi
machine_repeat_nmi:
	pushq	$0
	pushq	$2
	save_registers
	call_c_prologue
	cld
	call	machine_run_nmi
	ud2

/* An interrupt, on the stack that is there, as on a kernel's: what the C side has below RSP is lost. */
	.balign	16
	.globl	machine_irq_gate
machine_irq_gate:
	.irp	register, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
	pushq	%\register
	.endr
	cld
	call	machine_interrupt
	movl	$APIC_END_OF_INTERRUPT, %eax
	movl	$0, (%rax)
	.irp	register, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
	popq	%\register
	.endr
	iretq

step_resume:
	pushq	step_return
	pushfq
	orq	$0x100, (%rsp)
	popfq
	ret

/* Plays the hypervisor: HYPERVISOR_iret loads the frame, and for user mode exchanges the GS bases. */
	.globl	xen_iret
xen_iret:
	testb	$3, 8(%rsp)
	jz	1f
	swapgs
1:	pushfq
	andq	$~0x4000, (%rsp)	/* its own IRET finds NT clear; TF stays, so that what it returns to is stepped from its first instruction */
	popfq
	iretq

/* A function of assembly that a path calls: it leaves nothing in the registers that it need not keep. */
	.globl	machine_called
machine_called:
	movabsq	$0xc0dec0dec0dec0de, %rax
	movq	%rax, %rcx
	movq	%rax, %rdx
	movq	%rax, %rsi
	movq	%rax, %rdi
	movq	%rax, %r8
	movq	%rax, %r9
	movq	%rax, %r10
	movq	%rax, %r11
	ret

/* Where paths go: every byte is INT3, in user mode and in the kernel. */
	.section .shared.landing, "ax"
	.balign	4096, 0xcc
	.globl	landing_page
landing_page:
	.skip	4096, 0xcc

	.section .shared.data, "aw"
	.globl	machine_entry, machine_kernel_cr3, step_next, step_limit
machine_entry:
	.skip	8 * 19
machine_kernel_cr3:
	.quad	0
step_next:
	.quad	0
step_limit:
	.quad	0
step_last:
	.quad	0
step_return:
	.quad	0
/* Boundaries until something comes; 0: nothing does. Of the emitted assembly, and of the emitted C. */
	.globl	injected_nmi_left, injected_c_nmi_left, injected_irq_left, injected_c_irq_left, injected_in_c
injected_nmi_left:
	.quad	0
injected_c_nmi_left:
	.quad	0
injected_irq_left:
	.quad	0
injected_c_irq_left:
	.quad	0
/* Do boundaries of C count? */
injected_in_c:
	.quad	0

/* Linux's layout: 0x08 and 0x10 kernel code, 0x18 data, 0x23 and 0x33 user code, 0x2b data, 0x40 TSS, 0x50 LDT. */
	.balign	16
	.globl	machine_gdt, machine_tss, machine_ldt, machine_idt
machine_gdt:
	.quad	0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff
	.quad	0x00cffb000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff, 0
	.quad	0, 0, 0, 0
machine_ldt:
	.quad	0x0000f3000000ffff	/* 0x07: 16-bit data, from 0 */
	.balign	16
machine_tss:
	.skip	104
	.globl	machine_verw_selector
machine_verw_selector:
	.word	0x18

	.section .shared.idt, "aw"
	.balign	16
machine_idt:
	.skip	4096

	.section .shared.stacks, "aw"
	.macro	stack name
	.balign	4096
	.skip	4096
	.globl	\name
\name:
	.endm
	stack	landing_stack_top
	stack	fault_stack_top
	stack	step_stack_top
	stack	ring0_stack_top
	stack	trampoline_stack_top
	stack	event_stack_top
	.globl	nmi_stack
	.balign	4096
nmi_stack:
	stack	nmi_stack_top

	.section .note.GNU-stack, "", @progbits
