import type { Cluster, Redis } from 'ioredis';

/** Records a value at the first start ever, and returns what is recorded: ours, or what an earlier start wrote. */
export async function recordOnce(redis: Redis | Cluster, key: string, value: number): Promise<string | null> {
  const recorded = await redis.get(key);
  if (recorded !== null) return recorded;
  // Only then: a Redis that is full refuses every write, and workers must be able to start and make room.
  await redis.set(key, value, 'NX');
  return redis.get(key);
}
