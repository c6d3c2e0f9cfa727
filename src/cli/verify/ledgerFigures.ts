import type { Cluster, Redis } from 'ioredis';
import type { StatsKeys } from '../../store/statsKeys.ts';
import { replies } from '../kit/redisPages.ts';

/** Where a ledger says it stands, see ledger.lua; the defaults are those of one that was never written. */
export interface LedgerStand {
  generation: number;
  /** Seconds since 1970; undefined before the first order. */
  since: number | undefined;
  buckets: number;
  /** Entries of the current generation. */
  size: number;
  previousBuckets: number;
}

const BUCKETS_AT_ONCE = 500;

export async function readStand(redis: Redis | Cluster, keys: StatsKeys): Promise<LedgerStand> {
  const [generation, since, buckets, size, previous] = await redis.hmget(
    keys.ledger,
    'generation',
    'since',
    'buckets',
    'size',
    'previous_buckets',
  );
  return {
    generation: Number(generation ?? 1),
    since: since == null ? undefined : Number(since),
    buckets: Number(buckets ?? 1),
    size: Number(size ?? 0),
    previousBuckets: Number(previous ?? 0),
  };
}

export const bucketKey = (keys: StatsKeys, generation: number, index: number): string =>
  `${keys.ledger}:${generation}:${index}`;

/** How many orders one generation of a ledger holds. */
export async function countEntries(
  redis: Redis | Cluster,
  keys: StatsKeys,
  generation: number,
  buckets: number,
  onRead: (buckets: number) => void,
): Promise<number> {
  let entries = 0;
  for (let from = 0; from < buckets; from += BUCKETS_AT_ONCE) {
    const to = Math.min(buckets, from + BUCKETS_AT_ONCE);
    const pipe = redis.pipeline();
    for (let index = from; index < to; index += 1) pipe.hlen(bucketKey(keys, generation, index));
    for (const length of await replies<number>(pipe)) entries += length;
    onRead(to - from);
  }
  return entries;
}
