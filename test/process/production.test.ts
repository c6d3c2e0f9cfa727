import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PEOPLE_KEY } from '../../src/store/keys.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { makeProducts } from './product.ts';

const PRODUCTION = {
  NODE_ENV: 'production',
  STATS_API: 'open',
  ADMIN_USER: 'admin',
  ADMIN_PASSWORD: 'a long password',
  PORT: '0',
};

describe('in production', () => {
  const products = makeProducts();
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(async () => {
    await products.stop();
    await redis.stop();
  });

  async function ended(
    args: string[],
    env: Record<string, string>,
  ): Promise<{ code: number | null; output: string }> {
    const product = await products.start(args, { ...PRODUCTION, ...env });
    return { code: await product.exited, output: product.output() };
  }

  it('a bridge with credentials and a name, but no word about which SQS, ends with a sentence', async () => {
    const { code, output } = await ended(['bridge'], {
      REDIS_URL: redis.url,
      QUEUE_NAME: 'orders-prod',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIAROLE',
      AWS_SECRET_ACCESS_KEY: 'secret-of-role',
    });
    expect(code).toBe(2);
    expect(output).toContain('NODE_ENV=production starts no SQS of its own unless told to: set SQS=aws,');
    expect(output).not.toContain('secret-of-role');
  });

  it('a process whose REDIS_URL is mistyped ends with the real name, and not with the value', async () => {
    const { code, output } = await ended(['all'], { REDIS_URI: 'redis://:hunter2@cache', SQS: 'embedded' });
    expect(code).toBe(2);
    expect(output).toContain('or REDIS=embedded (nothing reads REDIS_URI: is REDIS_URL meant?)');
    expect(output).not.toContain('hunter2');
  });

  it('an API that nobody can sign in at ends with what to type, and starts once somebody was invited', async () => {
    const env = {
      NODE_ENV: 'production',
      STATS_API: 'open',
      PORT: String(await freePort()),
      REDIS_URL: redis.url,
    };
    const refused = await products.start(['api'], env);
    expect(await refused.exited).toBe(1);
    expect(refused.output()).toContain('order-pipeline people invite NAME --role admin, or set ADMIN_USER');
    const invited = await products.start(['people', 'invite', 'anna', '--role', 'admin'], env);
    expect(await invited.exited).toBe(0);
    const product = await products.start(['api'], env);
    await product.ready();
    expect((await fetch(`http://127.0.0.1:${env.PORT}/desk/api/groups`)).status).toBe(401);
    product.signal('SIGTERM');
    expect(await product.exited).toBe(0);
    // An invitation that has expired lets nobody in.
    const client = redis.client();
    const [text] = await client.hvals(PEOPLE_KEY);
    const expired = { ...JSON.parse(text as string), invitation: { digest: 'x', until: 1 } };
    await client.hset(PEOPLE_KEY, 'anna', JSON.stringify(expired));
    expect(await (await products.start(['api'], env)).exited).toBe(1);
    await client.del(PEOPLE_KEY);
  });

  it('nothing is created at AWS while nothing names a region', async () => {
    const { code, output } = await ended(['bridge'], {
      REDIS_URL: redis.url,
      SQS: 'aws',
      QUEUE_NAME: 'orders-prod',
      AWS_ACCESS_KEY_ID: 'AKIAROLE',
      AWS_SECRET_ACCESS_KEY: 'secret-of-role',
      HOME: products.dataDir,
    });
    expect(code).toBe(1);
    expect(output).toContain('no AWS region is named: set AWS_REGION, or the region of the profile');
  });

  it('a worker needs no SQS, and warns once of each name that nothing reads', async () => {
    const product = await products.start(['worker'], {
      ...PRODUCTION,
      REDIS_URL: redis.url,
      SQS_QUEUE: 'hunter2',
      WORKER_CONCURENCY: '10',
      REDIS_SERVICE_HOST: '10.0.0.1',
      REDIS_PORT: 'tcp://10.0.0.1:6379',
    });
    await product.ready();
    const warnings = product.output().match(/WARN .*nothing reads this variable.*/g);
    expect(warnings).toEqual([
      expect.stringContaining('name=SQS_QUEUE nearest=SQS_QUEUE_URL'),
      expect.stringContaining('name=WORKER_CONCURENCY nearest=WORKER_CONCURRENCY'),
    ]);
    expect(product.output()).not.toContain('hunter2');
    product.signal('SIGTERM');
    expect(await product.exited).toBe(0);
  });
});
