/**
 * The C back end: one prepare function an exit, and two headers. It walks the structured path graph and decides nothing.
 * `NAME.h` is what the kernel's C code includes, `NAME.c` is compiled into the kernel, `NAME-embed.h` says what the kernel gives.
 */
import type { Model } from "../../model/model.js";
import type { PathGraph } from "../../path/graph.js";
import type { Artefact, BackEnd, EmitOptions } from "../artefact.js";
import { embedText } from "./embed.js";
import { headerText } from "./header.js";
import { checkC } from "./names.js";
import { sourceText } from "./source.js";
import { preparing, usesOf } from "./uses.js";

export { checkC } from "./names.js";

/**
 * Emits the C of a spec that `checkC` and the checker have accepted.
 * @returns `NAME.h`, `NAME-embed.h` and `NAME.c`; nothing when no exit has a `prepare`
 */
export function emitC(model: Model, graphs: readonly PathGraph[], options: EmitOptions): readonly Artefact[] {
  if (preparing(graphs).length === 0) return [];
  // The files include each other by name: a file name that ends its string would be C of its own.
  const stem = options.stem.replace(/["\\?]|[^\P{C}]/gu, "_");
  const named = { ...options, stem };
  const uses = usesOf(model, graphs);
  return [
    { name: `${stem}.h`, text: headerText(model, graphs, uses, named) },
    { name: `${stem}-embed.h`, text: embedText(model, uses, named) },
    { name: `${stem}.c`, text: sourceText(model, graphs, uses, named) },
  ];
}

export const c: BackEnd = { name: "c", check: checkC, emit: emitC };
