import { setTimeout as delay } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { Endings } from './growth.ts';

const LOOK_EVERY_MS = 100;
/** Without any progress for this long, something is wrong and waiting on would not mend it. */
const GIVE_UP_MS = 30_000;

/** A bar on a terminal, a line a second elsewhere. `finished` resolves when all messages have ended. */
export function followProgress(messages: number, look: () => Promise<Endings>): { finished: Promise<void> } {
  const bar = new SingleBar({
    format: '{bar} {value}/{total} messages processed',
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 1_000,
    clearOnComplete: false,
  });
  bar.start(messages, 0);
  const follow = async () => {
    let ended = 0;
    let lastGrowth = Date.now();
    while (ended < messages) {
      await delay(LOOK_EVERY_MS);
      const { counted, duplicates, refused } = await look();
      if (counted + duplicates + refused > ended) lastGrowth = Date.now();
      ended = counted + duplicates + refused;
      bar.update(Math.min(ended, messages));
      if (Date.now() - lastGrowth > GIVE_UP_MS) {
        throw new Error(`nothing moved for ${GIVE_UP_MS / 1_000} s at ${ended} of ${messages} messages`);
      }
    }
  };
  return { finished: follow().finally(() => bar.stop()) };
}
