import type { Cluster, Redis } from 'ioredis';
import { queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { pairs, replies } from '../kit/redisPages.ts';

/** A state of jobs that must not be lost. Completed jobs are only kept to look at, so they are left behind. */
export interface JobPlace {
  name: 'active' | 'paused' | 'wait' | 'delayed' | 'prioritized' | 'failed' | 'aside';
  kind: 'list' | 'zset';
  /** Where its jobs go: what was in hand or held back waits again. */
  becomes: 'wait' | 'delayed' | 'prioritized' | 'failed' | 'aside';
}

/** Jobs that go to the same list come in the order in which they would have been taken. */
export const JOB_PLACES: readonly JobPlace[] = [
  { name: 'active', kind: 'list', becomes: 'wait' },
  { name: 'paused', kind: 'list', becomes: 'wait' },
  { name: 'wait', kind: 'list', becomes: 'wait' },
  { name: 'delayed', kind: 'zset', becomes: 'delayed' },
  { name: 'prioritized', kind: 'zset', becomes: 'prioritized' },
  { name: 'failed', kind: 'zset', becomes: 'failed' },
  { name: 'aside', kind: 'zset', becomes: 'aside' },
];

export async function placeSize(
  redis: Redis | Cluster,
  partition: Partition,
  place: JobPlace,
): Promise<number> {
  const key = queueKey(partition, place.name);
  return place.kind === 'list' ? redis.llen(key) : redis.zcard(key);
}

/** Ids of a place, with their scores in a sorted set; lists from the oldest on. */
export async function jobsAt(
  redis: Redis | Cluster,
  partition: Partition,
  { name, kind }: JobPlace,
  from: number,
  to: number,
): Promise<{ id: string; score: string }[]> {
  const key = queueKey(partition, name);
  if (kind === 'list') {
    const ids = await redis.lrange(key, -to, -from - 1);
    return ids.reverse().map((id) => ({ id, score: '' }));
  }
  const members = await redis.zrange(key, from, String(to - 1), 'WITHSCORES');
  return pairs(members).map(([id, score]) => ({ id, score }));
}

const JOBS_AT_ONCE = 500;

/** How many jobs with data there are, by what becomes of them. An id without data is nothing that could run. */
export async function countJobs(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
): Promise<Record<JobPlace['becomes'], number>> {
  const counts = { wait: 0, delayed: 0, prioritized: 0, failed: 0, aside: 0 };
  for (const partition of partitions) {
    for (const place of JOB_PLACES) {
      const size = await placeSize(redis, partition, place);
      for (let from = 0; from < size; from += JOBS_AT_ONCE) {
        const jobs = await jobsAt(redis, partition, place, from, Math.min(size, from + JOBS_AT_ONCE));
        const pipe = redis.pipeline();
        for (const { id } of jobs) pipe.exists(queueKey(partition, id));
        for (const exists of await replies<number>(pipe)) counts[place.becomes] += exists;
      }
    }
  }
  return counts;
}
