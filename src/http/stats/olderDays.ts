import { type HistoryReads, HistoryUnavailable } from '../../history/read/historyPool.ts';
import { readUserDays } from '../../history/read/userDays.ts';
import type { DayRange, Totals } from '../../stats/figures.ts';
import { DetailGone } from '../../stats/read/errors.ts';
import { makePoints, NOTHING, sumOf } from '../../stats/read/periodTotals.ts';
import type { ReadStats } from '../../stats/read/readStats.ts';
import { HttpProblem } from '../transport/problem.ts';

/**
 * A user's days that Redis has dropped come from the history: all of the range, so that it is of one moment. Where the
 * history cannot tell, the refusal stays.
 */
export function withOlderDays<T extends Pick<ReadStats, 'userInRange' | 'series'>>(
  stats: T,
  history: HistoryReads | undefined,
): T {
  if (!history) return stats;
  const older = async <A>(
    read: () => Promise<A>,
    userId: string,
    range: DayRange,
    answer: (days: readonly [day: string, Totals][]) => A,
  ): Promise<A> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof DetailGone)) throw error;
      const days = await readUserDays(history, userId, range).catch((fault) => {
        throw fault instanceof HistoryUnavailable ? unavailable() : fault;
      });
      if (days === undefined) throw error;
      return answer(days);
    }
  };
  return {
    ...stats,
    userInRange: (userId, range) =>
      older(
        () => stats.userInRange(userId, range),
        userId,
        range,
        (days) => days.reduce((sum, [, totals]) => sumOf(sum, totals), NOTHING),
      ),
    series: (granularity, range, userId) =>
      userId === undefined
        ? stats.series(granularity, range)
        : older(
            () => stats.series(granularity, range, userId),
            userId,
            range,
            makePoints(granularity, range),
          ),
  };
}

const unavailable = () =>
  new HttpProblem(503, {
    kind: 'history-unavailable',
    detail: 'Redis keeps these days no more, and PostgreSQL, which does, does not answer: try again soon',
  });
