import { setTimeout as sleep } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }),
};

/** How far behind its schedule a pacer may fall and still catch up; more would come back as one burst. */
const CATCH_UP_MS = 1000;

/**
 * Returns a function that waits until `messages` more may go, at `rate` a second. Due times are counted from the
 * first call, not from the last wait, so that timers firing late do not add up. Without a rate it never waits.
 */
export function createPacer(rate: number | undefined, clock: Clock) {
  let due = Number.NEGATIVE_INFINITY;
  return async (messages: number, signal?: AbortSignal): Promise<void> => {
    if (rate === undefined) return;
    const now = clock.now();
    due = due === Number.NEGATIVE_INFINITY ? now : Math.max(due, now - CATCH_UP_MS);
    if (due > now) await clock.sleep(due - now, signal);
    due += (messages * 1000) / rate;
  };
}
