/**
 * Sets of flag values as bitsets: bit `v` of a set tells whether the flags can have the value `v`. What an instruction does to one
 * flag is then a shift and a mask over the whole set, and so is "an interrupt may set it", whatever the others are.
 * An array may hold several sets of the same length one behind another: the operations go over all of them.
 */

/** The positions in a word at which flag `k` (of the lowest five) is clear. */
const clearPositions = [0x55555555, 0x33333333, 0x0f0f0f0f, 0x00ff00ff, 0x0000ffff] as const;

/** Words of a set over `flags` flags. */
export function wordsFor(flags: number): number {
  return flags <= 5 ? 1 : 1 << (flags - 5);
}

/** A word with all values of its flags. */
export function fullWord(flags: number): number {
  return flags >= 5 ? -1 : (1 << (1 << flags)) - 1;
}

/** Every value gets the flags of `flags` (bits) cleared. */
export function clearFlags(sets: Int32Array, flags: number): void {
  for (let rest = flags; rest !== 0; rest &= rest - 1) {
    const k = 31 - Math.clz32(rest & -rest);
    const positions = clearPositions[k];
    if (positions !== undefined) {
      const shift = 1 << k;
      for (let i = 0; i < sets.length; i++) {
        const word = sets[i] as number;
        sets[i] = (word | (word >>> shift)) & positions;
      }
    } else {
      const distance = 1 << (k - 5);
      for (let block = 0; block < sets.length; block += 2 * distance) {
        for (let i = block; i < block + distance; i++) {
          sets[i] = (sets[i] as number) | (sets[i + distance] as number);
          sets[i + distance] = 0;
        }
      }
    }
  }
}

/** Any of the flags of `flags` (bits) may get set in every value. */
export function maySetFlags(sets: Int32Array, flags: number): void {
  // The lowest five in one go over the words.
  const low = flags & 31;
  if (low !== 0) {
    const [a, b, c, d, e] = clearPositions.map((positions, k) => ((low & (1 << k)) !== 0 ? positions : 0)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    for (let i = 0; i < sets.length; i++) {
      let word = sets[i] as number;
      if (word === 0) continue;
      word |= (word & a) << 1;
      word |= (word & b) << 2;
      word |= (word & c) << 4;
      word |= (word & d) << 8;
      word |= (word & e) << 16;
      sets[i] = word;
    }
  }
  for (let rest = flags & ~31; rest !== 0; rest &= rest - 1) {
    const distance = 1 << (26 - Math.clz32(rest & -rest));
    for (let block = 0; block < sets.length; block += 2 * distance) {
      for (let i = block; i < block + distance; i++) sets[i + distance] = (sets[i + distance] as number) | (sets[i] as number);
    }
  }
}

/** Adds `words` words of a set to another; tells whether it grew. */
export function join(target: Int32Array, to: number, source: Int32Array, from: number, words: number): boolean {
  let grown = 0;
  for (let i = 0; i < words; i++) {
    const old = target[to + i] as number;
    const now = old | (source[from + i] as number);
    grown |= now ^ old;
    target[to + i] = now;
  }
  return grown !== 0;
}

export function isEmpty(sets: Int32Array, at: number, words: number): boolean {
  for (let i = at; i < at + words; i++) if (sets[i] !== 0) return false;
  return true;
}

/** Calls `visit` for each value of the set. */
export function eachValue(sets: Int32Array, at: number, words: number, visit: (value: number) => void): void {
  for (let i = 0; i < words; i++) {
    for (let word = sets[at + i] as number; word !== 0; word &= word - 1) visit((i << 5) | (31 - Math.clz32(word & -word)));
  }
}

/** How many values all of the sets hold. */
export function countValues(sets: Int32Array): number {
  let count = 0;
  for (let i = 0; i < sets.length; i++) {
    let word = sets[i] as number;
    if (word === 0) continue;
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
