import { Writable } from 'node:stream';
import type { Job, Queue } from 'bullmq';
import { createLogger, format, transports } from 'winston';
import { durableQueues } from '../../src/queue/durableQueues.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { type JobPolicy, type OrderQueues, openOrderQueues } from '../../src/queue/orderQueues.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../src/runtime/limits.ts';
import { makeReadStats, type ReadStats } from '../../src/stats/read/readStats.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { makePartitions, type Partition, type Partitions } from '../../src/store/partitions.ts';
import { Tally } from '../../src/telemetry/tally.ts';
import { type OrderWorkers, startOrderWorkers } from '../../src/worker/orderWorkers.ts';
import type { Reviewing } from '../../src/worker/reviewing.ts';
import { RULES } from '../support/orders.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

/** Queues, workers and stats on a Redis of their own. */
export interface TestWorkers {
  redis: TestRedis;
  partitions: Partitions;
  queues: OrderQueues;
  read: ReadStats;
  tally: Tally;
  /** Every line logged so far, as JSON. */
  logged: string[];
  queueOf(userId: string): Queue<OrderJob>;
  /** Adds an order to its user's partition, or to another one as a later edit would leave it. */
  add(id: string, order: unknown, partition?: Partition): Promise<void>;
  start(): Promise<void>;
  /** The job in the partition of a user, once it is in one of these states. */
  job(userId: string, id: string, state: 'completed' | 'failed' | 'delayed'): Promise<Job<OrderJob>>;
  stop(): Promise<void>;
}

export async function testWorkers(
  count: number,
  policy: Partial<JobPolicy> = {},
  openReview?: (redis: TestRedis, tally: Tally) => Promise<Reviewing>,
): Promise<TestWorkers> {
  const redis = await startTestRedis();
  const partitions = makePartitions(count);
  const logged: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk));
      done();
    },
  });
  const logger = createLogger({
    level: 'debug',
    format: format.json(),
    transports: [new transports.Stream({ stream: sink })],
  });
  const queues = await openOrderQueues(
    redis.client(),
    partitions,
    { attempts: 5, backoffMs: 5, keepCompleted: 1_000, failedRetentionDays: undefined, ...policy },
    () => {},
  );
  const queueOf = (userId: string) => queues.all[partitions.of(userId).index] as Queue<OrderJob>;
  const connection = redis.client();
  const moves = durableQueues(connection, queues, await chooseDurability(connection, 'memory'));
  const tally = new Tally();
  let workers: OrderWorkers | undefined;
  return {
    redis,
    partitions,
    queues,
    read: makeReadStats(redis.client(), partitions),
    tally,
    logged,
    queueOf,
    async add(id, order, partition) {
      const userId = String((order as { user_id?: unknown } | null)?.user_id ?? id);
      const data = { order, message: { id, sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 } };
      await queues.add(partition ?? partitions.of(userId), [{ id, data }]);
    },
    async start() {
      workers = await startOrderWorkers(
        {
          concurrency: 8,
          lockMs: 30_000,
          rules: RULES,
          reading: { envelope: 'auto', maxBodyBytes: DEFAULT_MAX_BODY_BYTES },
          ledgerRetentionDays: 35,
          userDetailDays: 36_500,
          auditRetentionDays: 400,
        },
        {
          queueRedis: redis.client(),
          recordRedis: redis.client(),
          settingsRedis: redis.client(),
          queues: moves,
          partitions,
          tally,
          review: await openReview?.(redis, tally),
          logger,
          onError: () => {},
        },
      );
    },
    async job(userId, id, state) {
      await until(async () => (await queueOf(userId).getJobState(id)) === state, `${id} is ${state}`);
      return (await queueOf(userId).getJob(id)) as Job<OrderJob>;
    },
    async stop() {
      await workers?.stop();
      await queues.close();
      await redis.stop();
      logger.close();
    },
  };
}
