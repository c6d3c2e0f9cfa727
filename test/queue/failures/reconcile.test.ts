import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { noteAll } from '../../../src/queue/failures/noteFailures.ts';
import { readFailurePage, readFailures } from '../../../src/queue/failures/readFailures.ts';
import { reconcileFailures } from '../../../src/queue/failures/reconcile.ts';
import { watchQueues } from '../../../src/queue/watchQueues.ts';
import { Troubles } from '../../../src/runtime/troubles.ts';
import { failureKeys } from '../../../src/store/keys.ts';
import type { Partition } from '../../../src/store/partitions.ts';
import { anOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';
import { type TestWorkers, testWorkers } from '../../worker/workers.ts';

describe('the index of failed orders after something went past it', () => {
  let workers: TestWorkers;
  let redis: Redis;
  let partition: Partition;
  let keys: ReturnType<typeof failureKeys>;

  beforeEach(async () => {
    workers = await testWorkers(1, { attempts: 1, failedRetentionDays: 1 });
    redis = workers.redis.client();
    partition = workers.partitions.all[0] as Partition;
    keys = failureKeys(partition);
    await workers.start();
  });
  afterEach(() => workers.stop());

  const sums = () => readFailures(redis, [partition]);
  const page = () => readFailurePage(redis, [partition], { count: 2_000 });
  const reconcile = () => reconcileFailures(redis, partition, { alone: true });
  const jobOf = (id: string) => workers.job('U', id, 'failed');
  async function fail(ids: readonly string[], changes: Record<string, unknown> = { order_value: 1 }) {
    const { orders } = await sums();
    for (const id of ids) await workers.add(id, anOrder({ user_id: 'U', order_id: id, ...changes }));
    await until(async () => (await sums()).orders === orders + ids.length, 'they are in the index');
  }
  /** What one says that does not depend on who noted it. */
  const withoutTimes = async () =>
    (await page())
      .map(({ firstFailedAt: _, lastFailedAt: __, ...rest }) => rest)
      .sort((a, b) => (a.job < b.job ? -1 : 1));

  it('is made again from the jobs alone, as the workers would have', async () => {
    const items = Array.from({ length: 30 }, (_, index) => ({ product_id: `P${index}`, quantity: 1 }));
    await fail(['a', 'b'], { order_value: '7.50', currency: 'EUR' });
    await fail(['c'], { items });
    await workers.add('d', 'no order; at all: not_an_object at the order: really');
    await redis.set(`${partition.tag}:user:GONE`, 'foreign');
    await workers.add('e', anOrder({ user_id: 'GONE', order_id: 'e' }));
    await until(async () => (await sums()).orders === 5, 'all are in the index');
    const before = { entries: await withoutTimes(), sums: await sums() };
    const times = (await page()).map(({ job, lastFailedAt }) => [job, Date.parse(lastFailedAt)] as const);
    expect(before.entries.find(({ job }) => job === 'c')?.issues).toHaveLength(20);

    await redis.del(...Object.values(keys));
    await reconcile();
    expect(await withoutTimes()).toEqual(before.entries);
    const { since: _, ...figures } = before.sums;
    expect(await sums()).toMatchObject(figures);
    const finished = new Map(
      await Promise.all(
        times.map(async ([job]) => [job, (await workers.queues.all[0]?.getJob(job))?.finishedOn] as const),
      ),
    );
    for (const { job, firstFailedAt, lastFailedAt } of await page())
      expect([Date.parse(firstFailedAt), Date.parse(lastFailedAt)]).toEqual([
        finished.get(job),
        finished.get(job),
      ]);
  });

  it('never says that an order failed in the future, whatever the clock of the worker', async () => {
    await fail(['ahead']);
    await redis.zadd(workers.queueOf('U').toKey('failed'), 'XX', Date.now() + 86_400_000, 'ahead');
    await redis.del(...Object.values(keys));
    await reconcile();
    expect(Date.parse((await page())[0]?.firstFailedAt as string)).toBeLessThanOrEqual(Date.now());
  });

  it('loses those that were removed, and those that retention dropped', async () => {
    await fail(['stays', 'removed', 'old']);
    await (await jobOf('removed')).remove();
    await redis.zadd(workers.queueOf('U').toKey('failed'), 'XX', Date.now() - 2 * 86_400_000, 'old');
    await workers.add('new', anOrder({ user_id: 'U', order_id: 'new', order_value: 1 }));
    await until(async () => (await sums()).orders === 4, 'the new one is in the index');
    expect(await workers.queueOf('U').getFailedCount()).toBe(2);
    await reconcile();
    expect((await page()).map(({ job }) => job).sort()).toEqual(['new', 'stays']);
    expect(await sums()).toMatchObject({ orders: 2, minorUnits: 200 });
    expect(await redis.zcard(keys.retried)).toBe(0);
  });

  it('is mended when one is gone and another is missing, and when one says what was wrong before', async () => {
    await fail(['gone', 'missing', 'again']);
    await (await jobOf('gone')).remove();
    await redis.hdel(keys.entries, 'missing');
    await redis.zadd(workers.queueOf('U').toKey('failed'), 'XX', Date.now() - 5, 'again');
    const job = await jobOf('again');
    await job.updateData({ ...job.data, order: anOrder({ user_id: 'U', order_value: 3 }) });
    await reconcile();
    expect((await withoutTimes()).map(({ job, minorUnits }) => [job, minorUnits])).toEqual([
      ['again', 300],
      ['missing', 100],
    ]);
  });

  it('keeps when a retried order first failed until that has ended', async () => {
    await fail(['first']);
    const since = Date.now() - 3_600_000;
    await redis.zadd(keys.since, 'XX', since, 'first');
    await workers.queueOf('U').pause();
    await (await jobOf('first')).retry('failed', { resetAttemptsMade: true });
    await reconcile();
    expect((await sums()).orders).toBe(0);
    await reconcile();
    await workers.queueOf('U').resume();
    await until(async () => (await sums()).orders === 1, 'it has failed again');
    expect((await sums()).since).toBe(new Date(since).toISOString());

    await redis.zadd(keys.retried, since, 'nobody');
    await reconcile();
    expect(await redis.zcard(keys.retried)).toBe(0);
  });

  it('takes no note of a failure that is not the last', async () => {
    await fail(['late']);
    const entry = await redis.hget(keys.entries, 'late');
    const stale = {
      job: 'late',
      minorUnits: '7',
      attempts: 1,
      names: '"O","U',
      places: '-',
      causes: ['fault\n\n'],
      user: '',
    };
    await noteAll(redis, partition, [
      { ...stale, failedOn: '1' },
      { ...stale, job: 'never', failedOn: '1' },
    ]);
    expect(await redis.hgetall(keys.entries)).toEqual({ late: entry });
  });

  it('holds an order without data, so that its size is that of the failed set', async () => {
    await redis.zadd(workers.queueOf('U').toKey('failed'), 1_000, 'empty');
    await reconcile();
    expect(await page()).toMatchObject([{ job: 'empty', kind: 'fault', minorUnits: undefined, orderId: '' }]);
  });

  it('is mended within some looks by a process that only watches', async () => {
    const ids = Array.from({ length: 1_200 }, (_, index) => `w${index}`);
    await fail(ids);
    const watch = watchQueues(redis, workers.partitions, new Troubles(), () => {}, { lookEveryMs: 20 });
    try {
      await until(async () => (await redis.exists(keys.pass)) === 1, 'it was looked at');
      await redis.del(keys.entries, keys.since, keys.sums);
      await until(async () => (await sums()).orders === ids.length, 'all are there again');
      expect(await sums()).toMatchObject({ minorUnits: 100 * ids.length });

      // The same size, so only a pass that is due finds it.
      await (await jobOf('w0')).remove();
      await redis.zadd(workers.queueOf('U').toKey('failed'), 1_000, 'swapped');
      const first = async () => (await readFailurePage(redis, [partition], { count: 1 }))[0];
      await until(async () => {
        // The pass before may still be under way, and would say at its end that none is due for ten minutes.
        if ((await redis.get(keys.pass))?.startsWith('until')) await redis.del(keys.pass);
        // What is missing is added before what is gone is taken out.
        return (await first())?.job === 'swapped' && (await sums()).orders === ids.length;
      }, 'the one is there, and the other is not');
      expect(await sums()).toMatchObject({ minorUnits: 100 * (ids.length - 1), unknown: 1 });
    } finally {
      await watch.stop();
    }
  });

  it('is gone over by one process at a time, and not at once again', async () => {
    await fail(['one']);
    const passes = await Promise.all([1, 2, 3].map(() => reconcileFailures(redis, partition)));
    expect(passes.sort()).toEqual([false, false, true]);
    expect(await reconcileFailures(redis, partition)).toBe(false);
    expect(await redis.get(keys.pass)).toMatch(/^until \d+$/);
    expect(await redis.pttl(keys.pass)).toBeGreaterThan(0);
    await redis.set(keys.pass, 'until 1');
    expect(await reconcileFailures(redis, partition)).toBe(true);
  });
});
