import type { Cluster, Redis } from 'ioredis';
import { archiveStands } from '../../store/archiveStand.ts';
import { archiveKeys } from '../../store/keys.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import { type Check, equalCounts } from './check.ts';

/** Whether the archive of each partition ends where it is said to. None where no history was ever kept. */
export async function checksOfArchive(redis: Redis | Cluster, partitions: Partitions): Promise<Check[]> {
  const before = await archiveStands(redis, partitions.all);
  if (before.every((stand) => stand === undefined)) return [];
  const ends = await Promise.all(partitions.all.map((each) => lastEntry(redis, each)));
  const after = await archiveStands(redis, partitions.all);
  const right = partitions.all.filter((_, at) => {
    const end = ends[at] as number;
    return end >= (before[at]?.seq ?? 0) && end <= (after[at]?.seq ?? 0);
  });
  return [equalCounts('partitions whose archive ends where it should', partitions.all.length, right.length)];
}

/** Where a repartition began one anew it has no entry yet. */
async function lastEntry(redis: Redis | Cluster, partition: Partition): Promise<number> {
  const { stream, position } = archiveKeys(partition);
  const [last] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
  return Number(last?.[0].split('-')[0] ?? (await redis.hget(position, 'seq')) ?? 0);
}
