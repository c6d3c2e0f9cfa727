import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { IdCase } from '../../orders/ids.ts';
import { reconcileFailures } from '../../queue/failures/reconcile.ts';
import type { OrderJob } from '../../queue/orderJob.ts';
import { userIdOf } from '../../queue/readOrderJob.ts';
import { parsed } from '../../runtime/json.ts';
import { failureKeys, queueKey, repairKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { replies } from '../kit/redisPages.ts';
import { JOB_PLACES, jobsAt, placeSize } from './jobPlaces.ts';
import type { Part } from './part.ts';
import type { Split } from './split.ts';

const SCRIPT = readFileSync(new URL('./placeJob.lua', import.meta.url), 'utf8');

/** A job may carry a megabyte, and what was sent once more beside it. */
const JOBS_AT_ONCE = 50;

interface Placed {
  id: string;
  target: Partition;
  becomes: string;
  score: string;
  /** Fields and values as they are, alternating. */
  hash: Buffer[];
  /** What is kept beside it, when somebody edited it. */
  edits: string | null;
  /** When it first failed, ms. */
  first: string | null;
}

/** The jobs of an old partition, each to the partition of the user it names now, as the bridge would choose it. */
export async function jobParts(
  redis: Redis | Cluster,
  source: Partition,
  split: Split,
  idCase: IdCase,
): Promise<Part[]> {
  const parts = JOB_PLACES.map(async (place) => ({
    size: await placeSize(redis, source, place),
    batch: JOBS_AT_ONCE,
    async copy(from: number, to: number) {
      const jobs = await jobsAt(redis, source, place, from, to);
      const pipe = redis.pipeline();
      for (const { id } of jobs) pipe.callBuffer('HGETALL', queueKey(source, id));
      const hashes = await replies<Buffer[]>(pipe);
      const edited = await replies<string | null>(
        jobs.reduce((all, { id }) => all.hget(repairKeys(source).edits, id), redis.pipeline()),
      );
      const { since, retried } = failureKeys(source);
      const firsts = await replies<string | null>(
        jobs.reduce((all, { id }) => all.zscore(since, id).zscore(retried, id), redis.pipeline()),
      );
      const placed = jobs.flatMap(({ id, score }, index): Placed[] => {
        const hash = hashes[index] ?? [];
        if (hash.length === 0) return [];
        const target = split.to.of(userOf(hash, idCase) ?? id);
        const first = firsts[2 * index] ?? firsts[2 * index + 1] ?? null;
        return [{ id, target, becomes: place.becomes, score, hash, edits: edited[index] ?? null, first }];
      });
      await placeAll(redis, source, split, placed);
    },
  }));
  return Promise.all(parts);
}

/**
 * The index of failed orders is made anew from the copied jobs: some of it may have been wrong, and a sum over another
 * share of the orders is another sum. Only when they first failed is carried over, with the jobs, as of retried ones.
 */
export const failuresPart = (redis: Redis | Cluster, { to }: Split): Part => ({
  size: to.all.length,
  batch: 1,
  async copy(from, until) {
    for (const target of to.all.slice(from, until)) await reconcileFailures(redis, target, { alone: true });
  },
});

/**
 * Two old partitions may hold jobs of one id, when its user was spelled differently at each delivery. The later one
 * gets another id: under the same one it would be taken for the first, and lost.
 */
async function placeAll(
  redis: Redis | Cluster,
  source: Partition,
  split: Split,
  jobs: Placed[],
): Promise<void> {
  let left = jobs;
  while (left.length > 0) {
    const refused = await Promise.all(
      split.to.all.map((target) =>
        placeInOne(
          redis,
          left.filter((job) => job.target === target),
        ),
      ),
    );
    left = refused.flat().map((job) => ({ ...job, id: `${job.id}~${source.index}` }));
  }
}

async function placeInOne(redis: Redis | Cluster, jobs: Placed[]): Promise<Placed[]> {
  if (jobs.length === 0) return [];
  const pipe = redis.pipeline();
  for (const { id, target, becomes, score, hash } of jobs) {
    pipe.eval(SCRIPT, 2, queueKey(target, id), queueKey(target, becomes), id, score, ...hash);
  }
  const answers = await replies<number>(pipe);
  for (const [index, { id, target, edits, first }] of jobs.entries()) {
    if (answers[index] !== 1) continue;
    if (edits !== null) await redis.hset(repairKeys(target).edits, id, edits);
    if (first !== null) await redis.zadd(failureKeys(target).retried, first, id);
  }
  return jobs.filter((_, index) => answers[index] !== 1);
}

function userOf(hash: readonly Buffer[], idCase: IdCase): string | undefined {
  const at = hash.findIndex((field, index) => index % 2 === 0 && field.toString() === 'data');
  return userIdOf(parsed(String(hash[at + 1])) as OrderJob, idCase);
}
