import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queueKey } from '../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const STACK = /node_modules|\bat .*:\d+:\d+|stack/;

// Bull Board sends stacks to whoever asks when this is set, and it is what runs without NODE_ENV are called.
describe('a fault inside Bull Board, in development', () => {
  const { NODE_ENV } = process.env;
  let redis: TestRedis;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    process.env.NODE_ENV = 'development';
    redis = await startTestRedis();
    pipeline = await startPipeline({}, { role: 'api', redis });
  });
  afterAll(async () => {
    process.env.NODE_ENV = NODE_ENV;
    await pipeline.stop();
    await redis.stop();
  });

  async function ask(path: string, init?: RequestInit): Promise<{ status: number; body: string }> {
    const response = await pipeline.get(`/admin/queues/api/queues${path}`, init);
    return { status: response.status, body: await response.text() };
  }

  it('says nothing about us when the body cannot be read', async () => {
    const { status, body } = await ask('/orders/1/update-data', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"jobData":',
    });
    expect(status).toBe(400);
    expect(body).not.toMatch(STACK);
    expect(JSON.parse(body)).toMatchObject({ status: 400, error: 'Not saved' });
  });

  it('shows the jobs there are beside what is none', async () => {
    const [partition] = makePartitions(1).all;
    const key = (name: string) => queueKey(partition as Partition, name);
    await redis.client().zadd(key('failed'), 1, 'good', 2, 'foreign', 3, 'cut');
    await redis.client().hset(key('cut'), { name: 'order', data: '{"order":', opts: '{}', timestamp: '1' });
    await redis.client().hset(key('good'), { name: 'order', data: '{}', opts: '{}', timestamp: '1' });
    await redis.client().set(key('foreign'), 'of somebody else');
    await until(async () => (await pipeline.get('/health/ready')).status === 200, 'it has started');
    const { status, body } = await ask('?activeQueue=orders&status=failed&page=1&jobsPerPage=10');
    expect([status, JSON.parse(body).queues[0].jobs]).toEqual([
      200,
      [expect.objectContaining({ id: 'good' })],
    ]);
    for (const job of ['foreign', 'cut']) expect((await ask(`/orders/${job}`)).status).toBe(404);
  });

  it('says nothing about us when Redis is gone', async () => {
    await redis.stop();
    await until(async () => (await pipeline.get('/health')).status === 503, '/health is 503');
    const { status, body } = await ask('');
    expect(status).toBe(503);
    expect(body).not.toMatch(STACK);
    expect(body).not.toContain(String(redis.port));
    expect(JSON.parse(body)).toEqual({
      error: 'Redis does not answer, or takes nothing new: try again soon',
    });
  });
});
