import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChangeMessageVisibilityCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect } from '@jest/globals';
import { Queue } from 'bullmq';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { Redis } from 'ioredis';
import { readConfig } from '../../src/config/config.ts';
import type { Role } from '../../src/config/roles.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { type FaultProxy, startFaultProxy } from '../support/faultProxy.ts';
import { anOrder } from '../support/orders.ts';
import { freePort, startTestRedis } from '../support/redis.ts';
import { until, untilReaches } from '../support/until.ts';
import { type RunningApp, runApp } from './runningApp.ts';

/** Bridges between an SQS behind a fault proxy and a real Redis, and what came of the messages. */
export interface Rig {
  sqs: FauxqsServer;
  proxy: FaultProxy;
  queue: Queue<OrderJob>;
  /** A connection of the test's own, and the server's process. */
  redis: Redis;
  redisPid: number;
  /** What the processes logged, but for their HTTP requests: the tests' own. */
  log(): LogLine[];
  /** Starts the product; several may run side by side. It listens to `env` as a user would set it. */
  start(env?: Record<string, string>, role?: Role): Promise<RunningApp>;
  /** Sends so many orders, no two of one user or one value. */
  sendOrders(count: number): Promise<void>;
  /** Resolves to the ids that SQS gave them. */
  send(...bodies: string[]): Promise<string[]>;
  /** Makes SQS deliver again what it has delivered and still holds. */
  redeliver(): Promise<void>;
  /** Messages that SQS holds. */
  left(): { visible: number; hidden: number };
  jobs(): Promise<number>;
  /**
   * The end of every story: resolves once every order sent is counted; and then each is counted once and has one
   * job, SQS is empty, and every bridge has all its places back.
   */
  settled(): Promise<void>;
  /** The end of it for bridges. */
  atRest(): Promise<void>;
  stop(): Promise<void>;
}

type Inspection = NonNullable<ReturnType<FauxqsServer['inspectQueue']>>;

export interface LogLine {
  level: string;
  message: string;
  error?: string;
  reason?: string;
  messages?: number;
  waiting?: number;
}

export interface RigOptions {
  /** A Redis that the test stops and starts itself; one of the rig's own when there is none. */
  redisPort?: number;
  /** What bridges connect to in place of that Redis: a proxy in front of it. */
  redisProxyPort?: number;
  inbox?: string;
  /** SOON for tests that wait for messages to come again; else it takes a minute, longer than any of them. */
  visibilitySeconds?: number;
}

/** Shorter than the environment allows. */
export const SOON = { visibilitySeconds: 2 };

/** A test in a rig that is stopped however it ends. Most tests wait more than they work, so they run side by side. */
export const inRig =
  (test: (rig: Rig) => Promise<void>, options: RigOptions = {}): (() => Promise<void>) =>
  async () => {
    const rig = await startRig(options);
    try {
      await test(rig);
    } finally {
      await rig.stop();
    }
  };

