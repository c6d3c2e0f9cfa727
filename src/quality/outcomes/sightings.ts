import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { qualityKeys } from '../../store/keys.ts';
import { ofItsType, stored } from '../../store/stored.ts';
import type { Declared } from '../declared/declaredChecks.ts';
import type { Sighting } from '../declared/repeats.ts';
import type { Late } from '../flagged.ts';

/** Batches of some seconds; what they are for is over after ten minutes. */
const BATCHES_KEPT = 500;
/** Of this process, that it has not read back: a turn or two. */
const UNHEARD_KEPT = 3;
/** One may bring thousands of orders. */
const BATCHES_AT_ONCE = 200;

type PackedSighting = [content: number, user: number, own: number, orderId: string, at: number];
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
  const unheard: Sighting[][] = [];
  const settle = (some: readonly Sighting[] = []) => {
    for (const one of some) one.unheard = false;
  };
  return async () => {
    const seen = drain();
    if (seen.length > 0) {
      const text = JSON.stringify(
        seen.map(({ content, user, own, orderId, at }) => [content, user, own, orderId, at]),
      );
      unheard.push(seen);
      if (unheard.length > UNHEARD_KEPT) settle(unheard.shift());
      try {
        await ofItsType(redis, key, redis.xadd(key, 'MAXLEN', '~', BATCHES_KEPT, '*', me, text), null);
      } catch (error) {
        settle(unheard.pop());
        throw error;
      }
    }
    const late: Late[] = [];
    const read = redis.xrange(key, heard, '+', 'COUNT', BATCHES_AT_ONCE);
    const entries = await ofItsType(redis, key, read, []);
    for (const [id, [from = '', text = '[]']] of entries) {
      heard = `(${id}`;
      if (from === me) {
        settle(unheard.shift());
        continue;
      }
      const sightings = (stored<PackedSighting[]>(redis, { key, field: id }, text, shape) ?? []).map(
        ([content, user, own, orderId, at]): Sighting => ({
          content,
          user,
          own,
          orderId,
          at,
          unheard: false,
        }),
      );
      late.push(...absorb(sightings));
    }
    return late;
  };
}
