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

interface Entry<Key, Value> {
  key: Key;
  value: Value;
  older: Entry<Key, Value> | undefined;
  newer: Entry<Key, Value> | undefined;
}

/**
 * The order is a list beside the map. A Map alone keeps it too, when what is used is deleted and set again; but the first
 * key of one that lost many is found by stepping over all of them, which made a million products a matter of minutes.
 */
export function lru<Key, Value>(most: number): Lru<Key, Value> {
  const map = new Map<Key, Entry<Key, Value>>();
  let oldest: Entry<Key, Value> | undefined;
  let newest: Entry<Key, Value> | undefined;
  const unlink = ({ older, newer }: Entry<Key, Value>) => {
    if (older) older.newer = newer;
    else oldest = newer;
    if (newer) newer.older = older;
    else newest = older;
  };
  const append = (entry: Entry<Key, Value>) => {
    entry.older = newest;
    entry.newer = undefined;
    if (newest) newest.newer = entry;
    else oldest = entry;
    newest = entry;
  };
  const remove = (entry: Entry<Key, Value>) => {
    unlink(entry);
    map.delete(entry.key);
  };
  return {
    get size() {
      return map.size;
    },
    get: (key) => map.get(key)?.value,
    use(key, make) {
      let entry = map.get(key);
      if (!entry) {
        if (map.size >= most && oldest) remove(oldest);
        entry = { key, value: make(), older: undefined, newer: undefined };
        map.set(key, entry);
        append(entry);
      } else if (entry !== newest) {
        unlink(entry);
        append(entry);
      }
      return entry.value;
    },
    delete(key) {
      const entry = map.get(key);
      if (entry) remove(entry);
    },
    clear() {
      map.clear();
      oldest = undefined;
      newest = undefined;
    },
    *entries() {
      for (let entry = oldest; entry; entry = entry.newer) yield [entry.key, entry.value];
    },
  };
}
