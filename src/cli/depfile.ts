/** A rule for make or ninja: the outputs and what they are made from, as `gcc -MD -MP` writes it. */
import type { CompiledSpec } from "./compilations.js";
import { FileError } from "./failures.js";
import type { Output } from "./outputs.js";

export function depfile(outputs: readonly Output[], specs: readonly CompiledSpec[]): string {
  const inputs = [...new Set(specs.flatMap((spec) => spec.filesRead))];
  const rule = `${outputs.map((o) => escapeName(o.path)).join(" ")}: ${inputs.map(escapeName).join(" ")}\n`;
  // An empty rule for each imported file, so that make does not stop when one has been deleted.
  return rule + inputs.map((path) => `${escapeName(path)}:\n`).join("");
}

/** As GNU make reads names in rules: `$`, `#` and blanks have a meaning, and a line end cannot be written. */
function escapeName(path: string): string {
  if (/[\n\r]/.test(path)) throw new FileError(path, "a makefile cannot name a file with a line end in its name");
  return path
    .replaceAll("$", "$$$$")
    .replace(/(\\*)([ \t])/g, "$1$1\\$2")
    .replaceAll("#", "\\#");
}
