import type { Cluster, Redis } from 'ioredis';
import type { Author } from '../../audit/auditEntry.ts';
import { worthOf } from '../../queue/failures/failure.ts';
import { jobFields } from '../../queue/jobFields.ts';
import { idsOf } from '../../queue/readOrderJob.ts';
import { parsed } from '../../runtime/json.ts';
import { queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import type { FailedJob } from '../matching.ts';

/** Where they are, among BullMQ's keys: whoever copies jobs takes them along. */
export const ASIDE = 'aside';

/** An order set aside. */
export interface Aside {
  job: string;
  partition: number;
  /** As sent, clipped. */
  orderId: string;
  userId: string;
  minorUnits: number | undefined;
  failedReason: string;
  /** ISO, UTC. */
  at: string;
  by: Author;
  reason: string;
}

const AT_ONCE = 500;

/** Those of a partition that were set aside, or of these the jobs that are named. */
export async function* asideJobs(
  redis: Redis | Cluster,
  partition: Partition,
  jobs?: readonly string[],
): AsyncGenerator<FailedJob[], void, undefined> {
  const key = queueKey(partition, ASIDE);
  if (jobs) {
    const scores = jobs.length === 0 ? [] : await redis.zmscore(key, ...jobs);
    yield jobs.flatMap((id, at) => (scores[at] == null ? [] : [{ id, failedOn: String(scores[at]) }]));
    return;
  }
  for (let from = 0; ; from += AT_ONCE) {
    const flat = await redis.zrange(key, from, String(from + AT_ONCE - 1), 'WITHSCORES');
    yield Array.from({ length: flat.length / 2 }, (_, at) => ({
      id: flat[2 * at] as string,
      failedOn: flat[2 * at + 1] as string,
    }));
    if (flat.length < 2 * AT_ONCE) return;
  }
}

/** How many were set aside, and so many of them. */
export async function readAside(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  most: number,
): Promise<{ orders: number; rows: Aside[] }> {
  const sizes = await Promise.all(partitions.map((each) => redis.zcard(queueKey(each, ASIDE))));
  const rows: Aside[] = [];
  for (const partition of partitions) {
    if (rows.length >= most) break;
    const ids = await redis.zrange(queueKey(partition, ASIDE), 0, String(most - rows.length - 1));
    const stored = await jobFields(redis, partition, ids, ['data', 'failedReason', 'aside']);
    for (const { id: job, data: text, failedReason = '', aside } of stored) {
      const data = parsed(text);
      const { at = '', by = { kind: 'open' }, reason = '' } = (parsed(aside) ?? {}) as Partial<Aside>;
      const minorUnits = worthOf(data);
      rows.push({
        job,
        partition: partition.index,
        ...idsOf(data),
        minorUnits,
        failedReason,
        at,
        by,
        reason,
      });
    }
  }
  return { orders: sizes.reduce((sum, size) => sum + size, 0), rows };
}
