import type { Cluster, Redis } from 'ioredis';
import type { Partition } from '../../store/partitions.ts';
import { type StatsKeys, statsKeys } from '../../store/statsKeys.ts';
import { replies } from '../kit/redisPages.ts';
import { bucketKey, type LedgerStand, readStand } from '../verify/ledgerFigures.ts';
import { type Part, Writes } from './part.ts';
import type { Split } from './split.ts';

const BUCKETS_AT_ONCE = 50;

/**
 * Entries for each bucket of a new ledger, on average. At most TARGET of ledger.lua: with fuller buckets the
 * first order recorded afterwards would have to split them all, and Redis would do nothing else for seconds.
 */
const ENTRIES_PER_BUCKET = 48;

/** What each new ledger will hold, by the index of its partition. Decides how many buckets it gets. */
export type LedgerSizes = { current: number; previous: number }[];

/**
 * Where a new ledger begins. It forgets as late as the last of those it comes from: an entry may be remembered for
 * longer than before, never shorter, because entries only move to generations that are dropped later.
 */
export async function standOf(
  redis: Redis | Cluster,
  target: Partition,
  split: Split,
  sizes: LedgerSizes,
): Promise<LedgerStand> {
  const sources = split.sourcesOf(target).map((source) => readStand(redis, statsKeys(source)));
  const stands = await Promise.all(sources);
  const starts = stands.flatMap(({ since }) => (since === undefined ? [] : [since]));
  const { current = 0, previous = 0 } = sizes[target.index] ?? {};
  return {
    generation: Math.max(...stands.map(({ generation }) => generation)),
    since: starts.length === 0 ? undefined : Math.max(...starts),
    buckets: Math.max(1, Math.ceil(current / ENTRIES_PER_BUCKET)),
    size: current,
    previousBuckets: Math.ceil(previous / ENTRIES_PER_BUCKET),
  };
}

/** Reads every identity once: how many of them each new partition will get. */
export async function countEntriesByTarget(
  redis: Redis | Cluster,
  split: Split,
  onRead: (buckets: number) => void,
): Promise<LedgerSizes> {
  const sizes: LedgerSizes = split.to.all.map(() => ({ current: 0, previous: 0 }));
  for (const source of split.from.all) {
    for (const { age, key, buckets } of await generationsOf(redis, source)) {
      for (let from = 0; from < buckets; from += BUCKETS_AT_ONCE) {
        const to = Math.min(buckets, from + BUCKETS_AT_ONCE);
        const pipe = redis.pipeline();
        for (let index = from; index < to; index += 1) pipe.hkeysBuffer(key(index));
        for (const identity of (await replies<Buffer[]>(pipe)).flat()) {
          const size = sizes[split.ofIdentity(identity).index];
          if (size) size[age] += 1;
        }
        onRead(to - from);
      }
    }
  }
  return sizes;
}

/** The entries of an old partition that are still looked up, to their places in the new ledgers. */
export async function ledgerParts(
  redis: Redis | Cluster,
  source: Partition,
  split: Split,
  stands: readonly LedgerStand[],
): Promise<Part[]> {
  const generations = await generationsOf(redis, source);
  return generations.map(({ age, key, buckets }) => ({
    size: buckets,
    batch: BUCKETS_AT_ONCE,
    async copy(from, to) {
      const pipe = redis.pipeline();
      for (let index = from; index < to; index += 1) pipe.callBuffer('HGETALL', key(index));
      const places = new Map<string, { target: Partition; entries: Buffer[] }>();
      for (const flat of await replies<Buffer[]>(pipe)) {
        for (let at = 0; at < flat.length; at += 2) {
          const [identity, digest] = [flat[at] as Buffer, flat[at + 1] as Buffer];
          const target = split.ofIdentity(identity);
          const bucket = bucketOf(identity, split.keysOf(target), stands[target.index] as LedgerStand, age);
          const place = places.get(bucket) ?? { target, entries: [] };
          place.entries.push(identity, digest);
          places.set(bucket, place);
        }
      }
      const writes = new Writes(redis);
      for (const [bucket, { target, entries }] of places) writes.to(target).hset(bucket, ...entries);
      await writes.send();
    },
  }));
}

/** The two generations that orders are looked up in. */
async function generationsOf(redis: Redis | Cluster, source: Partition) {
  const keys = statsKeys(source);
  const { generation, buckets, previousBuckets } = await readStand(redis, keys);
  return [
    { age: 'current' as const, key: (index: number) => bucketKey(keys, generation, index), buckets },
    {
      age: 'previous' as const,
      key: (index: number) => bucketKey(keys, generation - 1, index),
      buckets: previousBuckets,
    },
  ];
}

/** The same linear hashing as in ledger.lua, which has to find the entry again. */
function bucketOf(
  identity: Buffer,
  keys: StatsKeys,
  stand: LedgerStand,
  age: 'current' | 'previous',
): string {
  const buckets = age === 'current' ? stand.buckets : stand.previousBuckets;
  const level = 2 ** Math.floor(Math.log2(buckets));
  const wide = identity.readUInt32BE(4) % (level * 2);
  const index = wide >= buckets ? wide - level : wide;
  return bucketKey(keys, age === 'current' ? stand.generation : stand.generation - 1, index);
}
