import { averageOf, toJsonAmount } from '../../orders/money.ts';
import { isoOrNull } from '../../runtime/isoTime.ts';
import type { DayRange } from '../../stats/figures.ts';
import { refuseTooManyHours } from '../../stats/read/dayRange.ts';
import type { ReadHours } from '../../telemetry/read/hours.ts';
import type { AnswerOf } from '../description/operation.ts';
import type { statsOperations } from '../description/operations.ts';

type Series = AnswerOf<ReturnType<typeof statsOperations>['series']>;

/**
 * A series by the hours in which orders were counted: the stats know days, the pulse knows hours.
 *
 * @throws RangeTooLarge
 */
export async function hourSeries(
  read: ReadHours,
  range: DayRange,
): Promise<Pick<Series, 'known_from' | 'points'>> {
  refuseTooManyHours(range);
  const { knownFrom, hours } = await read(range);
  return {
    known_from: isoOrNull(knownFrom),
    points: hours.map(({ time, counted }) => ({
      period: `${new Date(time).toISOString().slice(0, 'YYYY-MM-DDThh:mm'.length)}Z`,
      orders: counted?.orders ?? null,
      revenue: counted ? toJsonAmount(counted.minorUnits) : null,
      average_order_value: counted ? toJsonAmount(averageOf(counted)) : null,
    })),
  };
}
