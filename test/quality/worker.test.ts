import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { groupId } from '../../src/quality/outcomes/groups.ts';
import { readFindings, readGroup } from '../../src/quality/outcomes/readGroups.ts';
import { anOrder } from '../support/orders.ts';
import { until } from '../support/until.ts';
import { type ReviewedWorkers, reviewedWorkers } from './reviewRig.ts';

const CHEAP = { order_value: 20, items: [{ product_id: 'P1', quantity: 2, price_per_unit: 10 }] };
const COSTLY = { order_value: 500, items: [{ product_id: 'P1', quantity: 2, price_per_unit: 250 }] };
const ABSURD = { order_value: 2_000, items: [{ product_id: 'P9', quantity: 1, price_per_unit: 2_000 }] };

describe('a worker that reviews', () => {
  let workers: ReviewedWorkers;
  const redis = () => workers.redis.client();

  beforeAll(async () => {
    workers = await reviewedWorkers({ holds: true });
    await workers.start();
  });
  afterAll(() => workers.stop());

  it('counts an order with a finding, and its finding is one of a group', async () => {
    for (const id of ['a', 'b', 'c']) {
      await workers.add(id, anOrder({ user_id: 'FLAGGED', order_id: id, ...COSTLY }));
      await workers.job('FLAGGED', id, 'completed');
    }
    const client = redis();
    const group = groupId({ rule: 'costly_line', key: 'P1' });
    await until(async () => (await readGroup(client, group))?.orders === 3, 'three orders are grouped');
    expect(await readGroup(client, group)).toMatchObject({
      rule: 'costly_line',
      key: 'P1',
      severity: 'warn',
      orders: 3,
      findings: 3,
      minorUnits: 150_000,
      examples: ['a', 'b', 'c'],
      finding: { observed: '250', expected: '0.00 to 100.00', from: 12 },
    });
    expect((await readFindings(client, 'b'))?.findings).toHaveLength(1);
    expect(await workers.read.user('FLAGGED')).toEqual({ orders: 3, minorUnits: 150_000 });
  });

  it('learns once from what counted, not from a duplicate and not from what is held', async () => {
    workers.check.learned.length = 0;
    const order = anOrder({ user_id: 'LEARN', order_id: 'ONCE', ...CHEAP });
    await workers.add('l1', order);
    await workers.job('LEARN', 'l1', 'completed');
    await workers.add('l2', order);
    await workers.job('LEARN', 'l2', 'completed');
    await workers.add('l3', anOrder({ user_id: 'LEARN', order_id: 'HELD', ...ABSURD }));
    await workers.job('LEARN', 'l3', 'failed');
    expect(workers.check.learned).toEqual(['ONCE']);
  });

  it('sends an order to the failed set where a finding holds it, and counts it once it is released', async () => {
    await workers.add('h1', anOrder({ user_id: 'HOLD', order_id: 'H', ...ABSURD }));
    const job = await workers.job('HOLD', 'h1', 'failed');
    expect(job.failedReason).toMatch(/^quality_hold: costly_line: 2000 where 0\.00 to 100\.00 was expected/);
    expect(await workers.read.user('HOLD')).toBeUndefined();

    const { message, ...data } = job.data;
    await job.updateData({ ...data, message: { ...message, released: true } });
    await job.retry('failed', { resetAttemptsMade: true });
    await workers.job('HOLD', 'h1', 'completed');
    expect(await workers.read.user('HOLD')).toEqual({ orders: 1, minorUnits: 200_000 });
  });

  it('hands nothing over for clean orders', async () => {
    const client = redis();
    await until(
      async () => (await readFindings(client, 'h1'))?.held === false,
      'all that was flagged is grouped, what was released too',
    );
    const before = workers.handed();
    const flagged = workers.tally.countOf('flagged');
    for (let at = 0; at < 100; at += 1)
      await workers.add(`clean-${at}`, anOrder({ user_id: 'CLEAN', order_id: `C${at}`, ...CHEAP }));
    await until(async () => (await workers.read.user('CLEAN'))?.orders === 100, 'all have counted');
    expect(workers.handed()).toBe(before);
    expect(workers.tally.countOf('flagged')).toBe(flagged);
  });
});
