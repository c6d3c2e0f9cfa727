import type { DayRange, Granularity, UsersPoint, UsersSeries } from '../figures.ts';
import { NUMBERS, periodOf, periodsOf, wholePeriods } from './dayRange.ts';
import { findDetail, refuseGone } from './detail.ts';
import type { RangeMerge } from './rangeMerge.ts';
import { type Ask, type Replies, result, whole } from './roundTrips.ts';

/** Nothing is known of new users before a day that never comes. */
const NEVER = '9999-12-31';

interface Count {
  period: string;
  users: number;
  newUsers: number;
}

/** See ReadStats. */
export async function usersSeries(
  ask: Ask,
  merge: RangeMerge,
  granularity: Granularity,
  range: DayRange,
): Promise<UsersSeries> {
  const periods = periodsOf(granularity, range);
  const counts = new Map(
    periods.map((period): [string, Count] => [period, { period, users: 0, newUsers: 0 }]),
  );
  const after =
    granularity === 'day' || granularity === 'month'
      ? await countKept(ask, granularity, counts)
      : await countMerged(ask, merge, granularity, range, counts);
  const { of, name } = NUMBERS.day;
  const knownFrom = after === NEVER ? undefined : after === '' ? '0001-01-01' : name(of(after) + 1);
  // A period that `after` lies in may lack some.
  const isKnown = (number: number) => after === '' || number > NUMBERS[granularity].of(after);
  const first = NUMBERS[granularity].of(range.startDay);
  const points = [...counts.values()].map(
    ({ newUsers, ...point }, index): UsersPoint => ({
      ...point,
      newUsers: isKnown(first + index) ? newUsers : undefined,
    }),
  );
  return { knownFrom, points };
}

/** Days and months have their users in one key. Returns the last day that may lack new users, '' for none. */
async function countKept(
  ask: Ask,
  granularity: 'day' | 'month',
  counts: Map<string, Count>,
): Promise<string> {
  const periods = [...counts.keys()];
  const days = granularity === 'day' ? periods : [];
  let after = '';
  await Promise.all(
    ask.partitions.all.map(async (partition) => {
      const replies = await ask.atOnce(partition, (pipe, keys) => {
        pipe.hmget(keys.newUsers, 'after', ...periods).zcard(keys.bySpend);
        pipe.hget(keys.detail, 'from');
        pipe.hmget(keys.days, 'none', ...days.map((day) => `${day}:orders`));
        for (const period of periods) pipe.zcard(keys.spend(period));
      });
      const [, ...orders] = result<(string | null)[]>(replies, 3);
      refuseGone(
        days.find((_, index) => orders[index] != null),
        result<string | null>(replies, 2),
      );
      after = latest(
        after,
        addNewUsers(replies, periods, (period) => period, counts),
      );
      for (const [index, period] of periods.entries()) {
        (counts.get(period) as Count).users += result<number>(replies, 4 + index);
      }
    }),
  );
  return after;
}

/** The same of periods that are several days or months. */
async function countMerged(
  ask: Ask,
  merge: RangeMerge,
  granularity: Exclude<Granularity, 'day' | 'month'>,
  range: DayRange,
  counts: Map<string, Count>,
): Promise<string> {
  const groupOf = (period: string) => periodOf(granularity, period);
  const details = await findDetail(ask, wholePeriods(granularity, range), ask.partitions.all);
  let after = '';
  // Before the users: whoever becomes new meanwhile must not be new and not among them.
  await Promise.all(
    details.map(async ({ partition, periods }) => {
      const replies = await ask.atOnce(partition, (pipe, keys) =>
        pipe.hmget(keys.newUsers, 'after', ...periods).zcard(keys.bySpend),
      );
      after = latest(after, addNewUsers(replies, periods, groupOf, counts));
    }),
  );
  const busy = details.filter(({ periods }) => periods.length > 0);
  for (const [period, users] of await merge.users(busy, groupOf)) (counts.get(period) as Count).users = users;
  return after;
}

/** Of an answer that begins with `after` and the new users of some periods, and how many users there are. */
function addNewUsers(
  replies: Replies,
  periods: readonly string[],
  groupOf: (period: string) => string,
  counts: Map<string, Count>,
): string {
  const [known, ...found] = result<(string | null)[]>(replies, 0);
  for (const [index, period] of periods.entries()) {
    (counts.get(groupOf(period)) as Count).newUsers += whole(found[index]);
  }
  // Users, and no word of when they were new: nothing was counted here since that is kept.
  return known ?? (result<number>(replies, 1) > 0 ? NEVER : '');
}

const latest = (a: string, b: string): string => (a > b ? a : b);
