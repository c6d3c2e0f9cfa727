import Big from 'big.js';
import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import { formatMinorUnits, TOTAL_ROOM } from '../orders/money.ts';
import { every, type Repetition } from '../runtime/every.ts';
import type { Troubles } from '../runtime/troubles.ts';
import type { Partitions } from '../store/partitions.ts';
import { statsKeys } from '../store/statsKeys.ts';

const LOOK_EVERY_MS = 5_000;
const TROUBLE = 'totals';

export interface WatchTotalsParts {
  redis: Redis | Cluster;
  partitions: Partitions;
  troubles: Troubles;
  logger: Logger;
  lookEveryMs?: number;
}

/**
 * Says from half of it on when the room of the totals is being used up: a trouble, and an ERROR line now and at every
 * further tenth. The revenue of all partitions together is the largest total there is, so it is the only one looked
 * at: one HGET for each partition. A look that fails is done again at the next turn; what Redis lacks others tell.
 */
export function watchTotals(parts: WatchTotalsParts): Repetition {
  let tenthsLogged = 0;
  const look = async () => {
    const revenues = await revenuesOf(parts);
    const revenue = revenues.reduce((sum, each) => sum.plus(each), new Big(0));
    const tenths = Number(revenue.times(10).div(TOTAL_ROOM).round(0, Big.roundDown));
    if (tenths < 5) {
      tenthsLogged = 0;
      parts.troubles.end(TROUBLE);
      return;
    }
    const reason = reasonOf(revenue, revenues);
    const openly = `the totals have used ${tenths * 10} % of their room or more: whoever may read the stats is told here how much`;
    parts.troubles.report(TROUBLE, reason, undefined, openly);
    if (tenths > tenthsLogged) parts.logger.error('totals are running out of room', { reason });
    tenthsLogged = tenths;
  };
  return every(parts.lookEveryMs ?? LOOK_EVERY_MS, look, { atOnce: true, onError: () => {} });
}

/** Of each partition, in minor units. */
async function revenuesOf({ redis, partitions }: WatchTotalsParts): Promise<Big[]> {
  const revenues = await Promise.all(
    partitions.all.map((each) => redis.hget(statsKeys(each).global, 'total_revenue')),
  );
  return revenues.map((revenue) => new Big(revenue ?? 0));
}

const percentOf = (revenue: Big): Big => revenue.times(100).div(TOTAL_ROOM).round(0, Big.roundDown);

/** `revenue`: of all partitions together, past 2^53 too. What it is short of is told; what a partition is short of, counted. */
function reasonOf(revenue: Big, revenues: readonly Big[]): string {
  const room = formatMinorUnits(TOTAL_ROOM);
  const used = `total_revenue is ${formatMinorUnits(revenue)}`;
  if (revenues.length === 1 && revenue.lte(TOTAL_ROOM)) {
    return `${used}, ${percentOf(revenue)} % of the ${room} that a total has room for: an order that would pass it is not counted`;
  }
  const told = revenue.gt(TOTAL_ROOM)
    ? `${used} over all partitions, past the room of ${room} up to which a total is exact: it cannot be told`
    : `${used} over all partitions, ${percentOf(revenue)} % of the ${room} up to which a total is told`;
  const percents = revenues.map((each) => Number(percentOf(each)));
  const fullest = Math.max(...percents);
  return `${told}; partition ${percents.indexOf(fullest)} has used ${fullest} % of its own room, and an order that would pass that is not counted`;
}
