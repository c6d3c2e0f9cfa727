import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { readFlagged } from '../../src/quality/outcomes/readGroups.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Product, type Products } from './product.ts';

const DAY_MS = 86_400_000;
const [partition] = makePartitions(1).all as [Partition];
const YEAR_MS = 365 * DAY_MS;
const skewed = (ms: number) => ({
  QUALITY: 'rules',
  NODE_OPTIONS: `--import ${new URL('./skewClock.mjs', import.meta.url).href}`,
  CLOCK_SKEW_MS: String(ms),
});

/** Placed at some time, by whatever clock the shop goes. */
const placed = (name: string, count: number, timestamp: string) =>
  Array.from({ length: count }, (_, at) =>
    anOrder({
      order_id: `${name}${at}`,
      user_id: `U-${name}-${at}`,
      order_timestamp: timestamp,
      shipping_address: `${at} High Street, Leeds, UK`,
    }),
  );
const iso = (ms: number) => new Date(ms).toISOString();

async function timesFlagged(redis: Redis): Promise<string[]> {
  const rules = (await readFlagged(redis, 1_000)).orders.flatMap(({ findings }) =>
    findings.map(({ rule }) => rule),
  );
  return rules.filter((rule) => /^time_|^epoch/.test(rule)).sort();
}

describe('the review of the times of orders', () => {
  let products: Products;
  beforeEach(() => {
    products = makeProducts();
  });
  afterEach(() => products.stop());

  describe('by workers whose clocks are a year behind and a year ahead, on a Redis whose clock is right', () => {
    let pipeline: TestPipeline;
    beforeEach(async () => {
      pipeline = await startPipeline({ QUALITY: 'rules' }, { role: 'bridge' });
    });
    afterEach(() => pipeline.stop());

    it('finds what it would find by clocks that are right', async () => {
      const started: Product[] = [];
      for (const [role, skew] of [
        ['worker', -YEAR_MS],
        ['worker', YEAR_MS],
        ['quality', YEAR_MS],
      ] as const)
        started.push(await products.start([role], { REDIS_URL: pipeline.redis.url, ...skewed(skew) }));
      await Promise.all(started.map((each) => each.ready()));
      const now = Date.now();
      await pipeline.send(
        ...placed('NOW', 40, iso(now)),
        ...placed('AHEAD', 6, iso(now + 2 * DAY_MS)),
        ...placed('EPOCH', 6, iso(now / 1_000)),
        ...placed('OLD', 6, '1901-01-01T00:00:00Z'),
      );
      await pipeline.settled();
      expect(await pipeline.failed()).toEqual([]);
      const wanted = ['epoch_seconds_as_milliseconds', 'time_in_future', 'time_too_old'].flatMap((rule) =>
        Array(6).fill(rule),
      );
      const redis = pipeline.redis.client();
      await until(async () => (await timesFlagged(redis)).length >= wanted.length, 'all are flagged');
      for (const each of started) {
        each.signal('SIGTERM');
        expect(await each.exited).toBe(0);
      }
      expect(await timesFlagged(redis)).toEqual(wanted);
    });
  });

  describe('by a Redis whose clock is wrong, as everybody else sees it', () => {
    let redis: TestRedis;
    beforeEach(async () => {
      redis = await startTestRedis();
    });
    afterEach(() => redis.stop());

    it.each([
      ['a year behind', YEAR_MS, 'behind'],
      ['a year ahead', -YEAR_MS, 'ahead of'],
    ])('is left out, and the clock is told of once, while it is %s', async (_, skew, how) => {
      const all = await products.start(['all'], {
        REDIS_URL: redis.url,
        EMBEDDED_SQS_PORT: String(await freePort()),
        ...skewed(skew),
      });
      await all.ready();
      const now = Date.now() + skew;
      const orders = [
        ...placed('NOW', 30, iso(now)),
        ...placed('EPOCH', 5, iso(now / 1_000)),
        // Nothing of it is about the time.
        ...placed('PAID', 1, iso(now)).map((order) => ({ ...order, payment_method: 'Corruption' })),
      ];
      const client = redis.client();
      // As the bridge leaves them, with the time of an SQS whose clock is that of everybody else.
      const queue = new Queue<OrderJob>(ORDER_QUEUE, { connection: client, prefix: partition.tag });
      await queue.addBulk(
        orders.map((order, at) => ({
          name: 'order',
          data: { message: { id: `m-${at}`, sentAt: iso(now), receiveCount: 1 }, order } as OrderJob,
          opts: { jobId: `m-${at}` },
        })),
      );
      await queue.close();
      const json = async (path: string) => (await (await fetch(`${all.url}${path}`)).json()) as never;
      await until(
        async () =>
          ((await json('/stats/global')) as { total_orders: number }).total_orders === orders.length,
        'all have counted',
      );
      await until(async () => (await readFlagged(client, 9)).orders.length > 0, 'what was found is kept');
      const { status, troubles } = (await json('/health')) as {
        status: string;
        troubles: { what: string; reason: string }[];
      };
      expect([status, troubles.filter(({ what }) => what === 'clock')]).toMatchObject([
        'degraded',
        [{ reason: `the clock of Redis is 8760 hours ${how} that of this process` }],
      ]);
      await until(
        async () => JSON.stringify(await json('/pulse')).includes('clock_wrong'),
        'whoever looks at the pulse sees it',
      );
      all.signal('SIGTERM');
      expect(await all.exited).toBe(0);
      expect(await timesFlagged(client)).toEqual([]);
      expect(
        (await readFlagged(client, 9)).orders.map(({ findings }) => findings.map(({ rule }) => rule)),
      ).toEqual([['payment_method_unknown']]);
      expect(all.output().match(/one clock is wrong/g)).toHaveLength(1);
    });
  });
});
