import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { crashableRedis } from '../../support/crashableRedis.ts';
import { startPipeline, type TestPipeline } from '../../support/pipeline.ts';
import { until } from '../../support/until.ts';
import { COMMA, priced } from './failing.ts';

const ORDERS = 300;
/** Of 0.50, 1.50, 2.50 and so on. */
const MONEY = (ORDERS * ORDERS) / 2;

interface Receipt {
  states: { counted: number; duplicate: number };
  money: { repaired: number; elsewhere: number };
}

describe('a run of repairs whose Redis is killed in the middle', () => {
  let redis: Awaited<ReturnType<typeof crashableRedis>>;
  let connection: Redis;
  let pipeline: TestPipeline;

  beforeAll(async () => {
    redis = await crashableRedis();
    connection = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: null });
    connection.on('error', () => {});
    // A job that was handed out as Redis died is in nobody's hands for that long.
    const env = { PARTITIONS: '2', JOB_LOCK_MS: '1000' };
    pipeline = await startPipeline(env, { redis: redis.server(), connection });
  });
  afterAll(async () => {
    await pipeline.stop();
    connection.disconnect();
    await redis.stop();
  });

  const begin = async (): Promise<string> => {
    const wanted = { where: { reason: 'wrong_type' }, recipe: COMMA, because: 'ticket', rate: 100 };
    const headers = { 'content-type': 'application/json' };
    const response = await pipeline.get('/desk/api/repair', {
      method: 'POST',
      headers,
      body: JSON.stringify(wanted),
    });
    return ((await response.json()) as { run: string }).run;
  };
  /** What is known of it; its counts are none while Redis is away. */
  const run = (id: string) =>
    pipeline.json<{ state?: string; counts?: { sent: number } }>(`/desk/api/runs/${id}`);

  it('goes on once Redis is there again, and ends: each order counts once', async () => {
    await pipeline.send(...Array.from({ length: ORDERS }, (_, n) => priced(n)));
    await until(
      async () => (await pipeline.json<{ orders: number }>('/desk/api/groups')).orders === ORDERS,
      'all are refused',
    );
    const id = await begin();
    await until(async () => ((await run(id)).counts?.sent ?? 0) >= 60, 'some are sent');
    await redis.kill();
    await redis.restart();
    expect((await run(id)).state).not.toBe('done');
    await until(async () => (await run(id)).state === 'done', 'the run is done');
    const { states, money, ...rest } = await pipeline.json<Receipt>(`/desk/api/runs/${id}/receipt?limit=1`);
    expect(rest).toMatchObject({
      run: { orders: ORDERS, counts: { sent: ORDERS, ended: ORDERS, failed_again: 0, left: 0, gone: 0 } },
    });
    // Also what counted in the moment of the crash, unheard, and looked like a duplicate when it ran again.
    expect(states).toMatchObject({ counted: ORDERS, duplicate: 0, failed_again: 0, under_way: 0 });
    expect(money).toEqual({ before: 0, repaired: MONEY, elsewhere: 0, after: MONEY });
    expect(await pipeline.json('/stats/global')).toMatchObject({
      total_orders: ORDERS,
      total_revenue: MONEY,
    });
    expect(await pipeline.failed()).toEqual([]);
  });
});
