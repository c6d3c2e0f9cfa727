import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { countedComparison } from '../../src/access/passwords.ts';
import { RateLimiter } from '../../src/access/rateLimiter.ts';
import { sharedBuckets, type TakeToken } from '../../src/access/tokenBuckets.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

describe('passwords', () => {
  const FAILURES = 10;
  let redis: TestRedis;
  let take: TakeToken;
  let trips: number;
  /** What was compared. */
  let guesses: string[];

  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    await redis.client().flushall();
    const shared = sharedBuckets(redis.client());
    [trips, guesses] = [0, []];
    take = (...args) => {
      trips += 1;
      return shared(...args);
    };
  });

  /** An hour: no failure is forgiven while a test runs. */
  const newProcess = (limit = FAILURES) =>
    countedComparison(
      (text) => {
        guesses.push(text);
        return text === 'right';
      },
      new RateLimiter({ name: 'failures', limit, windowSeconds: 3_600 }, take),
    );

  it.each([1, FAILURES, 100])(
    'are compared %d times however many come at once to two processes',
    async (limit) => {
      const processes = [newProcess(limit), newProcess(limit)];
      const wrong = Array.from({ length: 200 }, (_, i) => processes[i % 2]?.('here', `wrong ${i}`));
      const right = processes.map((compare) => compare('here', 'right'));
      const answers = await Promise.all(wrong);
      const allowed = answers.filter((answer) => answer && 'right' in answer).length;
      expect(guesses.length).toBe(allowed);
      expect(guesses.length).toBe(limit);
      for (const answer of await Promise.all(right)) expect(answer).toHaveProperty('refused');
      expect(await processes[0]?.('elsewhere', 'right')).toEqual({ right: true });
    },
  );

  it('that are right cost one trip to Redis, however often they come', async () => {
    const compare = newProcess(1);
    const first = await Promise.all(Array.from({ length: 20 }, () => compare('here', 'right')));
    expect(first).toEqual(Array(20).fill({ right: true }));
    for (let i = 0; i < 100; i += 1) expect(await compare('here', 'right')).toEqual({ right: true });
    expect(trips).toBe(1);
  });

  it('give nobody a guess for free at the address of an operator at work', async () => {
    const compare = newProcess();
    let wrong = 0;
    for (let i = 0; i < 3 * FAILURES; i += 1) {
      await compare('here', 'right');
      const answers = await Promise.all([compare('here', `a${i}`), compare('here', `b${i}`)]);
      wrong += answers.filter((answer) => 'right' in answer).length;
    }
    expect(wrong).toBe(guesses.filter((text) => text !== 'right').length);
    expect(wrong).toBeLessThanOrEqual(FAILURES);
  });
});

describe('an address that has used up its failures', () => {
  let redis: TestRedis;
  let apps: [TestPipeline, TestPipeline];
  beforeAll(async () => {
    redis = await startTestRedis();
    const env = { ADMIN_USER: 'ops', ADMIN_PASSWORD: 'right', AUTH_FAILURES_PER_MINUTE: '2' };
    apps = [
      await startPipeline(env, { role: 'api', redis }),
      await startPipeline(env, { role: 'api', redis }),
    ];
  });
  afterAll(async () => {
    for (const app of apps) await app.stop();
    await redis.stop();
  });

  it('finds the right password in no burst, at no process', async () => {
    const guess = async (request: number, password: string) => {
      const authorization = `Basic ${Buffer.from(`ops:${password}`).toString('base64')}`;
      const app = apps[request % 2] as TestPipeline;
      const response = await app.get('/admin/queues/api/queues', { headers: { authorization } });
      await response.arrayBuffer();
      return response.status;
    };
    expect([await guess(0, 'a'), await guess(0, 'b')]).toEqual([401, 401]);
    const burst = Array.from({ length: 40 }, (_, i) => guess(i, i < 4 || i > 35 ? 'right' : `wrong${i}`));
    expect(await Promise.all(burst)).toEqual(Array(40).fill(429));
  });
});
