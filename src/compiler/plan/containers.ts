/** Two containers of the planner's. */

/** The value of a key, made when it is first asked for. */
export function made<K, V>(known: { get(key: K): V | undefined; set(key: K, value: V): unknown }, key: K, make: () => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}

/** Items by small whole numbers, least first; of those with the same number, the one that came last. */
export class Buckets<T> {
  private readonly items: T[][] = [];
  /** The number whose items are given out. */
  at = 0;

  put(number: number, item: T): void {
    const bucket = this.items[number];
    if (bucket) bucket.push(item);
    else this.items[number] = [item];
  }

  /** Takes out the next item that has the number `at`. */
  take(): T | undefined {
    return this.items[this.at]?.pop();
  }

  /** Goes on to the next number; false where there is none. */
  next(): boolean {
    this.at++;
    return this.at < this.items.length;
  }
}
