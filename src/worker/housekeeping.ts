import type { Logger } from 'winston';
import type { RepairShelf } from '../queue/repairs.ts';
import { every, type Repetition } from '../runtime/every.ts';
import { HOUR_MS } from '../runtime/units.ts';
import { firstDayOf } from '../stats/forgetDetail.ts';

const LOOK_EVERY_MS = 1_000;

interface FollowParts {
  /** What the process was started with. */
  own: number;
  /** The fleet's setting, undefined when there is none. */
  read: () => Promise<number | undefined>;
  apply: (concurrency: number) => void;
  logger: Logger;
}

/** Applies the fleet's setting as it changes. While Redis is away the last one stays in force. */
export function followConcurrency({ own, read, apply, logger }: FollowParts): {
  current(): number;
  stop(): Promise<void>;
} {
  let current = own;
  const look = async () => {
    const wanted = (await read()) ?? own;
    if (wanted === current) return;
    logger.info('concurrency changed for the whole fleet', { from: current, to: wanted });
    current = wanted;
    apply(wanted);
  };
  const looking = every(LOOK_EVERY_MS, look, { atOnce: false, onError: () => {} });
  return { current: () => current, stop: looking.stop };
}

interface KeepDetailParts {
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

interface SweepRepairsParts {
  /** Of each partition. */
  shelves: readonly RepairShelf[];
  logger: Logger;
  onError: (error: Error) => void;
}

/** Finds what was kept beside edited jobs that have ended otherwise: at the start, and every hour for as long as it runs. */
export function sweepRepairs({ shelves, logger, onError }: SweepRepairsParts): Repetition {
  const look = async () => {
    let moved = 0;
    for (const shelf of shelves) moved += await shelf.sweep(Date.now());
    if (moved > 0) logger.info('edited orders whose jobs have ended moved to the repairs', { orders: moved });
  };
  return every(HOUR_MS, look, { atOnce: true, onError });
}
