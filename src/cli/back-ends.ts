import type { BackEnd } from "../compiler/emit/artefact.js";
import { UsageError } from "./failures.js";

const usualNames: readonly BackEnd["name"][] = ["asm", "c", "simulator"];
const names: readonly BackEnd["name"][] = [...usualNames, "promela", "murphi", "smtlib"];

/** What `--emit` is if it is not given. */
export const usualBackEnds = usualNames.join(",");

/** `asm,c` → those back ends. Their code is loaded only here: `check` does without. */
export async function loadBackEnds(list: string): Promise<readonly BackEnd[]> {
  const wanted = new Set<string>(list.split(",").map((name) => name.trim()));
  const known = new Set<string>(names);
  if ([...wanted].some((name) => !known.has(name))) throw new UsageError(`\`--emit\` takes some of ${names.join(",")}, joined by commas`);
  const { everyBackEnd } = await import("../compiler/emit/back-ends.js");
  return everyBackEnd.filter((backEnd) => wanted.has(backEnd.name));
}
