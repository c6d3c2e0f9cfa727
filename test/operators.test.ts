import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { REASONS } from '../src/orders/invalidOrder.ts';
import { makePartitions } from '../src/store/partitions.ts';
import { type Board, type BoardJob, boardOf } from './support/board.ts';
import { anOrder } from './support/orders.ts';
import { startPipeline, type TestPipeline } from './support/pipeline.ts';
import { until } from './support/until.ts';

describe('Bull Board', () => {
  let pipeline: TestPipeline;
  let board: Board;
  const queue = 'orders';

  beforeAll(async () => {
    pipeline = await startPipeline();
    board = boardOf(pipeline);
  });
  afterAll(() => pipeline.stop());

  async function refused(body: unknown): Promise<BoardJob> {
    const before = new Set((await board.failed(queue)).map(({ id }) => id));
    await pipeline.send(body);
    await pipeline.settled();
    const job = (await board.failed(queue)).find(({ id }) => !before.has(id));
    if (!job) throw new Error('the order was not refused');
    return job;
  }

  async function retried(jobId: string): Promise<string> {
    expect(await board.retry(queue, jobId)).toBe(204);
    await until(
      async () => ['completed', 'failed'].includes(await board.state(queue, jobId)),
      'it ran again',
    );
    return board.state(queue, jobId);
  }

  it('is a page whose every part comes from here', async () => {
    const response = await pipeline.get('/admin/queues');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    const page = await response.text();
    expect(page).toContain('<title>order-pipeline</title>');
    const parts = [
      ...page.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="(\/admin\/[^"]+|static\/[^"]+)"/g),
    ];
    expect(parts.length).toBeGreaterThan(1);
    for (const [, path = ''] of parts) {
      const part = await pipeline.get(new URL(path, 'http://x/admin/queues/').pathname);
      expect(part.status).toBe(200);
      expect((await part.arrayBuffer()).byteLength).toBeGreaterThan(0);
    }
  });

  it('shows what was sent and every reason on a line of its own', async () => {
    const sent = anOrder({
      order_id: 'SHOWN',
      order_value: '2000',
      items: [],
      order_timestamp: '2024-02-30',
    });
    const job = await refused(sent);
    expect(job.data.order).toEqual(sent);
    expect(job.failedReason).toBe(
      'wrong_type: order_value must be a JSON number; no_items: items must have at least one item; ' +
        'bad_timestamp: order_timestamp is not an ISO 8601 date and time',
    );
    expect(job.stacktrace.join('\n').split('\n')).toEqual([
      'wrong_type at order_value: order_value must be a JSON number, expected number, received "2000"',
      'no_items at items: items must have at least one item, expected ≥ 1 item, received array',
      expect.stringMatching(/^bad_timestamp at order_timestamp: .*, received "2024-02-30"$/),
    ]);
  });

  it('counts a refused order once after its data is repaired, and runs it no more then', async () => {
    const { id, data } = await refused(
      anOrder({ order_id: 'REPAIRED', user_id: 'REPAIR', order_value: 201 }),
    );
    const repaired = { ...data, order: { ...(data.order as object), order_value: 2000 } };
    expect(await board.edit(queue, id, repaired)).toBe(200);
    expect(await retried(id)).toBe('completed');
    const counted = { user_id: 'REPAIR', order_count: 1, total_spend: 2000 };
    expect(await pipeline.json('/users/repair/stats')).toEqual(counted);
    expect(await board.retry(queue, id)).toBe(409);
    expect(await pipeline.json('/users/repair/stats')).toEqual(counted);
  });

  it('takes `order` put beside the `raw` text of a message that was not JSON', async () => {
    const { id, data } = await refused('{"order_id": "RAW1", oops');
    expect(data).toEqual({ raw: '{"order_id": "RAW1", oops', message: expect.any(Object) });
    await board.edit(queue, id, { ...data, order: anOrder({ order_id: 'RAW1', user_id: 'RAW' }) });
    expect(await retried(id)).toBe('completed');
    expect(await pipeline.json('/users/RAW/stats')).toMatchObject({ order_count: 1 });
  });

  it('takes an order pasted in place of all the data', async () => {
    const { id } = await refused('not an order');
    await board.edit(queue, id, anOrder({ order_id: 'PASTED', user_id: 'PASTE' }));
    expect(await retried(id)).toBe('completed');
    expect(await pipeline.json('/users/PASTE/stats')).toMatchObject({ order_count: 1 });
  });

  it('says the new reasons when an edit did not repair it', async () => {
    const { id, data } = await refused(anOrder({ order_id: 'AGAIN', user_id: 'AGAIN', order_value: 201 }));
    await board.edit(queue, id, { ...data, order: { ...(data.order as object), order_value: -1 } });
    expect(await retried(id)).toBe('failed');
    const job = (await board.failed(queue)).find((failed) => failed.id === id);
    expect(job?.failedReason).toMatch(/^out_of_range: order_value must not be negative/);
    expect((await pipeline.get('/users/AGAIN/stats')).status).toBe(404);
  });

  it.each([
    ['null', null],
    ['text', 'oops'],
    ['a list', [1]],
    ['a number', 5],
    ['nothing', undefined],
    ['an order of null', { order: null }],
    ['an order of text', { order: 'oops', message: { id: 'X' } }],
    ['the raw text it had', { raw: 'not an order', message: { id: 'X' } }],
  ])('saves nothing when the data would be replaced by %s', async (_, data) => {
    const { id, data: sent } = await refused('not an order');
    expect(await board.edit(queue, id, data)).toBe(400);
    const job = (await board.failed(queue)).find((failed) => failed.id === id);
    expect(job?.data).toEqual(sent);
  });

  it('keeps an order failed, with a reason, beside whose order the message was overwritten', async () => {
    const { id } = await refused('not an order');
    const data = { order: anOrder({ order_value: 1 }), message: 'oops' };
    expect(await board.edit(queue, id, data)).toBe(200);
    expect(await retried(id)).toBe('failed');
    const job = (await board.failed(queue)).find((failed) => failed.id === id);
    expect(REASONS).toContain(job?.failedReason?.split(':')[0]);
  });
});

