/**
 * Whether the kernel has the terminal, and the instructions before it: with FRED SYSRET and SWAPGS are no opcodes, and a Xen PV guest
 * leaves by a hypercall (INV-47, INV-95).
 */
import type { Terminal } from "../../machine/terminals.js";
import type { Feature, Model } from "../../model/model.js";
import type { FeatureSpace } from "../feature-space.js";
import type { Rule, Visit } from "../rule.js";
import { isEntry } from "./entry-frame.js";

/** The features on which it depends whether a kernel has this terminal. */
export function terminalFeatures(model: Model, terminal: Terminal): readonly Feature[] {
  return model.features.filter(({ lacks }) => lacks.includes(terminal.name) || (terminal.replaces && lacks.length > 0));
}

export const terminalKernels: Rule = (visit) => {
  const { context, node, combinations, report } = visit;
  if (node.kind !== "terminal") return;
  const { features, model } = context;
  const { terminal } = node;
  const lacking = model.features.filter(({ lacks }) => lacks.includes(terminal.name));
  const without = withAny(features, lacking);
  const help = (feature: string) => `leave these kernels by another terminal, and put \`not ${feature}\` into the condition of this one`;
  reportLacking(visit, terminal.name, lacking, help);
  if (!terminal.replaces) return;
  const replaced = model.features.filter(({ lacks }) => lacks.length > 0 && !lacks.includes(terminal.name));
  const native = combinations & ~withAny(features, replaced) & ~without;
  const [example] = replaced;
  if (!example || native === 0n) return;
  report({
    code: "EX5015",
    args: { terminal: terminal.name, why: "a kernel that leaves by the processor's own instructions does not have it" },
    combinations: native,
    details: {
      secondary: [{ span: example.span, message: "for such kernels" }],
      help: `put it behind \`when ${example.name} { … }\``,
    },
  });
};

/** The instructions of an exit's steps. That an event arrives in some kernels only, its entry cannot say. */
export const instructionKernels: Rule = (visit) => {
  const { context, node } = visit;
  if (node.kind !== "instructions" || isEntry(context)) return;
  for (const mnemonic of new Set(node.instructions.map(({ instruction }) => instruction.mnemonic))) {
    const lacking = context.model.features.filter(({ lacksInstructions }) => lacksInstructions.includes(mnemonic));
    reportLacking(visit, mnemonic, lacking, (feature) => `put it behind \`when not ${feature} { … }\`: such kernels do without it`);
  }
};

/** Some kernel with one of the features comes to what these features' kernels do not have. */
function reportLacking(
  { context: { features }, combinations, report }: Visit,
  name: string,
  lacking: readonly Feature[],
  help: (feature: string) => string,
): void {
  const without = withAny(features, lacking) & combinations;
  const [first] = lacking.filter((feature) => (features.with(feature) & combinations) !== 0n);
  if (!first || without === 0n) return;
  report({
    code: "EX5015",
    args: { terminal: name, why: `a kernel with \`${first.name}\` does not have it` },
    combinations: without,
    details: { secondary: [{ span: first.span, message: `excludes \`${name}\`` }], help: help(first.name) },
  });
}

function withAny(features: FeatureSpace, some: readonly Feature[]): bigint {
  return some.reduce((set, feature) => set | features.with(feature), 0n);
}
