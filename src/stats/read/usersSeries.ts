import type { DayRange, UsersPoint, UsersSeries } from '../figures.ts';
import { NUMBERS, periodsOf } from './dayRange.ts';
import { refuseGone } from './detail.ts';
import { type Ask, result, whole } from './roundTrips.ts';

/** Nothing is known of new users before a day that never comes. */
const NEVER = '9999-12-31';

/** See ReadStats. */
export async function usersSeries(
  ask: Ask,
  granularity: 'day' | 'month',
  range: DayRange,
): Promise<UsersSeries> {
  const periods = periodsOf(granularity, range);
  const days = granularity === 'day' ? periods : [];
  const sums = periods.map((period) => ({ period, users: 0, newUsers: 0 }));
  let after = '';
  await Promise.all(
    ask.partitions.all.map(async (partition) => {
      const replies = await ask.atOnce(partition, (pipe, keys) => {
        pipe.hmget(keys.newUsers, 'after', ...periods);
        pipe.hget(keys.detail, 'from').zcard(keys.bySpend);
        pipe.hmget(keys.days, 'none', ...days.map((day) => `${day}:orders`));
        for (const period of periods) pipe.zcard(keys.spend(period));
      });
      const [known, ...counts] = result<(string | null)[]>(replies, 0);
      const [, ...orders] = result<(string | null)[]>(replies, 3);
      const busy = days.find((_, index) => orders[index] != null);
      refuseGone(busy, result<string | null>(replies, 1));
      // Users, and no word of when they were new: nothing was counted here since that is kept.
      const last = known ?? (result<number>(replies, 2) > 0 ? NEVER : '');
      if (last > after) after = last;
      for (const [index, sum] of sums.entries()) {
        sum.users += result<number>(replies, 4 + index);
        sum.newUsers += whole(counts[index]);
      }
    }),
  );
  const { of, name } = NUMBERS.day;
  const knownFrom = after === NEVER ? undefined : after === '' ? '0001-01-01' : name(of(after) + 1);
  const firstDay = (period: string) => (granularity === 'day' ? period : `${period}-01`);
  const points = sums.map(
    ({ newUsers, ...point }): UsersPoint => ({
      ...point,
      newUsers: knownFrom !== undefined && firstDay(point.period) >= knownFrom ? newUsers : undefined,
    }),
  );
  return { knownFrom, points };
}
