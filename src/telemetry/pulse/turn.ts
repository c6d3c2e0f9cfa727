import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { PULSE_KEY } from '../../store/keys.ts';

/**
 * Does `work` in one process of the installation at a time, and not again before `ms` have passed, whoever asks. Says
 * whether it was this one's turn. One that dies in the middle of it leaves the turn to the others after that time.
 */
export function takingTurns(redis: Redis | Cluster, name: string, ms: number) {
  const me = randomUUID();
  return async (work: () => Promise<void>): Promise<boolean> => {
    const taken = await redis.set(`${PULSE_KEY}:turn:${name}`, me, 'PX', ms, 'NX');
    if (taken === null) return false;
    await work();
    return true;
  };
}
