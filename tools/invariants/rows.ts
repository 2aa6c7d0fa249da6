/**
 * The numbered ordering rules of the x86-64 exit paths, INV-1 to INV-126: what holds each of them, and a wrong spec that shows it. The numbers
 * have gaps. `test/invariants` compiles all of the specs, and `docs/invariants.md` is made from this table.
 */
import { kernelRules } from "./kernel-rules.js";
import { machineRules } from "./machine-rules.js";
import type { Invariant } from "./row.js";

export const invariants: readonly (Invariant & { readonly group: string })[] = Object.entries({ ...kernelRules, ...machineRules }).flatMap(
  ([group, rows]) => rows.map((row) => ({ ...row, group })),
);
