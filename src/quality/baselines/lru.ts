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
  return {
    get size() {
      return map.size;
    },
    get: (key) => map.get(key),
    use(key, make) {
      let value = map.get(key);
      if (value === undefined) {
        if (map.size >= most) map.delete(map.keys().next().value as Key);
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
