import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

/** One second is promised. Redis hangs for good here, so whoever waits for it would wait for longer than a busy machine takes. */
const PROMPT_MS = 20_000;
const READS_IN_FLIGHT = 5;

describe('reads while Redis hangs', () => {
  let redis: TestRedis;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    redis = await startTestRedis();
    pipeline = await startPipeline({ READS_IN_FLIGHT: String(READS_IN_FLIGHT) }, { role: 'api', redis });
  });
  afterAll(async () => {
    await pipeline.stop();
    await redis.stop();
  });
  afterEach(() => {
    process.kill(redis.pid, 'SIGCONT');
  });

  async function ask(path: string) {
    const started = performance.now();
    const response = await pipeline.get(path);
    const { type } = (await response.json()) as { type: string };
    return {
      status: response.status,
      type,
      retryAfter: Number(response.headers.get('retry-after')),
      ms: performance.now() - started,
    };
  }

  it('are refused within a second, do not pile up, and come back by themselves', async () => {
    const observer = redis.client();
    await observer.config('RESETSTAT');
    process.kill(redis.pid, 'SIGSTOP');
    for (let round = 0; round < 4; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 25 }, (_, user) => ask(`/users/U${round}-${user}/stats`)),
      );
      for (const { status, retryAfter, ms } of answers) {
        expect(status).toBe(503);
        expect(retryAfter).toBeGreaterThan(0);
        expect(ms).toBeLessThan(PROMPT_MS);
      }
      const overloaded = answers.filter(({ type }) => type === '/problems/overloaded').length;
      const unavailable = answers.filter(({ type }) => type === '/problems/redis-unavailable').length;
      expect(overloaded + unavailable).toBe(25);
      // Later the silent connection is given up some time, and nothing waits at all.
      if (round === 0) expect(unavailable).toBe(READS_IN_FLIGHT);
    }
    process.kill(redis.pid, 'SIGCONT');
    await until(async () => (await ask('/stats/global')).status === 200, 'reads are answered again');
    const [, calls] = /cmdstat_hmget:calls=(\d+)/.exec(await observer.info('commandstats')) ?? [];
    // Those that waited, and those by which we saw it come back.
    expect(Number(calls)).toBeLessThan(READS_IN_FLIGHT + 20);
  });
});
