import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RateLimiter } from '../../src/access/rateLimiter.ts';
import { type Policy, sharedBuckets, type TakeToken } from '../../src/access/tokenBuckets.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

/** An hour: nothing comes back while a test runs. */
const policy = (limit: number, windowSeconds = 3_600): Policy => ({ name: 'test', limit, windowSeconds });

describe('a rate limit', () => {
  let server: TestRedis;
  let take: TakeToken;
  let trips: number;

  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    const redis = server.client();
    await redis.flushall();
    const shared = sharedBuckets(redis);
    trips = 0;
    take = (...args) => {
      trips += 1;
      return shared(...args);
    };
  });

  async function allowed(limiter: RateLimiter, times: number, subject = 'someone'): Promise<number> {
    const verdicts = await Promise.all(Array.from({ length: times }, () => limiter.take(subject)));
    return verdicts.filter((verdict) => verdict.allowed).length;
  }

  it.each([1, 3, 19, 100, 1_000])('of %d lets exactly that many of one process through', async (limit) => {
    const limiter = new RateLimiter(policy(limit), take);
    expect(await allowed(limiter, limit + 50)).toBe(limit);
  });

  it.each([1, 10, 200])('of %d lets exactly that many of three processes together through', async (limit) => {
    const limiters = Array.from({ length: 3 }, () => new RateLimiter(policy(limit), take));
    let through = 0;
    for (let round = 0; round < limit; round += 1) {
      for (const limiter of limiters) through += await allowed(limiter, 1);
    }
    expect(through).toBe(limit);
  });

  it('counts each subject by itself', async () => {
    const limiter = new RateLimiter(policy(5), take);
    expect(await allowed(limiter, 9, 'a')).toBe(5);
    expect(await allowed(limiter, 9, 'b')).toBe(5);
  });

  it('says what is left, and how long to wait', async () => {
    const limiter = new RateLimiter(policy(2, 60), take);
    expect(await limiter.take('a')).toMatchObject({ allowed: true, remaining: 1 });
    expect(await limiter.take('a')).toMatchObject({ allowed: true, remaining: 0 });
    const refused = await limiter.take('a');
    expect(refused).toMatchObject({ allowed: false, remaining: 0 });
    expect(refused.retryAfterSeconds).toBeGreaterThan(25);
    expect(refused.retryAfterSeconds).toBeLessThanOrEqual(30);
  });

  it('lets the next one through when a token has come back', async () => {
    const limiter = new RateLimiter(policy(10, 1), take);
    await allowed(limiter, 11);
    await until(async () => (await limiter.take('someone')).allowed, 'a token came back');
  });

  it('asks Redis nothing for those it refuses until the next token is due', async () => {
    const limiter = new RateLimiter(policy(10), take);
    expect(await allowed(limiter, 20, 'a')).toBe(10);
    const before = trips;
    expect(await allowed(limiter, 500, 'a')).toBe(0);
    expect(trips).toBe(before);
  });

  it('leaves nothing in Redis once the bucket is full again', async () => {
    const limiter = new RateLimiter(policy(100, 1), take);
    await limiter.take('a');
    const redis = server.client();
    await until(async () => (await redis.dbsize()) === 0, 'the bucket is gone');
  });

  it('is kept by each process alone while Redis is away', async () => {
    const away: TakeToken = () => Promise.reject(new Error('Connection is closed'));
    for (let process = 0; process < 2; process += 1) {
      expect(await allowed(new RateLimiter(policy(40), away), 100)).toBe(40);
    }
  });

  it('refuses nobody for longer because the clock of its machine was set back', async () => {
    const { now } = Date;
    let setBackMs = 0;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - setBackMs);
    try {
      const limiter = new RateLimiter(policy(10, 1), take);
      expect(await allowed(limiter, 20)).toBeLessThan(20);
      setBackMs = 3_600_000;
      await until(async () => (await limiter.take('someone')).allowed, 'a token came back');
    } finally {
      clock.mockRestore();
    }
  });

  it('refuses nobody for longer because the clock of Redis was set back', async () => {
    const seconds = Math.floor(Date.now() / 1_000);
    await server.client().set('order-pipeline:rate:test:a', `${seconds + 3_600}000000`);
    const { allowed, waitMs } = await take(policy(100, 10), 'a');
    expect(allowed).toBe(false);
    expect(waitMs).toBeLessThanOrEqual(100);
  });

  it('keeps the bucket of a clock other than its own: Redis tells the time', async () => {
    const late = new RateLimiter(policy(3), take, () => Date.now() - 3_600_000);
    expect(await allowed(late, 5)).toBe(3);
    expect(await allowed(new RateLimiter(policy(3), take), 5)).toBe(0);
  });
});
