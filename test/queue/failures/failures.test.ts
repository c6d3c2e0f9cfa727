import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FAILED_ROOM } from '../../../src/queue/failures/noteFailures.ts';
import { readFailurePage, readFailures } from '../../../src/queue/failures/readFailures.ts';
import { causeId } from '../../../src/queue/failures/shape.ts';
import { retryFailed } from '../../../src/queue/retryFailed.ts';
import { failureKeys } from '../../../src/store/keys.ts';
import { anOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';
import { type TestWorkers, testWorkers } from '../../worker/workers.ts';

describe('the index of failed orders', () => {
  let workers: TestWorkers;

  beforeAll(async () => {
    workers = await testWorkers(2, { attempts: 3 });
    await workers.start();
  });
  afterAll(() => workers.stop());
  beforeEach(async () => {
    // Nothing of a test before may come back.
    for (const queue of workers.queues.all) await queue.resume();
    await idle();
    for (const queue of workers.queues.all) await queue.obliterate({ force: true });
    for (const partition of all()) await workers.redis.client().del(...Object.values(failureKeys(partition)));
  });

  const all = () => workers.partitions.all;
  const sums = () => readFailures(workers.redis.client(), all());
  const page = async () => readFailurePage(workers.redis.client(), all(), { count: 100 });
  const indexed = (orders: number) =>
    until(async () => (await sums()).orders === orders, `${orders} orders are in the index`);
  const keysOf = (userId: string) => failureKeys(workers.partitions.of(userId));
  const idle = () =>
    until(async () => {
      const busy = await Promise.all(
        workers.queues.all.map((queue) => queue.getJobCountByTypes('wait', 'active', 'delayed')),
      );
      return busy.every((count) => count === 0);
    }, 'all jobs have ended');
  const retry = async (userId: string, id: string) => {
    const job = await workers.queueOf(userId).getJob(id);
    await job?.retry('failed', { resetAttemptsMade: true });
  };

  it('knows of each what was wrong where, whose it is and what it is worth, and no address', async () => {
    const before = Date.now();
    const items = [{ product_id: 'P', quantity: 2, price_per_unit: '5.25' }, { product_id: 'Q' }];
    await workers.add('i1', anOrder({ user_id: 'U1', order_id: ' o-1', order_value: '12.30', items }));
    await indexed(1);
    const [failure] = await page();
    expect(failure).toEqual({
      job: 'i1',
      partition: workers.partitions.of('U1').index,
      orderId: ' o-1',
      userId: 'U1',
      minorUnits: 1_230,
      kind: 'refused',
      issues: [
        { code: 'wrong_type', path: 'order_value' },
        { code: 'missing_field', path: 'items[1].quantity' },
        { code: 'missing_field', path: 'items[1].price_per_unit' },
      ],
      causes: [
        causeId('wrong_type\norder_value\n9.9'),
        causeId('missing_field\nitems[*].quantity\nnothing'),
        causeId('missing_field\nitems[*].price_per_unit\nnothing'),
      ],
      user: expect.stringMatching(/^[\da-f]{12}$/),
      attempts: 1,
      firstFailedAt: expect.any(String),
      lastFailedAt: expect.any(String),
    });
    expect(failure?.lastFailedAt).toBe(failure?.firstFailedAt);
    expect(Date.parse(failure?.firstFailedAt as string)).toBeGreaterThanOrEqual(before);
    expect(await workers.redis.client().hget(keysOf('U1').entries, 'i1')).not.toMatch(/Pine/);
  });

  it('adds up over all partitions: one of several reasons under each, and once in the whole', async () => {
    await workers.add('s1', anOrder({ user_id: 'U1', order_value: 100.01 }));
    await workers.add('s2', anOrder({ user_id: 'U2', order_value: 7, currency: 'EUR' }));
    await workers.add('s3', anOrder({ user_id: 'U3', order_value: undefined }));
    await workers.add('s4', anOrder({ user_id: 'U4', order_value: undefined, items: [] }));
    await workers.add('s5', null);
    await indexed(5);
    expect(new Set((await page()).map(({ partition }) => partition)).size).toBe(2);
    const { since, ...rest } = await sums();
    expect(rest).toEqual({
      orders: 5,
      minorUnits: 10_001 + 700 + 200_000,
      unknown: 2,
      byReason: [
        { reason: 'missing_field', orders: 2, minorUnits: 200_000, unknown: 1 },
        { reason: 'order_value_mismatch', orders: 2, minorUnits: 10_701, unknown: 0 },
        { reason: 'currency_mismatch', orders: 1, minorUnits: 700, unknown: 0 },
        { reason: 'no_items', orders: 1, minorUnits: 0, unknown: 1 },
        { reason: 'not_an_object', orders: 1, minorUnits: 0, unknown: 1 },
      ],
    });
    expect(since).toBe((await page())[0]?.firstFailedAt);
  });

  it('tells an order that a fault has ended from one that was refused', async () => {
    const redis = workers.redis.client();
    const user = `${workers.partitions.of('U7').tag}:user:U7`;
    await redis.set(user, 'foreign');
    await workers.add('f1', anOrder({ user_id: 'U7', order_id: 'FAULT' }));
    await indexed(1);
    expect(await page()).toMatchObject([{ job: 'f1', kind: 'fault', issues: [], attempts: 3 }]);
    expect((await sums()).byReason).toEqual([
      { reason: 'fault', orders: 1, minorUnits: 200_000, unknown: 0 },
    ]);
    await redis.del(user);
    await retryFailed(redis, all());
    await indexed(0);
  });

  it('lets an order go that is retried and counts, and remembers nothing of it', async () => {
    await workers.add('c1', anOrder({ user_id: 'U8', order_value: 201 }));
    await indexed(1);
    const job = await workers.job('U8', 'c1', 'failed');
    await job.updateData({ ...job.data, order: anOrder({ user_id: 'U8' }) });
    await workers.queueOf('U8').pause();
    await retryFailed(workers.redis.client(), all());
    expect(await sums()).toEqual({ orders: 0, minorUnits: 0, unknown: 0, since: null, byReason: [] });
    expect(await workers.redis.client().zcard(keysOf('U8').retried)).toBe(1);
    await workers.queueOf('U8').resume();
    await workers.job('U8', 'c1', 'completed');
    await until(
      async () => (await workers.redis.client().keys('*failures*')).length === 0,
      'nothing is left',
    );
  });

  it.each(['failed retry', "BullMQ's own retry"])('keeps when it first failed over a %s', async (how) => {
    const redis = workers.redis.client();
    await workers.add('r1', anOrder({ user_id: 'U9', order_value: 201 }));
    await indexed(1);
    const longAgo = Date.now() - 3_600_000;
    await redis.zadd(keysOf('U9').since, 'XX', longAgo, 'r1');
    const [before] = await page();
    const job = await workers.job('U9', 'r1', 'failed');
    await job.updateData({ ...job.data, order: anOrder({ user_id: 'U9', order_value: 'x', items: [] }) });
    if (how === 'failed retry') await retryFailed(redis, all());
    else await retry('U9', 'r1');
    await until(async () => (await sums()).unknown === 1, 'it has failed again, for other reasons');
    expect(before?.firstFailedAt).toBe(new Date(longAgo).toISOString());
    const [after] = await page();
    expect(after?.firstFailedAt).toBe(before?.firstFailedAt);
    expect(Date.parse(after?.lastFailedAt as string)).toBeGreaterThan(longAgo);
    expect(after?.issues.map(({ code }) => code)).toEqual(['wrong_type', 'no_items']);
    expect(await sums()).toMatchObject({
      orders: 1,
      minorUnits: 0,
      unknown: 1,
      since: before?.firstFailedAt,
    });
    expect(await redis.zcard(keysOf('U9').retried)).toBe(0);
  });

  it('counts what has no room in the sum as unknown, and takes out what it put in', async () => {
    const most = FAILED_ROOM / 100;
    await workers.add('b1', anOrder({ user_id: 'U1', order_value: most - 1 }));
    await indexed(1);
    await workers.add('b2', anOrder({ user_id: 'U1', order_value: 2 }));
    await workers.add('b3', anOrder({ user_id: 'U1', order_value: 1e13 }));
    await indexed(3);
    expect(await sums()).toMatchObject({ minorUnits: FAILED_ROOM - 100, unknown: 2 });
    const job = await workers.job('U1', 'b2', 'failed');
    await workers.queueOf('U1').pause();
    await retry('U1', 'b2');
    await workers.queueOf('U1').resume();
    await until(async () => (await job.getState()) === 'failed', 'it has failed again');
    expect(await sums()).toMatchObject({ orders: 3, minorUnits: FAILED_ROOM - 100, unknown: 2 });
  });

  it('takes ids that Redis could not read as JSON', async () => {
    await workers.add(
      'j1',
      anOrder({ user_id: `U\ud83d`, order_id: `${'o'.repeat(127)}😀`, order_value: 1 }),
    );
    await indexed(1);
    expect((await page())[0]).toMatchObject({ job: 'j1', userId: 'U\ufffd', minorUnits: 100 });
  });

  it('is paged with the oldest first, each once, whatever leaves meanwhile', async () => {
    const users = Array.from({ length: 30 }, (_, index) => `U${index}`);
    for (const user of users) await workers.add(`p-${user}`, anOrder({ user_id: user, order_value: 1 }));
    await indexed(users.length);
    const redis = workers.redis.client();
    // Many of one millisecond, in both partitions.
    for (const [index, user] of users.entries())
      await redis.zadd(keysOf(user).since, 'XX', 1_000 + Math.floor(index / 12), `p-${user}`);
    const whole = await page();
    expect(whole).toHaveLength(users.length);
    expect(whole.map(({ firstFailedAt }) => firstFailedAt)).toEqual(
      whole.map(({ firstFailedAt }) => firstFailedAt).sort(),
    );
    const read: string[] = [];
    let after = (await readFailurePage(redis, all(), { count: 7 })).at(-1);
    read.push(...whole.slice(0, 7).map(({ job }) => job));
    while (after) {
      const next = await readFailurePage(redis, all(), { after, count: 7 });
      read.push(...next.map(({ job }) => job));
      after = next.at(-1);
    }
    expect(read).toEqual(whole.map(({ job }) => job));
  });

  it('costs an order that counts not one command', async () => {
    const redis = workers.redis.client();
    const monitor = await redis.monitor();
    const seen: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[]) => seen.push(args));
    for (let n = 0; n < 50; n += 1)
      await workers.add(`g${n}`, anOrder({ user_id: `G${n % 5}`, order_id: `G${n}` }));
    await until(async () => (await workers.read.user('G4'))?.orders === 10, 'all have counted');
    await idle();
    await redis.ping();
    monitor.disconnect();
    expect(seen.length).toBeGreaterThan(50);
    expect(seen.filter((args) => args.some((arg) => arg.includes(':failures')))).toEqual([]);
  });
});
