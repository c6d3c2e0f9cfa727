import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import { untilReady } from './connections.ts';
import { permissionAdvised } from './redisAdvice.ts';
import { mayPass } from './redisFaults.ts';

const AGAIN_AFTER_MS = 200;

/**
 * Does `attempt` once the connection is ready, and again when Redis went away or took nothing meanwhile: a process that
 * starts during a failover waits like one that starts before its Redis. Rejects with any other error, and once the
 * connection is closed for good.
 */
export async function retryStart<T>(
  redis: Redis | Cluster,
  attempt: () => Promise<T>,
  onError: (error: Error) => void,
): Promise<T> {
  for (;;) {
    await untilReady(redis);
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error)) throw permissionAdvised(error as Error);
      onError(error as Error);
      await delay(AGAIN_AFTER_MS);
    }
  }
}
