/** The line of code as one kernel assembles it, and what of it changes the machine's state beside registers and memory. */
import { formatInstruction } from "../compiler/machine/instructions.js";
import { terminals } from "../compiler/machine/terminals.js";
import { evaluateFeatures } from "../compiler/model/features.js";
import type { Feature } from "../compiler/model/model.js";
import type { LinearInstruction, LinearLabel, LinearProgram } from "../compiler/path/linear.js";
import { isStep } from "./disassembly.js";
import type { Image } from "./image.js";

/** What `.if` leaves of a routine in a kernel with these features. */
export function assembledItems(
  items: LinearProgram["routines"][number]["items"],
  on: ReadonlySet<Feature>,
): (LinearInstruction | LinearLabel)[] {
  const result: (LinearInstruction | LinearLabel)[] = [];
  /** Per open `.if`: is this arm taken, and was one before it? */
  const arms: { taken: boolean; done: boolean }[] = [];
  for (const item of items) {
    const arm = arms.at(-1);
    if (item.kind === "if") {
      const taken = evaluateFeatures(item.test, on) === true;
      arms.push({ taken, done: taken });
    } else if (item.kind === "endif") arms.pop();
    else if ((item.kind === "elseif" || item.kind === "else") && arm) {
      arm.taken = !arm.done && (item.kind === "else" || evaluateFeatures(item.test, on) === true);
      arm.done ||= arm.taken;
    } else if (arms.every((a) => a.taken) && (item.kind === "instruction" || item.kind === "label")) result.push(item);
  }
  return result;
}

/** Interrupts, flags, segment bases, control and model-specific registers, buffers, and every way out of the kernel. */
const stateChanging =
  /^(repn?z )?(cli|sti|cld|std|clac|stac|pushf\w*|popf\w*|swapgs|(rd|wr)[fg]sbase|rdmsr|wrmsr|verw|verr|[lms]fence|sysret\w*|iret\w*|syscall|sysenter|sysexit\w*|hlt|ud2\w*|l[gil]dt|ltr|inv\w+|wbinvd|in|out|int|into|mov\w* .*%(cr|dr)\d.*)( |$)/;

/**
 * The state-changing instructions of the object file, one for one against those of the line of code. This is where an instruction
 * shows that changes nothing at the end, and that no single step sees: VERW, or STI in the shadow before SYSRET.
 * @returns "" when all are there and no other
 */
export function stateChangeDifference({ bench, code, on }: Image): string {
  const wanted = bench.program.routines
    .flatMap(({ items }) => assembledItems(items, on))
    .flatMap((item) => (item.kind === "instruction" ? [formatInstruction(item.instruction).replace("\t", " ")] : []))
    .filter((text) => stateChanging.test(text) || terminals.some((t) => t.bytes && t.mnemonic === text));
  const found = code.lines.filter(({ text }) => stateChanging.test(text.replace(/\s+/g, " ")));
  for (let i = 0; i < Math.max(wanted.length, found.length); i++) {
    const [step, line] = [wanted[i], found[i]];
    if (step !== undefined && line && isStep(line, step, code.symbols)) continue;
    return `state-changing instruction ${i}: \`${step ?? "none"}\`, but the object has \`${line?.text ?? "none"}\``;
  }
  return "";
}
