import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Products } from './product.ts';

describe('a start before Redis is there', () => {
  let products: Products;
  let redis: TestRedis | undefined;

  beforeEach(() => {
    products = makeProducts();
  });
  afterEach(async () => {
    await products.stop();
    await redis?.stop();
  });

  const statusOf = async (url: string): Promise<number> => {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status;
  };

  it('answers that it waits, and works as soon as Redis comes', async () => {
    const port = await freePort();
    const product = await products.start(['all'], {
      REDIS_URL: `redis://127.0.0.1:${port}`,
      EMBEDDED_SQS_PORT: String(await freePort()),
    });
    await until(() => product.output().includes(' HTTP '), 'HTTP answers');
    const paths = ['/health', '/stats/global', '/admin/queues'];
    for (const path of paths) expect(await statusOf(`${product.url}${path}`)).toBe(503);

    redis = await startTestRedis([], port);
    await product.ready();
    for (const path of paths) expect(await statusOf(`${product.url}${path}`)).toBe(200);
  });
});
