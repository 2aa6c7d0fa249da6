/*
 * From the PVH entry (32-bit protected mode, paging off; Xen's docs/misc/pvh.pandoc) to 64-bit C, on page tables that map the first
 * GiB to itself. machine.c then makes the tables with which the paths run.
 */
	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18		/* name size, value size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	start

	.section .boot.text, "ax"
	.code32
start:
	cli
	cld
	movl	%cr4, %eax
	orl	$0x10620, %eax		/* FSGSBASE, OSXMMEXCPT, OSFXSR, PAE */
	movl	%eax, %cr4
	movl	$boot_tables, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* IA32_EFER */
	rdmsr
	orl	$0x901, %eax		/* NXE, LME, SCE */
	wrmsr
	movl	%cr0, %eax
	andl	$~4, %eax		/* EM */
	orl	$0x80010003, %eax	/* PG, WP, MP, PE */
	movl	%eax, %cr0
	lgdt	boot_gdt_pointer
	ljmp	$0x10, $start64

	.code64
start64:
	movl	$1, %eax		/* CPUID.01H:ECX[17] is PCID, which CR4[17] turns on */
	cpuid
	andl	$0x20000, %ecx
	movq	%cr4, %rax
	orq	%rcx, %rax
	movq	%rax, %cr4
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$machine_stack_top, %esp
	call	machine_main
1:	hlt
	jmp	1b

	.section .boot.data, "aw"
boot_gdt_pointer:
	.word	8 * 12 - 1
	.long	machine_gdt

	.balign	4096
boot_tables:
	.quad	boot_directories + 3
	.skip	4088
boot_directories:
	.quad	boot_directory + 3
	.skip	4088
boot_directory:
	.set	page, 0
	.rept	512
	.quad	page | 0x83		/* 2 MiB, writable, present */
	.set	page, page + 0x200000
	.endr

	.bss
	.balign	4096
	.skip	16384
	.globl	machine_stack_top
machine_stack_top:

	.section .note.GNU-stack, "", @progbits
