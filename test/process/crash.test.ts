import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { makeProducts } from './product.ts';

const TOTAL = 500;

describe('a worker killed in the middle of orders', () => {
  const products = makeProducts();
  let bridge: TestPipeline;
  let redis: Redis;

  beforeAll(async () => {
    bridge = await startPipeline({}, { role: 'bridge' });
    redis = bridge.redis.client();
  });
  afterAll(async () => {
    await products.stop();
    await bridge.stop();
  });

  const startWorker = () =>
    products.start(['worker'], { REDIS_URL: bridge.redis.url, PORT: '0', WORKER_CONCURRENCY: '20' });

  /** What BullMQ does by time alone: half a minute after a worker's last sign of life its locks are gone. */
  async function halfAMinutePasses(): Promise<void> {
    const keys = (await redis.keys('*:lock')).concat(await redis.keys('*:stalled-check'));
    if (keys.length > 0) await redis.del(keys);
  }

  it('leaves the totals exact: each of 500 orders counts once', async () => {
    const stats = makeReadStats(redis, makePartitions(1));
    const counted = async () => (await stats.global()).orders;
    const jobs = async () => (await bridge.queues[0]?.getJobCounts('waiting', 'active')) ?? {};
    const orders = Array.from({ length: TOTAL }, (_, index) =>
      anOrder({ order_id: `O${index}`, user_id: `U${index % 10}` }),
    );
    await bridge.send(...orders);
    await until(async () => (await jobs()).waiting === TOTAL, 'every order is a job');

    const killed = await startWorker();
    await until(async () => (await counted()) > 0, 'the first orders count');
    // Every write waits from now on: the worker dies with orders in its hands, however fast the machine is.
    await redis.client('PAUSE', 60_000, 'WRITE');
    killed.signal('SIGKILL');
    await killed.exited;
    await redis.client('UNPAUSE');
    const { active: left } = await jobs();
    expect(left).toBeGreaterThan(0);

    // BullMQ takes two looks: the first suspects the jobs that are active, the second takes them back.
    await halfAMinutePasses();
    await (await startWorker()).ready();
    await until(async () => {
      const { waiting, active } = await jobs();
      return waiting === 0 && active === left;
    }, 'only what the killed worker had in its hands is left');
    await halfAMinutePasses();
    await (await startWorker()).ready();
    await until(async () => (await counted()) >= TOTAL, 'every order counts');
    await bridge.settled();
    expect(await stats.global()).toEqual({ orders: TOTAL, minorUnits: TOTAL * 200_000, users: 10 });
    expect(await bridge.failed()).toEqual([]);
  });
});
