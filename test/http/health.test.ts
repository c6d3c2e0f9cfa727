import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

/** One second is promised; twenty that wait for each other would take twenty. */
const PROMPT_MS = 10_000;

const KEYS = ['status', 'redis', 'redis_latency_ms', 'timestamp'];

describe('/health', () => {
  let redis: TestRedis;
  let pipeline: TestPipeline;

  beforeAll(async () => {
    redis = await startTestRedis();
    pipeline = await startPipeline({}, { redis });
  });
  afterAll(async () => {
    await pipeline.stop();
    await redis.stop();
  });

  async function ask(
    path: string,
  ): Promise<{ response: Response; body: Record<string, unknown>; ms: number }> {
    const started = performance.now();
    const response = await pipeline.get(path);
    const body = (await response.json()) as Record<string, unknown>;
    return { response, body, ms: performance.now() - started };
  }

  async function expectHealthy(): Promise<void> {
    await until(async () => (await pipeline.get('/health')).status === 200, '/health is 200 again');
    expect((await pipeline.get('/stats/global')).status).toBe(200);
  }

  async function expectUnhealthy(): Promise<void> {
    await until(async () => (await pipeline.get('/health')).status === 503, '/health is 503');
    const { response, body, ms } = await ask('/health');
    expect(ms).toBeLessThan(PROMPT_MS);
    expect(response.headers.get('x-process-time')).not.toBeNull();
    expect(Object.keys(body)).toEqual(expect.arrayContaining(KEYS));
    expect(body).toMatchObject({
      status: 'unhealthy',
      redis: 'disconnected',
      redis_latency_ms: null,
      timestamp: expect.any(Number),
    });
  }

  async function expectStatsToSayTryAgain(): Promise<void> {
    const paths = [
      '/stats/global',
      '/stats/top-spenders',
      '/stats/top-buyers',
      '/stats/by-date?start_date=2024-01-01&end_date=2024-12-31',
      '/metrics',
      '/users/U1/stats',
    ];
    for (const { response, body } of await Promise.all(paths.map(ask))) {
      expect(response.status).toBe(503);
      expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(body).toMatchObject({ status: 503, detail: expect.any(String) });
      expect(JSON.stringify(body)).not.toContain(String(redis.port));
    }
  }

  it('says healthy, how fast Redis answers and the time in seconds', async () => {
    const before = Date.now() / 1_000;
    const { response, body } = await ask('/health');
    expect(response.status).toBe(200);
    expect(body).toMatchObject({
      status: 'healthy',
      redis: 'connected',
      redis_latency_ms: expect.any(Number),
      timestamp: expect.any(Number),
    });
    expect(body.redis_latency_ms).toBeGreaterThan(0);
    expect(body.timestamp).toBeGreaterThanOrEqual(before);
    expect(body.timestamp).toBeLessThanOrEqual(Date.now() / 1_000);
  });

  describe('while Redis hangs', () => {
    // A stopped process would survive the test, and a failed test must not leave it so for the next one.
    afterEach(() => {
      process.kill(redis.pid, 'SIGCONT');
    });

    it('says unhealthy at once, the stats ask to come back, and both recover by themselves', async () => {
      process.kill(redis.pid, 'SIGSTOP');
      await expectUnhealthy();
      await expectStatsToSayTryAgain();
      process.kill(redis.pid, 'SIGCONT');
      await expectHealthy();
    });

    it('answers many at once without one waiting for another', async () => {
      process.kill(redis.pid, 'SIGSTOP');
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/health')));
      for (const { response, ms } of answers) {
        expect(response.status).toBe(503);
        expect(ms).toBeLessThan(PROMPT_MS);
      }
      process.kill(redis.pid, 'SIGCONT');
      await expectHealthy();
    });
  });

  it('says unhealthy while Redis is gone, and recovers with it', async () => {
    const { port } = redis;
    await redis.stop();
    await expectUnhealthy();
    await expectStatsToSayTryAgain();
    redis = await startTestRedis([], port);
    await expectHealthy();
  });
});
