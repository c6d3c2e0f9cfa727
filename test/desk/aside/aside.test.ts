import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { deleteOrders, restore, setAside } from '../../../src/desk/aside/moveJobs.ts';
import { readAside } from '../../../src/desk/aside/readAside.ts';
import type { RunParts } from '../../../src/desk/runs/runs.ts';
import { readFailurePage, readFailures, searchFailures } from '../../../src/queue/failures/readFailures.ts';
import { reconcileFailures } from '../../../src/queue/failures/reconcile.ts';
import { retryFailed } from '../../../src/queue/retryFailed.ts';
import { failureKeys, queueKey } from '../../../src/store/keys.ts';
import { auditTrail } from '../../support/auditTrail.ts';
import { type TestWorkers, testWorkers } from '../../worker/workers.ts';
import { fail, indexed, partsOf, priced } from '../runs/failing.ts';

const WHO = { kind: 'user', name: 'anna' } as const;

describe('orders set aside', () => {
  let workers: TestWorkers;
  let parts: RunParts;
  beforeEach(async () => {
    workers = await testWorkers(2);
    await workers.start();
    const audit = makeAuditLog(workers.redis.client(), { retentionDays: 400 });
    parts = { ...partsOf(workers), audit, auditRetentionDays: 400 };
    await fail(workers, [priced(1), priced(2), priced(3, null), priced(4, null)]);
  });
  afterEach(() => workers.stop());

  const redis = () => parts.redis;
  const all = () => parts.partitions.all;
  const failures = () => readFailurePage(redis(), all(), { count: 100 });
  const stable = async () => {
    for (const partition of all()) await reconcileFailures(redis(), partition, { alone: true });
    return readFailures(redis(), all());
  };

  it('are jobs: what somebody else wrote under the key of one hides none, stays, and can be deleted', async () => {
    const partition = parts.partitions.of('U2');
    await redis().del(queueKey(partition, 'j1'));
    await redis().lpush(queueKey(partition, 'j1'), 'of somebody else');
    await redis().del(...all().map((each) => failureKeys(each).entries));
    expect(await stable()).toMatchObject({ orders: 4 });
    const { found } = await searchFailures(redis(), all(), { count: 9, where: { text: 'card' } });
    expect(found).toHaveLength(3);
    await expect(setAside(parts, WHO, { jobs: ['j1'] }, 'x')).rejects.toThrow('is no job');
    expect(await setAside(parts, WHO, { jobs: ['j0', 'j1'] }, 'x')).toEqual({ orders: 1, gone: 1 });
    await redis().del(queueKey(parts.partitions.of('U1'), 'j0'));
    await redis().set(queueKey(parts.partitions.of('U1'), 'j0'), 'x');
    expect((await readAside(redis(), all(), 9)).rows).toMatchObject([{ job: 'j0', orderId: '' }]);
    await expect(restore(parts, WHO, {}, 'x')).rejects.toThrow('is no job');
    expect(await retryFailed(redis(), all())).toMatchObject({ failed: 3, retried: 2, gone: 1 });
    expect(await deleteOrders(parts, WHO, { jobs: ['j1'] }, { count: 1, reason: 'x' })).toEqual({
      orders: 1,
      gone: 0,
    });
    expect(await deleteOrders(parts, WHO, { aside: true }, { count: 1, reason: 'x' })).toEqual({
      orders: 1,
      gone: 0,
    });
    await indexed(workers, 2);
  });

  it('are out of the way, with who did it and why, and come back as they were', async () => {
    const before = await failures();
    const sums = await readFailures(redis(), all());
    expect(await setAside(parts, WHO, { reason: 'missing_field' }, 'the shop asks')).toEqual({
      orders: 2,
      gone: 0,
    });
    expect(await stable()).toMatchObject({ orders: 2 });
    const { orders, rows } = await readAside(redis(), all(), 100);
    expect(orders).toBe(2);
    expect(rows.map(({ orderId }) => orderId).sort()).toEqual(['O3', 'O4']);
    expect(rows[0]).toMatchObject({
      by: WHO,
      reason: 'the shop asks',
      failedReason: expect.stringMatching(/^missing_field/),
    });
    expect(await retryFailed(redis(), all(), { dryRun: true })).toMatchObject({ failed: 2 });
    expect(await restore(parts, WHO, { jobs: ['j3'] }, 'answered')).toEqual({ orders: 1, gone: 0 });
    expect(await restore(parts, WHO, {}, 'answered')).toEqual({ orders: 1, gone: 0 });
    for (const { firstFailedAt, lastFailedAt } of await failures())
      expect(lastFailedAt >= firstFailedAt).toBe(true);
    expect(await failures()).toEqual(before.map((each) => ({ ...each, lastFailedAt: expect.any(String) })));
    expect(await stable()).toEqual(sums);
    expect(await readAside(redis(), all(), 100)).toEqual({ orders: 0, rows: [] });
    expect(await retryFailed(redis(), all())).toMatchObject({ retried: 4 });
    await indexed(workers, 4);
  });

  it('are still known when their message comes again', async () => {
    await setAside(parts, WHO, {}, 'later');
    await workers.add('j0', priced(1, 1.5));
    expect(await workers.queueOf('U1').getJobCounts('wait', 'active', 'failed')).toEqual({
      wait: 0,
      active: 0,
      failed: 0,
    });
    expect((await readAside(redis(), all(), 1)).orders).toBe(4);
  });

  it('are deleted, as failed ones are, by their number alone, and told before they are gone', async () => {
    const where = { reason: 'wrong_type' } as const;
    await expect(deleteOrders(parts, WHO, where, { count: 3, reason: 'test data' })).rejects.toThrow(
      'It would be 2 orders, not 3',
    );
    expect(await stable()).toMatchObject({ orders: 4 });
    expect(await deleteOrders(parts, WHO, where, { count: 2, reason: 'test data' })).toEqual({
      orders: 2,
      gone: 0,
    });
    await setAside(parts, WHO, { jobs: ['j3'] }, 'later');
    await expect(deleteOrders(parts, WHO, { aside: true }, { count: 0, reason: 'x' })).rejects.toThrow(
      'It would be 1 orders',
    );
    expect(await deleteOrders(parts, WHO, { aside: true }, { count: 1, reason: 'test data' })).toEqual({
      orders: 1,
      gone: 0,
    });
    expect(await stable()).toMatchObject({ orders: 1 });
    expect((await workers.redis.client().keys('*:orders:j*')).map((key) => key.slice(-2))).toEqual(['j2']);
    const trail = (await auditTrail(workers.redis.client())).filter(({ action }) => action === 'delete');
    const told = trail.filter(({ phase }) => phase === 'intent').flatMap(({ jobs = [] }) => jobs);
    expect(told.map(([id]) => id).sort()).toEqual(['j0', 'j1', 'j3']);
    for (const [, digest] of told) expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(trail)).not.toMatch(/Pine St/);
  });

  it('and deleted ones stay where they are when that cannot be written down', async () => {
    const client = workers.redis.client();
    await client.set('order-pipeline:audit', 'something else');
    await expect(setAside(parts, WHO, {}, 'x')).rejects.toThrow('the audit log cannot be written');
    await expect(deleteOrders(parts, WHO, {}, { count: 4, reason: 'x' })).rejects.toThrow(
      'the audit log cannot be written',
    );
    expect(await stable()).toMatchObject({ orders: 4 });
  });
});
