import type { Cluster, Redis } from 'ioredis';
import type { ClientBase } from 'pg';
import { adoptInstallation, keptInstallation } from '../../history/installation.ts';
import { refuseOtherSchema } from '../../history/migrate.ts';
import { allPositions } from '../../history/positions.ts';
import { type Lacking, readLacking } from '../../history/read/lacking.ts';
import { firstDayOf } from '../../stats/forgetDetail.ts';
import { LAYOUT, REBUILDING } from '../../store/claims.ts';
import { masters } from '../../store/connections.ts';
import type { Durability } from '../../store/durability.ts';
import { archiveKeys, LAYOUT_KEY, PARTITIONS_KEY, REBUILD_KEY } from '../../store/keys.ts';
import { makePartitions, type Partitions } from '../../store/partitions.ts';
import { redisNow } from '../../store/redisTime.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import type { Progress } from '../kit/progress.ts';
import { CannotRun } from '../kit/withRedis.ts';
import { otherConnections } from '../repartition/preflight.ts';
import { lackingLines } from './lackingLines.ts';
import { replayAll } from './replay.ts';

export interface RebuildParts {
  client: ClientBase;
  redis: Redis | Cluster;
  at: string;
  partitions: number;
  ledgerRetentionDays: number;
  userDetailDays: number;
  durability: Durability;
  /** Whether to go on although the tables lack orders that Redis counted. */
  incomplete: boolean;
  progress: Progress;
  signal: AbortSignal | undefined;
}

export interface Rebuilt {
  orders: number;
  minorUnits: number;
  users: number;
  lacking: Lacking;
  /** Entries that were archived while this ended: another Redis counts on. */
  behind: number;
}

/**
 * Counts every order of the history in an empty Redis, or goes on where a rebuild of this Redis stopped. One that has ended
 * goes on as well, with what was archived since, as long as nothing has counted there.
 *
 * @throws CannotRun, ReplayedElsewhere, or whatever stopped it; the same call goes on
 */
export async function rebuild(parts: RebuildParts): Promise<Rebuilt> {
  const { client, redis, ledgerRetentionDays: retentionDays, progress, signal } = parts;
  await refuseOtherSchema(client);
  const installation = await keptInstallation(client);
  if (installation === undefined) throw new CannotRun('this database has no history yet');
  const partitions = makePartitions(parts.partitions);
  const lacking = await readLacking(client);
  const made = { ...madeWith(parts), installation, changes: String(lacking.changes) };
  await begin(parts, partitions, lacking, made);

  const orders = (await allPositions(client)).reduce((sum, each) => sum + each.orders, 0);
  progress.begin('orders counted', orders);
  progress.add(await countedIn(redis, partitions));
  const onReplayed = (orders: number) => progress.add(orders);
  const { reached, seqs } = await replayAll({ client, redis, partitions, retentionDays, onReplayed, signal });
  if ((await readLacking(client)).changes !== lacking.changes) throw new CannotRun(CHANGED);
  await end(parts, partitions, reached, seqs);

  const now = await allPositions(client);
  const behind = now.reduce((sum, { tag, seq }) => sum + seq - (seqs.get(tag) ?? 0), 0);
  return { ...(await totalsOf(redis, partitions)), lacking, behind };
}

const CHANGED =
  'what is counted here already has changed in the history since: a person was erased, or the other Redis was set back. ' +
  'Empty this one and begin again';

/** What must be the same in every run. */
const madeWith = ({ partitions, ledgerRetentionDays }: RebuildParts) => ({
  partitions: String(partitions),
  ledgerRetentionDays: String(ledgerRetentionDays),
});

