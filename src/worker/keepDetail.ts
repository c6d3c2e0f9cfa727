import type { Logger } from 'winston';
import { dayOf } from '../orders/timestamp.ts';
import { every, type Repetition } from '../runtime/every.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface KeepDetailParts {
  /** Days of per-user detail, today included. */
  days: number;
  /** The time by the clock of Redis, ms since 1970. One worker whose own is ahead would drop the detail of all. */
  today: () => Promise<number>;
  /** Drops what is older than this day (YYYY-MM-DD); says how many keys went. */
  forget: (firstDay: string) => Promise<number>;
  logger: Logger;
  onError: (error: Error) => void;
}

/** Keeps per-user detail by day for so many days: looks at the start, and every hour for as long as it runs. */
export function keepDetail({ days, today, forget, logger, onError }: KeepDetailParts): Repetition {
  const look = async () => {
    const firstDay = firstDayOf(days, await today());
    const dropped = await forget(firstDay);
    if (dropped > 0) logger.info('per-user detail by day dropped', { before: firstDay, keys: dropped });
  };
  return every(HOUR_MS, look, { atOnce: true, onError });
}

/** The first of so many days up to today, UTC. */
export function firstDayOf(days: number, now: number): string {
  const instant = new Date(now - (days - 1) * DAY_MS);
  return instant.getUTCFullYear() < 1 ? '0001-01-01' : dayOf(instant.toISOString());
}
