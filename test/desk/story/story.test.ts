import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { run as failed } from '../../../src/cli/failed/run.ts';
import type { orderStory } from '../../../src/http/description/storyAnswers.ts';
import { runCommand } from '../../scripts/verifyCommand.ts';
import { boardOf } from '../../support/board.ts';
import { anOrder } from '../../support/orders.ts';
import { startPipeline, type TestPipeline } from '../../support/pipeline.ts';
import { until } from '../../support/until.ts';

type Story = z.infer<typeof orderStory>;

describe('the story of one order', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '2' });
  });
  afterAll(() => pipeline.stop());

  const byName = (user: string, order: string) =>
    pipeline.json<Story>(`/desk/api/order?user_id=${user}&order_id=${order}`);
  const byJob = async (id: string) => (await pipeline.json<{ story: Story }>(`/desk/api/orders/${id}`)).story;
  const priced = (order_id: string, price: unknown, more = {}) =>
    anOrder({
      order_id,
      user_id: 'U7',
      order_value: 12.5,
      items: [{ product_id: 'P', quantity: 1, price_per_unit: price }],
      ...more,
    });
  /** Resolves once they have ended; jobs may have been dropped meanwhile. */
  const send = async (...bodies: unknown[]) => {
    const counts = await Promise.all(pipeline.queues.map((queue) => queue.getJobCounts()));
    const before = counts.reduce((sum, each) => sum + (each.completed ?? 0) + (each.failed ?? 0), 0);
    await pipeline.send(...bodies);
    await pipeline.ended(before + bodies.length);
  };
  const failedJob = async (orderId: string) => {
    const found = (await pipeline.failed()).find(
      ({ data }) => (data.order as { order_id: string }).order_id === orderId,
    );
    return found?.id as string;
  };

  it('tells where it was refused, who edited what, and for how much it counted', async () => {
    await send(priced('S1', '12,50', { currency: 'EUR' }));
    const id = await failedJob('S1');
    const waiting = await byJob(id);
    expect(waiting).toMatchObject({
      order_id: 'S1',
      user_id: 'U7',
      counted: false,
      money: null,
      sentence: expect.stringMatching(/was not counted in the last 35 days, and waits for an operator/),
    });
    expect(waiting.deliveries).toMatchObject([
      {
        job: id,
        state: 'failed',
        tries: 1,
        refused: {
          issues: expect.arrayContaining([expect.objectContaining({ path: 'items[0].price_per_unit' })]),
        },
        now: { outcome: 'still fails' },
        edits: [],
      },
    ]);
    const board = boardOf(pipeline);
    const [queue] = (await board.queueNames()).filter((name) =>
      name.includes(`${waiting.deliveries[0]?.partition}`),
    );
    const { data } = waiting.deliveries[0] as { data: { order: object; message: object } };
    const repaired = { ...data, order: priced('S1', 12.5) };
    expect(await board.edit(queue as string, id, repaired)).toBe(200);
    expect((await byJob(id)).deliveries[0]?.now).toEqual({ outcome: 'would count', issues: [] });
    expect(await board.retry(queue as string, id)).toBe(204);
    await until(async () => (await byJob(id)).counted === true, 'it counts');
    const told = await byJob(id);
    expect(told).toMatchObject({ money: 12.5, counted_at: expect.stringMatching(/Z$/), duplicates: 0 });
    const [delivery] = told.deliveries;
    expect(delivery).toMatchObject({
      state: 'completed',
      ended: { outcome: 'counted' },
      same_as_counted: true,
      refused: { sentence: expect.stringContaining('currency_mismatch') },
      edits: [
        {
          by: { kind: 'open' },
          changed: 2,
          changes: [
            { path: 'items[0].price_per_unit', before: '"12,50"', after: '12.5' },
            { path: 'currency', before: '"EUR"', after: null },
          ],
        },
      ],
    });
    expect(delivery?.changes.map(({ action, result }) => [action, result])).toEqual([
      ['edit', 'done'],
      ['retry', 'done'],
    ]);
    expect(JSON.stringify(delivery?.original)).toContain('12,50');

    // The job may be dropped at any time: what was edited tells the rest.
    for (const each of pipeline.queues) await (await each.getJob(id))?.remove();
    const gone = await byJob(id);
    expect(gone).toMatchObject({
      counted: true,
      money: 12.5,
      deliveries: [{ state: 'gone', edits: [{ changed: 2 }] }],
    });
  });

  it('tells every delivery of an order by its user and its own id, however they are spelled', async () => {
    await send(priced('S2', 12.5));
    await send(
      priced('s2', 12.5, { user_id: ' u7 ' }),
      priced('S2', 12.5, { order_timestamp: '2024-01-01' }),
    );
    const story = await byName('u7', 's2');
    expect(story).toMatchObject({ order_id: 'S2', user_id: 'U7', counted: true, money: 12.5, duplicates: 1 });
    const told = story.deliveries.map(({ ended, state, same_as_counted }) => [
      ended?.outcome ?? state,
      same_as_counted,
    ]);
    expect(told.sort()).toEqual([
      ['counted', true],
      ['duplicate', true],
      ['failed', false],
    ]);
    expect(story.deliveries.find(({ state }) => state === 'failed')).toMatchObject({
      now: { outcome: 'still fails', issues: [{ reason: 'conflicting_duplicate' }] },
    });
  });

  it('finds letters beyond A to Z as they were sent, or small where the order is asked for in capitals', async () => {
    await send(...['Заказ-7é', 'заказ-8'].map((id) => priced(id, '12,50', { user_id: 'Борис' })));
    for (const [sent, asked] of [
      ['Заказ-7é', 'Заказ-7é'],
      ['заказ-8', 'ЗАКАЗ-8'],
    ] as const) {
      const story = await byName(encodeURIComponent('борис'), encodeURIComponent(asked));
      expect([asked, story.deliveries.map(({ job }) => job)]).toEqual([asked, [await failedJob(sent)]]);
    }
  });

  it('says of what is not kept what the ledger knows, and no more', async () => {
    await send(priced('S3', 12.5));
    for (const each of pipeline.queues) await each.clean(0, 1_000, 'completed');
    expect(await byName('U7', 'S3')).toMatchObject({
      kept: false,
      counted: true,
      money: 12.5,
      counted_at: null,
      sentence: 'Order S3 of user U7 was counted for 12.50; when is not kept.',
    });
    expect(await byName('U7', 'never')).toMatchObject({ kept: false, counted: false, money: null });
    expect((await pipeline.get('/desk/api/orders/never')).status).toBe(404);
  });

  it('tells of a body that nobody can read as an order', async () => {
    await send('no order at all');
    const job = (await pipeline.failed()).find(({ data }) => data.raw === 'no order at all');
    expect(await byJob(job?.id as string)).toMatchObject({
      order_id: null,
      counted: null,
      deliveries: [{ refused: { issues: [{ reason: 'invalid_json' }] }, data: { raw: 'no order at all' } }],
    });
  });

  it('failed show tells the same', async () => {
    await send(priced('S4', 'x'));
    const id = await failedJob('S4');
    const env = { REDIS_URL: pipeline.redis.url };
    const { code, stdout } = await runCommand(failed, `show --job ${id} --json`, env);
    expect([code, JSON.parse(stdout).story]).toEqual([0, await byJob(id)]);
    expect(await runCommand(failed, 'show --job nothing', env)).toMatchObject({ code: 1 });
  });

  it('refuses names that cannot be', async () => {
    const refused = await pipeline.get('/desk/api/order?user_id=U7');
    expect([refused.status, await refused.json()]).toMatchObject([400, { parameter: 'order_id' }]);
    expect((await pipeline.get('/desk/api/orders/x', { method: 'DELETE' })).status).toBe(405);
  });

  it('is for operators only', async () => {
    const env = { STATS_API: 'keys', PARTITIONS: '2' };
    const closed = await startPipeline(env, { role: 'api', redis: pipeline.redis });
    const { status } = await closed.get('/desk/api/orders/x');
    await closed.stop();
    expect(status).toBe(401);
  });
});
