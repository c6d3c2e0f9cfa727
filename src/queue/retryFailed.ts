import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Cluster, Redis } from 'ioredis';
import type { Reason } from '../orders/invalidOrder.ts';
import { failureKeys, queueKey, retryingKey } from '../store/keys.ts';
import type { Partition } from '../store/partitions.ts';
import { permissionAdvised } from '../store/redisAdvice.ts';
import { redisScript } from '../store/redisScript.ts';
import { INDEX_SCRIPT } from './failures/noteFailures.ts';

export interface RetryWanted {
  /** Only orders refused for this reason, among others perhaps. Without it all, also those that were never refused. */
  reason?: Reason | undefined;
  /** Counts what would be retried, and retries nothing. */
  dryRun?: boolean;
}

export interface Retried {
  /** Orders that had failed at the call. */
  failed: number;
  /** Of these, given to the workers once more. */
  retried: number;
  /** Left alone: they failed for other reasons. */
  others: number;
  /** Retried or removed by somebody else before it was their turn. */
  gone: number;
}

// Not what BullMQ documents, but what its own retry runs, so that its bookkeeping stays its own. Its version is pinned.
const { reprocessJob } = createRequire(import.meta.url)('bullmq/dist/cjs/scripts/reprocessJob-9.js') as {
  reprocessJob: { content: string };
};

/** What every script begins with that retries jobs: `reprocess`, for one, and the index. */
export const RETRY_SCRIPT = `local function reprocess(KEYS, ARGV)
${reprocessJob.content}
end
${INDEX_SCRIPT}`;

/** BullMQ's keys that `reprocess` needs behind the job's, in its order. */
export const RETRY_KEYS = ['events', 'failed', 'wait', 'meta', 'active', 'marker', 'prioritized', 'pc'];

const SCRIPT = RETRY_SCRIPT + readFileSync(new URL('./retryFailed.lua', import.meta.url), 'utf8');

/** Redis does nothing else meanwhile: about 4 ms. */
const AT_ONCE = 200;
/** A snapshot whose maker died is dropped then. */
const SNAPSHOT_MS = 600_000;

const callScript = redisScript<[number, number, number]>('retryFailedJobs', {
  numberOfKeys: 10,
  lua: SCRIPT,
});

/**
 * Every order that has failed at the call runs once more with all its attempts, within a partition the oldest failure
 * first. One that fails again is not touched again, whatever the worker's clock says: the failed set is copied at the
 * call, and the copy used up. May run in several processes at once, and again after an error.
 *
 * @throws when Redis refuses or is lost half-way; says how many were retried by then. The rest is still failed.
 */
export async function retryFailed(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  wanted: RetryWanted = {},
): Promise<Retried> {
  const sum: Retried = { failed: 0, retried: 0, others: 0, gone: 0 };
  const done = await Promise.allSettled(
    partitions.map((partition) => retryPartition(redis, partition, wanted, sum)),
  );
  const lost = done.find((each) => each.status === 'rejected');
  if (lost === undefined) return sum;
  throw new Error(
    `${sum.retried} of ${sum.failed} failed orders were retried, and maybe up to ${AT_ONCE} more of a ` +
      `partition, then: ${permissionAdvised(lost.reason as Error).message}`,
    { cause: lost.reason },
  );
}

async function retryPartition(
  redis: Redis | Cluster,
  partition: Partition,
  { reason, dryRun = false }: RetryWanted,
  sum: Retried,
): Promise<void> {
  const key = (name: string) => queueKey(partition, name);
  const snapshot = retryingKey(partition, randomUUID());
  const failed = await takeSnapshot(redis, key('failed'), snapshot);
  sum.failed += failed;
  const keys = RETRY_KEYS.map(key);
  for (let left = failed; left > 0; ) {
    const [retried, others, gone] = await callScript(
      redis,
      snapshot,
      ...keys,
      failureKeys(partition).entries,
      key(''),
      AT_ONCE,
      reason ?? '',
      dryRun ? '1' : '0',
      SNAPSHOT_MS,
    );
    sum.retried += retried;
    sum.others += others;
    sum.gone += gone;
    left -= retried + others + gone;
    if (retried + others + gone === 0) throw new Error(`Redis lost the list of the ${left} that were left`);
  }
}

/** Copies the failed set as it is at one moment. @returns how many it holds */
async function takeSnapshot(redis: Redis | Cluster, failed: string, snapshot: string): Promise<number> {
  const replies = await redis
    .multi()
    .zrangestore(snapshot, failed, 0, -1)
    .pexpire(snapshot, SNAPSHOT_MS)
    .exec();
  const [error, count] = replies?.[0] ?? [new Error('no reply'), 0];
  if (error) throw error;
  return Number(count);
}
