import type { Cluster, Redis } from 'ioredis';
import { type FailureFilter, failuresIn } from '../queue/failures/readFailures.ts';
import { queueKey } from '../store/keys.ts';
import type { Partition } from '../store/partitions.ts';

/** Which failed orders are meant: those that match, or the jobs that are named. */
export interface Meant extends FailureFilter {
  jobs?: string[] | undefined;
}

/** A job in the failed set, and its score there. */
export interface FailedJob {
  id: string;
  failedOn: string;
}

/** The failed orders of a partition that are meant, in steps of some hundred; of those that fail meanwhile some. */
export async function* matching(
  redis: Redis | Cluster,
  partition: Partition,
  { jobs, ...where }: Meant,
): AsyncGenerator<FailedJob[], void, undefined> {
  const failedOf = async (ids: readonly string[]): Promise<FailedJob[]> => {
    if (ids.length === 0) return [];
    const scores = await redis.zmscore(queueKey(partition, 'failed'), ...ids);
    return ids.flatMap((id, at) => {
      const failedOn = scores[at];
      return failedOn == null ? [] : [{ id, failedOn }];
    });
  };
  if (jobs) {
    yield await failedOf(jobs);
    return;
  }
  for await (const page of failuresIn(redis, partition, { where }))
    yield await failedOf(page.map(({ job }) => job));
}

/** The same in words, for the audit log. */
export function inWords({ cause, reason, text, id, jobs }: Meant): string {
  if (jobs)
    return `${jobs.length === 1 ? 'job' : 'jobs'} ${jobs.slice(0, 5).join(', ')}${jobs.length > 5 ? ', …' : ''}`;
  const conditions = [
    ...(cause === undefined ? [] : [`of cause ${cause}`]),
    ...(reason === undefined ? [] : [`with ${reason}`]),
    ...(id === undefined ? [] : [`with the id ${JSON.stringify(id)}`]),
    ...(text === undefined ? [] : [`that hold ${JSON.stringify(text)}`]),
  ];
  return ['failed', ...conditions].join(' ');
}
