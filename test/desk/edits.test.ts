import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import { UnrecoverableError, Worker } from 'bullmq';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const JOB = '/admin/queues/api/queues/orders/F-order';

// Role api: nobody takes the jobs, so that what is edited is all that happens to them.
describe('an edit of a failed order', () => {
  let redis: TestRedis;
  let pipeline: TestPipeline;
  let queue: Queue<OrderJob>;

  beforeAll(async () => {
    redis = await startTestRedis();
    pipeline = await startPipeline({}, { role: 'api', redis });
    queue = pipeline.queues[0] as Queue<OrderJob>;
  });
  afterAll(async () => {
    await pipeline.stop();
    await redis.stop();
  });
  beforeEach(async () => {
    await redis.client().flushall();
    await pipeline.get('/health');
  });

  const message = { id: 'F-order', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };
  const addFailed = async (data: Partial<OrderJob> = { order: anOrder({ order_id: 'F' }) }) => {
    await queue.add('order', { ...data, message }, { jobId: 'F-order' });
    const fail = () => Promise.reject(new UnrecoverableError('missing_field: order_id is required'));
    const worker = new Worker('orders', fail, {
      connection: redis.client(),
      prefix: queue.opts.prefix as string,
    });
    await until(async () => (await queue.getJobState('F-order')) === 'failed', 'it fails');
    await worker.close();
  };
  const patch = async (body: string) => {
    const response = await pipeline.get(`${JOB}/update-data`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const answer = (await response.json()) as { type?: string; message?: string };
    return { status: response.status, message: answer.message };
  };
  const edit = (jobData: unknown) => patch(JSON.stringify({ jobData }));
  const opened = async () => (await pipeline.json<{ job: { data: OrderJob } }>(JOB)).job.data;
  const withValue = (data: OrderJob, order_value: unknown): OrderJob => ({
    ...data,
    order: { ...(data.order as object), order_value },
  });

  describe('that somebody else has edited meanwhile', () => {
    it('is refused, however long ago, and the other edit stays', async () => {
      await addFailed();
      const [anna, ben] = [await opened(), await opened()];
      expect(await edit(withValue(anna, 1))).toMatchObject({ status: 200 });
      expect(await edit(withValue(ben, 2))).toEqual({
        status: 409,
        message: 'Somebody else has edited it since you opened it: reload and look again.',
      });
      expect(await opened()).toEqual({ ...withValue(anna, 1), message: { ...message, edits: 1 } });
    });

    it('is taken after a reload', async () => {
      await addFailed();
      for (const value of [1, 2, 3]) {
        expect(await edit(withValue(await opened(), value))).toMatchObject({ status: 200 });
      }
      expect(await opened()).toMatchObject({ order: { order_value: 3 }, message: { edits: 3 } });
      const early = { ...(await opened()), message: { ...message, edits: 2 } };
      expect(await edit(early)).toMatchObject({ status: 409 });
    });

    it.each([
      ['as it is', (order: object) => order],
      ['as `order` alone', (order: object) => ({ order })],
      ['with a greeting that is called message', (order: object) => ({ ...order, message: { edits: 1 } })],
    ])('is refused when an order is pasted %s, which may only be the first edit', async (_, paste) => {
      await addFailed();
      const order = paste(anOrder({ order_id: 'PASTED' }));
      expect(await edit(order)).toMatchObject({ status: 200 });
      expect(await opened()).toMatchObject({
        order: { order_id: 'PASTED' },
        message: { ...message, edits: 1 },
      });
      expect(await edit(order)).toEqual({
        status: 409,
        message: expect.stringContaining('edited before, and without `message`'),
      });
    });
  });

  describe('with numbers that a double does not carry', () => {
    const typed = (data: OrderJob, changes: string) => {
      const text = JSON.stringify({ jobData: data });
      return text.replace('"order_value":', `${changes},"order_value":`);
    };

    it('keeps every digit that is typed, beside the order', async () => {
      await addFailed();
      const body = typed(
        await opened(),
        '"tracking":820982911946154508,"deep":[{"ra/te":0.12345678901234567891}]',
      );
      expect(await patch(body)).toMatchObject({ status: 200 });
      expect(await opened()).toMatchObject({
        exact: { '/tracking': '820982911946154508', '/deep/0/ra~1te': '0.12345678901234567891' },
      });
    });

    it('keeps them in an order that is pasted in place of all the data', async () => {
      await addFailed();
      const order = JSON.stringify(anOrder({ order_id: 'P' })).replace(
        '{',
        '{"tracking":820982911946154508,',
      );
      expect(await patch(`{"jobData":${order}}`)).toMatchObject({ status: 200 });
      expect(await opened()).toMatchObject({ exact: { '/tracking': '820982911946154508' } });
    });

    it('leaves what was sent when it comes back as the page shows it, rounded', async () => {
      const exact = { '/tracking': '820982911946154508' };
      await addFailed({ order: { ...anOrder(), tracking: Number('820982911946154508') }, exact });
      expect(await edit(withValue(await opened(), 5))).toMatchObject({ status: 200 });
      expect(await opened()).toMatchObject({ order: { order_value: 5 }, exact });
    });

    it('takes a typed number over the one that was sent, also when both are rounded to the same', async () => {
      const order = { ...anOrder(), tracking: Number('820982911946154508') };
      await addFailed({ order, exact: { '/tracking': '820982911946154508' } });
      const body = JSON.stringify({ jobData: await opened() });
      expect(
        await patch(body.replace('"tracking":820982911946154500', '"tracking":820982911946154509')),
      ).toMatchObject({ status: 200 });
      expect(await opened()).toMatchObject({ exact: { '/tracking': '820982911946154509' } });
    });

    it('is refused when they would take more room than an order may', async () => {
      await addFailed();
      const many = Array(2_500).fill('820982911946154508').join();
      const name = 'n'.repeat(100);
      expect(await patch(typed(await opened(), `"${name}":[${many}]`))).toEqual({
        status: 400,
        message: expect.stringContaining('write them as text'),
      });
    });
  });
});