describe('Bull Board over four partitions', () => {
  const partitions = makePartitions(4);
  let pipeline: TestPipeline;
  let board: Board;

  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '4' });
    board = boardOf(pipeline);
  });
  afterAll(() => pipeline.stop());

  const names = partitions.all.map(({ index }) => `partition ${index}: orders`);
  const userOf = (partition: number) => {
    for (let n = 0; ; n += 1) if (partitions.of(`USER${n}`).index === partition) return `USER${n}`;
  };
  const partitionsWith = async (userId: string) => {
    const redis = pipeline.redis.client();
    const found = await Promise.all(partitions.all.map(({ tag }) => redis.exists(`${tag}:user:${userId}`)));
    return found.flatMap((exists, index) => (exists ? [index] : []));
  };
  const failedAnywhere = async () => (await Promise.all(names.map((name) => board.failed(name)))).flat();

  it("lists every partition's queue", async () => {
    expect(await board.queueNames()).toEqual(names);
  });

  it('counts an order in the partition of the user it was repaired to', async () => {
    const [wrong, right] = [userOf(0), userOf(3)];
    await pipeline.send(anOrder({ order_id: 'MOVED', user_id: wrong, order_value: 1 }));
    await pipeline.settled();
    const [job] = await board.failed(names[0] as string);
    if (!job) throw new Error('it did not fail in the partition of its user');
    const order = { ...(job.data.order as object), user_id: right.toLowerCase(), order_value: 2000 };
    await board.edit(names[0] as string, job.id, { ...job.data, order });
    await board.retry(names[0] as string, job.id);
    await until(async () => (await partitionsWith(right)).length > 0, 'the order counts');
    await pipeline.settled();
    expect(await partitionsWith(right)).toEqual([3]);
    expect(await partitionsWith(wrong)).toEqual([]);
    expect(await pipeline.json(`/users/${right}/stats`)).toMatchObject({ order_count: 1, total_spend: 2000 });
    expect(await failedAnywhere()).toEqual([]);
  });

  it('counts a message that named no user, wherever it failed, in the partition of the user it is given', async () => {
    const users = partitions.all.map(({ index }) => `${userOf(index)}-NAMELESS`);
    await pipeline.send(...users.map((_, index) => `broken ${index}`));
    await pipeline.settled();
    expect(await failedAnywhere()).toHaveLength(users.length);
    for (const name of names) {
      for (const job of await board.failed(name)) {
        const user = users[Number(job.data.raw?.slice('broken '.length))];
        await board.edit(name, job.id, { ...job.data, order: anOrder({ user_id: user }) });
        await board.retry(name, job.id);
      }
    }
    for (const user of users) {
      await until(async () => (await partitionsWith(user)).length > 0, `the order of ${user} counts`);
      expect(await partitionsWith(user)).toEqual([partitions.of(user).index]);
    }
    await pipeline.settled();
    expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 5, total_revenue: 10_000 });
    expect(await failedAnywhere()).toEqual([]);
  });
});
