import type { Totals } from '../figures.ts';
import type { Detail } from './detail.ts';
import { money, result, whole } from './roundTrips.ts';

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
