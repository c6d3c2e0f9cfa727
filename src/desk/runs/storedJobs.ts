import type { Cluster, Redis } from 'ioredis';
import { jobFields, timeIn } from '../../queue/jobFields.ts';
import { parsed } from '../../runtime/json.ts';
import type { Partition } from '../../store/partitions.ts';
import type { StoredJob } from './prepare.ts';

/** A job may carry a megabyte, and what was sent once more beside it. */
export const JOBS_AT_ONCE = 50;

/** Jobs of a partition as they are stored; those that are gone are left out. */
export async function storedJobs(
  redis: Redis | Cluster,
  partition: Partition,
  ids: readonly string[],
): Promise<StoredJob[]> {
  const stored = await jobFields(redis, partition, ids, ['data', 'timestamp', 'failedReason']);
  return stored.flatMap(({ id, data, timestamp, failedReason = '', isForeign }): StoredJob[] =>
    data === undefined && !isForeign
      ? []
      : [
          {
            id,
            text: data ?? '',
            data: parsed(data),
            addedAt: timeIn(timestamp) ?? 0,
            failedReason,
            isForeign,
          },
        ],
  );
}
