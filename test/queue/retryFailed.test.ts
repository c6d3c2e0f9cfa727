import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Job } from 'bullmq';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { retryFailed } from '../../src/queue/retryFailed.ts';
import { anOrder } from '../support/orders.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from '../worker/workers.ts';

const sentAt = '2025-03-04T05:06:07.000Z';

describe('retrying every failed order', () => {
  let workers: TestWorkers;

  beforeEach(async () => {
    workers = await testWorkers(2, { keepCompleted: 10_000 });
    await workers.start();
  });
  afterEach(() => workers.stop());

  const failedJobs = async () =>
    (await Promise.all(workers.queues.all.map((each) => each.getFailed()))).flat();
  const counts = async (...states: ('wait' | 'active' | 'delayed' | 'failed' | 'completed')[]) =>
    (await Promise.all(workers.queues.all.map((each) => each.getJobCountByTypes(...states)))).reduce(
      (a, b) => a + b,
    );
  const idle = () =>
    until(async () => (await counts('wait', 'active', 'delayed')) === 0, 'all jobs have ended');
  const keyOf = (job: Job<OrderJob>, name = job.id) => `${job.prefix}:${job.queueName}:${name}`;

  /** Orders of many users that fail: `order_value` is wrong, or the user is missing. */
  async function fail(count: number, broken: (index: number) => Record<string, unknown>): Promise<void> {
    const orders = Array.from({ length: count }, (_, index) =>
      anOrder({ user_id: `U${index}`, order_id: `O${index}`, ...broken(index) }),
    );
    for (const partition of workers.partitions.all) {
      const jobs = orders.flatMap((order, index) =>
        workers.partitions.of(`U${index}`).index === partition.index
          ? [{ id: `m${index}`, data: { order, message: { id: `m${index}`, sentAt, receiveCount: 1 } } }]
          : [],
      );
      await workers.queues.add(partition, jobs);
    }
    await idle();
    expect(await counts('failed')).toBe(count);
  }

  const wrongValue = () => ({ order_value: 201 });

  /** How often each order was run, whatever became of it. */
  async function runs(): Promise<Set<number>> {
    const jobs = await Promise.all(workers.queues.all.map((each) => each.getJobs(['failed', 'completed'])));
    return new Set(jobs.flat().map((job) => job.attemptsStarted));
  }

  it('runs each of 3,200 exactly once more, and the repaired ones among the oldest count', async () => {
    await fail(3_200, wrongValue);
    const oldest = (
      await Promise.all(workers.queues.all.map((each) => each.getJobs('failed', 0, 19, true)))
    ).flat();
    for (const job of oldest)
      await job.updateData({ ...job.data, order: { ...(job.data.order as object), order_value: 2_000 } });

    expect(await retryFailed(workers.redis.client(), workers.partitions.all)).toEqual({
      failed: 3_200,
      retried: 3_200,
      others: 0,
      gone: 0,
    });
    await idle();
    expect(await runs()).toEqual(new Set([2]));
    expect(await counts('completed')).toBe(oldest.length);
    expect(await counts('failed')).toBe(3_200 - oldest.length);
    expect(await workers.read.global()).toMatchObject({ orders: oldest.length });
    expect((await workers.redis.client().keys('*retrying*')).length).toBe(0);
  });

  it('takes the oldest failure first', async () => {
    await fail(600, wrongValue);
    const redis = workers.redis.client();
    const orders = await Promise.all(
      workers.queues.all.map(async (queue) => {
        const before = await redis.zrange(queue.toKey('failed'), 0, '-1');
        await redis.del(queue.toKey('events'));
        return { queue, before };
      }),
    );
    await retryFailed(redis, workers.partitions.all);
    await idle();
    for (const { queue, before } of orders) {
      const events = (await redis.xrange(queue.toKey('events'), '-', '+')).map(([, fields]) => fields);
      const retried = events.filter((fields = []) => fields.includes('waiting') && fields.includes('failed'));
      expect(retried.map((fields) => fields?.[fields.indexOf('jobId') + 1])).toEqual(before);
    }
  });

  it('retries none twice that fails again under an earlier clock than its first failure', async () => {
    await fail(900, wrongValue);
    const redis = workers.redis.client();
    const later = Date.now() + 3_600_000;
    for (const job of await failedJobs())
      await redis.zadd(keyOf(job, 'failed'), 'XX', String(later), job.id as string);
    expect(await retryFailed(redis, workers.partitions.all)).toMatchObject({ retried: 900 });
    await idle();
    expect(await runs()).toEqual(new Set([2]));
  });

  it('runs none twice when two ask for it at once', async () => {
    await fail(900, wrongValue);
    const redis = workers.redis.client();
    const both = await Promise.all([1, 2].map(() => retryFailed(redis, workers.partitions.all)));
    await idle();
    expect(both.map(({ failed }) => failed)).toEqual([900, 900]);
    expect(both.reduce((sum, { retried }) => sum + retried, 0)).toBe(900);
    expect(both.reduce((sum, { gone }) => sum + gone, 0)).toBe(900);
    expect(await runs()).toEqual(new Set([2]));
  });

  it('goes on past orders that vanish meanwhile', async () => {
    await fail(50, wrongValue);
    const redis = workers.redis.client();
    const [one, other] = (await failedJobs()) as [Job<OrderJob>, Job<OrderJob>];
    // On the same connection, so they follow the snapshot and come before any retry.
    const [retried] = await Promise.all([
      retryFailed(redis, workers.partitions.all),
      redis.del(keyOf(one)),
      redis.zrem(keyOf(other, 'failed'), other.id as string),
    ]);
    expect(retried).toEqual({ failed: 50, retried: 48, others: 0, gone: 2 });
  });

  it('retries only what failed for the reason asked for, also beside other reasons', async () => {
    await fail(40, (index) =>
      index % 4 === 0
        ? { currency: 'EUR', order_value: 201 }
        : index % 4 === 1
          ? { order_value: 201 }
          : { order_value: 'order_value_mismatch: so it says' },
    );
    const redis = workers.redis.client();
    const wanted = { reason: 'order_value_mismatch' } as const;
    const found = { failed: 40, retried: 20, others: 20, gone: 0 };
    expect(await retryFailed(redis, workers.partitions.all, { ...wanted, dryRun: true })).toEqual(found);
    await idle();
    expect(await runs()).toEqual(new Set([1]));
    expect(await retryFailed(redis, workers.partitions.all, wanted)).toEqual(found);
    await idle();
    for (const job of await failedJobs())
      expect([job.failedReason, job.attemptsStarted]).toEqual([
        job.failedReason,
        / ?\border_value_mismatch: order_value is/.test(job.failedReason) ? 2 : 1,
      ]);
  });

  it('leaves a job as BullMQ itself does, with all its attempts', async () => {
    await fail(2, wrongValue);
    for (const queue of workers.queues.all) await queue.pause();
    const redis = workers.redis.client();
    const [ours, bullmqs] = (await failedJobs()) as [Job<OrderJob>, Job<OrderJob>];
    await bullmqs.retry('failed', { resetAttemptsMade: true });
    expect(await retryFailed(redis, workers.partitions.all)).toMatchObject({ retried: 1 });
    const fields = async (job: Job<OrderJob>) => Object.keys(await redis.hgetall(keyOf(job))).sort();
    expect(await fields(ours)).toEqual(await fields(bullmqs));
    expect(await counts('wait')).toBe(2);
  });
});
