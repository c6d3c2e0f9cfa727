import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { restore, setAside } from '../../../src/desk/aside/moveJobs.ts';
import { holdCause, releaseCause } from '../../../src/desk/hold/holds.ts';
import { groups } from '../../../src/desk/orders/reads.ts';
import type { RunParts } from '../../../src/desk/runs/runs.ts';
import { readCauses } from '../../../src/queue/failures/readCauses.ts';
import { reconcileFailures } from '../../../src/queue/failures/reconcile.ts';
import { retryFailed } from '../../../src/queue/retryFailed.ts';
import { failureKeys, HOLDS_KEY } from '../../../src/store/keys.ts';
import { auditTrail } from '../../support/auditTrail.ts';
import { until } from '../../support/until.ts';
import { type TestWorkers, testWorkers } from '../../worker/workers.ts';
import { fail, indexed, partsOf, priced } from '../runs/failing.ts';

const WHO = { kind: 'user', name: 'anna' } as const;

describe('a cause on hold', () => {
  let workers: TestWorkers;
  let parts: RunParts;
  let comma: string;
  beforeEach(async () => {
    workers = await testWorkers(2);
    await workers.start();
    const audit = makeAuditLog(workers.redis.client(), { retentionDays: 400 });
    parts = { ...partsOf(workers), audit, auditRetentionDays: 400 };
    await fail(workers, [priced(1), priced(2), priced(3), priced(4, null)]);
    comma =
      (await readCauses(parts.redis, parts.partitions.all)).find(({ shape }) => shape === '9,9')?.id ?? '';
  });
  afterEach(() => workers.stop());

  const hold = (cause = comma, note = 'the shop knows') => holdCause(parts, WHO, cause, note);
  const listed = async () => (await groups(parts)).groups.map(({ shape }) => shape);

  it('is out of the list, its orders still in the totals, and a filter shows it with the note', async () => {
    expect(await listed()).toEqual(['9,9', 'null']);
    await hold();
    expect(await groups(parts)).toMatchObject({
      orders: 4,
      held: 1,
      groups: [{ shape: 'null', hold: null }],
    });
    expect(await groups(parts, 'only')).toMatchObject({
      groups: [{ cause: comma, orders: 3, hold: { by: WHO, because: 'the shop knows', over: false } }],
    });
    expect((await groups(parts, 'all')).groups).toHaveLength(2);
    await hold(comma, 'by Friday');
    expect((await groups(parts, 'only')).groups[0]?.hold?.because).toBe('by Friday');
    await releaseCause(parts, WHO, comma, 'mended');
    expect(await listed()).toEqual(['9,9', 'null']);
    await expect(releaseCause(parts, WHO, comma, 'again')).rejects.toThrow('not on hold');
    const trail = await auditTrail(parts.redis);
    expect(trail.map(({ phase, action, result }) => result ?? `${phase} ${action}`)).toEqual([
      ...['hold cause', 'hold cause', 'release cause'].flatMap((action) => [`intent ${action}`, 'done']),
      ...['intent release cause', 'refused'],
    ]);
    expect(trail[0]).toMatchObject({
      who: WHO,
      filter: `failed of cause ${comma}`,
      reason: 'the shop knows',
      count: 3,
    });
  });

  it('comes back by itself when a new order fails for it, note and all', async () => {
    await hold();
    await fail(workers, [priced(5, null)], 5, 10);
    expect(await listed()).toEqual(['null']);
    await fail(workers, [priced(6)], 6, 11);
    expect((await groups(parts)).groups[0]).toMatchObject({
      cause: comma,
      orders: 4,
      hold: { because: 'the shop knows', over: true },
    });
    await hold();
    expect(await listed()).toEqual(['null']);
  });

  it('stays on hold when its orders fail again, were set aside meanwhile, or the index is made anew', async () => {
    await hold();
    await retryFailed(parts.redis, parts.partitions.all);
    const runs = async () =>
      (await Promise.all(workers.queues.all.map((each) => each.getFailed())))
        .flat()
        .map((job) => job.attemptsStarted);
    await until(async () => (await runs()).join() === '2,2,2,2', 'all have failed again');
    await indexed(workers, 4);
    expect(await listed()).toEqual(['null']);
    await setAside(parts, WHO, { cause: comma }, 'x');
    expect(await groups(parts)).toMatchObject({ held: 0, groups: [{ shape: 'null' }] });
    await restore(parts, WHO, {}, 'x');
    expect(await groups(parts)).toMatchObject({ held: 1, groups: [{ shape: 'null' }] });
    for (const partition of parts.partitions.all) {
      await parts.redis.del(failureKeys(partition).causes, failureKeys(partition).users);
      await reconcileFailures(parts.redis, partition, { alone: true });
    }
    expect(await groups(parts)).toMatchObject({ held: 1, groups: [{ shape: 'null' }] });
  });

  it('is refused where nothing fails, with too long a note, and where 500 are on hold; the gone ones make room', async () => {
    await expect(hold('0123456789')).rejects.toThrow('No order fails for such a cause now.');
    await expect(hold(comma, 'x'.repeat(501))).rejects.toThrow('500 characters');
    const causes = await readCauses(parts.redis, parts.partitions.all);
    const { newest = '' } = causes[0] ?? {};
    const filler = JSON.stringify({ by: WHO, at: newest, because: 'x', newest });
    const { causes: key } = failureKeys(parts.partitions.all[0] as (typeof parts.partitions.all)[0]);
    for (let n = 0; n < 500; n += 1) {
      await parts.redis.hset(HOLDS_KEY, `f${n}`, filler);
      await parts.redis.hset(key, `f${n}:cause`, `wrong_type\nx\n${n}`, `f${n}:orders`, 1);
    }
    await expect(hold()).rejects.toThrow('500 causes are on hold');
    expect(await listed()).toContain('9,9');
    await parts.redis.hdel(key, 'f7:cause', 'f7:orders');
    await hold();
    expect(await parts.redis.hexists(HOLDS_KEY, 'f7')).toBe(0);
    expect(await listed()).not.toContain('9,9');
  });
});
