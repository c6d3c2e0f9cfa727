import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { invited, type Visitor } from '../people/visitor.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

interface Health {
  status: string;
  troubles: { what: string; reason: string }[];
}

describe('a Redis that answers and takes no writes', () => {
  let redis: TestRedis;
  let pipeline: TestPipeline;
  let anna: Visitor;
  beforeAll(async () => {
    redis = await startTestRedis();
    pipeline = await startPipeline({}, { role: 'api', redis });
    anna = await invited(pipeline, 'Anna', 'admin');
  });
  afterEach(async () => {
    await redis.client().replicaof('NO', 'ONE');
    await redis.client().config('SET', 'maxmemory', '0');
  });
  afterAll(async () => {
    await pipeline.stop();
    await redis.stop();
  });

  const trouble = async () => {
    const { status, troubles } = await pipeline.json<Health>('/health');
    expect(status).toBe(troubles.length > 0 ? 'degraded' : 'healthy');
    return troubles.find(({ what }) => what === 'redis writes')?.reason;
  };

  it.each([
    ['a replica', async () => redis.client().replicaof('127.0.0.1', await freePort()), 'is a replica'],
    ['full', () => redis.client().config('SET', 'maxmemory', '1'), 'out of memory'],
  ])(
    'since it is %s is told, and what only reads goes on, for who is signed in as well',
    async (_, spoil, why) => {
      await until(async () => (await trouble()) === undefined, 'it takes writes');
      await spoil();
      await until(async () => (await trouble()) !== undefined, 'it is told');
      expect(await trouble()).toContain(why);
      expect(await pipeline.json('/health/ready')).toMatchObject({ status: 'ready' });
      const asked = ['/v1/desk/api/groups', '/v1/desk/api/audit', '/stats/global'];
      const seen = new Set<number>();
      for (let turn = 0; turn < 30; turn += 1) {
        for (const path of asked) seen.add(await anna.status(path));
        seen.add(-(await anna.status('/admin/queues/api/queues/pause', { method: 'PUT' })));
      }
      expect([...seen].sort((one, other) => one - other)).toEqual([-503, 200]);
    },
  );
});
