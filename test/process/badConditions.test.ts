import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { makePartitions } from '../../src/queue/partitions.ts';
import { makeReadStats, type ReadStats } from '../../src/stats/readStats.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Products } from './product.ts';

const YEAR_MS = 365 * 86_400_000;
/** Longer than all attempts of an order take. */
const HELD_MS = 1_500;
const skewed = { NODE_OPTIONS: `--import ${new URL('./skewClock.mjs', import.meta.url).href}` };

const someOrders = (count: number, name: string) =>
  Array.from({ length: count }, (_, index) =>
    anOrder({ order_id: `${name}${index}`, user_id: `U${index % 10}` }),
  );

describe('orders count once', () => {
  let products: Products;
  let pipeline: TestPipeline;
  let redis: Redis;
  let stats: ReadStats;

  beforeEach(async () => {
    products = makeProducts();
    // A second attempt is the last: an order that loses one to something that is not its fault shows.
    pipeline = await startPipeline({ JOB_ATTEMPTS: '2' }, { role: 'bridge' });
    redis = pipeline.redis.client();
    stats = makeReadStats(redis, makePartitions(1));
  });
  afterEach(async () => {
    await products.stop();
    await pipeline.stop();
  });

  const startWorker = (env: Record<string, string>) =>
    products.start(['worker'], { REDIS_URL: pipeline.redis.url, PORT: '0', ...env });

  async function expectCounted(orders: number): Promise<void> {
    await pipeline.settled();
    expect(await stats.global()).toEqual({ orders, minorUnits: orders * 200_000, users: 10 });
    expect(await pipeline.failed()).toEqual([]);
  }

  it('while the clocks of two workers are a year behind and a year ahead, and the next is right again', async () => {
    const orders = someOrders(200, 'A');
    for (const skew of [-YEAR_MS, YEAR_MS]) {
      await (await startWorker({ ...skewed, CLOCK_SKEW_MS: String(skew) })).ready();
    }
    await pipeline.send(...orders);
    await expectCounted(200);
    await products.stop();
    products = makeProducts();
    await (await startWorker({})).ready();
    await pipeline.send(...orders, ...someOrders(100, 'B'));
    await expectCounted(300);
    expect(await stats.duplicates()).toBe(200);
  });

  it('while the event loop of one worker stands still for longer than its locks last', async () => {
    await (await startWorker({ ...skewed, BLOCK_MS: '1800', JOB_LOCK_MS: '1000' })).ready();
    await (await startWorker({ JOB_LOCK_MS: '1000' })).ready();
    await pipeline.send(...someOrders(300, 'A'));
    await expectCounted(300);
  });

  it('when Redis was full meanwhile: they wait, and go on as soon as there is room', async () => {
    await pipeline.send(...someOrders(100, 'A'));
    await until(async () => (await pipeline.queues[0]?.getWaitingCount()) === 100, 'every order is a job');
    // A job that becomes due while Redis is full takes the waiting ones along: ending it fetches the next.
    const [waiting] = (await pipeline.queues[0]?.getWaiting(0, 0)) ?? [];
    await pipeline.queues[0]?.add('order', waiting?.data as OrderJob, { delay: 500, attempts: 2 });
    await redis.config('SET', 'maxmemory', '1');
    await (await startWorker({})).ready();
    await pipeline.send(...someOrders(50, 'B'));
    const paused = async () =>
      (await pipeline.json<{ bridge: { paused_by: string[] } }>('/health')).bridge.paused_by;
    await until(async () => (await paused()).length > 0, 'the bridge takes no more');
    await until(async () => {
      const [held] = (await pipeline.queues[0]?.getActive(0, 0)) ?? [];
      const failed = (await pipeline.queues[0]?.getFailedCount()) ?? 0;
      return failed > 0 || Date.now() - (held?.processedOn ?? Date.now()) > HELD_MS;
    }, 'the worker holds on to an order that Redis does not take');
    expect((await stats.global()).orders).toBe(0);
    await redis.config('SET', 'maxmemory', '0');
    await expectCounted(150);
    expect(await stats.duplicates()).toBe(1);
  });

  it('when Redis refuses every write meanwhile, because it could not save', async () => {
    await (await startWorker({ JOB_LOCK_MS: '1000' })).ready();
    await pipeline.send(...someOrders(100, 'A'));
    await until(async () => (await stats.global()).orders > 0, 'orders are being counted');
    const repair = await breakSaving(redis);
    const since = Date.now();
    const refused = async () =>
      Number(/errorstat_MISCONF:count=(\d+)/.exec(await redis.info('errorstats'))?.[1] ?? 0);
    await until(async () => (await refused()) > 0, 'a write is refused');
    await pipeline.send(...someOrders(50, 'B'));
    await until(() => Date.now() - since > HELD_MS, 'it lasts for longer than all attempts of an order take');
    await repair();
    await expectCounted(150);
  });
});

/** A folder where the file should be: no snapshot can be written, and Redis then takes no writes. */
async function breakSaving(redis: Redis): Promise<() => Promise<void>> {
  const [, dir = ''] = (await redis.config('GET', 'dir')) as string[];
  const inTheWay = join(dir, 'dump.rdb');
  const saved = async () => /rdb_last_bgsave_status:ok/.test(await redis.info('persistence'));
  const save = async () => {
    await redis.bgsave();
    await until(
      async () => /rdb_bgsave_in_progress:0/.test(await redis.info('persistence')),
      'the save has ended',
    );
  };
  await redis.config('SET', 'save', '3600 1000000');
  mkdirSync(inTheWay);
  await save();
  expect(await saved()).toBe(false);
  return async () => {
    rmSync(inTheWay, { recursive: true });
    await save();
    expect(await saved()).toBe(true);
  };
}
