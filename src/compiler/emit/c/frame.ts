/** What each of the emitted files has around it. */
import type { Model } from "../../model/model.js";
import type { EmitOptions } from "../artefact.js";
import { headerLines } from "../artefact.js";
import { commentLines, commentText } from "./text.js";

/** For the heads of outputs: the compiler's licence is not theirs. */
export const freedom = "This file is output: whoever wrote the spec may use it under any terms.";

/** The comments at the head of a file: the licence, where it comes from, and `what` it is for. */
export function fileHead(model: Model, options: EmitOptions, what: readonly string[]): string[] {
  const spdx = options.spdx === undefined ? "" : commentText(options.spdx);
  return [
    ...(spdx === "" ? [] : [`/* SPDX-License-Identifier: ${spdx} */`]),
    ...commentLines([...headerLines(model, options), "", ...what]),
  ];
}

/** A header file: head, include guard and `body`. */
export function guarded(model: Model, options: EmitOptions, guard: string, what: readonly string[], body: readonly string[]): string {
  const lines = [...fileHead(model, options, what), `#ifndef ${guard}`, `#define ${guard}`, "", ...body, "", `#endif /* ${guard} */`];
  return `${lines.join("\n")}\n`;
}

/** `linux-6.12`, `H` → `__EXITDSL_LINUX_6_12_H`. */
export function includeGuard(stem: string, kind: string): string {
  return `__EXITDSL_${stem.replace(/[^A-Za-z0-9]/g, "_").toUpperCase()}_${kind}`;
}
