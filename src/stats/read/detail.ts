import { isCalendarDay } from '../../orders/timestamp.ts';
import type { Partition } from '../../store/partitions.ts';
import type { SplitRange } from './dayRange.ts';
import { DetailGone } from './errors.ts';
import { type Ask, type Commands, type Replies, result } from './roundTrips.ts';

/** What each user of one partition did in a range: where it is, and how to ask for it. */
export interface Detail {
  partition: Partition;
  /** The days and whole months of the range in which this partition counted anything. */
  periods: string[];
  /** The first of them that is a day. */
  firstDay: string | undefined;
  /** Rejects with DetailGone when one of the days is no longer kept. Nothing is counted between the commands. */
  ask(commands: Commands): Promise<Replies>;
}

/**
 * Finds the periods that hold per-user detail of a range. One round trip: the months that exist (HKEYS), and which
 * of the days have orders (HMGET). A day without orders needs no detail, so it is never refused.
 */
export function findDetail(
  ask: Ask,
  { days, isWholeMonth }: SplitRange,
  partitions: readonly Partition[],
): Promise<Detail[]> {
  return Promise.all(
    partitions.map(async (partition) => {
      const replies = await ask.one(partition, (pipe, keys) => {
        if (isWholeMonth) pipe.hkeys(keys.months);
        if (days.length > 0) pipe.hmget(keys.days, ...days.map((day) => `${day}:orders`));
      });
      const months = isWholeMonth ? monthsOf(result<string[]>(replies, 0)).filter(isWholeMonth) : [];
      const orders = days.length > 0 ? result<(string | null)[]>(replies, replies.length - 1) : [];
      const busyDays = days.filter((_, index) => orders[index] != null);
      return {
        partition,
        periods: [...busyDays, ...months],
        firstDay: busyDays[0],
        ask: guarded(ask, partition, busyDays[0]),
      };
    }),
  );
}

/**
 * Days are dropped at any time, but `from` moves first: a reply that comes together with a `from` not after the
 * first day cannot lack anything.
 */
function guarded(ask: Ask, partition: Partition, firstDay: string | undefined): Detail['ask'] {
  if (firstDay === undefined) return (commands) => ask.atOnce(partition, commands);
  return async (commands) => {
    const replies = await ask.atOnce(partition, (pipe, keys) => {
      commands(pipe, keys);
      pipe.hget(keys.detail, 'from');
    });
    refuseGone(firstDay, result<string | null>(replies, replies.length - 1));
    return replies;
  };
}

/** `from` as Redis has it: nothing means that every day is still there. */
export function refuseGone(firstDay: string | undefined, from: string | null): void {
  if (firstDay === undefined || from === null) return;
  if (!isCalendarDay(from)) throw new Error(`the stats hold ${JSON.stringify(from)} where a day belongs`);
  if (firstDay < from) throw new DetailGone(from);
}

const monthsOf = (fields: readonly string[]): string[] =>
  fields.filter((field) => field.endsWith(':orders')).map((field) => field.slice(0, -':orders'.length));
