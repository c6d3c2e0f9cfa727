import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { makeProducts } from './product.ts';

describe('a start that cannot work ends, saying what to change', () => {
  const products = makeProducts();
  const stranger = createServer();
  let strangersPort: string;
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startTestRedis();
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    strangersPort = String((stranger.address() as { port: number }).port);
  });
  afterAll(async () => {
    await products.stop();
    await redis.stop();
    await new Promise((resolve) => stranger.close(resolve));
  });
  beforeEach(() => redis.client().flushall());

  async function expectEnd(args: string[], env: Record<string, string>, code: number): Promise<string> {
    const product = await products.start(args, { REDIS_URL: redis.url, ...env });
    const ended = product.ready().then(
      () => 'it started',
      () => product.exited,
    );
    expect(await ended).toBe(code);
    expect(product.output()).not.toMatch(/\n\s+at .*:\d+:\d+/);
    return product.output();
  }

  it('with every problem of the configuration at once, secrets masked', async () => {
    const output = await expectEnd(
      ['worker'],
      {
        PORT: '99999',
        WORKER_CONCURRENCY: 'many',
        REDIS_URL: 'http://ops:hunter2@example.com',
        LOG_LEVEL: 'loud',
        PARTITIONS: '0',
      },
      2,
    );
    expect(output).toContain('The configuration has 5 problems:');
    for (const problem of [
      'PORT must be a whole number from 0 to 65535, got "99999"',
      'WORKER_CONCURRENCY must be a whole number from 1 to 1000, got "many"',
      'REDIS_URL must be a URL starting with redis:// or rediss://, got ***',
      'LOG_LEVEL must be one of',
      'PARTITIONS must be a whole number from 1 to',
    ]) {
      expect(output).toContain(problem);
    }
    expect(output).not.toContain('hunter2');
  });

  it('with the roles there are, for one there is not', async () => {
    const output = await expectEnd(['wroker'], {}, 2);
    expect(output).toContain('wroker');
    expect(output).toContain('all|bridge|worker|quality|archiver|api');
  });

  it('naming PORT when it is in use', async () => {
    const output = await expectEnd(['worker'], { PORT: strangersPort }, 1);
    expect(output).toContain(`127.0.0.1:${strangersPort} is in use: set PORT to a free one`);
  });

  it("naming EMBEDDED_SQS_PORT when it is a stranger's", async () => {
    const output = await expectEnd(['bridge'], { PORT: '0', EMBEDDED_SQS_PORT: strangersPort }, 1);
    expect(output).toContain(strangersPort);
    expect(output).toContain('set EMBEDDED_SQS_PORT to a free one');
  });

  it('naming both numbers when the Redis was started with other PARTITIONS', async () => {
    await redis.client().set('order-pipeline:partitions', 4);
    const output = await expectEnd(['worker'], { PORT: '0', PARTITIONS: '3' }, 1);
    expect(output).toContain('PARTITIONS is 3, but this Redis was started with 4');
    expect(output).toContain('set PARTITIONS=4');
  });

  it.each(['1', '3'])(
    'naming both layouts when another version wrote layout %s in the Redis, and changes nothing',
    async (layout) => {
      await redis.client().set('order-pipeline:layout', layout);
      const output = await expectEnd(['worker'], { PORT: '0' }, 1);
      expect(output).toContain(`this Redis holds data in layout ${layout}, and this version knows layout 2`);
      expect(await redis.client().keys('*')).toEqual(['order-pipeline:layout']);
      expect(await redis.client().get('order-pipeline:layout')).toBe(layout);
    },
  );

  it('naming the eviction policy when Redis could drop orders', async () => {
    await redis.client().config('SET', 'maxmemory-policy', 'allkeys-lru');
    const output = await expectEnd(['worker'], { PORT: '0' }, 1);
    expect(output).toContain('maxmemory-policy allkeys-lru');
    expect(output).toContain('set it to noeviction');
  });

  it('naming what to install when there is no Redis and none is configured', async () => {
    const output = await expectEnd(['worker'], { PORT: '0', REDIS_URL: '', PATH: '/nowhere' }, 1);
    expect(output).toMatch(/redis-server/);
    expect(output).toMatch(/REDIS_URL/);
  });

  it('without the Redis that it started on the way', async () => {
    const output = await expectEnd(
      ['all'],
      { REDIS_URL: '', PORT: String(await freePort()), EMBEDDED_SQS_PORT: strangersPort },
      1,
    );
    const [, port] = /embedded=started/.test(output)
      ? (/ Redis at=127\.0\.0\.1:(\d+)/.exec(output) ?? [])
      : [];
    const answer = connect(Number(port), '127.0.0.1');
    await expect(once(answer, 'connect')).rejects.toThrow('ECONNREFUSED');
  });
});
