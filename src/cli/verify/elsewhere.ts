import type { Cluster, Redis } from 'ioredis';
import { MAX_PARTITIONS } from '../../runtime/limits.ts';
import { queueKey } from '../../store/keys.ts';
import { makePartitions, type Partition } from '../../store/partitions.ts';
import { statsKeys } from '../../store/statsKeys.ts';

const JOBS = ['wait', 'paused', 'active', 'delayed', 'prioritized', 'failed'];

let everywhere: Partition[][] | undefined;

/**
 * The tags of all numbers of partitions but this one that hold orders or jobs. A process that was cut off while the
 * number changed, and came back, writes where nobody looks any more: here it shows.
 */
export async function tagsElsewhere(redis: Redis | Cluster, count: number): Promise<string[]> {
  // Finding tags takes a moment, and they never change.
  everywhere ??= Array.from({ length: MAX_PARTITIONS }, (_, index) => [...makePartitions(index + 1).all]);
  return occupiedTags(redis, everywhere.filter((partitions) => partitions.length !== count).flat());
}

/** Those of the partitions that hold orders or jobs other than completed ones. */
export async function occupiedTags(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
): Promise<string[]> {
  const found = await Promise.all(
    partitions.map((partition) =>
      redis.exists(statsKeys(partition).global, ...JOBS.map((state) => queueKey(partition, state))),
    ),
  );
  return partitions.filter((_, index) => found[index] !== 0).map(({ tag }) => tag);
}