async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { inbox = 'orders', visibilitySeconds = 60 } = options;
  const ownRedis = options.redisPort === undefined ? await startTestRedis() : undefined;
  const redisPort = options.redisPort ?? (ownRedis?.port as number);
  const redis = new Redis(redisPort, '127.0.0.1', { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  const partitions = makePartitions(1);
  const queue = new Queue<OrderJob>(ORDER_QUEUE, {
    connection: redis,
    prefix: partitions.all[0]?.tag as string,
  });
  queue.on('error', () => {});
  const readStats = makeReadStats(redis, partitions);

  const sqs = await startFauxqs({ port: 0, logger: false });
  const proxy = await startFaultProxy(sqs.address);
  const sender = new SQSClient({
    endpoint: sqs.address,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    useQueueUrlAsEndpoint: false,
  });
  const { logger, lines } = collectingLogger();
  const dataDir = mkdtempSync(join(tmpdir(), 'order-pipeline-bridge-'));
  const apps: RunningApp[] = [];
  const sent: string[] = [];
  let revenue = 0;
  let places: number | undefined;

  const rig: Rig = {
    sqs,
    proxy,
    queue,
    redis,
    redisPid: ownRedis?.pid ?? 0,
    log: () =>
      lines.map((line) => JSON.parse(line) as LogLine).filter(({ message }) => message !== 'request'),
    async start(env = {}, role = 'all') {
      const config = readConfig({
        REDIS_URL: `redis://127.0.0.1:${options.redisProxyPort ?? redisPort}`,
        SQS_ENDPOINT: proxy.endpoint,
        QUEUE_NAME: inbox,
        SQS_WAIT_SECONDS: '1',
        PORT: String(await freePort()),
        DATA_DIR: dataDir,
        JOB_BACKOFF_MS: '10',
        COMPLETED_KEEP: '1000000',
        ...env,
      });
      config.sqs.visibilitySeconds = visibilitySeconds;
      const app = await runApp(config, role, logger);
      apps.push(app);
      // The first bridge finds an empty inbox. The receive that is always under way keeps some places, now as at rest.
      if (role !== 'worker') places ??= (await app.bridge()).free_places;
      return app;
    },
    async sendOrders(count) {
      const values = Array.from({ length: count }, (_, index) => sent.length + index + 1);
      revenue += values.reduce((sum, value) => sum + value, 0);
      await rig.send(...values.map((value) => JSON.stringify(orderWorth(value))));
    },
    async send(...bodies) {
      const { url } = sqs.inspectQueue(inbox) ?? { url: sqs.createQueue(inbox).queueUrl };
      const sendTen = async (from: number): Promise<string[]> => {
        const Entries = bodies.slice(from, from + 10).map((MessageBody, index) => ({
          Id: String(index),
          MessageBody,
          ...(inbox.endsWith('.fifo') && {
            MessageGroupId: `group-${index}`,
            MessageDeduplicationId: `${sent.length + from + index}`,
          }),
        }));
        const answer = await sender.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
        return (answer.Successful ?? []).map(({ MessageId }) => MessageId as string);
      };
      const tens = Array.from({ length: Math.ceil(bodies.length / 10) }, (_, ten) => sendTen(ten * 10));
      const ids = (await Promise.all(tens)).flat();
      sent.push(...ids);
      return ids;
    },
    async redeliver() {
      const { url, messages } = sqs.inspectQueue(inbox) as Inspection;
      for (const { receiptHandle } of messages.inflight) {
        await sender.send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: url,
            ReceiptHandle: receiptHandle,
            VisibilityTimeout: 0,
          }),
        );
      }
    },
    left() {
      const { ready = [], delayed = [], inflight = [] } = sqs.inspectQueue(inbox)?.messages ?? {};
      return { visible: ready.length + delayed.length, hidden: inflight.length };
    },
    async jobs() {
      const counts = await queue.getJobCounts();
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    async settled() {
      await untilReaches(async () => (await readStats.global()).orders, sent.length, 'every order counts');
      await until(() => rig.left().visible + rig.left().hidden === 0, 'SQS holds no message');
      await until(async () => (await queue.getJobCountByTypes('active')) === 0, 'no job runs');
      const all = { orders: sent.length, users: sent.length, minorUnits: revenue * 100 };
      expect(await readStats.global()).toEqual(all);
      const jobs = await queue.getJobs();
      expect(jobs.map(({ id }) => id).toSorted()).toEqual(sent.toSorted());
      await rig.atRest();
    },
    async atRest() {
      for (const app of apps) await app.atRest(places ?? 0);
    },
    async stop() {
      await Promise.all(apps.map((app) => app.stop()));
      await queue.close();
      redis.disconnect();
      sender.destroy();
      await proxy.stop();
      await sqs.stop();
      await ownRedis?.stop();
      logger.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return rig;
}

/** One user and one value each: two orders mixed up, or one counted in place of another, would show. */
function orderWorth(value: number): Record<string, unknown> {
  return anOrder({
    order_id: `ORD${value}`,
    user_id: `U${value}`,
    order_value: value,
    items: [{ product_id: 'P1', quantity: 1, price_per_unit: value }],
  });
}