async function begin(
  { redis, at, userDetailDays, incomplete }: RebuildParts,
  partitions: Partitions,
  lacking: Lacking,
  made: Record<string, string>,
): Promise<void> {
  const others = await otherConnections(redis);
  if (others.length > 0)
    throw new CannotRun(
      `the product is connected to the Redis at ${at}, from ${[...new Set(others)].slice(0, 5).join(', ')}: stop it there`,
    );
  const journal = await redis.hgetall(REBUILD_KEY);
  if (Object.keys(journal).length === 0) {
    const sizes = await Promise.all(masters(redis).map((server) => server.dbsize()));
    if (sizes.some((size) => size > 0))
      throw new CannotRun(
        `the Redis at ${at} is not empty: name an empty one, another server or another database of it`,
      );
    if (lacking.gaps.length > 0 && !incomplete)
      throw new CannotRun(
        [...lackingLines(lacking), '--incomplete rebuilds without what it lacks.'].join('\n'),
      );
    // First of all: a Redis that is not empty and has no journal is refused.
    await redis.hset(REBUILD_KEY, made);
  } else {
    for (const [name, value] of Object.entries(made)) {
      if (journal[name] === value) continue;
      if (name === 'changes') throw new CannotRun(CHANGED);
      throw new CannotRun(
        `this rebuild was begun with ${name} ${journal[name]}, and it is ${value} now: set it as it was, or empty the Redis`,
      );
    }
    if (journal.ended !== undefined) await reopen(redis, partitions, journal.ended);
  }
  await redis.set(LAYOUT_KEY, LAYOUT);
  await redis.set(PARTITIONS_KEY, REBUILDING);
  // The days that workers would keep, by the clock that they go by.
  const now = await redisNow(redis);
  for (const partition of partitions.all) {
    const keys = statsKeys(partition);
    await redis.hset(keys.detail, 'from', firstDayOf(userDetailDays, now));
    // Who ordered before is unknown, so nobody can be said to be new until now.
    if (lacking.gaps.length > 0 && (await redis.exists(keys.newUsers)) === 0)
      await redis.hset(keys.newUsers, { after: new Date(now).toISOString().slice(0, 10), before: 0 });
  }
}

/** @throws CannotRun where anything has counted since */
async function reopen(redis: Redis | Cluster, partitions: Partitions, ended: string): Promise<void> {
  if (JSON.stringify(await archivesOf(redis, partitions)) !== ended)
    throw new CannotRun('this Redis was rebuilt before, and has counted since: name an empty one');
  await redis.hdel(REBUILD_KEY, 'ended');
}

const archivesOf = (redis: Redis | Cluster, partitions: Partitions): Promise<(string | null)[]> =>
  Promise.all(partitions.all.map((each) => redis.hget(statsKeys(each).ledger, 'archive')));

/** From here on it is the Redis of the history: the next entry of each archive follows what is in the tables. */
async function end(
  { client, redis, durability, incomplete }: RebuildParts,
  partitions: Partitions,
  reached: Awaited<ReturnType<typeof replayAll>>['reached'],
  seqs: ReadonlyMap<string, number>,
): Promise<void> {
  const now = await redisNow(redis);
  for (const partition of partitions.all) {
    const keys = statsKeys(partition);
    const seq = seqs.get(partition.tag) ?? 0;
    const [orders, minorUnits] = await redis.hmget(keys.global, 'total_orders', 'total_revenue');
    await redis
      .multi()
      .hset(keys.ledger, {
        archive: `${seq} ${orders ?? 0} ${minorUnits ?? 0} 0`,
        // So that the next run does not look at what was for others.
        rebuilt: JSON.stringify(reached),
      })
      .hset(archiveKeys(partition).position, { seq, bytes: 0, at: now })
      .exec();
  }
  if (incomplete) await client.query('UPDATE history.gaps SET in_redis = false WHERE in_redis');
  await adoptInstallation(client, redis);
  await redis.hset(REBUILD_KEY, 'ended', JSON.stringify(await archivesOf(redis, partitions)));
  await durability.confirm(redis);
  await redis.set(PARTITIONS_KEY, partitions.all.length);
}

async function totalsOf(redis: Redis | Cluster, partitions: Partitions) {
  const sum = { orders: 0, minorUnits: 0, users: 0 };
  for (const partition of partitions.all) {
    const keys = statsKeys(partition);
    const [orders, minorUnits] = await redis.hmget(keys.global, 'total_orders', 'total_revenue');
    sum.orders += Number(orders ?? 0);
    sum.minorUnits += Number(minorUnits ?? 0);
    sum.users += await redis.zcard(keys.bySpend);
  }
  return sum;
}

const countedIn = async (redis: Redis | Cluster, partitions: Partitions): Promise<number> =>
  (await totalsOf(redis, partitions)).orders;
