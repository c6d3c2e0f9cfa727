import type { ChainableCommander, Cluster, Redis } from 'ioredis';
import { isCalendarDay, monthOf } from '../orders/timestamp.ts';
import type { Partition, Partitions } from '../queue/partitions.ts';
import { type StatsKeys, statsKeys } from './keys.ts';

/** Orders and money of any scope. Money is whole minor units, here and in everything this module returns. */
export interface Totals {
  orders: number;
  minorUnits: number;
}

export interface Spender {
  userId: string;
  minorUnits: number;
}

export interface Buyer {
  userId: string;
  orders: number;
}

/** Both days inclusive, `YYYY-MM-DD`, UTC; the start is not after the end. */
export interface DayRange {
  startDay: string;
  endDay: string;
}

export interface UserTotals extends Totals {
  userId: string;
}

/** A place in a list of users, largest spend first: after it means after that user with that spend. */
export interface Position {
  minorUnits: number;
  userId: string;
}

export type Granularity = 'day' | 'month' | 'year';

/** `period` is `YYYY-MM-DD`, `YYYY-MM` or `YYYY`. */
export interface Point extends Totals {
  period: string;
}

/** One plus the number of users with strictly more: equal ones share a place. */
export interface Rank {
  spenders: number;
  buyers: number;
  /** Of how many. */
  users: number;
}

export interface ReadStats {
  /** Undefined for a user who never had an order counted. `userId` is normalised. */
  user(userId: string): Promise<Totals | undefined>;
  userInRange(userId: string, range: DayRange): Promise<Totals | undefined>;
  global(): Promise<Totals & { users: number }>;
  topSpenders(limit: number, range?: DayRange): Promise<Spender[]>;
  topBuyers(limit: number, range?: DayRange): Promise<Buyer[]>;
  usersInRange(
    range: DayRange,
    limit: number,
    after?: Position,
  ): Promise<{ users: UserTotals[]; next?: Position }>;
  series(granularity: Granularity, range: DayRange, userId?: string): Promise<Point[]>;
  rank(userId: string): Promise<Rank | undefined>;
  /** Both days inclusive, `YYYY-MM-DD`, UTC. */
  byDate(startDay: string, endDay: string): Promise<Totals>;
  /** Orders that arrived again and were recognised, since the stats began. */
  duplicates(): Promise<number>;
}

/**
 * Reads the stats. Every answer is one round trip: a pipeline per partition, all written at once, then merged.
 * Users never straddle partitions, so the top N of all partitions' top N is exact.
 */
