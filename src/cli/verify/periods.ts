import type { Cluster, Redis } from 'ioredis';
import type { StatsKeys } from '../../store/statsKeys.ts';
import { fieldsOf, pairs, replies } from '../kit/redisPages.ts';

/** One day, month or year: what the totals say of it, and what its lists of users add up to. */
export interface PeriodFigures {
  orders: number;
  minorUnits: number;
  /** What of both the lists should add up to: nothing on days whose detail was dropped, and in years. */
  detailedOrders: number;
  detailedMinorUnits: number;
  /** Minor units over the list of spenders, and their orders over the hash of counts. */
  listed: number;
  counted: number;
  spenders: number;
  buyers: number;
  newUsers: number;
}

export const noPeriod = (): PeriodFigures => ({
  orders: 0,
  minorUnits: 0,
  detailedOrders: 0,
  detailedMinorUnits: 0,
  listed: 0,
  counted: 0,
  spenders: 0,
  buyers: 0,
  newUsers: 0,
});

export type Periods = Map<string, PeriodFigures>;

const PAGE = 1_000;
const LISTS_AT_ONCE = 500;

/** The totals by day, by month or by year of one partition; `detailFrom` is the first period whose lists are kept. */
export async function readPeriods(redis: Redis | Cluster, key: string, detailFrom: string): Promise<Periods> {
  const periods: Periods = new Map();
  for (const [field, value] of await fieldsOf(redis, key)) {
    const [period = '', kind] = field.split(':');
    const figures = periods.get(period) ?? noPeriod();
    if (kind === 'orders') figures.orders = Number(value);
    if (kind === 'revenue') figures.minorUnits = Number(value);
    periods.set(period, figures);
  }
  for (const [period, figures] of periods) {
    if (period < detailFrom) continue;
    figures.detailedOrders = figures.orders;
    figures.detailedMinorUnits = figures.minorUnits;
  }
  return periods;
}

/** Sizes of the lists of spenders, so that progress can tell how much there is to read. */
export async function countSpenders(
  redis: Redis | Cluster,
  keys: StatsKeys,
  periods: Periods,
): Promise<number> {
  let total = 0;
  for (const some of batches([...periods], LISTS_AT_ONCE)) {
    const pipe = redis.pipeline();
    for (const [period] of some) pipe.zcard(keys.spend(period)).hlen(keys.counts(period));
    const sizes = await replies<number>(pipe);
    for (const [index, [, figures]] of some.entries()) {
      figures.spenders = sizes[2 * index] ?? 0;
      figures.buyers = sizes[2 * index + 1] ?? 0;
      total += figures.spenders;
    }
  }
  return total;
}

/** Adds the lists of spenders up, and the orders of those in them. Many lists are short, so pages of several travel together. */
export async function addUpSpenders(
  redis: Redis | Cluster,
  keys: StatsKeys,
  periods: Periods,
  onRead: (members: number) => void,
): Promise<void> {
  let pipe = redis.pipeline();
  let asked: [string, PeriodFigures][] = [];
  let members = 0;
  const flush = async () => {
    const pages = (await replies<string[]>(pipe)).map(pairs);
    const counts = redis.pipeline();
    const full = pages.flatMap((page, index) => (page.length === 0 ? [] : [{ page, of: asked[index] }]));
    for (const { page, of } of full) {
      const [period, figures] = of as [string, PeriodFigures];
      for (const [, score] of page) figures.listed += Number(score);
      counts.hmget(keys.counts(period), ...page.map(([user]) => user));
    }
    const orders = await replies<(string | null)[]>(counts);
    for (const [index, { of }] of full.entries()) {
      const [, figures] = of as [string, PeriodFigures];
      for (const count of orders[index] ?? []) figures.counted += Number(count ?? 0);
    }
    onRead(members);
    [pipe, asked, members] = [redis.pipeline(), [], 0];
  };
  for (const [period, figures] of periods) {
    for (let start = 0; start < figures.spenders; start += PAGE) {
      pipe.zrange(keys.spend(period), start, String(start + PAGE - 1), 'WITHSCORES');
      asked.push([period, figures]);
      members += Math.min(PAGE, figures.spenders - start);
      if (members >= PAGE) await flush();
    }
  }
  if (asked.length > 0) await flush();
}

export function* batches<T>(all: readonly T[], size: number): Generator<T[], void, undefined> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size);
}
