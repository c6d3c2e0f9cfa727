import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Job, Queue } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { createLogger, type Logger, transports } from 'winston';
import { ALL_PARTS } from '../../src/app/allParts.ts';
import { startRole } from '../../src/app/startRole.ts';
import { readConfig } from '../../src/config/config.ts';
import type { Role } from '../../src/config/roles.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { Services } from '../../src/runtime/services.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { freePort, startTestRedis, type TestRedis } from './redis.ts';
import { until } from './until.ts';

/** The whole product in this process, on a Redis and an embedded SQS of its own. */
export interface TestPipeline {
  url: string;
  sqsEndpoint: string;
  inboxUrl: string;
  redis: TestRedis;
  sqs: SQSClient;
  /** The BullMQ queues, one per partition. */
  queues: Queue<OrderJob>[];
  /** Sends bodies as they are, strings; anything else as JSON. */
  send(...bodies: unknown[]): Promise<void>;
  get(path: string, init?: RequestInit): Promise<Response>;
  json<T = Record<string, unknown>>(path: string): Promise<T>;
  /** Resolves when every message sent so far by `send` has ended: counted, duplicate or failed. */
  settled(): Promise<void>;
  /** Resolves when that many jobs have ended and none is on its way. */
  ended(count: number): Promise<void>;
  /** The failed orders of all partitions. */
  failed(): Promise<Job<OrderJob>[]>;
  stop(): Promise<void>;
}

export const silentLogger = (): Logger =>
  createLogger({ silent: true, transports: [new transports.Console()] });

/** `env` is what a user would set. A Redis passed in is left running; a connection reads the queues elsewhere. */
export async function startPipeline(
  env: Record<string, string> = {},
  {
    role = 'all',
    redis: givenRedis,
    logger = silentLogger(),
    connection: givenConnection,
  }: { role?: Role; redis?: TestRedis; logger?: Logger; connection?: Cluster | Redis } = {},
): Promise<TestPipeline> {
  const redis = givenRedis ?? (await startTestRedis());
  const dataDir = mkdtempSync(join(tmpdir(), 'order-pipeline-data-'));
  const sqsPort = await freePort();
  const config = readConfig({
    REDIS_URL: redis.url,
    PORT: String(await freePort()),
    EMBEDDED_SQS_PORT: String(sqsPort),
    DATA_DIR: dataDir,
    LOG_DIR: join(dataDir, 'logs'),
    JOB_BACKOFF_MS: '10',
    ...env,
  });
  const services = new Services(logger);
  const cleanUp = async () => {
    await services.stop();
    if (!givenRedis) await redis.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  const { url } = await startRole(config, role, ALL_PARTS, logger, services).catch(async (error) => {
    await cleanUp();
    throw error;
  });
  const sqsEndpoint = `http://127.0.0.1:${sqsPort}`;
  const inboxUrl = `${sqsEndpoint}/123456789012/${config.sqs.queueName}`;
  const sqs = new SQSClient({
    endpoint: sqsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    useQueueUrlAsEndpoint: false,
  });
  const connection = givenConnection ?? redis.client();
  const queues = makePartitions(config.partitions).all.map(
    ({ tag }) => new Queue<OrderJob>(ORDER_QUEUE, { connection, prefix: tag }),
  );
  // A connection that breaks is part of some tests; without a listener it is printed.
  for (const queue of queues) queue.on('error', () => {});
  let sent = 0;
  const pipeline: TestPipeline = {
    url: url as string,
    sqsEndpoint,
    inboxUrl,
    redis,
    sqs,
    queues,
    async send(...bodies) {
      for (let from = 0; from < bodies.length; from += 10) {
        const entries = bodies.slice(from, from + 10).map((body, index) => ({
          Id: String(index),
          MessageBody: typeof body === 'string' ? body : JSON.stringify(body),
        }));
        const { Failed = [] } = await sqs.send(
          new SendMessageBatchCommand({ QueueUrl: inboxUrl, Entries: entries }),
        );
        if (Failed.length > 0) throw new Error(`SQS refused a test message: ${Failed[0]?.Message}`);
        sent += entries.length;
      }
    },
    get: (path, init) => fetch(`${url}${path}`, init),
    json: async <T>(path: string) => (await (await fetch(`${url}${path}`)).json()) as T,
    settled: () => pipeline.ended(sent),
    ended: (count) =>
      until(async () => {
        const counts = await Promise.all(queues.map((queue) => queue.getJobCounts()));
        const of = (state: string) => counts.reduce((sum, each) => sum + (each[state] ?? 0), 0);
        return of('completed') + of('failed') >= count && of('waiting') + of('active') + of('delayed') === 0;
      }, `${count} jobs have ended`),
    failed: async () => (await Promise.all(queues.map((queue) => queue.getFailed()))).flat(),
    async stop() {
      await Promise.all(queues.map((queue) => queue.close()));
      sqs.destroy();
      await cleanUp();
    },
  };
  return pipeline;
}
