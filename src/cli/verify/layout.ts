import type { Cluster, Redis } from 'ioredis';
import { MAX_PARTITIONS } from '../../runtime/limits.ts';
import { CHANGING } from '../../store/claims.ts';
import { PARTITIONS_KEY, queueKey } from '../../store/keys.ts';
import { makePartitions, type Partition } from '../../store/partitions.ts';
import { statsKeys } from '../../store/statsKeys.ts';

/** What Redis says of its partitions. While they are being changed the record is no number, so nothing starts. */
export type Layout =
  | { kind: 'empty' }
  | { kind: 'settled'; count: number }
  | { kind: 'changing'; from: number; to: number }
  | { kind: 'unknown'; text: string };

export async function readLayout(redis: Redis | Cluster): Promise<Layout> {
  const text = await redis.get(PARTITIONS_KEY);
  if (text === null) return { kind: 'empty' };
  const changing = CHANGING.exec(text);
  if (changing) return { kind: 'changing', from: Number(changing[1]), to: Number(changing[2]) };
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_PARTITIONS) return { kind: 'settled', count };
  return { kind: 'unknown', text };
}

/** The record of a change under way, as `readLayout` knows it. */
export const changing = (from: number, to: number): string => `${from} to ${to}`;

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
