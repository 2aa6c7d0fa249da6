/** Cases as bytes, as machine/machine.h has them. */
import type { Case } from "./cases.js";
import type { Injection } from "./injection.js";

/** Bytes before a case's words. */
export const caseHead = 40;
const noPath = 0xffff_ffff_ffff_ffffn;

/** What cases are appended to, in halves of words, as the machine's memory has them: little-endian, like the machine that this runs on. */
export class CaseBytes {
  private halves: Uint32Array<ArrayBuffer>;
  /** The same memory. All that is appended is a multiple of 8 bytes. */
  private words: BigUint64Array<ArrayBuffer>;

  /** @param length bytes that are left free at the start @param bytes what is likely to be needed in all */
  constructor(
    public length: number,
    bytes: number,
  ) {
    this.halves = new Uint32Array(2 * Math.ceil(bytes / 8));
    this.words = new BigUint64Array(this.halves.buffer);
  }

  private room(bytes: number): void {
    if (this.length + bytes <= this.halves.byteLength) return;
    const larger = new Uint32Array(2 * Math.ceil(Math.max(this.halves.byteLength * 2, this.length + bytes) / 8));
    larger.set(this.halves.subarray(0, this.length / 4));
    this.halves = larger;
    this.words = new BigUint64Array(larger.buffer);
  }

  private word(low: number, high: number): void {
    const at = this.length / 4;
    this.halves[at] = low;
    this.halves[at + 1] = high;
    this.length += 8;
  }

  private wide(n: bigint): void {
    this.words[this.length / 8] = n;
    this.length += 8;
  }

  case({ featureBits, path, script }: Case, words: Uint32Array, flagWords: readonly string[], fields: readonly string[]): void {
    const start = this.length;
    this.room(caseHead + words.byteLength + script.length * 8 * (flagWords.length + 1 + fields.length));
    this.word(0, 0);
    this.word(path, 0);
    this.wide(featureBits);
    this.word(script.length, 0);
    this.word(0, 0);
    this.halves.set(words, this.length / 4);
    this.length += words.byteLength;
    for (const { async = {}, frame, set = {} } of script) {
      for (const name of flagWords) this.word(set[name] ?? 0, async[name] ?? 0);
      const maskAt = this.length / 4;
      this.word(0, 0);
      if (!frame) continue;
      for (const [i, name] of fields.entries()) {
        const value = frame[name];
        if (value === undefined) continue;
        const half = maskAt + (i >> 5);
        this.halves[half] = (this.halves[half] ?? 0) | (1 << (i & 31));
        this.wide(value);
      }
    }
    this.halves[start / 4] = this.length - start;
  }

  /** Behind a case that begins at `start`: what comes from outside. */
  injection(start: number, { flags, irqAt, irqSeed, nestedAt, nmi, nmiAt, nmiInCAt }: Injection): void {
    this.room(8 * (6 + 16 + 3 + flags.length));
    this.halves[start / 4 + 8] = this.length - start;
    for (const n of [nmiAt, nmiInCAt, nestedAt, irqAt, irqSeed]) this.word(n, 0);
    this.wide(nmi?.path === undefined ? noPath : BigInt(nmi.path));
    for (let i = 0; i < 16; i++) this.wide(nmi?.registers[i] ?? 0n);
    for (const n of [nmi?.gsBase, nmi?.kernelGsBase, nmi?.cr3]) this.wide(n ?? 0n);
    for (const n of flags) this.word(n, 0);
    this.halves[start / 4] = this.length - start;
  }

  bytes(): Buffer {
    return Buffer.from(this.halves.buffer, 0, this.length);
  }
}
