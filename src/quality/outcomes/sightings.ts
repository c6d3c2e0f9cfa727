import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { qualityKeys } from '../../store/keys.ts';
import { ofItsType, stored } from '../../store/stored.ts';
import type { Declared } from '../declared/declaredChecks.ts';
import type { Seen, Sighting } from '../declared/repeats.ts';
import type { Late } from '../flagged.ts';

/** Batches of some seconds; what they are for is over after ten minutes. */
const BATCHES_KEPT = 500;
/** Of this process, that it has not read back: a turn or two. */
const UNHEARD_KEPT = 3;
/** One may bring thousands of orders. */
const BATCHES_AT_ONCE = 200;

const shape = z.array(z.tuple([z.number(), z.number(), z.number(), z.string(), z.number()]));

/**
 * One turn in which a worker tells the others what it saw, hashes alone, and hears what they saw: an order sent twice is
 * found whichever processes it meets. Of two that met two processes at once the one whose sighting comes later in the stream is
 * told: this process's own, as long as it has not read it back. Two commands a turn. What lies there from before this process is
 * heard too. Resolves to what it found in orders that were reviewed before.
 */
export function sightingsExchange(
  redis: Redis | Cluster,
  { drain, absorb }: Pick<Declared, 'drain' | 'absorb'>,
): () => Promise<Late[]> {
  const { sightings: key } = qualityKeys;
  const me = randomUUID().slice(0, 8);
  let heard = '-';
  const unheard: Seen[] = [];
  return async () => {
    const seen = drain();
    if (seen.sightings.length > 0) {
      unheard.push(seen);
      if (unheard.length > UNHEARD_KEPT) unheard.shift()?.settle();
      try {
        const text = JSON.stringify(seen.sightings);
        await ofItsType(redis, key, redis.xadd(key, 'MAXLEN', '~', BATCHES_KEPT, '*', me, text), null);
      } catch (error) {
        unheard.pop()?.settle();
        throw error;
      }
    }
    const late: Late[] = [];
    const read = redis.xrange(key, heard, '+', 'COUNT', BATCHES_AT_ONCE);
    const entries = await ofItsType(redis, key, read, []);
    for (const [id, [from = '', text = '[]']] of entries) {
      heard = `(${id}`;
      if (from === me) unheard.shift()?.settle();
      else late.push(...absorb(stored<Sighting[]>(redis, { key, field: id }, text, shape) ?? []));
    }
    return late;
  };
}
