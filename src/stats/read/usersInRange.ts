import type { DayRange, Position, UserPage } from '../figures.ts';
import { splitRange } from './dayRange.ts';
import { type Detail, findDetail } from './detail.ts';
import { firstPlaces, type Place } from './largestFirst.ts';
import type { RangeMerge } from './rangeMerge.ts';
import { type Ask, result, whole } from './roundTrips.ts';
import { best } from './topUsers.ts';
import { usersAfter } from './usersAfter.ts';

/** Users looked up by one round trip to a partition, over all periods. */
const LOOKUPS_AT_ONCE = 5_000;

/** See ReadStats for the order, what holds while orders are counted, and what it costs. */
export async function usersInRange(
  ask: Ask,
  merge: RangeMerge,
  range: DayRange,
  limit: number,
  after?: Position,
): Promise<UserPage> {
  const details = await findDetail(ask, splitRange(range), ask.partitions.all);
  // One more than asked for tells whether there is a next page.
  const found = await spendPlaces(ask, merge, details, limit + 1, after && placeOf(after));
  const page = found.slice(0, limit);
  const orders = await ordersOf(ask, details, page);
  const users = page.map(({ userId, amount }) => ({
    userId,
    orders: orders.get(userId) as number,
    minorUnits: amount,
  }));
  const last = users.at(-1);
  return found.length > limit && last
    ? { users, next: { minorUnits: last.minorUnits, userId: last.userId } }
    : { users };
}

async function spendPlaces(
  ask: Ask,
  merge: RangeMerge,
  details: readonly Detail[],
  limit: number,
  after: Place | undefined,
): Promise<Place[]> {
  const single = details.filter(({ periods }) => periods.length === 1);
  const several = details.filter(({ periods }) => periods.length > 1);
  const [pages, merged] = await Promise.all([
    Promise.all(single.map((detail) => ask.trip((redis) => usersAfter(redis, detail, limit, after)))),
    merge
      .sums(several, 'spend')
      .then((sums) => Promise.all(sums.map((amounts) => firstPlaces(amounts, limit, after)))),
  ]);
  return best([...pages, ...merged], limit);
}

/** The orders of the users of a page. */
async function ordersOf(
  ask: Ask,
  details: readonly Detail[],
  page: readonly Place[],
): Promise<Map<string, number>> {
  const orders = new Map<string, number>();
  await Promise.all(
    details.map(async (detail) => {
      const users = page
        .map(({ userId }) => userId)
        .filter((userId) => ask.partitions.of(userId) === detail.partition);
      if (users.length > 0) await addOrders(detail, users, orders);
    }),
  );
  for (const { userId } of page) {
    if (!orders.get(userId)) throw new Error('the stats have a spend without an order');
  }
  return orders;
}

async function addOrders(
  detail: Detail,
  users: readonly string[],
  orders: Map<string, number>,
): Promise<void> {
  const periodsAtOnce = Math.max(1, Math.floor(LOOKUPS_AT_ONCE / users.length));
  for (let start = 0; start < detail.periods.length; start += periodsAtOnce) {
    const periods = detail.periods.slice(start, start + periodsAtOnce);
    const replies = await detail.ask((pipe, keys) => {
      for (const period of periods) pipe.hmget(keys.counts(period), ...users);
    });
    periods.forEach((_, index) => {
      result<(string | null)[]>(replies, index).forEach((count, at) => {
        const userId = users[at] as string;
        orders.set(userId, (orders.get(userId) ?? 0) + whole(count));
      });
    });
  }
}

const placeOf = ({ userId, minorUnits }: Position): Place => ({ userId, amount: minorUnits });
