import type { DayRange, Granularity, Point } from '../figures.ts';
import { periodOf, periodsOf, splitFor } from './dayRange.ts';
import { findDetail } from './detail.ts';
import { NOTHING, periodTotals, sumOf } from './periodTotals.ts';
import type { Ask } from './roundTrips.ts';
import { userPeriods } from './userPeriods.ts';

/** See ReadStats. Every period the range touches has its point, with zeros where nothing was counted. */
export async function series(
  ask: Ask,
  granularity: Granularity,
  range: DayRange,
  userId?: string,
): Promise<Point[]> {
  const points = new Map(periodsOf(granularity, range).map((period) => [period, NOTHING]));
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
  for (const [part, totals] of parts) {
    const period = periodOf(granularity, part);
    points.set(period, sumOf(points.get(period) ?? NOTHING, totals));
  }
  return [...points].map(([period, totals]) => ({ period, ...totals }));
}
