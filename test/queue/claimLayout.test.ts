import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { claimLayout, LAYOUT } from '../../src/store/claims.ts';
import { LAYOUT_KEY } from '../../src/store/keys.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

describe('the layout of the keys', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  it('is recorded at the first start, and the same at every other', async () => {
    await Promise.all([claimLayout(redis), claimLayout(redis)]);
    await claimLayout(redis);
    expect(await redis.get(LAYOUT_KEY)).toBe(String(LAYOUT));
  });

  it.each([LAYOUT + 1, LAYOUT - 1])('is refused when it is another one: %s', async (other) => {
    await redis.set(LAYOUT_KEY, other);
    const refusal = claimLayout(redis);
    await expect(refusal).rejects.toThrow(`holds data in layout ${other}`);
    await expect(refusal).rejects.toThrow('point at an empty Redis');
    expect(await redis.get(LAYOUT_KEY)).toBe(String(other));
  });
});
