import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { QUALITY_KEY, QUALITY_QUEUE } from '../../store/keys.ts';
import { retryStart } from '../../store/retryStart.ts';
import type { FlaggedBatch } from '../flagged.ts';

/** Where workers leave what they flagged. */
export interface FlaggedQueue {
  /** Resolves to false, and nothing is kept, when nobody has taken the last ones for so long. Rejects when Redis is away. */
  hand(batch: FlaggedBatch): Promise<boolean>;
  close(): Promise<void>;
}

/** Batches of one process and second; some minutes of a fleet whose review is down, some MB. */
const MOST_WAITING = 1_000;
/** A fault that passes is a matter of seconds; what was found is not worth more. */
const ATTEMPTS = 5;
const BACKOFF_MS = 1_000;
/** For a look at what could not be grouped. */
const FAILED_KEPT = 10;

export async function openFlaggedQueue(
  redis: Redis | Cluster,
  onError: (error: Error) => void,
): Promise<FlaggedQueue> {
  const queue = await retryStart(redis, () => open(redis, onError), onError);
  return {
    async hand(batch) {
      if ((await queue.getWaitingCount()) >= MOST_WAITING) return false;
      await queue.add('flagged', batch, {
        jobId: randomUUID(),
        attempts: ATTEMPTS,
        backoff: { type: 'exponential', delay: BACKOFF_MS },
        removeOnComplete: true,
        removeOnFail: { count: FAILED_KEPT },
        stackTraceLimit: 1,
      });
      return true;
    },
    close: () => queue.close(),
  };
}

/** BullMQ keeps what came of its first command for ever: one that failed would be of no use again. */
async function open(redis: Redis | Cluster, onError: (error: Error) => void): Promise<Queue<FlaggedBatch>> {
  const queue = new Queue<FlaggedBatch>(QUALITY_QUEUE, {
    connection: redis,
    prefix: QUALITY_KEY,
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
