import { readFileSync } from 'node:fs';
import type { Job } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { TOTAL_ROOM } from '../../orders/money.ts';
import { MAX_PARTITIONS } from '../../runtime/limits.ts';
import { failureKeys, queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';
import type { OrderJob } from '../orderJob.ts';
import { issuesOf, type Noted, notedOf } from './failure.ts';

/** What every script that changes the index begins with. */
export const INDEX_SCRIPT = readFileSync(new URL('./index.lua', import.meta.url), 'utf8');

const SCRIPT = INDEX_SCRIPT + readFileSync(new URL('./note.lua', import.meta.url), 'utf8');

/** Of what waits in one partition, in minor units: all of them together fit into a total then. */
export const FAILED_ROOM = TOTAL_ROOM / MAX_PARTITIONS;

/** Redis does nothing else meanwhile: some 3 ms. */
const AT_ONCE = 100;

/** A job to be noted as failed, with its score in the failed set; or, without the rest, one to look for. */
export interface ToNote extends Partial<Noted> {
  job: string;
  failedOn?: string;
}

const callScript = redisScript<null>('noteFailures', { numberOfKeys: 3, lua: SCRIPT });

/** `found` in the failed set some time later, so that only its scores tell when they failed. */
export async function noteAll(
  redis: Redis | Cluster,
  partition: Partition,
  jobs: readonly ToNote[],
  { found = false }: { found?: boolean } = {},
): Promise<void> {
  for (let from = 0; from < jobs.length; from += AT_ONCE) {
    const some = jobs.slice(from, from + AT_ONCE);
    await callScript(
      redis,
      failureKeys(partition).entries,
      queueKey(partition, 'failed'),
      queueKey(partition, 'completed'),
      queueKey(partition, ''),
      FAILED_ROOM,
      found ? '1' : '0',
      JSON.stringify(
        some.flatMap(
          ({
            job,
            failedOn = '',
            minorUnits = '',
            attempts = 0,
            user = '',
            causes = [],
            places = '',
            names = '',
          }) => [job, failedOn, minorUnits, attempts, user, causes, places, names],
        ),
      ),
    );
  }
}

export interface FailureNotes {
  /** The job is in the failed set. */
  failed(job: Job<OrderJob>, error: Error): void;
  /** A job that has failed before may have left it: retried by somebody, or ended. */
  left(jobId: string): void;
  /** Resolves when what was told by then is in Redis, or given up. */
  settled(): Promise<void>;
}

/**
 * Tells the index what a worker sees, all of one turn of the event loop in one call. What Redis refuses is told to
 * `onError` and given up: the next look at the failed set finds it, see reconcile.
 */
export function noteFailures(
  redis: Redis | Cluster,
  partition: Partition,
  onError: (error: Error) => void,
): FailureNotes {
  let waiting: ToNote[] = [];
  const underWay = new Set<Promise<void>>();
  const flush = () => {
    const jobs = waiting;
    waiting = [];
    const call: Promise<void> = noteAll(redis, partition, jobs)
      .catch(onError)
      .finally(() => underWay.delete(call));
    underWay.add(call);
  };
  const put = (job: ToNote) => {
    waiting.push(job);
    if (waiting.length === 1) setImmediate(flush);
  };
  return {
    failed(job, error) {
      const noted = notedOf(job.data, issuesOf(error), job.attemptsMade);
      put({ job: job.id as string, failedOn: String(job.finishedOn), ...noted });
    },
    left(jobId) {
      put({ job: jobId });
    },
    async settled() {
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(underWay);
    },
  };
}
