/** What entry saved is restored once (INV-63, INV-73, INV-112). That it is restored at all is asked at the terminal. */
import type { Rule } from "../rule.js";

export const tokens: Rule = ({ context, node, vector, instruction, report }) => {
  if (node.kind !== "instructions" || instruction !== undefined) return;
  const name = node.step.restores?.token;
  const index = context.tokens.findIndex((t) => t.name === name);
  const token = context.tokens[index];
  if (!token || (vector.tokens & (1 << index)) === 0) return;
  report({
    code: "EX6003",
    args: { token: token.name },
    details: {
      secondary: [{ span: token.span, message: `entry saved ${token.restores.name} in ${token.register} here` }],
      notes: ["between the two, code may have relied on the restored value; and its register may be the user's already (INV-112)"],
      help: "restore it once",
    },
  });
};
