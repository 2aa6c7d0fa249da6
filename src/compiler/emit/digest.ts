/** The digest that outputs carry, so that a reader can tell which text they came from. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Source } from "../text/source.js";

/**
 * SHA-256 of the texts in order, in hexadecimal. Line ends count as LF, so that a checkout's setting changes nothing, and each
 * text is preceded by its length, so that moving text from one file to the next does change it.
 */
export function digestOf(sources: readonly Source[]): string {
  const hash = sha256.create();
  for (const { text } of sources) {
    const bytes = utf8ToBytes(text.replaceAll(/\r\n?/g, "\n"));
    hash.update(utf8ToBytes(`${bytes.length}\n`)).update(bytes);
  }
  return bytesToHex(hash.digest());
}
