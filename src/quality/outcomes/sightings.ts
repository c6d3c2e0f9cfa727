import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { qualityKeys } from '../../store/keys.ts';
import type { Declared } from '../declared/declaredChecks.ts';
import type { Sighting } from '../declared/repeats.ts';

/** Batches of some seconds; what they are for is over after ten minutes. */
const BATCHES_KEPT = 500;
/** One may bring thousands of orders. */
const BATCHES_AT_ONCE = 200;

/**
 * One turn in which a worker tells the others what it saw, hashes alone, and hears what they saw: an order sent twice is
 * found whichever processes it meets. Two commands a turn. What lies there from before this process is heard too.
 */
export function sightingsExchange(
  redis: Redis | Cluster,
  { drain, absorb }: Pick<Declared, 'drain' | 'absorb'>,
): () => Promise<void> {
  const me = randomUUID().slice(0, 8);
  let heard = '-';
  return async () => {
    const seen = drain();
    if (seen.length > 0) {
      const text = JSON.stringify(
        seen.map(({ content, user, own, orderId, at }) => [content, user, own, orderId, at]),
      );
      await redis.xadd(qualityKeys.sightings, 'MAXLEN', '~', BATCHES_KEPT, '*', me, text);
    }
    const entries = await redis.xrange(qualityKeys.sightings, heard, '+', 'COUNT', BATCHES_AT_ONCE);
    for (const [id, [from = '', text = '[]']] of entries) {
      heard = `(${id}`;
      if (from === me) continue;
      const batch = JSON.parse(text) as [number, number, number, string, number][];
      absorb(
        batch.map(([content, user, own, orderId, at]): Sighting => ({ content, user, own, orderId, at })),
      );
    }
  };
}
