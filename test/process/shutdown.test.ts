import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startEmbeddedSqs } from '../../src/embedded/sqs.ts';
import { anOrder } from '../support/orders.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Product, type Products } from './product.ts';

/** Long enough that a test which relies on it never ends: what stops must have drained. */
const NEVER = '600000';

describe('a stop', () => {
  let products: Products;
  let redis: TestRedis;

  beforeEach(async () => {
    products = makeProducts();
    redis = await startTestRedis();
  });
  afterEach(async () => {
    await products.stop();
    await redis.stop();
  });

  async function stopping(product: Product): Promise<void> {
    product.signal('SIGTERM');
    await until(() => product.output().includes(' stopping '), 'the stop has begun');
  }

  it('in the middle of orders drains and ends with 0, and a second start counts what is left', async () => {
    const sqs = await startEmbeddedSqs(await freePort(), 'us-east-1', products.dataDir);
    try {
      const env = {
        REDIS_URL: redis.url,
        SQS_ENDPOINT: sqs.endpoint,
        SQS_VISIBILITY_SECONDS: '10',
        WORKER_CONCURRENCY: '5',
        SHUTDOWN_TIMEOUT_MS: NEVER,
      };
      const total = 300;
      const first = await products.start(['all'], env);
      await first.ready();
      await sendOrders(sqs.endpoint, total);
      first.signal('SIGTERM');
      expect(await first.exited).toBe(0);
      expect(first.output()).toContain(' stopped');

      const second = await products.start(['all'], env);
      await second.ready();
      await until(async () => (await counted(second)) >= total, 'every order counts');
      expect(await counted(second)).toBe(total);
    } finally {
      await products.stop();
      await sqs.stop();
    }
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('by %s of an idle process ends with 0', async (signal) => {
    const product = await products.start(['all'], {
      REDIS_URL: redis.url,
      EMBEDDED_SQS_PORT: String(await freePort()),
      SHUTDOWN_TIMEOUT_MS: NEVER,
    });
    await product.ready();
    product.signal(signal);
    expect(await product.exited).toBe(0);
  });

  describe.each(['all', 'bridge', 'worker', 'api'] as const)('of role %s', (role) => {
    const env = async () => ({
      REDIS_URL: redis.url,
      EMBEDDED_SQS_PORT: String(await freePort()),
      SHUTDOWN_TIMEOUT_MS: '2000',
    });

    it.each(['SIGSTOP', 'SIGKILL'] as const)(
      'says that it has stopped, and what hung, with Redis gone by %s',
      async (signal) => {
        const product = await products.start([role], await env());
        await product.ready();
        process.kill(redis.pid, signal);
        await stopping(product);
        const code = await product.exited;
        expect(product.output()).toMatch(/ INFO {2}stopped$/m);
        const hung = product.output().includes('does not stop, going on without it');
        expect(code).toBe(hung ? 1 : 0);
      },
    );
  });

  it('says that it has stopped with orders in hand and Redis gone', async () => {
    const sqs = await startEmbeddedSqs(await freePort(), 'us-east-1', products.dataDir);
    try {
      const product = await products.start(['all'], {
        REDIS_URL: redis.url,
        SQS_ENDPOINT: sqs.endpoint,
        SHUTDOWN_TIMEOUT_MS: '3000',
      });
      await product.ready();
      await sendOrders(sqs.endpoint, 100);
      await until(async () => (await counted(product)) > 0, 'orders are under way');
      process.kill(redis.pid, 'SIGKILL');
      await stopping(product);
      await product.exited;
      expect(product.output()).toMatch(/ INFO {2}stopped$/m);
    } finally {
      await products.stop();
      await sqs.stop();
    }
  });

  it('says that it has stopped with SQS gone', async () => {
    const sqs = await startEmbeddedSqs(await freePort(), 'us-east-1', products.dataDir);
    const product = await products.start(['all'], {
      REDIS_URL: redis.url,
      SQS_ENDPOINT: sqs.endpoint,
      SHUTDOWN_TIMEOUT_MS: '3000',
    });
    await product.ready().finally(() => sqs.stop());
    await stopping(product);
    await product.exited;
    expect(product.output()).toMatch(/ INFO {2}stopped$/m);
  });

  it('says that it has stopped while it still waits for a Redis that hangs', async () => {
    process.kill(redis.pid, 'SIGSTOP');
    const product = await products.start(['all'], { REDIS_URL: redis.url, SHUTDOWN_TIMEOUT_MS: '2000' });
    await until(() => product.output().includes(' HTTP '), 'it waits for Redis');
    await stopping(product);
    await product.exited;
    expect(product.output()).toMatch(/ INFO {2}stopped$/m);
  });

  it('ends at once by a second signal, even while the first hangs', async () => {
    const product = await products.start(['worker'], { REDIS_URL: redis.url, SHUTDOWN_TIMEOUT_MS: NEVER });
    await product.ready();
    process.kill(redis.pid, 'SIGSTOP');
    await stopping(product);
    product.signal('SIGTERM');
    expect(await product.exited).toBe(1);
  });

  it('ends with 0 while it still waits for Redis', async () => {
    const nobody = await freePort();
    const product = await products.start(['worker'], {
      REDIS_URL: `redis://127.0.0.1:${nobody}`,
      SHUTDOWN_TIMEOUT_MS: NEVER,
    });
    await until(() => product.output().includes(' HTTP '), 'it waits for Redis');
    product.signal('SIGTERM');
    expect(await product.exited).toBe(0);
    expect(product.output()).toContain(' stopped');
    expect(product.output()).not.toContain('cannot start');
  });
});

async function sendOrders(endpoint: string, count: number): Promise<void> {
  const send = async (index: number) => {
    const form = new URLSearchParams({
      Action: 'SendMessage',
      QueueUrl: `${endpoint}/123456789012/orders`,
      MessageBody: JSON.stringify(anOrder({ order_id: `O${index}` })),
    });
    const response = await fetch(endpoint, { method: 'POST', body: form });
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  };
  await Promise.all(Array.from({ length: count }, (_, index) => send(index)));
}

async function counted(product: Product): Promise<number> {
  const response = await fetch(`${product.url}/stats/global`);
  return ((await response.json()) as { total_orders: number }).total_orders;
}
