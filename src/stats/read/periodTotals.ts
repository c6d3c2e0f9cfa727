import type { DayRange, Granularity, Point, Totals } from '../figures.ts';
import { periodOf, periodsOf, type SplitRange, splitFor } from './dayRange.ts';
import { type Detail, findDetail } from './detail.ts';
import { type Ask, money, type Replies, result, whole, withinRoom } from './roundTrips.ts';

/** Fields of one command, so that none keeps Redis from others for long. */
const FIELDS_AT_ONCE = 2_000;

/**
 * The totals of all users in each day and month of a split range that has orders; a period comes once for every
 * partition that has some. One round trip whatever the range: the months that exist (HGETALL) and the days
 * asked for (HMGET). An order counted meanwhile is in or not, never half.
 */
async function periodTotals(
  ask: Ask,
  { days, isWholeMonth }: SplitRange,
): Promise<[period: string, Totals][]> {
  const dayFields = days.flatMap((day) => [`${day}:orders`, `${day}:revenue`]);
  const replies = await ask.all((pipe, keys) => {
    for (let from = 0; from < dayFields.length; from += FIELDS_AT_ONCE) {
      pipe.hmget(keys.days, ...dayFields.slice(from, from + FIELDS_AT_ONCE));
    }
    if (isWholeMonth) pipe.hgetall(keys.months);
  });
  return replies.flatMap((reply) => [
    ...dayTotals(reply, days),
    ...(isWholeMonth ? monthTotals(reply, isWholeMonth) : []),
  ]);
}

function dayTotals(reply: Replies, days: readonly string[]): [string, Totals][] {
  const values = Array.from({ length: Math.ceil((days.length * 2) / FIELDS_AT_ONCE) }, (_, index) =>
    result<(string | null)[]>(reply, index),
  ).flat();
  return days.flatMap((day, index): [string, Totals][] => {
    const [orders, revenue] = [values[2 * index], values[2 * index + 1]];
    return orders == null ? [] : [[day, { orders: whole(orders), minorUnits: money(revenue) }]];
  });
}

function monthTotals(reply: Replies, isWholeMonth: (month: string) => boolean): [string, Totals][] {
  const fields = result<Record<string, string>>(reply, reply.length - 1);
  return Object.entries(fields).flatMap(([field, orders]): [string, Totals][] => {
    const [month = '', kind] = field.split(':');
    if (kind !== 'orders' || !isWholeMonth(month)) return [];
    return [[month, { orders: whole(orders), minorUnits: money(fields[`${month}:revenue`]) }]];
  });
}

export const NOTHING: Readonly<Totals> = Object.freeze({ orders: 0, minorUnits: 0 });

/** @throws TotalOutOfRange when the sum is past the room of a total */
export const sumOf = (a: Totals, b: Totals): Totals => ({
  orders: a.orders + b.orders,
  minorUnits: withinRoom(a.minorUnits + b.minorUnits),
});

const PERIODS_AT_ONCE = 500;

/**
 * What one user did in each period of a range, where anything. ZSCORE and HGET per period that exists, 500 periods
 * to a round trip; both of a period at once, so that an order counted meanwhile is in both or in neither.
 */
export async function userPeriods(detail: Detail, userId: string): Promise<[period: string, Totals][]> {
  const found: [string, Totals][] = [];
  for (let start = 0; start < detail.periods.length; start += PERIODS_AT_ONCE) {
    const periods = detail.periods.slice(start, start + PERIODS_AT_ONCE);
    const replies = await detail.ask((pipe, keys) => {
      for (const period of periods) {
        pipe.zscore(keys.spend(period), userId).hget(keys.counts(period), userId);
      }
    });
    periods.forEach((period, index) => {
      const spend = result<string | null>(replies, 2 * index);
      const orders = result<string | null>(replies, 2 * index + 1);
      if ((spend === null) !== (orders === null)) {
        throw new Error(`the stats of ${period} have a user's orders or spend, but not both`);
      }
      if (orders !== null) found.push([period, { orders: whole(orders), minorUnits: money(spend) }]);
    });
  }
  return found;
}

/** See ReadStats. Every period the range touches has its point, with zeros where nothing was counted. */
export async function series(
  ask: Ask,
  granularity: Granularity,
  range: DayRange,
  userId?: string,
): Promise<Point[]> {
  const pointsOf = makePoints(granularity, range);
  const split = splitFor(granularity, range);
  const parts =
    userId === undefined
      ? await periodTotals(ask, split)
      : (
          await Promise.all(
            (
              await findDetail(ask, split, [ask.partitions.of(userId)])
            ).map((detail) => userPeriods(detail, userId)),
          )
        ).flat();
  return pointsOf(parts);
}

/**
 * Turns what counted in days or months of a range into its points. Throws RangeTooLarge at once, so before anything is read.
 */
export function makePoints(
  granularity: Granularity,
  range: DayRange,
): (parts: readonly (readonly [period: string, Totals])[]) => Point[] {
  const points = new Map(periodsOf(granularity, range).map((period) => [period, NOTHING]));
  return (parts) => {
    for (const [part, totals] of parts) {
      const period = periodOf(granularity, part);
      points.set(period, sumOf(points.get(period) ?? NOTHING, totals));
    }
    return [...points].map(([period, totals]) => ({ period, ...totals }));
  };
}
