/**
 * Work that the spec requires to be done: where its guard asks for it, it has run when user mode is reached (INV-10, INV-11). A mask that leaves its
 * flag out, a way around it, and a look at flags that were set since are all the same fault: nobody ran it.
 */
import type { Test, Work } from "../../model/model.js";
import { dutiesOf, type PathContext } from "../context.js";
import { clearFlags, maybeSet } from "../flag-box.js";
import type { Rule } from "../rule.js";
import type { Vector } from "../vector.js";

export const duties: Rule = ({ context, node, vector, combinations, report }) => {
  if (node.kind !== "terminal" || !vector.toUser) return;
  const pending = maybeSet(vector.flags) & context.flags(context.oneShot.map(({ flag }) => flag));
  for (const duty of dutiesOf(context.model, [vector.event])) {
    const { work, test, condition, because, span } = duty;
    if (
      (vector.done & (1 << context.model.duties.indexOf(duty))) !== 0 ||
      (test && !maybe(context, asKnown(context, vector, work), test, true))
    )
      continue;
    const owing = [condition, work.condition].reduce((set, c) => (c ? set & (context.features.where(c) ?? set) : set), combinations);
    if (owing === 0n) continue;
    const flags = test ? asked(context, test) : 0;
    // Where flags may be pending (EX3001), the last look at them is old; what else it did not see is no other fault.
    if (pending !== 0 && (work.policy === "final" || (flags & pending) !== 0)) continue;
    report({
      code: "EX3009",
      args: { work: work.name, when: whenText(context, flags), terminal: node.terminal.name },
      cause: { kind: "flags", flags, work },
      combinations: owing,
      details: {
        label: "returns to user mode here",
        secondary: [{ span, message: "every such exit owes it" }],
        notes: because === undefined ? [] : [because],
        help: `run \`${work.name}\` on every way, behind the last point at which its flags can be set; a mask that is tested before it needs them all`,
      },
    });
  }
};

/** Where final work has looked at its flag in time, the flag asks for nothing more, whatever its value is. */
function asKnown(context: PathContext, vector: Vector, work: Work): Vector {
  const flags = context.marks.final.filter((f) => f.work === work).map((f) => f.flag);
  const looked = vector.handled & context.flags(flags);
  return looked === 0 ? vector : vector.with({ flags: clearFlags(vector.flags, looked) });
}

function whenText(context: PathContext, flags: number): string {
  const names = [...context.flagBit].filter(([, bit]) => (flags & (1 << bit)) !== 0).map(([flag]) => `\`${flag.name}\``);
  return names.length === 0 ? "" : ` where ${names.slice(0, 3).join(" or ")}${names.length > 3 ? " and the like" : ""} is set`;
}

/** May a test come out as `outcome`, by the flags as they are now? What is not known of the frame may be either way. */
function maybe(context: PathContext, vector: Vector, test: Test, outcome: boolean): boolean {
  switch (test.kind) {
    case "constant":
      return test.value === outcome;
    case "flags": {
      const flags = context.flags(test.flags);
      const { clearSeenClear, clearSeenSet } = vector.flags;
      return outcome ? (maybeSet(vector.flags) & flags) !== 0 : ((clearSeenClear | clearSeenSet) & flags) === flags;
    }
    case "frame-user":
      return vector.toUser === outcome;
    case "condition":
      return maybe(context, vector, test.condition.test, outcome);
    case "not":
      return maybe(context, vector, test.operand, !outcome);
    case "and":
    case "or": {
      const each = (operand: Test) => maybe(context, vector, operand, outcome);
      return (test.kind === "and") === outcome ? test.operands.every(each) : test.operands.some(each);
    }
    default:
      return true;
  }
}

/** The flags that a test asks for, as bits. */
function asked(context: PathContext, test: Test): number {
  switch (test.kind) {
    case "flags":
      return context.flags(test.flags);
    case "and":
    case "or":
      return test.operands.reduce((bits, operand) => bits | asked(context, operand), 0);
    case "condition":
      return asked(context, test.condition.test);
    default:
      return 0;
  }
}
