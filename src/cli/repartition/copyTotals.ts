import type { Cluster, Redis } from 'ioredis';
import { archiveStands } from '../../store/archiveStand.ts';
import { archiveKeys, pausedSinceKey, queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import { fieldsOf } from '../kit/redisPages.ts';
import type { LedgerStand } from '../verify/ledgerFigures.ts';
import { batches } from '../verify/periods.ts';
import type { Part } from './part.ts';
import type { Split } from './split.ts';

const FIELDS_AT_ONCE = 500;

/**
 * What is not kept by user: totals, days, months, years, the count of duplicates, and where each ledger and queue stands.
 *
 * How many orders of a day belong to which user is not known, so the numbers of an old partition cannot be divided:
 * they go whole to its heir. Their sum over all partitions, which is what is ever read, stays exact; those of a
 * single partition mean nothing any more.
 */
export function totalsPart(redis: Redis | Cluster, split: Split, stands: readonly LedgerStand[]): Part {
  return {
    size: split.to.all.length,
    batch: 1,
    async copy(from) {
      const target = split.to.all[from] as Partition;
      const keys = statsKeys(target);
      for (const kind of ['global', 'days', 'months', 'years'] as const) {
        await writeHash(redis, keys[kind], await inherited(redis, split, target, kind));
      }
      await writeNewUsers(redis, split, target);
      await writeDetail(redis, split, target);
      await writeLedger(redis, split, target, stands[from] as LedgerStand);
      await writeArchive(redis, split, target);
      await writeQueue(redis, split, target);
    },
  };
}

/**
 * What a new partition inherits. Where it is not the heir it gets zeros: a partition names every day and month that
 * it has spenders of, or they could not be found.
 */
async function inherited(
  redis: Redis | Cluster,
  split: Split,
  target: Partition,
  kind: 'global' | 'days' | 'months' | 'years',
): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const source of split.sourcesOf(target)) {
    const isHeir = split.heirOf(source) === target;
    for (const [field, value] of await fieldsOf(redis, statsKeys(source)[kind])) {
      sums.set(field, (sums.get(field) ?? 0) + (isHeir ? Number(value) : 0));
    }
  }
  return sums;
}

async function writeHash(redis: Redis | Cluster, key: string, fields: Map<string, number>): Promise<void> {
  for (const some of batches([...fields], FIELDS_AT_ONCE)) await redis.hset(key, new Map(some));
}

/**
 * Of the new users too, the numbers go to the heir. The days up to which some may be missing hold for all that was one; a
 * partition that has counted nothing since they are told apart is what its next order would find it to be.
 */
async function writeNewUsers(redis: Redis | Cluster, split: Split, target: Partition): Promise<void> {
  const sums = new Map<string, number>();
  let last = '';
  for (const source of split.sourcesOf(target)) {
    const keys = statsKeys(source);
    const { after, ...counts } = Object.fromEntries(await fieldsOf(redis, keys.newUsers));
    const users = after === undefined ? await redis.zcard(keys.bySpend) : 0;
    if (users > 0) counts.before = String(users);
    const days = users > 0 ? (await redis.hkeys(keys.days)).map((field) => field.slice(0, 10)) : [];
    last = [last, after ?? '', ...days].reduce((a, b) => (b > a ? b : a));
    const isHeir = split.heirOf(source) === target;
    for (const [field, value] of Object.entries(counts)) {
      sums.set(field, (sums.get(field) ?? 0) + (isHeir ? Number(value) : 0));
    }
  }
  if (last === '') return;
  const key = statsKeys(target).newUsers;
  await writeHash(redis, key, sums);
  await redis.hset(key, 'after', last);
}

/** Detail by day is complete from where the last of them begins. */
async function writeDetail(redis: Redis | Cluster, split: Split, target: Partition): Promise<void> {
  const sources = split.sourcesOf(target).map((source) => redis.hget(statsKeys(source).detail, 'from'));
  const last = (await Promise.all(sources))
    .map((from) => from ?? '')
    .sort()
    .at(-1);
  if (last) await redis.hset(statsKeys(target).detail, 'from', last);
}

async function writeLedger(
  redis: Redis | Cluster,
  split: Split,
  target: Partition,
  stand: LedgerStand,
): Promise<void> {
  const keys = statsKeys(target);
  if (stand.since !== undefined) {
    await redis.hset(keys.ledger, {
      generation: stand.generation,
      since: stand.since,
      buckets: stand.buckets,
      size: stand.size,
      previous_buckets: stand.previousBuckets,
      stale_buckets: 0,
    });
  }
  const left = split.from.all.filter((source) => split.heirOf(source) === target);
  const counts = await Promise.all(left.map((source) => redis.hget(statsKeys(source).ledger, 'duplicates')));
  const duplicates = counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
  if (duplicates > 0) await redis.hset(keys.ledger, 'duplicates', duplicates);
}

/**
 * Everything archived is in PostgreSQL, so the new archives begin empty: with an entry after every number that there was, as
 * this tag may have had an archive before. What counted without being archived is told by the heir.
 */
async function writeArchive(redis: Redis | Cluster, split: Split, target: Partition): Promise<void> {
  const stands = await archiveStands(redis, split.from.all);
  if (stands.every((stand) => stand === undefined)) return;
  const seq = Math.max(...stands.map((stand) => stand?.seq ?? 0));
  const inherited = stands.filter((_, at) => split.heirOf(split.from.all[at] as Partition) === target);
  const orders = inherited.reduce((sum, stand) => sum + (stand?.orders ?? 0), 0);
  const minorUnits = inherited.reduce((sum, stand) => sum + (stand?.minorUnits ?? 0), 0);
  await redis.hset(statsKeys(target).ledger, 'archive', `${seq} ${orders} ${minorUnits} 0`);
  await redis.hset(archiveKeys(target).position, { start: seq, seq, bytes: 0 });
}

/**
 * A queue is paused when one of those it comes from was, since the first of them was. BullMQ numbers the jobs that are added without an id, and
 * those of any old partition may be here now: counting goes on above the highest, or a new job would overwrite one.
 */
async function writeQueue(redis: Redis | Cluster, split: Split, target: Partition): Promise<void> {
  for (const counter of ['id', 'pc']) {
    const counts = await Promise.all(split.from.all.map((source) => redis.get(queueKey(source, counter))));
    const highest = Math.max(...counts.map((count) => Number(count ?? 0)));
    if (highest > 0) await redis.set(queueKey(target, counter), highest);
  }
  const sources = split.sourcesOf(target);
  const paused = await Promise.all(sources.map((source) => redis.hget(queueKey(source, 'meta'), 'paused')));
  if (paused.some((flag) => flag === '1')) await redis.hset(queueKey(target, 'meta'), 'paused', 1);
  const since = (await Promise.all(sources.map((source) => redis.get(pausedSinceKey(source))))).filter(
    Boolean,
  );
  if (since.length > 0) await redis.set(pausedSinceKey(target), Math.min(...since.map(Number)));
}
