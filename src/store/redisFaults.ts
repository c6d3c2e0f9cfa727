import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import { untilReady } from './connections.ts';
import { permissionAdvised } from './redisAdvice.ts';

/**
 * What Redis answers while it takes no write from anybody, and how ioredis says that a command found nobody, or that
 * nobody is there to hear its answer. Older servers put theirs into a sentence; a cluster's last one comes quoted.
 */
const MAY_PASS = [
  /(?:^|-|Error: )(?:OOM|READONLY|MISCONF|NOREPLICAS|CLUSTERDOWN|MASTERDOWN|LOADING|TRYAGAIN|BUSY|MOVED|ASK)\b/,
  /^Connection is closed|^Stream isn't writeable|^Cluster isn't ready|max retries per request|^Command timed out/,
  /^Too many Cluster redirections|^No master of the Redis Cluster/,
];

const AGAIN_AFTER_MS = 200;

/** Whether the same may well work in a moment: Redis is away, takes nothing at present, or is changing its masters. */
export const mayPass = ({ message }: Error): boolean => MAY_PASS.some((pattern) => pattern.test(message));

/**
 * Does `attempt` once the connection is ready, and again when Redis went away or took nothing meanwhile: a process that
 * starts during a failover waits like one that starts before its Redis. Rejects with any other error, and once the
 * connection is closed for good.
 */
export async function onceThere<T>(
  redis: Redis | Cluster,
  attempt: () => Promise<T>,
  onError: (error: Error) => void,
): Promise<T> {
  for (;;) {
    await untilReady(redis);
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error as Error)) throw permissionAdvised(error as Error);
      onError(error as Error);
      await delay(AGAIN_AFTER_MS);
    }
  }
}
