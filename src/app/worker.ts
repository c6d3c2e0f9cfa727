import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import type { OrderQueues } from '../queue/orderQueues.ts';
import { redisErrors } from '../store/redisAdvice.ts';
import type { Tally } from '../telemetry/tally.ts';
import type { Traces } from '../telemetry/traces/traces.ts';
import { type OrderWorkers, startOrderWorkers } from '../worker/orderWorkers.ts';
import { type LaneStart, openMoves } from './lanes.ts';
import { openReview } from './review.ts';

export interface WorkerStart extends LaneStart {
  /** Fails fast. */
  redis: Redis | Cluster;
  tally: Tally;
  traces: Traces | undefined;
  logger: Logger;
}

/** Starts a worker for every partition, on connections of their own. */
export async function startWorkers(queues: OrderQueues, parts: WorkerStart): Promise<OrderWorkers> {
  const { config, services, connect, redis, partitions, tally, traces, logger } = parts;
  const workers = await startOrderWorkers(
    {
      ...config.worker,
      reading: { envelope: config.bridge.envelope, maxBodyBytes: config.maxBodyBytes },
      rules: config.rules,
      ledgerRetentionDays: config.ledgerRetentionDays,
      userDetailDays: config.userDetailDays,
      auditRetentionDays: config.auditRetentionDays,
      archive: config.history.on ? config.history : undefined,
    },
    {
      queueRedis: connect('patient', 'worker', { writeTogether: true }),
      // Its commands are few and large, and the first of them should not wait for the last.
      recordRedis: connect('patient', 'record'),
      settingsRedis: redis,
      queues: await openMoves(queues, parts),
      partitions,
      tally,
      review: await openReview(parts),
      traces,
      logger,
      onError: redisErrors(logger, 'worker'),
    },
  );
  services.add({ name: 'worker', stop: workers.stop });
  logger.info('worker started', { concurrency: config.worker.concurrency, partitions: config.partitions });
  return workers;
}
