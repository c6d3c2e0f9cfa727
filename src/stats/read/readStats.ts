import type { Cluster, Redis } from 'ioredis';
import type { Partitions } from '../../store/partitions.ts';
import type {
  Buyer,
  DayRange,
  Granularity,
  Point,
  Position,
  Rank,
  Spender,
  Totals,
  UserPage,
  UsersSeries,
} from '../figures.ts';
import { splitRange } from './dayRange.ts';
import { findDetail } from './detail.ts';
import { NOTHING, series, sumOf, userPeriods } from './periodTotals.ts';
import { makeRangeMerge, type RangeMerge } from './rangeMerge.ts';
import { rank } from './rank.ts';
import { UNWATCHED, type Watch, watched } from './readDeadline.ts';
import { type Ask, makeAsk, money, result, whole } from './roundTrips.ts';
import { sumPeriods } from './sumPeriods.ts';
import { topEver, topInRange } from './topUsers.ts';
import { usersInRange } from './usersInRange.ts';
import { usersSeries } from './usersSeries.ts';
import { splitByYear } from './yearSplit.ts';

export { MAX_ENTRIES } from './rangeMerge.ts';

/**
 * Reads the stats. All partitions are asked at once, so a round trip here is one for all of them.
 *
 * Exact means: every order counted before the read began is in the answer, wholly; one counted while it runs is in
 * or not. A range is read as the whole months in it and at most 60 edge days, of those that hold orders. Where
 * single users matter, edge days must still be kept by user: otherwise DetailGone, which names the first day
 * that is. `userId` is normalised.
 */
export interface ReadStats {
  /** Undefined for a user who never had an order counted. One round trip. */
  user(userId: string): Promise<Totals | undefined>;
  /**
   * Zeros for a user without orders in the range. Two round trips, and one more for every 500 months and days after
   * the first 500.
   */
  userInRange(userId: string, range: DayRange): Promise<Totals | undefined>;
  /** One round trip. */
  global(): Promise<Totals & { users: number }>;
  /**
   * Largest first, equal ones by the bytes of their id, descending. One round trip; with a range two when it comes to
   * one month or one day with orders, whatever its size; else all users of all its months and days are added up:
   * MAX_ENTRIES at most (RangeTooLarge), about a round trip for every 500, and few at once (TooManyWaiting).
   */
  topSpenders(limit: number, range?: DayRange): Promise<Spender[]>;
  /** As topSpenders; but in a range all are added up also when it is a single month or day. */
  topBuyers(limit: number, range?: DayRange): Promise<Buyer[]>;
  /**
   * Every user with orders in the range, in the order of topSpenders and at its cost for each page, and one round
   * trip more for the orders. Pages are cut by place, not by number: a user whose spend does not change between two
   * pages comes exactly once. Orders are read after the spend: one counted in between may be in the orders alone.
   */
  usersInRange(range: DayRange, limit: number, after?: Position): Promise<UserPage>;
  /**
   * A point for every period the range touches, zeros included; the first and the last count only the days inside the
   * range. 5,000 points at most, and 5,000 days where the points are weeks (RangeTooLarge). One round trip; for a user that of userInRange, and
   * zeros throughout for one who is unknown.
   */
  series(granularity: Granularity, range: DayRange, userId?: string): Promise<Point[]>;
  /**
   * How many users ordered in every whole period that the range touches, and how many of them are new: a user is new
   * where the first order lies that was counted for them, whichever came later. 5,000 points at most, and 5,000 days where
   * the points are weeks (RangeTooLarge). Of days and months one round trip. Of longer periods and weeks, in which a user may
   * come on several days or in several months, all of these are merged: at the cost and within the bounds of topBuyers,
   * MAX_ENTRIES for all periods together, those not counted that have orders on one day or in one month alone.
   */
  usersSeries(granularity: Granularity, range: DayRange): Promise<UsersSeries>;
  /** Undefined for a user who never had an order counted. Two round trips. */
  rank(userId: string): Promise<Rank | undefined>;
  /** Both days inclusive, `YYYY-MM-DD`, UTC. One round trip, whatever the range. */
  byDate(startDay: string, endDay: string): Promise<Totals>;
  /** Orders that arrived again and were recognised, since the stats began. One round trip. */
  duplicates(): Promise<number>;
}

