import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { dayOf } from '../orders/timestamp.ts';
import { DAY_MS } from '../runtime/units.ts';
import type { Partition } from '../store/partitions.ts';
import { statsKeys } from '../store/statsKeys.ts';

const SCRIPT = readFileSync(new URL('./forgetDetail.lua', import.meta.url), 'utf8');
const DAYS_AT_ONCE = 500;

/**
 * Drops what single users spent and ordered on days before `firstDay` (YYYY-MM-DD, UTC). Their months stay, and so
 * do the totals of every day. Safe to repeat and to run in several processes at once; a run that ends half-way is
 * made up for by the next.
 *
 * @returns how many keys were dropped
 */
export async function forgetDetail(
  redis: Redis | Cluster,
  partition: Partition,
  firstDay: string,
): Promise<number> {
  const keys = statsKeys(partition);
  const fields = await redis.hkeys(keys.days);
  const days = fields
    .filter((field) => field.endsWith(':orders'))
    .map((field) => field.slice(0, -':orders'.length))
    .filter((day) => day < firstDay);
  let dropped = 0;
  for (let start = 0; start === 0 || start < days.length; start += DAYS_AT_ONCE) {
    const gone = days
      .slice(start, start + DAYS_AT_ONCE)
      .flatMap((day) => [keys.spend(day), keys.counts(day)]);
    dropped += Number(await redis.eval(SCRIPT, 1 + gone.length, keys.detail, ...gone, firstDay));
  }
  return dropped;
}

/** The first of so many days up to today, UTC. */
export function firstDayOf(days: number, now: number): string {
  const instant = new Date(now - (days - 1) * DAY_MS);
  return instant.getUTCFullYear() < 1 ? '0001-01-01' : dayOf(instant.toISOString());
}
