import type { Cluster, Redis } from 'ioredis';
import { MAX_CONCURRENCY } from '../runtime/limits.ts';
import { CONCURRENCY_KEY } from '../store/keys.ts';

/** Undefined when none is set, or when what is set makes no sense: workers go on with their own then. */
export async function readFleetConcurrency(redis: Redis | Cluster): Promise<number | undefined> {
  const value = Number((await redis.get(CONCURRENCY_KEY)) ?? Number.NaN);
  return Number.isInteger(value) && value >= 1 && value <= MAX_CONCURRENCY ? value : undefined;
}

/** Worker processes follow within seconds. Undefined hands each its own back. */
export async function setFleetConcurrency(
  redis: Redis | Cluster,
  concurrency: number | undefined,
): Promise<void> {
  if (concurrency === undefined) await redis.del(CONCURRENCY_KEY);
  else await redis.set(CONCURRENCY_KEY, concurrency);
}
