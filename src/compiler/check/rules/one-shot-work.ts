/**
 * The seed rule: at a terminal to user mode no one-shot flag of the path may be pending. The flags are read with IRQs off, and
 * neither may IRQs go on nor a step set a flag between that read and the terminal (INV-1, INV-3, INV-13). Flags that final work
 * clears are held to it, too: the work must come after all that may set them (INV-8).
 */
import { maybeSet } from "../flag-box.js";
import type { Rule } from "../rule.js";

export const oneShotWork: Rule = ({ context, node, vector, combinations, report }) => {
  if (node.kind !== "terminal" || !vector.toUser) return;
  const owed = context.oneShot.filter(
    ({ flag, owing }) => (combinations & owing) !== 0n && (maybeSet(vector.flags) & context.flags([flag])) !== 0,
  );
  if (owed.length === 0) return;
  const pending = owed.map(({ flag }) => flag);
  const duty = context.model.owed.find((d) => pending.some((flag) => d.flags.includes(flag)));
  report({
    code: "EX3001",
    args: { flags: pending.map((f) => `\`${f.name}\``).join(", "), terminal: node.terminal.name },
    cause: { kind: "flags", flags: context.flags(pending) },
    pending,
    combinations: owed.reduce((set, { owing }) => set | (combinations & owing), 0n),
    details: {
      label: "returns to user mode here",
      secondary: duty
        ? [{ span: duty.span, message: "every exit to user mode owes it" }]
        : pending
            .slice(0, 1)
            .map((f) => ({ span: f.span, message: "work that this flag asks for must be done before user mode runs again" })),
      notes: [
        ...(duty?.because === undefined ? [] : [duty.because]),
        "nothing looks at the flags again before the next entry: a signal or a reschedule then waits for as long as user mode likes to run (INV-1)",
      ],
      help: "read the flags again with IRQs off, after the last point at which they can be set: put what enables IRQs or sets the flag inside the `repeat while pending` loop, or before it",
    },
  });
};
