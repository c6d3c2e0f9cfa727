import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Partition } from '../../store/partitions.ts';
import { type StatsKeys, statsKeys } from '../../store/statsKeys.ts';
import { type Member, pagesOf, replies } from '../kit/redisPages.ts';
import { Differences, differingPlaces, type UserRecord } from './differences.ts';

/** Sums over the hashes of the users seen, and who differs. */
export interface UserSums {
  users: number;
  orders: number;
  minorUnits: number;
  differing: Differences;
}

const SCRIPT = readFileSync(new URL('./readUser.lua', import.meta.url), 'utf8');

const PAGE = 250;
/** Months asked at once for a page of users: their replies stay small and Redis is free again in a millisecond. */
const MONTHS_AT_ONCE = 12;

/** Everything of one user at one moment. */
export async function readUser(
  redis: Redis | Cluster,
  partition: Partition,
  userId: string,
): Promise<UserRecord> {
  const keys = statsKeys(partition);
  const reply = (await redis.eval(SCRIPT, 1, keys.user(userId), keys.prefix, userId)) as (string | null)[];
  const [orders, minorUnits, bySpend, byCount, overMonths] = reply.map(numberOf);
  return {
    userId,
    partition: partition.index,
    orders,
    minorUnits,
    bySpend,
    byCount,
    overMonths: overMonths ?? 0,
  };
}

/**
 * Walks the users of one partition along the list by spend, and looks every one up in the other places. Those that
 * seem to differ are read again at one moment before they count as differing. Without `months` what a user spent
 * over them is not looked at.
 */
export async function addUpUsers(
  redis: Redis | Cluster,
  partition: Partition,
  months: readonly string[] | undefined,
  onRead: (users: number) => void,
): Promise<UserSums> {
  const keys = statsKeys(partition);
  const sums: UserSums = { users: 0, orders: 0, minorUnits: 0, differing: new Differences() };
  let inBothLists = 0;
  for await (const page of pagesOf(redis, keys.bySpend, PAGE)) {
    for (const user of await lookUp(redis, partition, keys, page, months)) {
      if (user.orders !== undefined) sums.users += 1;
      sums.orders += user.orders ?? 0;
      sums.minorUnits += user.minorUnits ?? 0;
      if (user.byCount !== undefined) inBothLists += 1;
      if (differingPlaces(user).length > 0)
        sums.differing.note(await readUser(redis, partition, user.userId));
    }
    onRead(page.length);
  }
  // As many members as were met through the other list, so there can be none besides them.
  if ((await redis.zcard(keys.byCount)) !== inBothLists) await addUnspent(redis, partition, sums);
  return sums;
}

/** Users that only the list by count names. */
async function addUnspent(redis: Redis | Cluster, partition: Partition, sums: UserSums): Promise<void> {
  const keys = statsKeys(partition);
  for await (const page of pagesOf(redis, keys.byCount, PAGE)) {
    const scores = await redis.zmscore(keys.bySpend, ...page.map(({ member }) => member));
    for (const [index, { member }] of page.entries()) {
      if (scores[index] == null) sums.differing.note(await readUser(redis, partition, member));
    }
  }
}

async function lookUp(
  redis: Redis | Cluster,
  partition: Partition,
  keys: StatsKeys,
  page: readonly Member[],
  months: readonly string[] | undefined,
): Promise<UserRecord[]> {
  const ids = page.map(({ member }) => member);
  const pipe = redis.pipeline().zmscore(keys.byCount, ...ids);
  for (const id of ids) pipe.hmget(keys.user(id), 'order_count', 'total_spend');
  const [counts = [], ...hashes] = await replies<(string | null)[]>(pipe);
  const overMonths = months && (await spendOver(redis, keys, ids, months));
  return page.map(({ member, score }, index) => ({
    userId: member,
    partition: partition.index,
    orders: numberOf(hashes[index]?.[0]),
    minorUnits: numberOf(hashes[index]?.[1]),
    bySpend: score,
    byCount: numberOf(counts[index]),
    overMonths: (overMonths ? overMonths[index] : numberOf(hashes[index]?.[1])) ?? 0,
  }));
}

async function spendOver(
  redis: Redis | Cluster,
  keys: StatsKeys,
  ids: readonly string[],
  months: readonly string[],
): Promise<number[]> {
  const sums = ids.map(() => 0);
  for (let from = 0; from < months.length; from += MONTHS_AT_ONCE) {
    const pipe = redis.pipeline();
    for (const month of months.slice(from, from + MONTHS_AT_ONCE)) pipe.zmscore(keys.spend(month), ...ids);
    for (const scores of await replies<(string | null)[]>(pipe)) {
      for (const [index, score] of scores.entries()) sums[index] = (sums[index] ?? 0) + Number(score ?? 0);
    }
  }
  return sums;
}

const numberOf = (text: string | null | undefined): number | undefined =>
  text == null ? undefined : Number(text);
