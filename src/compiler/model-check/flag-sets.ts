/**
 * Sets of flag values as bitsets: bit `v` of a set tells whether the flags can have the value `v`. What an instruction does to one
 * flag is then a shift and a mask over the whole set, and so is "an interrupt may set it", whatever the others are.
 * A set is the `words` words of an array from `at` on.
 */

/** The positions in a word at which flag `k` (of the lowest five) is clear. */
const clearPositions = [0x55555555, 0x33333333, 0x0f0f0f0f, 0x00ff00ff, 0x0000ffff] as const;

/** Words of a set over `flags` flags. */
export function wordsFor(flags: number): number {
  return flags <= 5 ? 1 : 1 << (flags - 5);
}

/** All values. */
export function fillAll(set: Int32Array, flags: number): void {
  set.fill(flags >= 5 ? -1 : (1 << (1 << flags)) - 1);
}

/** Every value gets flag `k` cleared. */
export function clearFlag(set: Int32Array, k: number): void {
  const positions = clearPositions[k];
  if (positions !== undefined) {
    const shift = 1 << k;
    for (let i = 0; i < set.length; i++) {
      const word = set[i] as number;
      set[i] = (word | (word >>> shift)) & positions;
    }
    return;
  }
  const distance = 1 << (k - 5);
  for (let i = 0; i < set.length; i++) {
    if ((i & distance) !== 0) continue;
    set[i] = (set[i] as number) | (set[i + distance] as number);
    set[i + distance] = 0;
  }
}

/** Flag `k` may get set in every value. `at`, `words`: where in `set`. */
export function maySetFlag(set: Int32Array, k: number, at = 0, words = set.length): void {
  const positions = clearPositions[k];
  const end = at + words;
  if (positions !== undefined) {
    const shift = 1 << k;
    for (let i = at; i < end; i++) {
      const word = set[i] as number;
      set[i] = word | ((word & positions) << shift);
    }
    return;
  }
  const distance = 1 << (k - 5);
  for (let i = 0; i < words; i++) {
    if ((i & distance) !== 0) continue;
    set[at + i + distance] = (set[at + i + distance] as number) | (set[at + i] as number);
  }
}

/** Calls `visit` for each value of the set. */
export function eachValue(set: Int32Array, visit: (value: number) => void): void {
  for (let i = 0; i < set.length; i++) {
    for (let word = set[i] as number; word !== 0; word &= word - 1) visit((i << 5) | (31 - Math.clz32(word & -word)));
  }
}

/** How many values a stretch of words holds. */
export function countValues(set: Int32Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    let word = set[i] as number;
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
