/**
 * The seed rule: at a terminal to user mode no one-shot flag of the path may be pending. The flags are read with IRQs off, and
 * neither may IRQs go on nor a step set a flag between that read and the terminal (INV-1, INV-3, INV-13). Flags that final work
 * clears are held to it, too: the work must come after all that may set them (INV-8).
 */
import type { Test } from "../../model/model.js";
import type { PathContext } from "../context.js";
import { maybeSet } from "../flag-box.js";
import type { Rule } from "../rule.js";
import { askingStill } from "../work-marks.js";

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

/** Final work that leaves its flag as it is comes after all that may set it, on a look at the flags that is as late (INV-6). */
export const finalWork: Rule = ({ context, node, vector, combinations, report }) => {
  if (node.kind !== "terminal" || !vector.toUser) return;
  for (const { flag, work } of context.marks.final) {
    const bit = context.flags([flag]);
    const owing = combinations & kernelsOf(context, work.condition);
    if (owing === 0n || (maybeSet(vector.flags) & ~vector.handled & bit) === 0) continue;
    report({
      code: "EX3011",
      args: { item: work.name, flag: flag.name, terminal: node.terminal.name },
      cause: { kind: "flags", flags: bit, work },
      combinations: owing,
      details: {
        label: "returns to user mode here",
        secondary: [{ span: work.span, message: "declared as `final` here" }],
        notes: ["it acts on the last value of the flags, and what is set behind it waits for the next way to user mode (INV-6)"],
        help: `look at the flags, and run \`${work.name}\`, behind the last work that may set \`${flag.name}\``,
      },
    });
  }
};

/** A flag that is cleared, by `take` or `clear`, has asked for work: nobody will ask again, so that work must run for it. */
export const lostWork: Rule = ({ context, node, vector, combinations, report }) => {
  const { marks } = context;
  if (marks.askingBits === 0) return;
  const unseen = node.kind === "clear" ? vector.flags.setSeenClear & context.flags(node.flags) & marks.askingBits & ~vector.handled : 0;
  const forgotten = node.kind === "terminal" ? vector.taken : node.kind === "read" ? askingStill(context, vector, node) : 0;
  for (const lost of [unseen, forgotten]) {
    const owed = marks.asking
      .filter(({ flag }) => (lost & context.flags([flag])) !== 0)
      .map(({ flag, works }) => ({ flag, works, owing: works.reduce((set, { condition }) => set | kernelsOf(context, condition), 0n) }))
      .filter(({ owing }) => (combinations & owing) !== 0n);
    const [first] = owed;
    if (!first) continue;
    const works = [...new Set(owed.flatMap((o) => o.works))];
    report({
      code: "EX3010",
      args: { flags: listed(owed.map((o) => o.flag)), works: listed(works) },
      cause: lost === unseen ? { kind: "flags", flags: unseen } : { kind: "taken", flags: forgotten },
      combinations: owed.reduce((set, { owing }) => set | (combinations & owing), 0n),
      details: {
        label: lost === unseen ? "cleared, and nobody has looked since it may have been set" : "no work can be for it from here on",
        secondary: works.slice(0, 1).map(({ span }) => ({ span, message: "the work that it asks for" })),
        notes: ["the flag is clear: nothing asks for the work again, and a signal or a reschedule is lost for good (INV-4)"],
        help:
          lost === unseen
            ? "look at the flags and clear them in one step (`take WORD`), or let the work clear its own flag (`clears`)"
            : "run the work behind the `take` or `clear`, before the flags are looked at again",
      },
    });
  }
};

function listed(items: readonly { readonly name: string }[]): string {
  return items.map(({ name }) => `\`${name}\``).join(", ");
}

function kernelsOf({ features }: PathContext, condition: Test | undefined): bigint {
  return condition ? (features.where(condition) ?? features.all) : features.all;
}
