/*
 * header
 *
 * The way out `trap_return`, for SPIN: spin -a FILE && gcc -O2 -DSAFETY -o pan pan.c && ./pan
 * An interrupt may set any async flag while IRQs are on. What a saved register holds is not modelled: its tests may go either
 * way. A snapshot or a decision that nothing will use again is reset. The numbers in front of comments are lines of the spec.
 */

/* thread_flags */
#define flag_NEED_RESCHED 1	/* async */

bool irqs;
bool to_user;
unsigned flags : 1;
unsigned seen : 1;	/* the last snapshot */

active proctype path()
{
	atomic {
		if :: flags = flags | flag_NEED_RESCHED :: skip fi;
		if
		:: to_user = true; irqs = false
		:: to_user = false; irqs = false
		fi;
	}
point_0:	/* 41: when frame.user */
	if
	:: to_user -> goto point_1
	:: !(to_user) -> goto point_7
	fi;
point_1:	/* 42: repeat while pending NEED_RESCHED */
	seen = (seen & ~(flag_NEED_RESCHED)) | (flags & (flag_NEED_RESCHED));
point_2:	/* 42: repeat while pending NEED_RESCHED */
	if
	:: (seen & (flag_NEED_RESCHED)) != 0 -> goto point_3
	:: atomic { !((seen & (flag_NEED_RESCHED)) != 0) -> seen = seen & ~(flag_NEED_RESCHED); goto point_7 }
	fi;
point_3:	/* 43: irqs on */
	irqs = true;
point_4:	/* 44: run reschedule */
	if
	:: atomic { (seen & (flag_NEED_RESCHED)) != 0 -> seen = seen & ~(flag_NEED_RESCHED); goto point_5 }
	:: atomic { !((seen & (flag_NEED_RESCHED)) != 0) -> seen = seen & ~(flag_NEED_RESCHED); goto point_6 }
	fi;
point_5:	/* reschedule of 44: run reschedule */
	flags = flags & ~(flag_NEED_RESCHED);
point_6:	/* 45: irqs off */
	irqs = false;
	goto point_1;
point_7:	/* 52: iretq */
	assert(!irqs);
	assert(!to_user || (flags & (flag_NEED_RESCHED)) == 0);
	goto left;	/* iretq */
left:	skip
}

active proctype interrupts()
{
end:	do
	:: d_step { irqs && (flags & flag_NEED_RESCHED) == 0 -> flags = flags | flag_NEED_RESCHED }
	od
}
