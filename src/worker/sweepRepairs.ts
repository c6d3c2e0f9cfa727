import type { Logger } from 'winston';
import type { RepairShelf } from '../queue/repairs.ts';
import { every, type Repetition } from '../runtime/every.ts';

const HOUR_MS = 3_600_000;

export interface SweepRepairsParts {
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
