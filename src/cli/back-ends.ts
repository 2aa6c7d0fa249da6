import type { BackEnd } from "../compiler/emit/artefact.js";
import { UsageError } from "./failures.js";

const names: readonly BackEnd["name"][] = ["asm", "c", "simulator"];

export const everyBackEnd = names.join(",");

/** `asm,c` → those back ends. Their code is loaded only here: `check` does without. */
export async function loadBackEnds(list: string): Promise<readonly BackEnd[]> {
  const wanted = new Set<string>(list.split(",").map((name) => name.trim()));
  const known = new Set<string>(names);
  if ([...wanted].some((name) => !known.has(name))) throw new UsageError(`\`--emit\` takes some of ${everyBackEnd}, joined by commas`);
  const { backEnds } = await import("../compiler/emit/back-ends.js");
  return backEnds.filter((backEnd) => wanted.has(backEnd.name));
}
