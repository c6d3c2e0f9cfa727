import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { MAX_ENTRIES } from '../../src/stats/read/readStats.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

/** One second is promised; the rest is for a busy machine. */
const PROMPT_MS = 1_500;
const LARGE = 'start_date=2025-01-01&end_date=2025-02-28';

describe('ranges whose users are added up', () => {
  let redis: TestRedis;
  let observer: Redis;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    redis = await startTestRedis();
    observer = redis.client();
    pipeline = await startPipeline({ PARTITIONS: '1' }, { role: 'api', redis });
    const keys = statsKeys(makePartitions(1).all[0] as Partition);
    for (const month of ['2025-01', '2025-02']) {
      await observer.hset(keys.months, `${month}:orders`, 1, `${month}:revenue`, 1);
      await observer.eval(
        `for i = 1, ${MAX_ENTRIES / 2} do
           redis.call('ZADD', KEYS[1], i, 'U' .. i)
           redis.call('HSET', KEYS[2], 'U' .. i, i)
         end`,
        2,
        keys.spend(month),
        keys.counts(month),
      );
    }
  });
  afterAll(async () => {
    await pipeline.stop();
    await redis.stop();
  });

  async function ask(path: string): Promise<{ status: number; body: unknown }> {
    const response = await pipeline.get(path);
    return { status: response.status, body: await response.json() };
  }

  async function scans(): Promise<number> {
    return Number(/cmdstat_zscan:calls=(\d+)/.exec(await observer.info('commandstats'))?.[1] ?? 0);
  }

  it('are served up to the largest that is not refused', async () => {
    const most = MAX_ENTRIES / 2;
    expect(await ask(`/stats/top-buyers?limit=1&${LARGE}`)).toEqual({
      status: 200,
      body: [{ user_id: `U${most}`, order_count: 2 * most }],
    });
    expect(await ask(`/stats/users-by-date?limit=1&${LARGE}`)).toMatchObject({
      status: 200,
      body: { users: [{ user_id: `U${most}`, order_count: 2 * most }] },
    });
    expect(await ask(`/stats/users?granularity=quarter&${LARGE}`)).toMatchObject({
      status: 200,
      body: { points: [{ period: '2025-Q1', users: most }] },
    });
  });

  it('are added up once for all who ask for the same', async () => {
    await observer.config('RESETSTAT');
    const path = `/stats/top-spenders?limit=2&${LARGE}`;
    const first = ask(path);
    await until(async () => (await scans()) > 0, 'it is being read');
    const answers = await Promise.all([first, ...Array.from({ length: 10 }, () => ask(path))]);
    for (const { status } of answers) expect(status).toBe(200);
    // A scan may show a little more than the pages there are.
    expect(await scans()).toBeLessThan((2 * MAX_ENTRIES) / 500);
  });

  it('are refused beyond the few that may wait, and leave nothing behind that keeps others waiting', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask(
          index % 2
            ? `/stats/top-spenders?limit=${index + 10}&${LARGE}`
            : `/stats/users?granularity=year&start_date=2025-01-01&end_date=2025-02-${index + 10}`,
        ),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(10);
    for (const { status, body } of refused) {
      expect(status).toBe(503);
      expect(body).toMatchObject({ type: '/problems/overloaded' });
    }
    expect((await ask(`/stats/top-spenders?limit=9&${LARGE}`)).status).toBe(200);
  });

  it('are refused within a second while Redis hangs, and read no further when it is back', async () => {
    await observer.config('RESETSTAT');
    const path = `/stats/top-spenders?limit=3&${LARGE}`;
    const cut = ask(path);
    await until(async () => (await scans()) > 0, 'it is being read');
    process.kill(redis.pid, 'SIGSTOP');
    const started = performance.now();
    expect(await cut).toMatchObject({ status: 503, body: { type: '/problems/redis-unavailable' } });
    expect(performance.now() - started).toBeLessThan(PROMPT_MS);
    expect((await ask(`/stats/users-by-date?${LARGE}`)).status).toBe(503);
    process.kill(redis.pid, 'SIGCONT');
    await until(async () => (await ask('/stats/global')).status === 200, 'reads are answered again');
    // What was under way when Redis stopped ends with that page.
    const seen = await scans();
    for (let i = 0; i < 10; i += 1) await ask('/stats/global');
    expect(await scans()).toBeLessThanOrEqual(seen + 1);
    expect((await ask(path)).status).toBe(200);
  });
});
