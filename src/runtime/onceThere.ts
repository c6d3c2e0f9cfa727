import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import { untilReady } from './redis.ts';

/** What Redis answers while it takes no write from anybody, whichever it is. Older ones put it into a sentence. */
export const TAKES_NOTHING =
  /(?:^|-)(OOM|READONLY|MISCONF|NOREPLICAS|CLUSTERDOWN|MASTERDOWN|LOADING|TRYAGAIN|BUSY)\b/;

/** How ioredis says that a command found nobody, or that nobody is there to hear its answer. */
const NOBODY_THERE =
  /^Connection is closed|isn't (?:writeable|ready)|max retries per request|^Command timed out|^Socket timeout|^None of startup nodes|slots cache|\b(?:ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT)\b/;

const AGAIN_AFTER_MS = 200;

/**
 * Does `attempt` once the connection is ready, and again when Redis went away or took nothing meanwhile: a process that
 * starts during a failover waits like one that starts before its Redis. Rejects with any other error, and with that of
 * a connection that was closed for good.
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
      const { message } = error as Error;
      const mayPass = TAKES_NOTHING.test(message) || NOBODY_THERE.test(message);
      if (!mayPass) throw error;
      onError(error as Error);
      await delay(AGAIN_AFTER_MS);
    }
  }
}
