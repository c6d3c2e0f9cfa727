import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../src/access/keyStore.ts';
import { openBaselines } from '../../src/quality/baselines/openBaselines.ts';
import type { FlaggedOrder } from '../../src/quality/flagged.ts';
import { readSteering } from '../../src/quality/outcomes/answers.ts';
import { groupFindings } from '../../src/quality/outcomes/groupFindings.ts';
import { groupId } from '../../src/quality/outcomes/groups.ts';
import { qualityKeys } from '../../src/store/keys.ts';
import { orderOf, reviewing } from '../quality/baselines/orders.ts';
import { aFinding } from '../quality/reviewRig.ts';
import { type ApiDocument, readApiDocument } from '../support/apiDocument.ts';
import { auditTrail } from '../support/auditTrail.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

const SETTINGS = {
  ADMIN_USER: 'anna',
  ADMIN_PASSWORD: 'secret',
  STATS_API: 'keys',
  QUALITY: 'rules,learned',
};
const basic = (user: string) => `Basic ${Buffer.from(`${user}:secret`).toString('base64')}`;

const flagged = (message: string, changes: Parameters<typeof aFinding>[0] = {}): FlaggedOrder => ({
  message,
  partition: 0,
  minorUnits: 25_000,
  at: Date.now(),
  held: false,
  findings: [aFinding(changes)],
});

