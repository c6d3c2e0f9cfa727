import type { Cluster, Redis } from 'ioredis';
import type { Partition } from '../../store/partitions.ts';
import { type StatsKeys, statsKeys } from '../../store/statsKeys.ts';
import type { Progress } from '../kit/progress.ts';
import { fieldsOf } from '../kit/redisPages.ts';
import type { Figures } from './figures.ts';
import { countEntries, readStand } from './ledgerFigures.ts';
import { addUpSpenders, countSpenders, noPeriod, readPeriods } from './periods.ts';
import { addUpUsers } from './users.ts';

/** Passes over a partition before it counts as too busy to be added up. */
const MAX_PASSES = 3;
/** After every year: of years nothing is kept by user. */
const NO_DETAIL = '~';
/** Of the names of days, months and years. */
const LENGTHS = [10, 7, 4];

/**
 * Reads a partition; again when orders were counted or detail dropped meanwhile, and at most three times. `signal` stops it between
 * two pages. Without `userMonths` the spend of each user over the months is not compared, which saves most of the
 * time.
 */
export async function readFigures(
  redis: Redis | Cluster,
  partition: Partition,
  progress: Progress,
  signal: AbortSignal | undefined,
  { userMonths = true }: { userMonths?: boolean } = {},
): Promise<Figures> {
  const keys = statsKeys(partition);
  const onRead = (items: number) => {
    signal?.throwIfAborted();
    progress.add(items);
  };
  for (let pass = 1; ; pass += 1) {
    const before = await momentOf(redis, keys);
    const figures = await readOnce(redis, partition, onRead, userMonths);
    const moved = (await momentOf(redis, keys)) !== before;
    if (!moved || pass === MAX_PASSES) return { ...figures, moved };
    progress.grow(await countItems(redis, partition));
  }
}

/** Equal at two moments only when no order was counted between them, no ledger turned its page, no detail was dropped. */
async function momentOf(redis: Redis | Cluster, keys: StatsKeys): Promise<string> {
  const totals = await redis.hmget(keys.global, 'total_orders', 'total_revenue');
  const detailFrom = await redis.hget(keys.detail, 'from');
  return JSON.stringify([totals, detailFrom, await readStand(redis, keys)]);
}

/** How many items a pass over a partition reads: users, spenders by day and month, buckets of the ledger. */
export async function countItems(redis: Redis | Cluster, partition: Partition): Promise<number> {
  return (await readOutline(redis, statsKeys(partition))).items;
}

/** What is cheap to read, and says how much else there is. */
async function readOutline(redis: Redis | Cluster, keys: StatsKeys) {
  const stand = await readStand(redis, keys);
  const [orders, minorUnits] = await redis.hmget(keys.global, 'total_orders', 'total_revenue');
  const days = await readPeriods(redis, keys.days, (await redis.hget(keys.detail, 'from')) ?? '');
  const months = await readPeriods(redis, keys.months, '');
  const years = await readPeriods(redis, keys.years, NO_DETAIL);
  const newUsers = await fieldsOf(redis, keys.newUsers);
  for (const [field, value] of newUsers) {
    const periods = [days, months, years].find((_, index) => field.length === LENGTHS[index]);
    periods?.set(field, { ...(periods.get(field) ?? noPeriod()), newUsers: Number(value) });
  }
  const listed = { bySpend: await redis.zcard(keys.bySpend), byCount: await redis.zcard(keys.byCount) };
  // All are, until something is counted since new ones are told apart.
  const before = newUsers.has('after') ? Number(newUsers.get('before')) : listed.bySpend;
  const spenders = (await countSpenders(redis, keys, days)) + (await countSpenders(redis, keys, months));
  return {
    stand,
    global: { orders: Number(orders ?? 0), minorUnits: Number(minorUnits ?? 0) },
    days,
    months,
    years,
    before,
    listed,
    items: listed.bySpend + spenders + stand.buckets + stand.previousBuckets,
  };
}

async function readOnce(
  redis: Redis | Cluster,
  partition: Partition,
  onRead: (items: number) => void,
  userMonths: boolean,
): Promise<Figures> {
  const keys = statsKeys(partition);
  const { stand, global, days, months, years, before, listed } = await readOutline(redis, keys);
  const askedMonths = userMonths ? [...months.keys()] : undefined;
  const { differing, ...users } = await addUpUsers(redis, partition, askedMonths, onRead);
  await addUpSpenders(redis, keys, days, onRead);
  await addUpSpenders(redis, keys, months, onRead);
  const { generation, buckets, previousBuckets, size } = stand;
  const current = await countEntries(redis, keys, generation, buckets, onRead);
  const previous = await countEntries(redis, keys, generation - 1, previousBuckets, onRead);
  return {
    global,
    users,
    listed,
    differing,
    days,
    months,
    years,
    knownBefore: before,
    ledger: { size, current, previous, wrongSizes: size === current ? 0 : 1, forgot: generation > 2 },
    duplicates: Number((await redis.hget(keys.ledger, 'duplicates')) ?? 0),
    moved: false,
  };
}
