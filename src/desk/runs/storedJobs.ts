import type { Cluster, Redis } from 'ioredis';
import { parsed } from '../../queue/failures/failure.ts';
import { queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { isWrongType } from '../../store/redisFaults.ts';
import type { StoredJob } from './prepare.ts';

/** A job may carry a megabyte, and what was sent once more beside it. */
export const JOBS_AT_ONCE = 50;

/** Jobs of a partition as they are stored; those that are gone are left out. */
export async function storedJobs(
  redis: Redis | Cluster,
  partition: Partition,
  ids: readonly string[],
): Promise<StoredJob[]> {
  const pipe = redis.pipeline();
  for (const id of ids) pipe.hmget(queueKey(partition, id), 'data', 'timestamp', 'failedReason');
  const replies = (await pipe.exec()) ?? [];
  return ids.flatMap((id, at): StoredJob[] => {
    const [error, fields] = replies[at] ?? [new Error('Redis sent no reply')];
    if (error && !isWrongType(error)) throw error;
    if (error) return [{ id, text: '', data: undefined, addedAt: 0, isForeign: true }];
    const [text, timestamp, failedReason] = fields as (string | null)[];
    return text == null
      ? []
      : [{ id, text, data: parsed(text), addedAt: Number(timestamp ?? 0), failedReason: failedReason ?? '' }];
  });
}
