import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import { UnrecoverableError, Worker } from 'bullmq';
import { BOARD_CHANGES } from '../../src/desk/boardTable.ts';
import { readFailures } from '../../src/queue/failures/readFailures.ts';
import { reconcileFailures } from '../../src/queue/failures/reconcile.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { auditTrail } from '../support/auditTrail.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const BOARD = '/admin/queues';

// Role api: nobody takes the jobs, so that what the board does to them is all that happens.
describe('what Bull Board offers to do to orders', () => {
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
    await queue.obliterate({ force: true });
    await queue.resume();
    await redis.client().del('order-pipeline:audit', '{order-pipeline:audit}:head');
  });

  const dataOf = (id: string): OrderJob => ({
    order: anOrder({ order_id: id }),
    message: { id, sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 },
  });
  const add = (id: string, delay = 0) => queue.add('order', dataOf(id), { jobId: id, delay });
  /** An order that has failed for good. */
  const addFailed = async (id: string) => {
    await add(id);
    const connection = redis.client();
    const prefix = queue.opts.prefix as string;
    const fail = () => Promise.reject(new UnrecoverableError('missing_field: order_id is required'));
    const worker = new Worker('orders', fail, { connection, prefix });
    await until(async () => (await queue.getJobState(id)) === 'failed', 'it fails');
    await worker.close();
  };
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await pipeline.get(`${BOARD}${path}`, {
      method: method.toUpperCase(),
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  const BODIES: Record<string, unknown> = {
    add: { name: 'order', data: { order: anOrder() }, options: { jobId: 'W1-order' } },
    concurrency: { concurrency: 0 },
    'rate-limit': { max: 1, duration: 86_400_000 },
    'update-data': { jobData: { order: {} } },
    delay: { runAt: Date.now() + 4_000_000_000 },
    priority: { priority: 2_000_000 },
    obliterate: { force: true },
  };
  const everyRequest = (jobId: string) =>
    BOARD_CHANGES.flatMap(({ method, route }) => {
      const statuses = route.includes(':queueStatus')
        ? ['wait', 'waiting', 'paused', 'active', 'delayed', 'prioritized', 'failed', 'completed']
        : ['-'];
      return statuses.map((status) => {
        const path = route
          .replace(':queueName', 'orders')
          .replace(':jobId', jobId)
          .replace(':queueStatus', status)
          .replace(':schedulerId', 'X');
        return { method, path, body: BODIES[route.split('/').at(-1) as string] ?? {} };
      });
    });

  it('takes an order that it retries out of the index of failed ones at once', async () => {
    const { all } = makePartitions(1);
    const client = redis.client();
    for (const id of ['F1', 'F2']) await addFailed(id);
    await reconcileFailures(client, all[0] as Partition, { alone: true });
    expect(await readFailures(client, all)).toMatchObject({ orders: 2, minorUnits: 400_000 });
    expect((await ask('PUT', '/api/queues/orders/F1/retry')).status).toBe(204);
    expect(await readFailures(client, all)).toMatchObject({ orders: 1, minorUnits: 200_000 });
    expect(await queue.getJobState('F1')).toBe('waiting');
  });

  it('leaves 100 waiting orders where and what they are, whatever is asked', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `W${index}-order`);
    for (const id of ids) await add(id);
    for (const { method, path, body } of everyRequest('W1-order')) await ask(method, path, body);
    for (const path of ['/api/queues/orders', '/api/queues/orders/W1-order', '/api/queues/orders/empty'])
      await ask('DELETE', path);
    await ask('PUT', '/api/queues/resume');
    const jobs = await queue.getJobs(['waiting']);
    expect(jobs.map(({ id }) => id).sort()).toEqual([...ids].sort());
    for (const { id, data, name } of jobs)
      expect({ data, name }).toEqual({ data: dataOf(id as string), name: 'order' });
    expect(await queue.getJobCounts()).toMatchObject({
      waiting: 100,
      delayed: 0,
      prioritized: 0,
      completed: 0,
    });
    expect(await queue.getGlobalConcurrency()).toBe(null);
  });

  it('ends no failed order, and changes none but to what it was edited to', async () => {
    await addFailed('F1-order');
    const kept = everyRequest('F1-order').filter(({ path }) => !/retry|update-data/.test(path));
    for (const { method, path, body } of kept) await ask(method, path, body);
    expect(await queue.getJobState('F1-order')).toBe('failed');
    expect((await queue.getJob('F1-order'))?.data).toEqual(dataOf('F1-order'));
  });

  it.each(
    BOARD_CHANGES.flatMap((change) =>
      'instead' in change ? [[change.method, change.route, change.instead]] : [],
    ),
  )('refuses %s %s with what to do instead, for people and for programs', async (method, route, instead) => {
    await add('W1-order');
    const path = route.replace(':queueName', 'orders').replace(':jobId', 'W1-order');
    const { status, body } = await ask(method, path, BODIES[route.split('/').at(-1) as string]);
    expect({ status, body }).toEqual({
      status: 403,
      body: {
        type: '/problems/forbidden',
        title: 'Forbidden',
        status: 403,
        detail: instead,
        error: 'Not done here',
        message: instead,
      },
    });
    expect(await auditTrail(redis.client())).toEqual([]);
  });

  it('refuses to add a job with an id that there is, and with one that there is not', async () => {
    await add('W1-order');
    for (const jobId of ['W1-order', 'W2-order']) {
      const { status } = await ask('POST', '/api/queues/orders/add', {
        name: 'order',
        data: {},
        options: { jobId },
      });
      expect(status).toBe(403);
    }
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 1 });
  });

  it.each([
    ['PUT', '/api/queues/orders/brand-new'],
    ['DELETE', '/api/queues/orders'],
    ['POST', '/api/queues/orders/W1-order/explode'],
    ['PATCH', '/api/anything'],
  ])('refuses %s %s, which no version so far knows', async (method, path) => {
    expect(await ask(method, path)).toMatchObject({ status: 403, body: { message: expect.any(String) } });
  });

  it.each([
    ['waiting', 'edit', async () => add('J-order')],
    ['waiting', 'retry', async () => add('J-order')],
    ['waiting', 'promote', async () => add('J-order')],
    ['failed', 'promote', async () => addFailed('J-order')],
    ['delayed', 'retry', async () => add('J-order', 60_000)],
  ])('does to an order that is %s no %s, and says so', async (_state, action, make) => {
    await make();
    const { status, body } =
      action === 'edit'
        ? await ask('PATCH', '/api/queues/orders/J-order/update-data', { jobData: dataOf('J-order') })
        : await ask('PUT', `/api/queues/orders/J-order/${action}`);
    expect({ status, type: body.type }).toEqual({ status: 409, type: '/problems/conflict' });
    expect(await auditTrail(redis.client())).toEqual([]);
  });

  it('puts an order off for a day at most', async () => {
    await add('D-order', 60_000);
    const at = (ms: number) => ask('PATCH', '/api/queues/orders/D-order/delay', { runAt: Date.now() + ms });
    expect((await at(3_600_000)).status).toBe(204);
    expect((await at(90_000_000)).status).toBe(409);
    expect((await queue.getJob('D-order'))?.delay).toBeLessThan(3_600_001);
    expect((await ask('PUT', '/api/queues/orders/D-order/promote')).status).toBe(204);
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 1, delayed: 0 });
  });

  it.each([
    ['pause', 'resume', '/orders'],
    ['pause all', 'resume all', ''],
  ])('holds that somebody did %s and %s', async (pause, resume, of) => {
    expect((await ask('PUT', `/api/queues${of}/pause`)).status).toBe(200);
    expect(await queue.isPaused()).toBe(true);
    expect((await ask('PUT', `/api/queues${of}/resume`)).status).toBe(200);
    expect(await queue.isPaused()).toBe(false);
    const trail = await auditTrail(redis.client());
    expect(trail.map(({ phase, action, result, who }) => [phase, action, result, who.kind])).toEqual([
      ['intent', pause, undefined, 'open'],
      ['outcome', pause, 'done', 'open'],
      ['intent', resume, undefined, 'open'],
      ['outcome', resume, 'done', 'open'],
    ]);
  });

  it('gives every failed order to the workers once more, and says how many', async () => {
    for (let n = 0; n < 3; n += 1) await addFailed(`F${n}-order`);
    expect(await ask('PUT', '/api/queues/orders/retry/failed')).toEqual({
      status: 200,
      body: { retried: 3, skipped: 0 },
    });
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 3, failed: 0 });
    expect(await auditTrail(redis.client())).toMatchObject([
      { phase: 'intent', action: 'retry all', filter: 'failed', partition: 0 },
      { phase: 'outcome', result: 'done', count: 3 },
    ]);
    expect((await ask('PUT', '/api/queues/orders/retry/completed')).status).toBe(409);
  });

  it.each(['id', 'wait', 'failed', 'events', 'meta', 'completed', 'F-order:logs', 'nobody'])(
    'knows no order %s, which is at most a key that BullMQ keeps beside the orders',
    async (name) => {
      await addFailed('F-order');
      await (await queue.getJob('F-order'))?.log('a line');
      const path = `/api/queues/orders/${encodeURIComponent(name)}`;
      const asked = [
        ['PATCH', '/update-data', { jobData: dataOf('X') }],
        ['PUT', '/retry'],
        ['PUT', '/promote'],
        ['PATCH', '/delay', { runAt: Date.now() }],
        ['GET', ''],
        ['GET', '/logs'],
        ['GET', '/flow'],
      ] as const;
      for (const [method, of, body] of asked) {
        const answer = await ask(method, `${path}${of}`, body);
        expect([method, of, answer.status]).toEqual([method, of, 404]);
      }
      expect(await auditTrail(redis.client())).toEqual([]);
      expect((await ask('GET', '/api/queues/orders/F-order')).status).toBe(200);
      expect((await ask('GET', '/api/queues/orders/metrics')).status).not.toBe(404);
    },
  );

  it('changes nothing that cannot be written down', async () => {
    await addFailed('F-order');
    await redis.client().set('order-pipeline:audit', 'something else');
    const edit = { jobData: { order: anOrder({ order_id: 'OTHER' }) } };
    const answers = [
      await ask('PATCH', '/api/queues/orders/F-order/update-data', edit),
      await ask('PUT', '/api/queues/orders/F-order/retry'),
      await ask('PUT', '/api/queues/orders/retry/failed'),
      await ask('PUT', '/api/queues/pause'),
    ];
    for (const { status, body } of answers) {
      expect({ status, message: body.message }).toEqual({
        status: 503,
        message: expect.stringMatching(/^Nothing was changed/),
      });
    }
    expect((await queue.getJob('F-order'))?.data).toEqual(dataOf('F-order'));
    expect(await queue.getJobState('F-order')).toBe('failed');
    expect(await queue.isPaused()).toBe(false);
  });
});
