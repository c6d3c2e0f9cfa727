import type { Cluster, Redis } from 'ioredis';
import type { StatsKeys } from '../../src/stats/keys.ts';
import { fieldsOf, pairs, replies } from './reading.ts';

/** One day or month: what the totals say of it, and what its list of spenders adds up to. */
export interface PeriodFigures {
  orders: number;
  minorUnits: number;
  /** Over the list of spenders. */
  listed: number;
  spenders: number;
}

export type Periods = Map<string, PeriodFigures>;

const PAGE = 1_000;
const LISTS_AT_ONCE = 500;

/** The totals by day or by month of one partition. */
export async function readPeriods(redis: Redis | Cluster, key: string): Promise<Periods> {
  const periods: Periods = new Map();
  for (const [field, value] of await fieldsOf(redis, key)) {
    const [period = '', kind] = field.split(':');
    const figures = periods.get(period) ?? { orders: 0, minorUnits: 0, listed: 0, spenders: 0 };
    if (kind === 'orders') figures.orders = Number(value);
    if (kind === 'revenue') figures.minorUnits = Number(value);
    periods.set(period, figures);
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
    for (const [period] of some) pipe.zcard(keys.spend(period));
    const sizes = await replies<number>(pipe);
    for (const [index, [, figures]] of some.entries()) {
      figures.spenders = sizes[index] ?? 0;
      total += figures.spenders;
    }
  }
  return total;
}

/** Adds the lists of spenders up. Many lists are short, so pages of several travel together. */
export async function addUpSpenders(
  redis: Redis | Cluster,
  keys: StatsKeys,
  periods: Periods,
  onRead: (members: number) => void,
): Promise<void> {
  let pipe = redis.pipeline();
  let asked: PeriodFigures[] = [];
  let members = 0;
  const flush = async () => {
    const pages = await replies<string[]>(pipe);
    for (const [index, page] of pages.entries()) {
      const figures = asked[index] as PeriodFigures;
      for (const [, score] of pairs(page)) figures.listed += Number(score);
    }
    onRead(members);
    [pipe, asked, members] = [redis.pipeline(), [], 0];
  };
  for (const [period, figures] of periods) {
    for (let start = 0; start < figures.spenders; start += PAGE) {
      pipe.zrange(keys.spend(period), start, String(start + PAGE - 1), 'WITHSCORES');
      asked.push(figures);
      members += Math.min(PAGE, figures.spenders - start);
      if (members >= PAGE) await flush();
    }
  }
  if (asked.length > 0) await flush();
}

export function* batches<T>(all: readonly T[], size: number): Generator<T[], void, undefined> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size);
}
