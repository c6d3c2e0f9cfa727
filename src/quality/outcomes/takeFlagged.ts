import { type Job, Worker } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { QUALITY_KEY, QUALITY_QUEUE } from '../../store/keys.ts';
import { retryStart } from '../../store/retryStart.ts';
import type { Finding } from '../finding.ts';
import type { FlaggedBatch, FlaggedOrder } from '../flagged.ts';
import { groupFindings } from './groupFindings.ts';

export interface TakingParts {
  /** For BullMQ: it waits for Redis as long as it takes. */
  queueRedis: Redis | Cluster;
  /** Fails fast: a batch that cannot be grouped is tried again. */
  redis: Redis | Cluster;
  /** The findings of an order, less the fixes that would not mend it. */
  prove: (order: FlaggedOrder) => readonly Finding[];
  onError: (error: Error) => void;
}

/**
 * Takes what workers flagged, and adds it to its groups; killed in between, it does so again, and counts it once.
 * Resolves when it takes batches.
 */
export async function startTakingFlagged(parts: TakingParts): Promise<{ stop(): Promise<void> }> {
  const { queueRedis, onError } = parts;
  const worker = await retryStart(queueRedis, () => start(parts), onError);
  return { stop: () => worker.close() };
}

async function start({ queueRedis, redis, prove, onError }: TakingParts): Promise<Worker<FlaggedBatch>> {
  const take = async ({ id, data }: Job<FlaggedBatch>) => {
    await groupFindings(
      redis,
      id as string,
      data.orders.map((order) => ({
        ...order,
        findings: order.order === undefined ? unproven(order) : prove(order),
      })),
    );
  };
  const worker = new Worker<FlaggedBatch>(QUALITY_QUEUE, take, {
    connection: queueRedis,
    prefix: QUALITY_KEY,
    autorun: false,
    concurrency: 1,
    // Of a batch that comes again nothing is counted twice.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  });
  worker.on('error', onError);
  worker.on('failed', (_job, error) => onError(error));
  try {
    await worker.waitUntilReady();
  } catch (error) {
    await worker.close(true).catch(() => {});
    throw error;
  }
  worker.run().catch(onError);
  return worker;
}

/** What did not come whole cannot be tried: it is shown without a fix. */
const unproven = ({ findings }: FlaggedOrder): Finding[] => findings.map(({ fix: _, ...rest }) => rest);