export function makeReadStats(redis: Redis | Cluster, partitions: Partitions): ReadStats {
  return makeWatchedReads(redis, partitions)(UNWATCHED);
}

/** Whether a read takes as many round trips as there are users, so that it needs a watch. */
export function mayTakeLong(name: string, args: readonly unknown[]): boolean {
  if (name === 'usersInRange') return true;
  if (name === 'usersSeries') return args[0] !== 'day' && args[0] !== 'month';
  return (name === 'topSpenders' || name === 'topBuyers') && args[1] !== undefined;
}

/** Makes the reads for whoever waits for them; all of them share the connection and the turns. */
export function makeWatchedReads(
  redis: Redis | Cluster,
  partitions: Partitions,
): (watch: Watch) => ReadStats {
  const ask = makeAsk(redis, partitions);
  const merge = makeRangeMerge();
  return (watch) =>
    makeReads(partitions, watch === UNWATCHED ? ask : watched(ask, watch), {
      sums: (details, measure) => merge.sums(details, measure, watch.signal),
      users: (details, groupOf) => merge.users(details, groupOf, watch.signal),
    });
}

function makeReads(partitions: Partitions, ask: Ask, merge: RangeMerge): ReadStats {
  const user: ReadStats['user'] = async (userId) => {
    const replies = await ask.one(partitions.of(userId), (pipe, keys) =>
      pipe.hmget(keys.user(userId), 'order_count', 'total_spend'),
    );
    const [orders, spend] = result<(string | null)[]>(replies, 0);
    return orders == null ? undefined : { orders: whole(orders), minorUnits: money(spend) };
  };

  return {
    user,

    async userInRange(userId, range) {
      const [known, [detail]] = await Promise.all([
        user(userId),
        findDetail(ask, splitRange(range), [partitions.of(userId)]),
      ]);
      if (!known || !detail) return undefined;
      const periods = await userPeriods(detail, userId);
      return periods.reduce((sum, [, totals]) => sumOf(sum, totals), NOTHING);
    },

    async global() {
      const replies = await ask.all((pipe, keys) =>
        pipe.hmget(keys.global, 'total_orders', 'total_revenue').zcard(keys.bySpend),
      );
      const totals = replies.map((reply) => {
        const [orders, revenue] = result<(string | null)[]>(reply, 0);
        return { orders: whole(orders), minorUnits: money(revenue) };
      });
      const users = replies.reduce((sum, reply) => sum + result<number>(reply, 1), 0);
      return { ...totals.reduce(sumOf, NOTHING), users };
    },

    async topSpenders(limit, range) {
      const places = range
        ? await topInRange(ask, merge, 'spend', limit, range)
        : await topEver(ask, (keys) => keys.bySpend, limit);
      return places.map(({ userId, amount }) => ({ userId, minorUnits: amount }));
    },

    async topBuyers(limit, range) {
      const places = range
        ? await topInRange(ask, merge, 'counts', limit, range)
        : await topEver(ask, (keys) => keys.byCount, limit);
      return places.map(({ userId, amount }) => ({ userId, orders: amount }));
    },

    usersInRange: (range, limit, after) => usersInRange(ask, merge, range, limit, after),

    series: (granularity, range, userId) => series(ask, granularity, range, userId),

    usersSeries: (granularity, range) => usersSeries(ask, merge, granularity, range),

    rank: (userId) => rank(ask, userId),

    async byDate(startDay, endDay) {
      return sumPeriods(ask, splitByYear({ startDay, endDay }));
    },

    async duplicates() {
      const replies = await ask.all((pipe, keys) => pipe.hget(keys.ledger, 'duplicates'));
      return replies.reduce((sum, reply) => sum + whole(result<string | null>(reply, 0)), 0);
    },
  };
}
