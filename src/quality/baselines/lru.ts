/** A map of bounded size: what was least recently used leaves. Looking does not count as use. */
export interface Lru<Key, Value> {
  readonly size: number;
  get(key: Key): Value | undefined;
  /** The value, made new where there is none, now the most recently used. */
  use(key: Key, make: () => Value): Value;
  delete(key: Key): void;
  clear(): void;
  /** From the least recently used. */
  entries(): IterableIterator<[Key, Value]>;
}

export function lru<Key, Value>(most: number): Lru<Key, Value> {
  const map = new Map<Key, Value>();
  // One iterator for good: what it has passed was used again or has left, so that what comes next is the oldest. A new one
  // each time would step over all that was deleted since the map grew last.
  let oldest = map.keys();
  const leave = () => {
    let next = oldest.next();
    if (next.done) {
      oldest = map.keys();
      next = oldest.next();
    }
    map.delete(next.value as Key);
  };
  return {
    get size() {
      return map.size;
    },
    get: (key) => map.get(key),
    use(key, make) {
      let value = map.get(key);
      if (value === undefined) {
        if (map.size >= most) leave();
        value = make();
      } else map.delete(key);
      map.set(key, value);
      return value;
    },
    delete: (key) => map.delete(key),
    clear: () => map.clear(),
    entries: () => map.entries(),
  };
}
