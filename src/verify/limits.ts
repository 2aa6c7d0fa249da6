/** What the bench machine can be the kernel of, and how it says that a spec asks for more. */
import type { Model } from "../compiler/model/model.js";
import type { PathGraph } from "../compiler/path/graph.js";

/** The spec may be right, but this machine cannot run it. The message says what of it, and why. */
export class CannotEmbed extends Error {}

/** As machine/machine.h and machine/machine.c have them: bits of a case's feature word that C looks at, of a script entry's mask. */
const most = { features: 32, flagWords: 16, fields: 64, perCpuSymbols: 15 };

/** @throws CannotEmbed */
export function refuseUnlessEmbeddable({ graphs, model }: { readonly model: Model; readonly graphs: readonly PathGraph[] }): void {
  if (graphs.length === 0) throw new CannotEmbed("the spec has no exit: there is no path to run");
  if (!model.frame) throw new CannotEmbed("the spec has no frame: the machine puts one on the stack before it enters a path");
  const limit = (count: number, largest: number, what: string) => {
    if (count > largest) throw new CannotEmbed(`the spec has ${count} ${what}; the machine has room for ${largest}`);
  };
  limit(model.features.length, most.features, "features");
  limit(model.flagWords.length, most.flagWords, "words of flags");
  limit(model.frame.fields.length, most.fields, "fields of the frame");
}

/** @throws CannotEmbed */
export function refusePerCpuSymbols(names: readonly string[]): void {
  if (names.length <= most.perCpuSymbols) return;
  throw new CannotEmbed(
    `the paths use ${names.length} per-CPU symbols; the machine has room for ${most.perCpuSymbols}: ${names.join(", ")}`,
  );
}
