import { setTimeout as delay } from 'node:timers/promises';
import { showProgress } from './progress.ts';
import type { Surroundings } from './surroundings.ts';

export interface Followed {
  /** What is counted, and how many there are. */
  what: string;
  total: number;
  /** How many are done by now. */
  done(): Promise<number>;
  isRunning(): Promise<boolean>;
  /** Does some of it, unless another process is at it. */
  drive(signal: AbortSignal): Promise<void>;
}

const LOOK_EVERY_MS = 200;

/** Drives something, or looks on where another process does, until it runs no more or this is stopped. */
export async function follow(
  { what, total, done, isRunning, drive }: Followed,
  around: Surroundings,
): Promise<void> {
  const { signal = new AbortController().signal } = around;
  const progress = showProgress(around.stderr);
  progress.begin(what, total);
  const ended = new AbortController();
  const look = async () => {
    for (let shown = 0; !ended.signal.aborted; ) {
      const now = await done();
      progress.add(Math.max(0, now - shown));
      shown = Math.max(shown, now);
      await delay(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => {});
    }
  };
  const looking = look();
  // Whoever drives hears of the same fault.
  looking.catch(() => {});
  try {
    for (let goesOn = await isRunning(); goesOn && !signal.aborted; ) {
      await drive(signal);
      goesOn = await isRunning();
      if (goesOn) await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    ended.abort();
    await looking.catch(() => {});
    progress.stop();
  }
}
