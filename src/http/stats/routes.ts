import { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import type { IdCase } from '../../orders/ids.ts';
import { averageOf, toJsonAmount } from '../../orders/money.ts';
import type { DayRange, Totals } from '../../stats/figures.ts';
import { DetailGone, RangeTooLarge, TooManyWaiting, TotalOutOfRange } from '../../stats/read/errors.ts';
import type { ReadStats } from '../../stats/read/readStats.ts';
import type { ReadHours } from '../../telemetry/read/hours.ts';
import { statsOperations } from '../description/operations.ts';
import { HttpProblem } from '../transport/problem.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { type Freshness, setFreshness } from './freshness.ts';
import { hourSeries } from './hourSeries.ts';
import { operationRoutes } from './operationRoutes.ts';
import { brokenEncoding } from './readParameters.ts';

/**
 * Who spent what: reads only. Amounts leave as JSON numbers with two decimals, and only here. `forPrometheus` answers
 * whoever wants /metrics in another form than JSON.
 */
export function statsRoutes(
  stats: ReadStats & { hours: ReadHours },
  idCase: IdCase,
  freshness: () => Freshness,
  forPrometheus: RequestHandler,
): Router {
  const router = Router();
  const operations = statsOperations(idCase);

  const route = operationRoutes(router, (response) => setFreshness(response, freshness()));

  route(operations.userStats, async ({ user_id, ...query }) => {
    const range = rangeOf(query);
    const totals = known(user_id, await (range ? stats.userInRange(user_id, range) : stats.user(user_id)));
    return userStats({ userId: user_id, ...totals });
  });

  route(operations.global, async () => totalsOf(await stats.global()));

  route(operations.topSpenders, async ({ limit, ...query }) => {
    const spenders = await stats.topSpenders(limit, rangeOf(query));
    return spenders.map(({ userId, minorUnits }) => ({
      user_id: userId,
      total_spend: toJsonAmount(minorUnits),
    }));
  });

  route(operations.topBuyers, async ({ limit, ...query }) => {
    const buyers = await stats.topBuyers(limit, rangeOf(query));
    return buyers.map(({ userId, orders }) => ({ user_id: userId, order_count: orders }));
  });

  route(operations.byDate, async ({ user_id, start_date, end_date }) => {
    if (user_id === undefined) return totalsOf(await stats.byDate(start_date, end_date));
    const range = { startDay: start_date, endDay: end_date };
    return totalsOf((await stats.userInRange(user_id, range)) ?? { orders: 0, minorUnits: 0 });
  });

  route(operations.compare, async ({ start_date, end_date, with_start_date, with_end_date }) => {
    const [range, other] = await Promise.all([
      stats.byDate(start_date, end_date),
      stats.byDate(with_start_date, with_end_date),
    ]);
    const [a, b] = [totalsOf(range), totalsOf(other)];
    return {
      range: { start_date, end_date, ...a },
      with: { start_date: with_start_date, end_date: with_end_date, ...b },
      difference: {
        total_orders: range.orders - other.orders,
        total_revenue: toJsonAmount(range.minorUnits - other.minorUnits),
        average_order_value: toJsonAmount(averageOf(range) - averageOf(other)),
      },
      ratio: {
        total_orders: ratioOf(range.orders, other.orders),
        total_revenue: ratioOf(range.minorUnits, other.minorUnits),
        average_order_value: ratioOf(averageOf(range), averageOf(other)),
      },
    };
  });

  route(operations.usersByDate, async ({ start_date, end_date, limit, cursor }) => {
    const range = { startDay: start_date, endDay: end_date };
    const after = cursor === undefined ? undefined : readCursor(range, cursor);
    const { users, next } = await stats.usersInRange(range, limit, after);
    return { users: users.map(userStats), next_cursor: next ? writeCursor(range, next) : null };
  });

  route(operations.series, async ({ granularity, start_date, end_date, user_id }) => {
    const range = { startDay: start_date, endDay: end_date };
    const asked = { granularity, start_date, end_date };
    if (granularity === 'hour') return { ...asked, ...(await hourSeries(stats.hours, range)) };
    const points = await stats.series(granularity, range, user_id);
    return {
      ...asked,
      points: points.map(({ period, orders, minorUnits }) => ({
        period,
        orders,
        revenue: toJsonAmount(minorUnits),
        average_order_value: toJsonAmount(averageOf({ orders, minorUnits })),
      })),
    };
  });

  route(operations.usersSeries, async ({ granularity, start_date, end_date }) => {
    const range = { startDay: start_date, endDay: end_date };
    const { knownFrom = null, points } = await stats.usersSeries(granularity, range);
    return {
      granularity,
      start_date,
      end_date,
      known_from: knownFrom,
      points: points.map(({ period, users, newUsers }) => ({
        period,
        users,
        new_users: newUsers ?? null,
        returning_users: newUsers === undefined ? null : users - newUsers,
      })),
    };
  });

  route(operations.rank, async ({ user_id }) => {
    const { spenders, buyers, users } = known(user_id, await stats.rank(user_id));
    return { user_id, spender_rank: spenders, buyer_rank: buyers, users };
  });

  router.get(operations.metrics.path, forPrometheus);
  route(operations.metrics, async () => {
    const { users, ...totals } = await stats.global();
    const { average_order_value, ...rest } = totalsOf(totals);
    return {
      ...rest,
      unique_users: users,
      average_order_value,
      timestamp: Date.now() / 1_000,
    };
  });

  router.use(readProblems);
  return router;
}

export function rangeOf(query: {
  start_date?: string | undefined;
  end_date?: string | undefined;
}): DayRange | undefined {
  const { start_date, end_date } = query;
  return start_date === undefined || end_date === undefined
    ? undefined
    : { startDay: start_date, endDay: end_date };
}

const userStats = ({ userId, orders, minorUnits }: Totals & { userId: string }) => ({
  user_id: userId,
  order_count: orders,
  total_spend: toJsonAmount(minorUnits),
});

const totalsOf = ({ orders, minorUnits }: Totals) => ({
  total_orders: orders,
  total_revenue: toJsonAmount(minorUnits),
  average_order_value: toJsonAmount(averageOf({ orders, minorUnits })),
});

const ratioOf = (a: number, b: number): number | null => (b === 0 ? null : Math.round((a / b) * 1e4) / 1e4);

function known<T>(userId: string, found: T | undefined): T {
  if (found !== undefined) return found;
  throw new HttpProblem(404, { kind: 'unknown-user', detail: `No order of user ${userId} was counted` });
}

/** What reading throws, as problems of the API. */
export const readProblems: ErrorRequestHandler = (error, _request, _response, next) => {
  if (error instanceof DetailGone) {
    return next(
      new HttpProblem(400, {
        kind: 'detail-gone',
        detail: error.message,
        members: { available_from: error.from },
      }),
    );
  }
  if (error instanceof RangeTooLarge) {
    const { size, limit } = error;
    return next(
      new HttpProblem(400, { kind: 'range-too-large', detail: error.message, members: { size, limit } }),
    );
  }
  if (error instanceof TotalOutOfRange) {
    return next(new HttpProblem(500, { kind: 'total-out-of-range', detail: error.message }));
  }
  if (error instanceof TooManyWaiting) {
    return next(new HttpProblem(503, { kind: 'overloaded', detail: error.message }));
  }
  // Express decodes a path before its route runs, so the route cannot say which parameter is broken.
  next(error instanceof URIError ? brokenEncoding(['user_id']) : error);
};
