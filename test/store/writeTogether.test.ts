import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { writeTogether } from '../../src/store/writeTogether.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

describe('commands written together', () => {
  let server: TestRedis;
  let redis: Redis | undefined;
  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterEach(() => redis?.disconnect());
  afterAll(() => server.stop());

  /** How often the socket was written to for ten commands of one turn, and what they answered. */
  async function ten(together: boolean): Promise<{ writes: number; answers: unknown[] }> {
    redis = new Redis(server.port, { lazyConnect: true });
    if (together) writeTogether(redis);
    await redis.connect();
    // What a stream hands to its socket, one chunk or several at once, is a system call each.
    const socket = redis.stream as unknown as Record<'_write' | '_writev', (...args: unknown[]) => void>;
    let writes = 0;
    for (const name of ['_write', '_writev'] as const) {
      const original = socket[name].bind(socket);
      socket[name] = (...args) => {
        writes += 1;
        original(...args);
      };
    }
    const connection = redis;
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => connection.echo(String(i))));
    return { writes, answers };
  }

  const answers = Array.from({ length: 10 }, (_, i) => String(i));

  it('leave in one system call, and are answered in order', async () => {
    expect(await ten(true)).toEqual({ writes: 1, answers });
  });

  // When this fails, ioredis gathers commands by itself: delete writeTogether.ts.
  it('would leave in one each', async () => {
    expect(await ten(false)).toEqual({ writes: 10, answers });
  });
});
