import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Worker } from 'bullmq';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { makeRecordOrder } from '../../src/stats/record/recordOrder.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { anOrder, RULES } from '../support/orders.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from './workers.ts';

const STALLS = 4;

describe('a job whose workers died', () => {
  let workers: TestWorkers;

  beforeEach(async () => {
    workers = await testWorkers(1, { attempts: 1 });
  });
  afterEach(() => workers.stop());

  const partition = () => workers.partitions.of('U0001');
  const key = (name: string) => `${partition().tag}:${ORDER_QUEUE}:${name}`;

  /**
   * Takes the job and dies with it, again and again. Leaves it as the last death does: active, its lock run out,
   * suspected by BullMQ's check and due for the next one. Deleting the lock stands for the half minute it takes.
   */
  async function dieWith(id: string): Promise<void> {
    const redis = workers.redis.client();
    const dying = new Worker<OrderJob>(ORDER_QUEUE, null, {
      connection: workers.redis.client(),
      prefix: partition().tag,
      skipLockRenewal: true,
      stalledInterval: 10,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    await dying.startStalledCheckTimer();
    for (let stall = 1; stall < STALLS; stall += 1) {
      await dying.getNextJob(`token-${stall}`);
      await redis.del(key(`${id}:lock`));
      await until(
        async () => (await workers.queueOf('U0001').getJobState(id)) === 'waiting',
        'the job has stalled',
      );
    }
    await dying.getNextJob('token-last');
    await until(async () => (await redis.sismember(key('stalled'), id)) === 1, 'the job is suspected');
    await dying.close(true);
    await redis.del(key(`${id}:lock`), key('stalled-check'));
    expect(await workers.queueOf('U0001').getJobState(id)).toBe('active');
  }

  async function finished() {
    await workers.start();
    const job = await workers.job('U0001', 'stalling', 'completed');
    expect(job.stalledCounter).toBe(STALLS);
    expect(await workers.queueOf('U0001').getFailedCount()).toBe(0);
    expect(await workers.read.user('U0001')).toEqual({ orders: 1, minorUnits: 200_000 });
    return job.returnvalue;
  }

  it('before they recorded it runs again, however often that happens, and counts', async () => {
    await workers.add('stalling', anOrder());
    await dieWith('stalling');
    expect(await finished()).toEqual({ outcome: 'counted' });
  });

  it('after they recorded it runs again and is recognised', async () => {
    const parse = makeParseOrder(RULES);
    const record = makeRecordOrder(workers.redis.client(), partition(), { retentionDays: 35 });
    await workers.add('stalling', anOrder());
    await record(parse(anOrder(), '2025-03-04T05:06:07.000Z'));
    await dieWith('stalling');
    expect(await finished()).toEqual({ outcome: 'duplicate' });
  });
});
