/** Bytes into text. Only UTF-8 is read; what is not is shown at its place, so that the rest of the file is still legible. */
import { isUtf8 } from "node:buffer";

export type Decoded =
  | { readonly text: string; readonly problem: undefined }
  /** `text` has U+FFFD for each wrong byte; `offset` is the place in it. */
  | { readonly text: string; readonly problem: string; readonly offset: number };

/** Decodes `bytes`; a byte order mark stays in the text. */
export function decode(bytes: Uint8Array): Decoded {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (isUtf8(bytes)) return { text, problem: undefined };
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { text, problem: "it begins with the byte order mark of UTF-16", offset: 0 };
  }
  const at = firstDifference(bytes, Buffer.from(text));
  const offset = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, at)).length;
  return { text, problem: `byte ${at + 1} (0x${(bytes[at] ?? 0).toString(16).padStart(2, "0")}) cannot stand there`, offset };
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return Math.min(at, a.length - 1);
}

/** Without a byte order mark. */
export function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}
