import type { Cluster, Redis } from 'ioredis';

/** Belongs to no partition: it says how many there are. */
export const PARTITIONS_KEY = 'order-pipeline:partitions';

/**
 * Records the number of partitions at the first start ever, and refuses another one later: orders would be
 * looked up in ledgers that never saw them, and counted again.
 */
export async function claimPartitions(redis: Redis | Cluster, count: number): Promise<void> {
  await redis.set(PARTITIONS_KEY, count, 'NX');
  const recorded = Number(await redis.get(PARTITIONS_KEY));
  if (recorded === count) return;
  throw new Error(
    `PARTITIONS is ${count}, but this Redis was started with ${recorded}. Users are spread over that many, ` +
      `so set PARTITIONS=${recorded}, or point at an empty Redis`,
  );
}
