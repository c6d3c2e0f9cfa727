import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

interface Health {
  status: string;
  troubles: { what: string; since: string; reason: string }[];
  failed_orders?: { count: number; since: string | null };
}

describe('what /health says of the queues', () => {
  let redis: TestRedis;
  let all: TestPipeline;
  let api: TestPipeline;

  beforeAll(async () => {
    redis = await startTestRedis();
    all = await startPipeline({ PARTITIONS: '3' }, { redis });
    api = await startPipeline({ PARTITIONS: '3' }, { redis, role: 'api' });
  });
  afterAll(async () => {
    await all?.stop();
    await api?.stop();
    await redis?.stop();
  });

  const health = (of: TestPipeline) => of.json<Health & Record<string, unknown>>('/health');
  const untilStatus = (status: string) =>
    until(async () => {
      const both = await Promise.all([all, api].map(health));
      return both.every((each) => each.status === status);
    }, `both say ${status}`);
  const notes = async () => (await redis.client().keys('*paused_since')).length;

  it('is that nothing is wrong, to begin with', async () => {
    await until(async () => (await health(api)).failed_orders !== undefined, 'the queues were looked at');
    expect(await health(api)).toMatchObject({
      status: 'healthy',
      troubles: [],
      failed_orders: { count: 0, since: null },
    });
  });

  it('is what SQS says of the inbox, in a role too that never asks it', async () => {
    await until(async () => (await health(api)).inbox !== undefined, 'a bridge has looked');
    const depth = { visible: 0, in_flight: 0, delayed: 0, dead_letters: 0, oldest_seconds: null };
    for (const role of [all, api])
      expect(await health(role)).toMatchObject({ inbox: { ...depth, seen_at: expect.any(String) } });
  });

  it('names a queue that is paused, and every process says the same since when', async () => {
    const before = Date.now();
    await all.queues[1]?.pause();
    await untilStatus('degraded');
    const [one, other] = await Promise.all([all, api].map(health));
    expect(one?.troubles).toEqual([
      {
        what: 'queue paused',
        since: expect.any(String),
        reason:
          'orders of partition 1 (of 3) are not worked on, as their queue is paused: resume it at /admin/queues',
      },
    ]);
    expect(other?.troubles).toEqual(one?.troubles);
    const since = Date.parse(one?.troubles[0]?.since as string);
    expect([since >= before, since <= Date.now()]).toEqual([true, true]);
    expect((await all.get('/health/ready')).status).toBe(200);
  });

  it('is healthy again once it is resumed, and remembers nothing of it', async () => {
    await all.queues[1]?.resume();
    await untilStatus('healthy');
    expect(await notes()).toBe(0);
  });

  it('takes a concurrency of 0 for the pause it is', async () => {
    await all.queues[0]?.setGlobalConcurrency(0);
    await untilStatus('degraded');
    await all.queues[0]?.removeGlobalConcurrency();
    await untilStatus('healthy');
  });

  it('counts the orders that wait for an operator and stays healthy', async () => {
    const before = Date.now();
    await all.send(...['U1', 'U2', 'U3'].map((user_id) => anOrder({ user_id, order_value: 201 })));
    await until(async () => (await health(api)).failed_orders?.count === 3, 'three orders have failed');
    // By Redis's clock, whatever the worker's says.
    await until(async () => {
      const { failed } = await api.json<{ failed: { since: string } }>('/pulse');
      return (await health(api)).failed_orders?.since === failed.since;
    }, 'it says the same as the page');
    const { status, failed_orders: failed } = await health(api);
    expect(status).toBe('healthy');
    expect(Date.parse(failed?.since as string)).toBeGreaterThanOrEqual(before);
  });
});
