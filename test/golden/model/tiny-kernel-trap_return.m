-- header
--
-- The way out `trap_return`, for rumur:
--   rumur --deadlock-detection off --output model.c FILE && gcc -O2 -mcx16 -o model model.c -lpthread && ./model
-- An interrupt may set any async flag while IRQs are on. What a saved register holds is not modelled: its tests may go either
-- way. A snapshot or a decision that nothing will use again is reset. The numbers in rule names are lines of the spec.

type
  points: enum { point_0, point_1, point_2, point_3, point_4, point_5, point_6, point_7 };
  decisions: enum { undecided, holds, fails, held, failed };

var
  here: points;
  irqs: boolean;
  to_user: boolean;
  flag_NEED_RESCHED: boolean;
  seen_NEED_RESCHED: boolean; -- in the last snapshot

ruleset any_flag_NEED_RESCHED: boolean do
startstate "to user mode, IRQs off"
begin
  here := point_0;
  irqs := false;
  to_user := true;
  flag_NEED_RESCHED := any_flag_NEED_RESCHED;
  seen_NEED_RESCHED := false;
end;
end;

ruleset any_flag_NEED_RESCHED: boolean do
startstate "to the kernel, IRQs off"
begin
  here := point_0;
  irqs := false;
  to_user := false;
  flag_NEED_RESCHED := any_flag_NEED_RESCHED;
  seen_NEED_RESCHED := false;
end;
end;

rule "41: when frame.user (yes)"
  here = point_0 & to_user ==>
begin
  here := point_1;
end;
rule "41: when frame.user (no)"
  here = point_0 & !to_user ==>
begin
  here := point_7;
end;

rule "42: repeat while pending NEED_RESCHED"
  here = point_1 ==>
begin
  seen_NEED_RESCHED := flag_NEED_RESCHED;
  here := point_2;
end;

rule "42: repeat while pending NEED_RESCHED (yes)"
  here = point_2 & (seen_NEED_RESCHED) ==>
begin
  here := point_3;
end;
rule "42: repeat while pending NEED_RESCHED (no)"
  here = point_2 & (!seen_NEED_RESCHED) ==>
begin
  seen_NEED_RESCHED := false;
  here := point_7;
end;

rule "43: irqs on"
  here = point_3 ==>
begin
  irqs := true;
  here := point_4;
end;

rule "44: run reschedule (yes)"
  here = point_4 & (seen_NEED_RESCHED) ==>
begin
  seen_NEED_RESCHED := false;
  here := point_5;
end;
rule "44: run reschedule (no)"
  here = point_4 & (!seen_NEED_RESCHED) ==>
begin
  seen_NEED_RESCHED := false;
  here := point_6;
end;

rule "reschedule of 44: run reschedule"
  here = point_5 ==>
begin
  flag_NEED_RESCHED := false;
  here := point_6;
end;

rule "45: irqs off"
  here = point_6 ==>
begin
  irqs := false;
  here := point_1;
end;

-- point_7: the path leaves by iretq (52: iretq)

rule "an interrupt sets NEED_RESCHED"
  irqs & !flag_NEED_RESCHED ==>
begin
  flag_NEED_RESCHED := true;
end;

invariant "IRQs are off where the path leaves"
  (here = point_7 -> !irqs);

invariant "no work is pending where user mode goes on"
  (here = point_7 & to_user -> !flag_NEED_RESCHED);

