/** Whether the kernel has the terminal: with FRED SYSRET is no opcode, and a Xen PV guest leaves by a hypercall (INV-47, INV-95). */
import type { Terminal } from "../../machine/terminals.js";
import type { Feature, Model } from "../../model/model.js";
import type { FeatureSpace } from "../feature-space.js";
import type { Rule } from "../rule.js";

/** The features on which it depends whether a kernel has this terminal. */
export function terminalFeatures(model: Model, terminal: Terminal): readonly Feature[] {
  return model.features.filter(({ lacks }) => lacks.includes(terminal.name) || (terminal.replaces && lacks.length > 0));
}

export const terminalKernels: Rule = ({ context, node, combinations, report }) => {
  if (node.kind !== "terminal") return;
  const { features, model } = context;
  const { terminal } = node;
  const lacking = model.features.filter(({ lacks }) => lacks.includes(terminal.name));
  const without = withAny(features, lacking);
  const [first] = lacking.filter((feature) => (features.with(feature) & combinations) !== 0n);
  if (first && (without & combinations) !== 0n) {
    report({
      code: "EX5015",
      args: { terminal: terminal.name, why: `a kernel with \`${first.name}\` does not have it` },
      combinations: without & combinations,
      details: {
        secondary: [{ span: first.span, message: `excludes \`${terminal.name}\`` }],
        help: `leave these kernels by another terminal, and put \`not ${first.name}\` into the condition of this one`,
      },
    });
  }
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

function withAny(features: FeatureSpace, some: readonly Feature[]): bigint {
  return some.reduce((set, feature) => set | features.with(feature), 0n);
}
