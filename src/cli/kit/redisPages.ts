import type { ChainableCommander, Cluster, Redis } from 'ioredis';
import { masters } from '../../store/connections.ts';
import type { Partition } from '../../store/partitions.ts';

/** Keys that one SCAN step looks at: well below a millisecond of Redis's time. */
const SCAN_STEP = 500;

/** All replies of a pipeline, in order. Throws the first error among them. */
export async function replies<T>(pipe: ChainableCommander): Promise<T[]> {
  const all = (await pipe.exec()) ?? [];
  return all.map(([error, value]) => {
    if (error) throw error;
    return value as T;
  });
}

export interface Member {
  member: string;
  score: number;
}

/** Members of a sorted set by rank, from `start`, at most `count`. */
export async function membersAt(
  redis: Redis | Cluster,
  key: string,
  start: number,
  count: number,
): Promise<Member[]> {
  return pairs(await redis.zrange(key, start, String(start + count - 1), 'WITHSCORES')).map(
    ([member, score]) => ({
      member,
      score: Number(score),
    }),
  );
}

/**
 * A sorted set in pages by rank. Unlike ZSCAN this gives no member twice, so pages can be added up, as long as
 * the set does not change meanwhile.
 */
export async function* pagesOf(
  redis: Redis | Cluster,
  key: string,
  size: number,
): AsyncGenerator<Member[], void, undefined> {
  for (let start = 0; ; start += size) {
    const page = await membersAt(redis, key, start, size);
    if (page.length > 0) yield page;
    if (page.length < size) return;
  }
}

/** A whole hash, in steps. */
export async function fieldsOf(redis: Redis | Cluster, key: string): Promise<Map<string, string>> {
  const fields = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(key, cursor, 'COUNT', SCAN_STEP);
    for (const [field, value] of pairs(flat)) fields.set(field, value);
    cursor = next;
  } while (cursor !== '0');
  return fields;
}

/**
 * Every key of some partitions, in batches, each with the server it is on; a key may come twice. `onLooked` hears
 * after every step how many keys were looked at, those of others included.
 */
export async function* keysOf(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  onLooked: (keys: number) => void = () => {},
): AsyncGenerator<{ server: Redis; keys: string[] }, void, undefined> {
  const tags = new Set(partitions.map(({ tag }) => tag));
  // Tags hold nothing that a pattern would read as a wildcard.
  const pattern = `${commonStart([...tags])}*`;
  for (const server of masters(redis)) {
    let cursor = '0';
    do {
      const [next, found] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_STEP);
      onLooked(SCAN_STEP);
      const keys = found.filter((key) => tags.has(key.slice(0, key.indexOf(':'))));
      if (keys.length > 0) yield { server, keys };
      cursor = next;
    } while (cursor !== '0');
  }
}

export function pairs<T = string>(flat: readonly T[]): [T, T][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] as T, flat[2 * i + 1] as T]);
}

function commonStart([first = '', ...others]: readonly string[]): string {
  let length = first.length;
  while (!others.every((other) => other.startsWith(first.slice(0, length)))) length -= 1;
  return first.slice(0, length);
}
