/** One line a diagnostic, as compilers and `grep -n` print them: `file:line:column: severity[EX1234]: message`. */
import { visible } from "../text/visible.js";
import { place, type Reporter } from "./reporter.js";

export const short: Reporter = (diagnostics) =>
  diagnostics.map((d) => `${place(d.primary.span)}: ${d.severity}[${d.code}]: ${visible(d.message)}\n`).join("");
