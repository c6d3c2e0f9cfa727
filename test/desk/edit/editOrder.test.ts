import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { checkOrder, type EditWanted, editOrder } from '../../../src/desk/edit/editOrder.ts';
import { show } from '../../../src/desk/orders/show.ts';
import type { RunParts } from '../../../src/desk/runs/runs.ts';
import { readFailures } from '../../../src/queue/failures/readFailures.ts';
import { auditTrail } from '../../support/auditTrail.ts';
import { until } from '../../support/until.ts';
import { type TestWorkers, testWorkers } from '../../worker/workers.ts';
import { fail, partsOf, priced } from '../runs/failing.ts';

const WHO = { kind: 'user', name: 'anna' } as const;

describe('one failed order', () => {
  let workers: TestWorkers;
  let parts: RunParts;
  beforeEach(async () => {
    workers = await testWorkers(2);
    await workers.start();
    const audit = makeAuditLog(workers.redis.client(), { retentionDays: 400 });
    parts = { ...partsOf(workers), audit, auditRetentionDays: 400 };
    await fail(workers, [priced(1, '1,50', { tracking: '820982911946154508' }), priced(2, '2,50')]);
  });
  afterEach(() => workers.stop());

  const good = (n = 1) => JSON.stringify(priced(n, n + 0.5));
  const edit = (wanted: Partial<EditWanted>) =>
    editOrder(parts, WHO, {
      ...{ job: 'j1', text: good(2), revision: 0, queue: false, because: 'ticket 7' },
      ...wanted,
    });
  const counted = async () => (await workers.read.global())?.orders ?? 0;
  const waiting = async () => (await readFailures(parts.redis, parts.partitions.all)).orders;

  it('is checked by the rules and the ledger, each issue at its place, and nothing is written', async () => {
    const before = await show(parts, 'j0');
    expect(await checkOrder(parts, { job: 'j0', text: good() })).toEqual({
      ...{ outcome: 'would count', issues: [], ledger: 'absent', minorUnits: 150, unsaved: undefined },
    });
    const wrong = JSON.stringify({ ...priced(1, 'x'), user_id: '' });
    expect(await checkOrder(parts, { job: 'j0', text: wrong })).toMatchObject({
      outcome: 'still fails',
      issues: [
        { reason: 'missing_field', path: 'user_id' },
        { reason: 'wrong_type', path: 'items[0].price_per_unit' },
      ],
      ledger: undefined,
    });
    expect(await show(parts, 'j0')).toEqual(before);
    expect(await auditTrail(workers.redis.client())).toEqual([]);
  });

  it.each([
    ['{"order_id": }', 'invalid_json', /is not JSON/],
    ['[]', 'not_an_object', /./],
    ['', 'invalid_json', /./],
  ])('says of %j that it is no order, and cannot be saved as that', async (text, reason, message) => {
    expect(await checkOrder(parts, { job: 'j0', text })).toMatchObject({
      outcome: 'still fails',
      issues: [{ reason, path: '', message: expect.stringMatching(message) }],
      unsaved: expect.stringContaining('no order that could be read'),
    });
    await expect(edit({ text })).rejects.toMatchObject({ kind: 'unreadable' });
    expect(await auditTrail(workers.redis.client())).toEqual([]);
  });

  it('is saved and queued in one step: it counts, with its original, its edit and both in the audit log', async () => {
    expect(await edit({ queue: true })).toMatchObject({
      outcome: 'would count',
      minorUnits: 250,
      revision: 1,
    });
    await until(async () => (await counted()) === 1, 'it has counted');
    await until(async () => (await show(parts, 'j1')).outcome !== null, 'its repair is kept');
    expect(await show(parts, 'j1')).toMatchObject({
      original: { order: { items: [{ price_per_unit: '2,50' }] } },
      edits: [{ by: WHO, data: { order: { items: [{ price_per_unit: 2.5 }] } } }],
      outcome: { outcome: 'counted' },
      text: null,
    });
    expect(await waiting()).toBe(1);
    const [intent, outcome] = await auditTrail(workers.redis.client());
    expect(intent).toMatchObject({ action: 'edit and retry', job: 'j1', reason: 'ticket 7', who: WHO });
    expect(intent).toMatchObject({ before: expect.any(String), after: expect.any(String) });
    expect(outcome).toMatchObject({ result: 'done' });
  });

  it('is not queued while it would fail again, and nothing is saved then', async () => {
    const before = await show(parts, 'j1');
    await expect(edit({ text: JSON.stringify(priced(2, '2;50')), queue: true })).rejects.toMatchObject({
      message: expect.stringContaining('wrong_type at items[0].price_per_unit'),
      issues: [{ reason: 'wrong_type' }],
    });
    expect(await show(parts, 'j1')).toEqual(before);
  });

  it('is saved without being queued whatever is still wrong, and tells that', async () => {
    const text = JSON.stringify(priced(2, '2;50'));
    expect(await edit({ text })).toMatchObject({ outcome: 'still fails', revision: 1 });
    expect(await show(parts, 'j1')).toMatchObject({
      state: 'failed',
      revision: 1,
      now: { outcome: 'still fails', issues: [{ path: 'items[0].price_per_unit' }] },
    });
    expect(await waiting()).toBe(2);
  });

  it('of somebody else is a duplicate or a conflict by the ledger, and a conflict is not queued', async () => {
    await edit({ queue: true });
    await until(async () => (await counted()) === 1, 'it has counted');
    expect(await checkOrder(parts, { job: 'j0', text: good(2) })).toMatchObject({ outcome: 'duplicate' });
    const other = JSON.stringify({ ...priced(2, 9), order_value: 9 });
    await expect(edit({ job: 'j0', text: other, queue: true })).rejects.toMatchObject({
      issues: [{ reason: 'conflicting_duplicate' }],
    });
  });

  it('is refused when somebody else has edited it since', async () => {
    await edit({ text: JSON.stringify(priced(2, '2;50')) });
    await expect(edit({})).rejects.toMatchObject({ kind: 'state', message: /Somebody else has edited it/ });
    expect(await edit({ revision: 1 })).toMatchObject({ revision: 2 });
    const both = await Promise.allSettled([edit({ revision: 2 }), edit({ revision: 2, queue: true })]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('keeps every digit that is typed, and the text to be edited shows them', async () => {
    const text = good(2).replace('{', '{"tracking":820982911946154509,"note":"a\u202eb",');
    await edit({ text });
    const { text: shown } = await show(parts, 'j1');
    expect(shown).toContain('\n  "tracking": 820982911946154509,\n');
    expect(shown).toContain('"price_per_unit": 2.5\n');
    expect(shown).toContain('"note": "a\\u202eb"');
    expect(JSON.parse(shown as string).note).toBe('a\u202eb');
  });

  it.each(['none', 'failed', 'wait'])('that is not there is not found: %s', async (job) => {
    await expect(edit({ job })).rejects.toMatchObject({ kind: 'missing' });
    await expect(checkOrder(parts, { job, text: '{}' })).rejects.toMatchObject({ kind: 'missing' });
  });

  it('near the largest size is taken as it is shown, blanks and all, and shown without them where they grow', async () => {
    const lines = Array.from({ length: 4_000 }, (_, n) => [n, 'x'.repeat(45)]);
    const deep = JSON.parse(`${'['.repeat(1_200)}${'1,'.repeat(99)}1${']'.repeat(1_200)}`);
    await fail(workers, [priced(3, '3,50', { lines }), priced(4, '4,50', { deep })], 4, 2);
    for (const job of ['j2', 'j3']) {
      const { text } = await show(parts, job);
      expect(text?.length).toBeLessThan(400_000);
      expect(await checkOrder(parts, { job, text: text as string })).toMatchObject({
        issues: [{ reason: 'wrong_type', path: 'items[0].price_per_unit' }],
        unsaved: undefined,
      });
      const repaired = (text as string).replace(/"(\d),50"/, '$1.50');
      expect(await edit({ job, text: repaired, queue: true })).toMatchObject({ outcome: 'would count' });
    }
    await until(async () => (await counted()) === 2, 'both have counted');
  });

  it('that has counted is not edited', async () => {
    await edit({ queue: true });
    await until(async () => (await counted()) === 1, 'it has counted');
    await expect(edit({ revision: 1 })).rejects.toMatchObject({ kind: 'state' });
  });
});
