import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { anOrder } from '../support/orders.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from './workers.ts';

describe('an order in the hands of a worker', () => {
  let workers: TestWorkers;

  beforeAll(async () => {
    workers = await testWorkers(1, { attempts: 4 });
    await workers.start();
  });
  afterAll(() => workers.stop());
  beforeEach(() => {
    workers.logged.length = 0;
  });

  /** Names in tests are the user's, so that none meets another's order. */
  const orderOf = (user_id: string, changes: Record<string, unknown> = {}) =>
    anOrder({ user_id, ...changes });
  const keyOf = (userId: string) => `${workers.partitions.of(userId).tag}:user:${userId}`;

  it('is completed with its outcome, counted or duplicate', async () => {
    await workers.add('m1', orderOf('TWICE'));
    expect((await workers.job('TWICE', 'm1', 'completed')).returnvalue).toEqual({ outcome: 'counted' });
    await workers.add('m2', orderOf('TWICE'));
    expect((await workers.job('TWICE', 'm2', 'completed')).returnvalue).toEqual({ outcome: 'duplicate' });
    expect(await workers.read.user('TWICE')).toEqual({ orders: 1, minorUnits: 200_000 });
  });

  it('fails at once when it is invalid, with its reasons in a sentence and a line each', async () => {
    await workers.add('m3', orderOf('WRONG', { order_value: 201, currency: 'EUR' }));
    const job = await workers.job('WRONG', 'm3', 'failed');
    expect(job.attemptsMade).toBe(1);
    expect(job.failedReason).toBe(
      'currency_mismatch: currency must be USD; ' +
        'order_value_mismatch: order_value is 201.00 but its items add up to 2000.00',
    );
    expect(job.stacktrace).toEqual([
      'currency_mismatch at currency: currency must be USD, expected USD, received "EUR"\n' +
        'order_value_mismatch at order_value: order_value is 201.00 but its items add up to 2000.00, ' +
        'expected 2000.00, received 201.00',
    ]);
    expect(await workers.read.user('WRONG')).toBeUndefined();
  });

  it('fails at once when it was counted with other content', async () => {
    await workers.add('m4', orderOf('CHANGED'));
    await workers.job('CHANGED', 'm4', 'completed');
    await workers.add('m5', orderOf('CHANGED', { order_timestamp: '2024-12-16T13:00:01Z' }));
    const job = await workers.job('CHANGED', 'm5', 'failed');
    expect(job.attemptsMade).toBe(1);
    expect(job.failedReason).toMatch(
      /^conflicting_duplicate: .* the same order_value 2000\.00, but its items, currency or time differ$/,
    );
  });

  it('keeps what was sent when it fails, so that it can be repaired', async () => {
    const sent = orderOf('KEPT', { order_value: '2000', extra: { deep: [1] } });
    await workers.add('m6', sent);
    expect((await workers.job('KEPT', 'm6', 'failed')).data.order).toEqual(sent);
  });

  it('counts when it was repaired and tried again', async () => {
    await workers.add('m7', orderOf('MENDED', { order_value: 201 }));
    const job = await workers.job('MENDED', 'm7', 'failed');
    await job.updateData({ ...job.data, order: orderOf('MENDED') });
    await job.retry('failed', { resetAttemptsMade: true });
    await workers.job('MENDED', 'm7', 'completed');
    expect(await workers.read.user('MENDED')).toEqual({ orders: 1, minorUnits: 200_000 });
  });

  it('is logged by ids and reasons when refused, never with its address or payload', async () => {
    // A cause of its own: only the first of one is told at once.
    await workers.add('m8', orderOf('LOGGED', { order_value: -5, note: 'ring twice' }));
    await workers.job('LOGGED', 'm8', 'failed');
    await until(() => workers.logged.some((line) => line.includes('"m8"')), 'the refusal is logged');
    const lines = workers.logged.filter((line) => line.includes('"m8"'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      level: 'warn',
      message: 'orders refused',
      reason: 'out_of_range',
      path: 'order_value',
      count: 1,
      job: 'm8',
      orderId: 'ORD1237',
      received: '-5',
    });
    expect(workers.logged.join()).not.toMatch(/Pine|Springfield|ring twice|P006|2000/);
  });

  it('is kept as failed after its last attempt, and counts when tried again after that', async () => {
    await workers.redis.client().set(keyOf('STUCK'), 'foreign');
    await workers.add('m10', orderOf('STUCK'));
    const job = await workers.job('STUCK', 'm10', 'failed');
    expect(job.attemptsMade).toBe(4);
    expect(job.failedReason).toMatch(/^the order was not recorded: .*WRONGTYPE/);
    await workers.redis.client().del(keyOf('STUCK'));
    await job.retry('failed', { resetAttemptsMade: true });
    await workers.job('STUCK', 'm10', 'completed');
    expect(await workers.read.user('STUCK')).toEqual({ orders: 1, minorUnits: 200_000 });
  });

  it.each([
    ['its attempts are used up', async () => {}, 4, /^the order was not recorded: .*WRONGTYPE/],
    [
      'BullMQ gives it up',
      // What BullMQ writes on a job that stalled too often; the next worker fails it at once.
      (key: string) => workers.redis.client().hset(key, 'defa', 'job stalled more than allowable limit'),
      1,
      /^job stalled more than allowable limit$/,
    ],
  ])('is logged once, by ids and reason, when %s', async (_why, spoil, attempts, reason) => {
    const user_id = `GONE${attempts === 4 ? 0 : 1}`;
    const queue = workers.queueOf(user_id);
    await workers.redis.client().set(keyOf(user_id), 'foreign');
    await queue.pause();
    await workers.add(user_id, orderOf(user_id, { note: 'ring twice' }));
    await spoil(queue.toKey(user_id));
    await queue.resume();
    await workers.job(user_id, user_id, 'failed');
    const lines = () =>
      workers.logged.filter((line) => line.includes('"warn"')).map((line) => JSON.parse(line));
    await until(() => lines().length > 0, 'the failure is logged');
    expect(lines()).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'order failed for good',
        job: user_id,
        attempts,
        reason: expect.stringMatching(reason),
      }),
    ]);
    expect(workers.logged.join()).not.toMatch(/Pine|Springfield|ring twice|P006/);
  });

  it.each([
    ['null', null],
    ['a list', [1, 2]],
    ['text', 'hello'],
    ['an empty object', {}],
    ['prototype keys', JSON.parse('{"__proto__":{"user_id":"U1"}}')],
    ['odd ids', { order_id: { toString: 1 }, user_id: ['U1'] }],
  ])('fails at once and holds up nobody when its data is %s', async (name, order) => {
    const id = `odd-${name}`;
    await workers.add(id, order);
    expect((await workers.job(id, id, 'failed')).attemptsMade).toBe(1);
  });
});

describe('an order with something in its way', () => {
  it('is tried again until that is gone, and counts', async () => {
    const workers = await testWorkers(1, { attempts: 20 });
    try {
      const key = `${workers.partitions.of('U0001').tag}:user:U0001`;
      await workers.redis.client().set(key, 'foreign');
      await workers.add('blocked', anOrder());
      await workers.start();
      await until(async () => {
        const job = await workers.queueOf('U0001').getJob('blocked');
        return (job?.attemptsMade ?? 0) >= 2;
      }, 'it was tried twice');
      expect(await workers.read.global()).toEqual({ orders: 0, minorUnits: 0, users: 0 });
      await workers.redis.client().del(key);
      const job = await workers.job('U0001', 'blocked', 'completed');
      expect(job.returnvalue).toEqual({ outcome: 'counted' });
      expect(await workers.read.user('U0001')).toEqual({ orders: 1, minorUnits: 200_000 });
    } finally {
      await workers.stop();
    }
  });
});