export function makeReadStats(redis: Redis | Cluster, partitions: Partitions): ReadStats {
  const ask = async (partition: Partition, commands: (pipe: ChainableCommander, keys: StatsKeys) => void) => {
    const pipe = redis.pipeline();
    commands(pipe, statsKeys(partition));
    return (await pipe.exec()) ?? [];
  };
  const askAll = (commands: (pipe: ChainableCommander, keys: StatsKeys) => void) =>
    Promise.all(partitions.all.map((partition) => ask(partition, commands)));

  // Ties go the way Redis orders them, bytes descending: otherwise the cut at N would depend on the partitions.
  const top = async (key: (keys: StatsKeys) => string, limit: number): Promise<[string, number][]> => {
    const replies = await askAll((pipe, keys) => pipe.zrevrange(key(keys), 0, limit - 1, 'WITHSCORES'));
    return replies
      .flatMap((reply) => scored(reply, 0))
      .sort(([userA, a], [userB, b]) => b - a || Buffer.compare(Buffer.from(userB), Buffer.from(userA)))
      .slice(0, limit);
  };

  return {
    async user(userId) {
      const replies = await ask(partitions.of(userId), (pipe, keys) =>
        pipe.hmget(keys.user(userId), 'order_count', 'total_spend'),
      );
      const [orders, spend] = result<(string | null)[]>(replies, 0);
      return orders == null ? undefined : { orders: Number(orders), minorUnits: Number(spend) };
    },

    async global() {
      const replies = await askAll((pipe, keys) =>
        pipe.hmget(keys.global, 'total_orders', 'total_revenue').zcard(keys.bySpend),
      );
      return replies.reduce(
        (sum, reply) => {
          const [orders, revenue] = result<(string | null)[]>(reply, 0);
          return {
            orders: sum.orders + Number(orders ?? 0),
            minorUnits: sum.minorUnits + Number(revenue ?? 0),
            users: sum.users + result<number>(reply, 1),
          };
        },
        { orders: 0, minorUnits: 0, users: 0 },
      );
    },

    async userInRange() {
      throw new Error('not built yet');
    },

    async usersInRange() {
      throw new Error('not built yet');
    },

    async series() {
      throw new Error('not built yet');
    },

    async rank() {
      throw new Error('not built yet');
    },

    async topSpenders(limit) {
      const spenders = await top((keys) => keys.bySpend, limit);
      return spenders.map(([userId, minorUnits]) => ({ userId, minorUnits }));
    },

    async topBuyers(limit) {
      const buyers = await top((keys) => keys.byCount, limit);
      return buyers.map(([userId, orders]) => ({ userId, orders }));
    },

    async byDate(startDay, endDay) {
      const { days, isWholeMonth } = splitRange(startDay, endDay);
      const dayFields = days.flatMap(periodFields);
      const replies = await askAll((pipe, keys) => {
        pipe.hgetall(keys.months);
        if (dayFields.length > 0) pipe.hmget(keys.days, ...dayFields);
      });
      const total: Totals = { orders: 0, minorUnits: 0 };
      for (const reply of replies) {
        for (const [field, value] of Object.entries(result<Record<string, string>>(reply, 0))) {
          const [month = '', kind] = field.split(':');
          if (isWholeMonth(month)) addTo(total, kind, value);
        }
        if (dayFields.length === 0) continue;
        result<(string | null)[]>(reply, 1).forEach((value, index) => {
          addTo(total, dayFields[index]?.split(':')[1], value);
        });
      }
      return total;
    },

    async duplicates() {
      const replies = await askAll((pipe, keys) => pipe.hget(keys.ledger, 'duplicates'));
      return replies.reduce((sum, reply) => sum + Number(result<string | null>(reply, 0) ?? 0), 0);
    },
  };
}

const periodFields = (period: string): string[] => [`${period}:orders`, `${period}:revenue`];

function addTo(total: Totals, kind: string | undefined, value: string | null): void {
  if (kind === 'orders') total.orders += Number(value ?? 0);
  else if (kind === 'revenue') total.minorUnits += Number(value ?? 0);
}

/**
 * Cuts a range into whole months and at most 60 edge days. The months are only a test, not a list: the reader
 * goes through the months that exist, so ten thousand years cost what the data in them costs.
 */
function splitRange(
  startDay: string,
  endDay: string,
): { days: string[]; isWholeMonth: (month: string) => boolean } {
  const firstMonth = monthOf(startDay);
  const lastMonth = monthOf(endDay);
  const startsWhole = startDay.endsWith('-01');
  const endsWhole = endDay === lastDayOf(lastMonth);
  if (firstMonth === lastMonth) {
    const whole = startsWhole && endsWhole;
    return whole
      ? { days: [], isWholeMonth: (month) => month === firstMonth }
      : { days: daysBetween(startDay, endDay), isWholeMonth: () => false };
  }
  return {
    days: [
      ...(startsWhole ? [] : daysBetween(startDay, lastDayOf(firstMonth))),
      ...(endsWhole ? [] : daysBetween(`${lastMonth}-01`, endDay)),
    ],
    isWholeMonth: (month) =>
      (startsWhole ? month >= firstMonth : month > firstMonth) &&
      (endsWhole ? month <= lastMonth : month < lastMonth),
  };
}

/** The days of one month from one to another; both in it. */
function daysBetween(startDay: string, endDay: string): string[] {
  const days: string[] = [];
  for (let day = Number(startDay.slice(8)); day <= Number(endDay.slice(8)); day += 1) {
    days.push(`${monthOf(startDay)}-${String(day).padStart(2, '0')}`);
  }
  return days;
}

function lastDayOf(month: string): string {
  const days = ['31', '30', '29', '28'];
  return days.map((day) => `${month}-${day}`).find(isCalendarDay) as string;
}

/** The reply at one place of a pipeline; a failed command fails the whole read. */
function result<T>(replies: [Error | null, unknown][], index: number): T {
  const [error, value] = replies[index] ?? [new Error('Redis sent no reply')];
  if (error) throw error;
  return value as T;
}

function scored(replies: [Error | null, unknown][], index: number): [string, number][] {
  const flat = result<string[]>(replies, index);
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] as string, Number(flat[2 * i + 1])]);
}
