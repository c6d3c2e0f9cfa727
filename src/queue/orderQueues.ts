import { type JobsOptions, Queue } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { DAY_SECONDS } from '../runtime/units.ts';
import { ORDER_QUEUE } from '../store/keys.ts';
import type { Partition, Partitions } from '../store/partitions.ts';
import { retryStart } from '../store/retryStart.ts';
import { ORDER_JOB, type OrderJob } from './orderJob.ts';

export interface JobPolicy {
  /** Runs of a job before it fails for good, when the fault may pass. */
  attempts: number;
  /** First retry delay; it doubles, with jitter. */
  backoffMs: number;
  /** Completed jobs kept for looking at. The ledger, not they, recognises a duplicate. */
  keepCompleted: number;
  /** Days until a failed order is dropped; undefined keeps it until someone acts. */
  failedRetentionDays: number | undefined;
}

/** What comes before the queue's name where the queues of several partitions are shown: all have the same. */
export const titlePrefix = ({ index }: { index: number }, count: number): string =>
  count > 1 ? `partition ${index}: ` : '';

/** What a partition's queue is called there. */
export const titleOf = (partition: { index: number }, count: number): string =>
  titlePrefix(partition, count) + ORDER_QUEUE;

/** The BullMQ queue of every partition, over one connection. */
export interface OrderQueues {
  readonly all: readonly Queue<OrderJob>[];
  /** Adds jobs of one partition in one pipeline. Safe to repeat as a whole after any error: ids are fixed. */
  add(partition: Partition, jobs: readonly { id: string; data: OrderJob }[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Resolves when every queue is of use. `onError` hears what a queue says about its connection; without a listener it
 * would end the process. `now` is the time that a job bears, ms since 1970. With a connection that queues nothing offline, `add` rejects at once while Redis is away.
 */
export async function openOrderQueues(
  redis: Redis | Cluster,
  partitions: Partitions,
  policy: JobPolicy,
  onError: (error: Error) => void,
  now: () => number = Date.now,
): Promise<OrderQueues> {
  const options = jobOptions(policy);
  const open = (partition: Partition) =>
    retryStart(redis, () => openQueue(redis, partition, onError), onError);
  const all = await Promise.all(partitions.all.map(open));
  return {
    all,
    async add(partition, jobs) {
      const queue = all[partition.index] as Queue<OrderJob>;
      const timestamp = Math.round(now());
      await queue.addBulk(
        jobs.map(({ id, data }) => ({ name: ORDER_JOB, data, opts: { ...options, jobId: id, timestamp } })),
      );
    },
    async close() {
      await Promise.all(all.map((queue) => queue.close()));
    },
  };
}

/**
 * BullMQ asks Redis for its version when a queue is opened, and keeps the answer for ever: also when it is that the
 * connection broke just then, which every later command would be told again.
 */
async function openQueue(
  redis: Redis | Cluster,
  partition: Partition,
  onError: (error: Error) => void,
): Promise<Queue<OrderJob>> {
  const queue = new Queue<OrderJob>(ORDER_QUEUE, {
    connection: redis,
    prefix: partition.tag,
    skipWaitingForReady: true,
  });
  queue.on('error', onError);
  try {
    await queue.waitUntilReady();
    return queue;
  } catch (error) {
    await queue.close().catch(() => {});
    throw error;
  }
}

function jobOptions(policy: JobPolicy): JobsOptions {
  const { attempts, backoffMs, keepCompleted, failedRetentionDays } = policy;
  return {
    attempts,
    backoff: { type: 'exponential', delay: backoffMs, jitter: 0.5 },
    removeOnComplete: keepCompleted === 0 ? true : { count: keepCompleted },
    removeOnFail: failedRetentionDays === undefined ? false : { age: failedRetentionDays * DAY_SECONDS },
    // One trace is enough: an invalid order's lists its issues, and every retry of a fault fails alike.
    stackTraceLimit: 1,
  };
}
