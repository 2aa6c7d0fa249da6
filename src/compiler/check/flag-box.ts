/**
 * What is known of the work flags at one point: for each flag, which pairs of its value now and its value in the last
 * snapshot are possible. Flags change independently of one another, so a box (one set of pairs a flag) loses nothing; only
 * "some flag of the mask was seen set" is no box, and becomes several. So the search is exact, without counting through the
 * 2^n values of a word.
 *
 * Each field has a bit for each flag of the path.
 */
export interface FlagBox {
  /** Clear now, and seen clear. */
  readonly clearSeenClear: number;
  /** Clear now, but seen set: it was handled since. */
  readonly clearSeenSet: number;
  /** Set now, but seen clear: it was set since. */
  readonly setSeenClear: number;
  /** Set now, and seen set. */
  readonly setSeenSet: number;
}

/** All flags may have any value; the snapshot tells nothing (it is kept as all clear). */
export function unknownFlags(flags: number): FlagBox {
  return { clearSeenClear: flags, clearSeenSet: 0, setSeenClear: flags, setSeenSet: 0 };
}

/** The flags that may be set now. */
export function maybeSet(box: FlagBox): number {
  return box.setSeenClear | box.setSeenSet;
}

/** A snapshot of `flags` is taken. */
export function snapshot(box: FlagBox, flags: number): FlagBox {
  const clear = (box.clearSeenClear | box.clearSeenSet) & flags;
  const set = maybeSet(box) & flags;
  const rest = without(box, flags);
  return { ...rest, clearSeenClear: rest.clearSeenClear | clear, setSeenSet: rest.setSeenSet | set };
}

/** `flags` may get set, by an interrupt or by work. */
export function maySet(box: FlagBox, flags: number): FlagBox {
  const setSeenClear = box.setSeenClear | (box.clearSeenClear & flags);
  const setSeenSet = box.setSeenSet | (box.clearSeenSet & flags);
  return setSeenClear === box.setSeenClear && setSeenSet === box.setSeenSet ? box : { ...box, setSeenClear, setSeenSet };
}

/** `flags` get cleared. */
export function clearFlags(box: FlagBox, flags: number): FlagBox {
  if ((maybeSet(box) & flags) === 0) return box;
  return {
    clearSeenClear: box.clearSeenClear | (box.setSeenClear & flags),
    clearSeenSet: box.clearSeenSet | (box.setSeenSet & flags),
    setSeenClear: box.setSeenClear & ~flags,
    setSeenSet: box.setSeenSet & ~flags,
  };
}

/** The snapshot has none of `flags`; undefined when that cannot be. */
export function seenNone(box: FlagBox, flags: number): FlagBox | undefined {
  if (((box.clearSeenClear | box.setSeenClear) & flags) !== flags) return undefined;
  return { ...box, clearSeenSet: box.clearSeenSet & ~flags, setSeenSet: box.setSeenSet & ~flags };
}

/** The snapshot has some of `flags`: one box for each flag that can be the first one seen set. */
export function seenSome(box: FlagBox, flags: number): FlagBox[] {
  const result: FlagBox[] = [];
  let rest: FlagBox | undefined = box;
  for (let left = flags; left !== 0 && rest; left &= left - 1) {
    const flag: number = left & -left;
    if (((rest.clearSeenSet | rest.setSeenSet) & flag) !== 0) {
      result.push({ ...rest, clearSeenClear: rest.clearSeenClear & ~flag, setSeenClear: rest.setSeenClear & ~flag });
    }
    rest = seenNone(rest, flag);
  }
  return result;
}

/** Forgets the snapshot of `flags`, which nothing will test any more: points that differ in it only become one. */
export function forgetSnapshot(box: FlagBox, flags: number): FlagBox {
  if (((box.clearSeenSet | box.setSeenSet) & flags) === 0) return box;
  return {
    clearSeenClear: box.clearSeenClear | (box.clearSeenSet & flags),
    clearSeenSet: box.clearSeenSet & ~flags,
    setSeenClear: box.setSeenClear | (box.setSeenSet & flags),
    setSeenSet: box.setSeenSet & ~flags,
  };
}

/** Forgets the values of `flags`, which nothing will ask for any more. */
export function forgetValues(box: FlagBox, flags: number): FlagBox {
  const seenClear = (box.clearSeenClear | box.setSeenClear) & flags;
  const seenSet = (box.clearSeenSet | box.setSeenSet) & flags;
  return {
    clearSeenClear: box.clearSeenClear | seenClear,
    clearSeenSet: box.clearSeenSet | seenSet,
    setSeenClear: box.setSeenClear | seenClear,
    setSeenSet: box.setSeenSet | seenSet,
  };
}

/** The box with `flags` taken out of all pairs. */
function without(box: FlagBox, flags: number): FlagBox {
  return {
    clearSeenClear: box.clearSeenClear & ~flags,
    clearSeenSet: box.clearSeenSet & ~flags,
    setSeenClear: box.setSeenClear & ~flags,
    setSeenSet: box.setSeenSet & ~flags,
  };
}

/** Equal boxes have equal keys. */
export function boxKey(box: FlagBox): string {
  return `${box.clearSeenClear},${box.clearSeenSet},${box.setSeenClear},${box.setSeenSet}`;
}
