/*
 * For a PC instead of a microvm: the ROM that ends at 4 GiB. From the reset vector (16 bits, CS.base 0xffff0000) to 32-bit protected mode
 * on flat segments, as PVH has it, and to the image, which is in memory already. The linker is told where `start` is, and where what
 * Bochs has loaded begins and ends: it loads a file in one piece, but gives out its own memory by blocks of 128 KiB, at the first touch.
 * So they have to be touched in their order.
 */
	.text
	.globl	rom
rom:
	.code32
protected:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$loaded_start, %esi
1:	movb	(%esi), %al
	addl	$0x20000, %esi
	cmpl	$loaded_end, %esi
	jb	1b
	movl	$start, %eax
	jmp	*%eax

	.balign	8
flat_descriptors:
	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
flat_pointer:
	.word	8 * 3 - 1
	.long	flat_descriptors

	.code16
real:
	cli
	lgdtl	%cs:flat_pointer - rom
	movl	%cr0, %eax
	orb	$1, %al			/* PE */
	movl	%eax, %cr0
	ljmpl	$0x08, $protected

	.org	0xfff0			/* the reset vector */
	jmp	real
	.org	0x10000

	.section .note.GNU-stack, "", @progbits
