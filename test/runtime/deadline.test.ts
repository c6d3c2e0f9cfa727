import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { deadline } from '../../src/runtime/deadline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

describe('a deadline', () => {
  let server: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
    await redis.ping();
  });
  afterAll(() => server.stop());

  it('takes an answer that came while the process was busy, however long that was', async () => {
    const answer = deadline(redis.ping(), 1, () => new Error('late'));
    // Nothing of this process runs until a later question has been answered to another one.
    execFileSync('redis-cli', ['-p', String(server.port), 'ping']);
    expect(await answer).toBe('PONG');
  });

  it('is missed by an answer that does not come', async () => {
    const never = new Promise(() => {});
    await expect(deadline(never, 1, () => new Error('late'))).rejects.toThrow('late');
  });
});
