import { type Code, catalogue } from "../../compiler/diagnostics/catalogue.js";
import { nearest } from "../../compiler/text/nearest.js";
import { visible } from "../../compiler/text/visible.js";
import { defineVerb } from "../arguments.js";
import { exitCodes, UsageError } from "../failures.js";
import { writeOutput } from "../streams.js";

export const verb = defineVerb({
  name: "explain",
  operands: "CODE | --list",
  description: "Tells what a diagnostic means, why it matters, and how to repair it, with a wrong and a right example.",
  options: { list: { type: "boolean", description: "list all codes" } },
  examples: ["exitdsl explain EX3001"],
  run: async (values, operands) => {
    if (values.list) {
      writeOutput(list());
      return exitCodes.fine;
    }
    const [operand, ...more] = operands;
    if (operand === undefined || more.length > 0) throw new UsageError("name one code, such as EX3001, or `--list`");
    const code = codeOf(operand);
    const { default: pages } = await import("bundled:explanations");
    // What is a comment in Markdown is for the tests.
    writeOutput((pages[code] ?? `# ${code}: ${catalogue[code].title}\n`).replace(/^<!-- .* -->\n/gm, ""));
    return exitCodes.fine;
  },
});

function list(): string {
  return Object.entries(catalogue)
    .map(([code, { severity, title }]) => `${code}  ${severity.padEnd(7)}  ${title}\n`)
    .join("");
}

/** `EX3001`, `ex3001` and `3001` are the same. */
function codeOf(operand: string): Code {
  const code = operand.toUpperCase().replace(/^(?=\d)/, "EX");
  if (Object.hasOwn(catalogue, code)) return code as Code;
  const near = nearest(code, Object.keys(catalogue));
  throw new UsageError(
    `there is no diagnostic ${visible(operand)}${near ? `; did you mean ${near}?` : ""}; \`exitdsl explain --list\` has them all`,
  );
}
