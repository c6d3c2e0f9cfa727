import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { makeReadStats, type ReadStats } from '../../src/stats/read/readStats.ts';
import { RECORDING_SCRIPT } from '../../src/stats/record/recordOrder.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Product, type Products } from './product.ts';

const YEAR_MS = 365 * 86_400_000;
/** Longer than all attempts of an order take. */
const HELD_MS = 1_500;
const loading = (module: string) => ({ NODE_OPTIONS: `--import ${new URL(module, import.meta.url).href}` });
const skewed = loading('./skewClock.mjs');
const otherRecording = loading('./otherRecording.mjs');

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
    pipeline = await startPipeline({ JOB_ATTEMPTS: '2', COMPLETED_KEEP: '1000000' }, { role: 'bridge' });
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
    const standStill = join(products.dataDir, 'stands-still');
    const stalling = await startWorker({ ...otherRecording, STAND_STILL: standStill, JOB_LOCK_MS: '1000' });
    await stalling.ready();
    await pipeline.send(...someOrders(300, 'A'));
    await until(() => existsSync(standStill), 'it stands still with orders in hand');
    await (await startWorker({ JOB_LOCK_MS: '1000' })).ready();
    await expectCounted(300);
    const completed = (await pipeline.queues[0]?.getCompleted()) ?? [];
    expect(completed.some((job) => job.stalledCounter > 0)).toBe(true);
    const before = await stats.duplicates();
    rmSync(standStill);
    await until(async () => (await stats.duplicates()) > before, 'it records what it had in hand');
    stalling.signal('SIGTERM');
    expect(await stalling.exited).toBe(0);
    await expectCounted(300);
  });

  it('while two versions record with different scripts, from the first new worker to the last old one', async () => {
    const comment = 'an older version';
    const versions = [RECORDING_SCRIPT, `${RECORDING_SCRIPT}\n-- ${comment}\n`].map((lua) =>
      createHash('sha1').update(lua).digest('hex'),
    );
    const recordedBy = async () => String(await redis.script('EXISTS', ...versions));
    const load = underLoad(pipeline, async () => (await stats.global()).orders);
    const old = await startWorker({ ...otherRecording, RECORDING_COMMENT: comment });
    await until(async () => (await stats.global()).orders > 0, 'the old version counts');
    expect(await recordedBy()).toBe('0,1');
    const young = await startWorker({});
    await until(async () => (await recordedBy()) === '1,1', 'the new version counts');
    await untilCounting(old);
    old.signal('SIGTERM');
    expect(await old.exited).toBe(0);
    await untilCounting(young);
    const orders = await load.end();
    await expectCounted(orders.length);
    await pipeline.send(...orders.slice(0, 300));
    await expectCounted(orders.length);
    expect(await stats.duplicates()).toBe(300);
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

/** Keeps some hundred orders waiting until it is ended, and then says which it sent. */
function underLoad(
  pipeline: TestPipeline,
  counted: () => Promise<number>,
): { end(): Promise<Record<string, unknown>[]> } {
  const sent: Record<string, unknown>[] = [];
  let ended = false;
  const send = async () => {
    for (let round = 0; !ended; round += 1) {
      const orders = someOrders(50, `R${round}-`);
      await pipeline.send(...orders);
      sent.push(...orders);
      await until(async () => ended || sent.length - (await counted()) < 300, 'orders are being counted');
    }
  };
  const sending = send();
  // Heard at the end; a test that fails before that takes the inbox away.
  sending.catch(() => {});
  return {
    async end() {
      ended = true;
      await sending;
      return sent;
    },
  };
}

/** By what it says about itself: a line a second in which it counted anything. */
async function untilCounting(worker: Product): Promise<void> {
  const lines = () => worker.output().match(/orders processed counted=[1-9]/g)?.length ?? 0;
  const before = lines();
  // The first line may tell of orders before now; the one after it does not.
  await until(() => lines() >= before + 2, `it counts orders: ${worker.output()}`);
}

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
