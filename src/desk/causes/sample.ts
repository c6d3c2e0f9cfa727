import type { Cluster, Redis } from 'ioredis';
import type { Failure } from '../../queue/failures/failure.ts';
import { type FailureFilter, failuresIn } from '../../queue/failures/readFailures.ts';
import { failureKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { type Meant, matching } from '../matching.ts';

/** A job may carry a megabyte: no more of them are held at once. */
const MOST_SAMPLED = 50;
/** Where what was found is scattered over many, some of it is enough. */
const LONG_ENOUGH_MS = 150;
/** One step of the index. */
const LAST_LOOKED_AT = 500;

type Sampled = Pick<Failure, 'job' | 'partition' | 'firstFailedAt'>;

/**
 * Some of the failed orders that are meant, by job and partition: half those that failed first, half those among the last
 * 500 of each partition that failed last. What began long ago and what goes on now may not look alike.
 */
export async function sample(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  { jobs, ...where }: Meant,
): Promise<Pick<Sampled, 'job' | 'partition'>[]> {
  if (jobs) return named(redis, partitions, jobs);
  const ends = await Promise.all(
    partitions.flatMap((each) => [firstOf(redis, each, where), lastOf(redis, each, where)]),
  );
  const all = [...new Map(ends.flat().map((each) => [`${each.partition}:${each.job}`, each])).values()].sort(
    (a, b) => Date.parse(a.firstFailedAt) - Date.parse(b.firstFailedAt) || a.partition - b.partition,
  );
  return all.length <= MOST_SAMPLED
    ? all
    : [...all.slice(0, MOST_SAMPLED / 2), ...all.slice(-MOST_SAMPLED / 2)];
}

async function named(redis: Redis | Cluster, partitions: readonly Partition[], jobs: readonly string[]) {
  const some = jobs.slice(0, MOST_SAMPLED);
  const found: Pick<Sampled, 'job' | 'partition'>[] = [];
  for (const partition of partitions) {
    for await (const page of matching(redis, partition, { jobs: some }))
      found.push(...page.map(({ id }) => ({ job: id, partition: partition.index })));
  }
  return found;
}

async function firstOf(redis: Redis | Cluster, partition: Partition, where: FailureFilter) {
  const found: Sampled[] = [];
  const until = performance.now() + LONG_ENOUGH_MS;
  for await (const page of failuresIn(redis, partition, { where })) {
    found.push(...page);
    if (found.length >= MOST_SAMPLED || (found.length > 0 && performance.now() > until)) break;
  }
  return found.slice(0, MOST_SAMPLED);
}

async function lastOf(redis: Redis | Cluster, partition: Partition, where: FailureFilter) {
  const at = -LAST_LOOKED_AT - 1;
  const [job, time] = await redis.zrange(failureKeys(partition).since, at, String(at), 'WITHSCORES');
  const after =
    job === undefined
      ? undefined
      : { job, partition: partition.index, firstFailedAt: new Date(Number(time)).toISOString() };
  let found: Sampled[] = [];
  for await (const page of failuresIn(redis, partition, { after, where }))
    found = [...found, ...page].slice(-MOST_SAMPLED);
  return found;
}
