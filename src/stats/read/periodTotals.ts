import type { Totals } from '../figures.ts';
import type { SplitRange } from './dayRange.ts';
import { type Ask, money, type Replies, result, whole, withinRoom } from './roundTrips.ts';

/** Fields of one command, so that none keeps Redis from others for long. */
const FIELDS_AT_ONCE = 2_000;

/**
 * The totals of all users in each day and month of a split range that has orders; a period comes once for every
 * partition that has some. One round trip whatever the range: the months that exist (HGETALL) and the days
 * asked for (HMGET). An order counted meanwhile is in or not, never half.
 */
export async function periodTotals(
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
