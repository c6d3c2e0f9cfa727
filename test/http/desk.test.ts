import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../src/access/keyStore.ts';
import { readFailures } from '../../src/queue/failures/readFailures.ts';
import {
  AUTO_REPAIRS_KEY,
  HOLDS_KEY,
  RECIPE_VERSIONS_KEY,
  RECIPES_KEY,
  REDRIVE_KEY,
  runKey,
} from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { COMMA, priced } from '../desk/runs/failing.ts';
import { invited } from '../people/visitor.ts';
import { type ApiDocument, readApiDocument } from '../support/apiDocument.ts';
import { auditTrail } from '../support/auditTrail.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

const SETTINGS = { PARTITIONS: '2', ADMIN_USER: 'anna', ADMIN_PASSWORD: 'secret' };
const AUTHORIZATION = `Basic ${Buffer.from('anna:secret').toString('base64')}`;

describe('the operations of the desk', () => {
  let pipeline: TestPipeline;
  let api: ApiDocument;
  const asked = new Set<string>();

  beforeAll(async () => {
    pipeline = await startPipeline(SETTINGS);
    api = readApiDocument(await pipeline.json('/openapi.json'));
    await pipeline.send(
      ...Array.from({ length: 40 }, (_, n) => priced(n)),
      priced(50, null),
      priced(51, null, { order_id: '=O51' }),
    );
    await until(async () => (await failed()).orders === 42, 'all stand in the index');
  });
  afterAll(() => pipeline.stop());

  const failed = () => readFailures(pipeline.redis.client(), makePartitions(2).all);
  /** Asks an operation by its path in the document, and holds the answer against that. */
  const ask = async (
    path: string,
    { body, at = path, status = 200 }: { body?: unknown; at?: string; status?: number } = {},
  ) => {
    const operation = api.operation(path);
    asked.add(path);
    const response = await pipeline.get(at, {
      method: operation.method.toUpperCase(),
      headers: {
        authorization: AUTHORIZATION,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    expect([
      at,
      api.faults(operation, { status: response.status, headers: response.headers, body: text }),
    ]).toEqual([at, []]);
    expect([at, response.status, response.headers.get('cache-control')]).toEqual([at, status, 'no-store']);
    return response.headers.get('content-type')?.startsWith('text/csv') ? text : JSON.parse(text);
  };

  it('find what failed, try a recipe, run it and prove it; set aside, restore, delete', async () => {
    const { groups, orders } = await ask('/desk/api/groups');
    expect(orders).toBe(42);
    expect(groups).toMatchObject([
      { shape: '9,9', orders: 40, users: 7, money: 800 },
      { shape: 'null', orders: 2 },
    ]);
    expect(groups[0].trend.slice(-2).reduce((sum: number, n: number) => sum + n, 0)).toBe(40);
    const onHold = (action: string, status = 200) =>
      ask('/desk/api/groups/{cause}/{action}', {
        at: `/desk/api/groups/${groups[1].cause}/${action}`,
        body: { because: 'known' },
        status,
      });
    expect(await onHold('hold')).toMatchObject({
      hold: { by: { name: 'anna' }, because: 'known', over: false },
    });
    expect(await ask('/desk/api/groups')).toMatchObject({ orders: 42, held: 1, groups: [{ orders: 40 }] });
    expect((await ask('/desk/api/groups', { at: '/desk/api/groups?held=only' })).groups).toMatchObject([
      { orders: 2, hold: { because: 'known' } },
    ]);
    await ask('/desk/api/groups', { at: '/desk/api/groups?held=some', status: 400 });
    expect(await onHold('release')).toMatchObject({ hold: null });
    await onHold('release', 409);
    await onHold('forget', 400);
    const where = { cause: groups[0].cause };
    const page = await ask('/desk/api/search', { body: { where, limit: 30 } });
    const rest = await ask('/desk/api/search', { body: { where, limit: 30, cursor: page.next_cursor } });
    expect([page.orders.length, rest.orders.length, rest.next_cursor]).toEqual([30, 10, null]);
    const { job } = page.orders[0];
    const inJobs = (jobs: string[]) => ask('/desk/api/search', { body: { where: { jobs }, limit: 1 } });
    expect(await inJobs([job])).toMatchObject({ orders: [{ job }], next_cursor: null });
    expect(await inJobs(['none'])).toMatchObject({ orders: [], next_cursor: null });
    const two = await inJobs([page.orders[7].job, job]);
    expect(two.orders).toMatchObject([{ job }]);
    const after = { where: { jobs: [page.orders[7].job, job] }, cursor: two.next_cursor };
    expect((await ask('/desk/api/search', { body: after })).orders).toMatchObject([
      { job: page.orders[7].job },
    ]);
    // What a script left empty means nothing, and never all.
    for (const where of [{ cause: '' }, { text: ' ' }, { jobs: [''] }])
      await ask('/desk/api/search', { body: { where }, status: 400 });
    expect(await ask('/desk/api/orders/{job}', { at: `/desk/api/orders/${job}` })).toMatchObject({
      state: 'failed',
    });
    await ask('/desk/api/orders/{job}', { at: '/desk/api/orders/none', status: 404 });
    const written = (status: number, at: string, body: object) =>
      ask(`/desk/api/orders/{job}/${at}`, { at: `/desk/api/orders/${job}/${at}`, body, status });
    expect(await written(200, 'check', { text: '{"order_id":1}' })).toMatchObject({
      outcome: 'still fails',
      wrong: 3,
      issues: [{ reason: 'missing_field', path: 'user_id' }, {}, {}],
      unsaved: null,
    });
    const kept = { text: '{"order_id":1}', revision: 0, because: 'ticket 7' };
    expect(await written(409, 'edit', { ...kept, queue: true })).toMatchObject({
      detail: expect.stringContaining('would fail again: missing_field at user_id'),
      issues: [{ path: 'user_id' }, {}, {}],
    });
    await written(400, 'edit', { ...kept, text: '{' });
    await written(400, 'edit', { ...kept, because: '' });
    await ask('/desk/api/orders/{job}/check', { at: '/desk/api/orders/none/check', body: kept, status: 400 });
    const { text, revision } = await ask('/desk/api/orders/{job}', { at: `/desk/api/orders/${job}` });
    expect(await written(200, 'edit', { text, revision, because: 'as it was' })).toMatchObject({
      queued: false,
      revision: 1,
      outcome: 'still fails',
    });
    await written(409, 'edit', { text, revision, because: 'once more' });
    const { proposal, features } = await ask('/desk/api/proposal', { body: { where } });
    expect(features).toContainEqual({ name: 'order_id_shape', value: 'a9', orders: 40, of: 40 });
    expect(proposal).toEqual({ recipe: COMMA, passes: 40, of: 40 });
    const tried = await ask('/desk/api/try', { body: { where, recipe: proposal.recipe } });
    expect(tried).toMatchObject({ orders: 40, would_count: { orders: 40, money: 800 } });

    const save = (body: object) => ask('/desk/api/recipes/save', { body: { because: 'monthly', ...body } });
    await save({ name: 'comma', recipe: proposal.recipe });
    await save({ name: 'comma', recipe: { version: 1, steps: [{ do: 'recompute_total' }] } });
    expect((await ask('/desk/api/recipes')).recipes).toMatchObject([
      { name: 'comma', version: 2, recipe: { steps: [{ do: 'recompute_total' }] }, by: { name: 'anna' } },
    ]);
    const byName = (name: string, status = 200) =>
      ask('/desk/api/try', { body: { where, recipe_name: name }, status });
    expect(await byName('comma')).toMatchObject({ recipe_name: 'comma@2', would_count: { orders: 0 } });
    expect(await byName('comma@1')).toEqual({ ...tried, recipe_name: 'comma@1' });
    await byName('point', 404);

    const standing = { cause: groups[0].cause, because: 'monthly' };
    const declared = { ...standing, recipe_name: 'comma@1', money_per_day: 99.5 };
    expect(await ask('/desk/api/auto-repairs/add', { body: declared })).toMatchObject({
      ...{ cause: standing.cause, recipe_name: 'comma@1', by: { name: 'anna' }, state: 'standing' },
      ...{
        shape: '9,9',
        orders: 'new',
        per_hour: 100,
        per_day: 1000,
        money_per_day: 99.5,
        tried: 0,
        run: null,
      },
    });
    await ask('/desk/api/auto-repairs/add', { body: declared, status: 409 });
    expect((await ask('/desk/api/auto-repairs')).auto_repairs).toMatchObject([{ cause: standing.cause }]);
    expect(await ask('/desk/api/auto-repairs/remove', { body: standing })).toEqual({ cause: standing.cause });
    await ask('/desk/api/auto-repairs/remove', { body: standing, status: 404 });

    const begun = await ask('/desk/api/repair', {
      body: { where, recipe_name: 'comma@1', because: 'ticket 7' },
    });
    expect(begun).toMatchObject({ state: 'running', orders: 40, who: { kind: 'user', name: 'anna' } });
    expect(begun).toMatchObject({ recipe: COMMA, recipe_name: 'comma@1' });
    const remove = (status = 200) =>
      ask('/desk/api/recipes/remove', { body: { name: 'comma', because: 'x' }, status });
    await remove();
    await remove(404);
    const runAt = `/desk/api/runs/${begun.run}`;
    const run = () => ask('/desk/api/runs/{run}', { at: runAt });
    await until(async () => (await run()).state === 'done', 'the API has driven the run to its end');
    const receipt = await ask('/desk/api/runs/{run}/receipt', { at: `${runAt}/receipt?limit=5` });
    expect(receipt).toMatchObject({
      money: { before: 0, repaired: 800, elsewhere: 0, after: 800 },
      states: { counted: 40, failed_again: 0 },
    });
    expect(receipt.orders).toHaveLength(5);
    expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 40, total_revenue: 800 });
    const control = '/desk/api/runs/{run}/{action}';
    await ask(control, { at: `${runAt}/pause`, body: {}, status: 409 });
    await ask(control, { at: '/desk/api/runs/none/cancel', body: {}, status: 404 });
    await ask(control, { at: `${runAt}/explode`, body: {}, status: 400 });

    const lines = async (where: object) =>
      (await ask('/desk/api/export', { body: { where } })).split('\r\n').slice(1, -1).sort();
    const why = 'missing_field at items[0].price_per_unit';
    const both = await lines({});
    expect(both).toHaveLength(2);
    expect(both).toContainEqual(expect.stringContaining(`,'=O51,U2,51.5,${why},`));
    expect(both).toContainEqual(expect.stringContaining(`,O50,U1,50.5,${why},`));
    expect(await lines({ text: 'o50' })).toEqual([expect.stringContaining(`,O50,U1,50.5,${why},`)]);
    expect(await lines({ text: 'no such order' })).toEqual([]);
    const asLines = await pipeline.get('/desk/api/export', {
      method: 'POST',
      headers: { authorization: AUTHORIZATION, 'content-type': 'application/json' },
      body: JSON.stringify({ where: { reason: 'missing_field' }, format: 'jsonl' }),
    });
    const exported = (await asLines.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).order_id);
    expect(exported.sort()).toEqual(['=O51', 'O50']);
    const retried = await ask('/desk/api/retry', { body: { because: 'look again' } });
    await until(
      async () =>
        (await ask('/desk/api/runs/{run}', { at: `/desk/api/runs/${retried.run}` })).state === 'done',
      'the retry has ended',
    );
    expect((await ask('/desk/api/runs')).runs).toMatchObject([
      { counts: { left: 2, sent: 0 } },
      { run: begun.run },
    ]);
    expect(await ask('/desk/api/set-aside', { body: { because: 'asked the shop' } })).toEqual({
      orders: 2,
      gone: 0,
    });
    const { rows } = await ask('/desk/api/aside');
    expect(rows).toMatchObject([{ because: 'asked the shop' }, {}]);
    expect(
      await ask('/desk/api/orders/{job}/edit', {
        at: `/desk/api/orders/${rows[0].job}/edit`,
        body: { text: '{}', revision: 0, because: 'x' },
        status: 409,
      }),
    ).toMatchObject({ detail: 'The order was set aside: restore it first.' });
    expect(await ask('/desk/api/restore', { body: { jobs: [rows[0].job], because: 'x' } })).toEqual({
      orders: 1,
      gone: 0,
    });
    await ask('/desk/api/delete', { body: { count: 5, because: 'x' }, status: 409 });
    expect(await ask('/desk/api/delete', { body: { count: 1, because: 'x' } })).toEqual({
      orders: 1,
      gone: 0,
    });
    await ask('/desk/api/repair', { body: { where, recipe: COMMA, because: 'x' }, status: 409 });

    const named = '/desk/api/order?user_id=u0&order_id=o7';
    expect(await ask('/desk/api/order', { at: named })).toMatchObject({ counted: true, money: 7.5 });
    const { changes } = await ask('/desk/api/audit', { at: '/desk/api/audit?what=delete&limit=1' });
    expect(changes).toMatchObject([{ action: 'delete', result: 'done', who: { name: 'anna' } }]);
    expect(await ask('/desk/api/audit/export')).toContain(',repair batch,');
    expect(await ask('/desk/api/audit/chain')).toMatchObject({ state: 'whole' });

    const letters = '/desk/api/dead-letters';
    expect(await ask(letters)).toMatchObject({ queue: 'orders-dlq', redrive: null });
    expect(await ask(`${letters}/peek`, { body: {} })).toMatchObject({ looked_at: 0, groups: [] });
    await ask(`${letters}/redrive`, { body: { because: 'x' }, status: 409 });
    await ask(`${letters}/cancel`, { body: {}, status: 409 });

    const address = { kind: 'user', name: 'anna', address: '127.0.0.1' };
    for (const { who } of await auditTrail(pipeline.redis.client())) expect(who).toEqual(address);
    const all = api.operations.map(({ path }) => path).filter((path) => path.startsWith('/desk/'));
    expect([...asked].sort()).toEqual(all.sort());
  });

  it.each([
    ['/desk/api/repair', { recipe: COMMA }, 'because'],
    [
      '/desk/api/repair',
      { recipe: { version: 1, steps: [{ do: 'no such' }] }, because: 'x' },
      'recipe.steps.0.do',
    ],
    ['/desk/api/search', { where: { reasn: 'wrong_type' } }, 'where'],
    ['/desk/api/delete', { because: 'x' }, 'count'],
    ['/desk/api/repair', { because: 'x' }, 'recipe'],
    ['/desk/api/repair', { because: 'x', recipe: COMMA, recipe_name: 'a' }, 'recipe'],
    ['/desk/api/try', { recipe: COMMA, recipe_name: 'a' }, 'recipe'],
    ['/desk/api/try', { recipe_name: 'a@b' }, 'recipe_name'],
    ['/desk/api/recipes/save', { name: 'a@1', recipe: COMMA, because: 'x' }, 'name'],
    ['/desk/api/auto-repairs/add', { cause: 'a', recipe_name: 'a', because: 'x', per_hour: 0 }, 'per_hour'],
    ['/desk/api/try', [], 'body'],
  ])('%s of %j is refused, naming %s', async (path, body, parameter) => {
    expect(await ask(path, { body, status: 400 })).toMatchObject({ parameter });
  });

  it('are answered whatever somebody else has written among the keys', async () => {
    const redis = pipeline.redis.client();
    const [run] = (await ask('/desk/api/runs')).runs;
    await redis.hset(runKey(run.run), 'facts', '{broken');
    await redis.hset(HOLDS_KEY, { '3f2a9c01de': 'broken', '3f2a9c01df': 'null' });
    await redis.hset(RECIPES_KEY, 'broken', '1');
    await redis.hset(RECIPE_VERSIONS_KEY, 'broken@1', '{broken');
    await redis.hset(AUTO_REPAIRS_KEY, { '3f2a9c01de': '{broken', '3f2a9c01df': 'null', '3f2a9c01e0': '{}' });
    await redis.hset(REDRIVE_KEY, 'facts', '{broken', 'state', 'running');
    expect(await ask('/desk/api/auto-repairs')).toMatchObject({ auto_repairs: [] });
    expect(await ask('/desk/api/dead-letters')).toMatchObject({ redrive: null });
    await ask('/desk/api/groups');
    expect((await ask('/desk/api/runs')).runs).not.toContainEqual(expect.objectContaining({ run: run.run }));
    const { recipes } = await ask('/desk/api/recipes');
    expect(recipes).not.toContainEqual(expect.objectContaining({ name: 'broken' }));
  });

  it('are there for whoever may operate alone', async () => {
    const store = new KeyStore(pipeline.redis.client());
    const { key } = await store.create({ name: 'reader', role: 'read' }, Date.now());
    const { key: admin } = await store.create({ name: 'program', role: 'admin' }, Date.now());
    const status = async (headers: Record<string, string>, init: RequestInit = {}) =>
      (await pipeline.get('/v1/desk/api/groups', { headers, ...init })).status;
    expect(await status({})).toBe(401);
    expect(await status({ 'x-api-key': key })).toBe(403);
    expect(await status({ 'x-api-key': admin })).toBe(200);
    const reader = await invited(pipeline, 'reader', 'read', SETTINGS);
    expect(await reader.status('/desk/api/groups')).toBe(200);
    const asks = async (path: string, body: object = {}) => [
      path,
      await reader.post(`/desk/api/${path}`, body),
    ];
    for (const path of ['search', 'export', 'proposal', 'try']) expect(await asks(path)).toEqual([path, 200]);
    expect(await reader.post('/v1/desk/api/orders/none/check', { text: '' })).toBe(404);
    for (const path of [
      'orders/none/edit',
      'orders/check/edit',
      'retry',
      'set-aside',
      'delete',
      'recipes/save',
    ])
      expect(await asks(path)).toEqual([path, 403]);
    expect(await asks('groups/check/hold')).toEqual(['groups/check/hold', 403]);
    const post = (headers: Record<string, string>, body: string) =>
      pipeline.get('/desk/api/try', {
        method: 'POST',
        headers: { authorization: AUTHORIZATION, ...headers },
        body,
      });
    expect((await post({ 'content-type': 'text/plain' }, '{}')).status).toBe(415);
    expect(
      (await post({ 'content-type': 'application/json', origin: 'https://elsewhere.example' }, '{}')).status,
    ).toBe(403);
    expect((await post({ 'content-type': 'application/json' }, '{')).status).toBe(400);
  });
});