describe('the operations of quality', () => {
  let pipeline: TestPipeline;
  let api: ApiDocument;

  beforeAll(async () => {
    pipeline = await startPipeline(SETTINGS, { role: 'api' });
    api = readApiDocument(await pipeline.json('/openapi.json'));
    const redis = pipeline.redis.client();
    await groupFindings(redis, 'b1', [
      ...['m1', 'm2', 'm4'].map((id) => flagged(id)),
      flagged('m3', { key: 'P2', severity: 'hold' }),
    ]);
  });
  afterAll(() => pipeline.stop());

  /** Asks an operation by its path in the document, and holds the answer against that. */
  const ask = async (
    path: string,
    { body, at = path, status = 200, by = basic('anna') }: Asking = {},
    // biome-ignore lint/suspicious/noExplicitAny: what the document says is held against it below.
  ): Promise<any> => {
    const operation = api.operation(path);
    const response = await pipeline.get(at, {
      method: operation.method.toUpperCase(),
      headers: { authorization: by, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    expect([
      at,
      api.faults(operation, { status: response.status, headers: response.headers, body: text }),
      response.status,
    ]).toEqual([at, [], status]);
    return JSON.parse(text);
  };
  interface Asking {
    body?: unknown;
    at?: string;
    status?: number;
    by?: string;
  }
  const groupsOf = async (state = 'open') =>
    (await ask('/quality/groups', { at: `/quality/groups?state=${state}` })).groups;
  const groupOf = async (key: string) =>
    (await groupsOf('all')).find((each: { key: string }) => each.key === key);

  it('tell groups and the findings of an order, to operators alone', async () => {
    expect(await groupsOf()).toHaveLength(2);
    expect(await groupOf('P1')).toMatchObject({
      orders: 3,
      money: 750,
      examples: ['m4', 'm2', 'm1'],
      state: 'open',
    });
    const { orders, before } = await ask('/quality/findings');
    expect([orders.length, before]).toEqual([4, null]);
    expect(await ask('/orders/{message_id}/findings', { at: '/orders/m1/findings' })).toMatchObject({
      message_id: 'm1',
      findings: [{ rule: 'costly_line', key: 'P1' }],
    });
    expect(await ask('/orders/{message_id}/findings', { at: '/orders/none/findings' })).toMatchObject({
      message_id: 'none',
      findings: [],
    });
    const store = new KeyStore(pipeline.redis.client());
    const { key } = await store.create({ name: 'reader', role: 'read' }, Date.now());
    await ask('/quality/summary', { by: `Bearer ${key}`, status: 403 });
  });

  it('take a label of each person, and tell a dispute from an answer', async () => {
    const { group } = await groupOf('P1');
    const at = `/quality/groups/${group}/label`;
    const label = (one: string, by = basic('anna')) =>
      ask('/quality/groups/{group}/label', { at, by, body: { label: one, because: 'seen on paper' } });
    expect(await label('right')).toEqual({ together: 'right', lowered: null });
    expect(await label('wrong')).toEqual({ together: 'wrong', lowered: null });
    const trail = await auditTrail(pipeline.redis.client());
    expect(JSON.stringify(trail)).toContain('label group');
    const { rules } = await ask('/quality/summary');
    expect(rules).toMatchObject([{ rule: 'costly_line', right: 0, wrong: 1, precision: { value: 0 } }]);

    const store = new KeyStore(pipeline.redis.client());
    const { key } = await store.create({ name: 'ben', role: 'repair' }, Date.now());
    expect(await label('right', `Bearer ${key}`)).toEqual({ together: 'disputed', lowered: null });
    expect((await groupOf('P1')).labels).toEqual({ right: 1, wrong: 1, unsure: 0, together: 'disputed' });
    const after = (await ask('/quality/summary')).rules;
    expect(after).toMatchObject([{ right: 0, wrong: 0, disputed: 1, precision: null }]);
  });

  it('hear again of what is muted after its group has gone', async () => {
    const redis = pipeline.redis.client();
    const gone = ['g1', 'g2', 'g3'].map((id) => flagged(id, { rule: 'passing', key: 'a key | of words' }));
    await groupFindings(redis, 'b-gone', gone);
    const group = groupId({ rule: 'passing', key: 'a key | of words' });
    const mute = (muted: boolean, status = 200) =>
      ask('/quality/groups/{group}/mute', { at: `/quality/groups/${group}/mute`, body: { muted }, status });
    await mute(true);
    await redis.multi().zrem(qualityKeys.groups, group).del(qualityKeys.group(group)).exec();
    const { rules } = await ask('/quality/summary');
    expect(rules).toContainEqual(expect.objectContaining({ rule: 'passing', muted: 1, groups: 0 }));
    // Whoever reads the list sees what is muted, and lifts it there.
    for (const state of ['muted', 'all']) {
      const { muted } = await ask('/quality/groups', { at: `/quality/groups?state=${state}` });
      expect(muted).toEqual([{ group, rule: 'passing', key: 'a key | of words' }]);
    }
    expect((await ask('/quality/groups')).muted).toEqual([]);
    expect((await ask('/quality/summary')).groups.muted).toBe(1);
    await mute(true, 404);
    await mute(false);
    expect((await readSteering(redis)).muted).toEqual(new Set());
    await mute(false, 404);
  });

  it('lower a rule that is wrong too often, and say so, until somebody restores it', async () => {
    const redis = pipeline.redis.client();
    const messages = Array.from({ length: 6 }, (_, at) => `w${at}`);
    await groupFindings(
      redis,
      'b2',
      messages.map((id) => flagged(id, { rule: 'noisy', key: id })),
    );
    const answers = [];
    for (const id of messages) {
      const at = `/orders/${id}/findings/0/label`;
      answers.push(
        await ask('/orders/{message_id}/findings/{finding}/label', { at, body: { label: 'wrong' } }),
      );
    }
    expect(answers.filter(({ lowered }) => lowered !== null)).toMatchObject([
      { lowered: { steps: 1, why: '0 of 5 labels call it right' } },
    ]);
    expect((await readSteering(redis)).lowered).toEqual(new Map([['noisy', 1]]));
    await ask('/quality/rules/{rule}/restore', { at: '/quality/rules/noisy/restore', body: {} });
    await ask('/quality/rules/{rule}/restore', { at: '/quality/rules/noisy/restore', body: {}, status: 409 });
    expect((await readSteering(redis)).lowered).toEqual(new Map());
    // What was said before is no reason to take the step again.
    const at = '/orders/w5/findings/0/label';
    const again = await ask('/orders/{message_id}/findings/{finding}/label', {
      at,
      body: { label: 'wrong' },
    });
    expect(again.lowered).toBeNull();
    const { rules } = await ask('/quality/summary');
    expect(rules.find(({ rule }: { rule: string }) => rule === 'noisy')).toMatchObject({ lowered: null });
    expect((await readSteering(redis)).lowered).toEqual(new Map());
  });

  it('have workers forget what a bad day taught them, of one product or of all', async () => {
    const baselines = await openBaselines(
      { redis: pipeline.redis.client(), onError: () => {} },
      { turnMs: 5, sendWithinMs: 20, readWithinMs: 20, longestLog: 500 },
    );
    const worker = reviewing(baselines.checks);
    try {
      const line = (product: string, price: number) => orderOf({ lines: [{ product, price }] });
      for (let at = 0; at < 60; at += 1) for (const id of ['P1', 'P2', 'P3']) worker.count(line(id, 250));
      const spokenOf = () =>
        ['P1', 'P2', 'P3'].filter((id) => worker.rules(line(id, 2.5)).includes('price_unlike_product'));
      await until(() => spokenOf().length === 3, 'the prices of the bad day are what is usual');
      const reset = (rule: string, body: object, status = 200) =>
        ask('/quality/rules/{rule}/reset', { at: `/quality/rules/${rule}/reset`, body, status });
      await reset('price_unlike_product', { key: 'P2', because: 'a bad day' });
      await until(() => spokenOf().length === 2, 'one is forgotten');
      expect(spokenOf()).toEqual(['P1', 'P3']);
      await reset('price_unlike_product', {});
      await until(() => spokenOf().length === 0, 'all are');
      for (const rule of ['two_prices', 'constructor']) await reset(rule, {}, 409);
    } finally {
      await baselines.close();
    }
  });

  it('mute a rule and key until they are unmuted', async () => {
    const { group } = await groupOf('P2');
    const mute = (muted: boolean) =>
      ask('/quality/groups/{group}/mute', { at: `/quality/groups/${group}/mute`, body: { muted } });
    expect(await mute(true)).toEqual({ done: true });
    expect(await groupsOf('muted')).toMatchObject([{ key: 'P2', state: 'muted' }]);
    await mute(false);
    expect(await groupsOf('muted')).toEqual([]);
    await ask('/quality/groups/{group}/mute', { at: '/quality/groups/none/mute', body: {}, status: 404 });
  });
});
