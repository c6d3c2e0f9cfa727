import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anOrder } from '../support/orders.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Product } from './product.ts';

const YEAR_MS = 365 * 86_400_000;
/** Anything but a year: the machine may be busy. */
const SOON_SECONDS = 3_600;
const SKEWED = `--import ${new URL('./skewClock.mjs', import.meta.url).href}`;

const json = async (url: string) => (await (await fetch(url)).json()) as Record<string, never>;

describe('a bridge whose clock is a year behind and an API whose clock is a year ahead', () => {
  const products = makeProducts();
  let redis: TestRedis;
  let bridge: Product;
  let api: Product;
  beforeAll(async () => {
    redis = await startTestRedis();
    const sqsPort = String(await freePort());
    const start = (role: string, skew: number) =>
      products.start([role], {
        REDIS_URL: redis.url,
        EMBEDDED_SQS_PORT: sqsPort,
        NODE_OPTIONS: SKEWED,
        CLOCK_SKEW_MS: String(skew),
      });
    bridge = await start('bridge', -YEAR_MS);
    api = await start('api', YEAR_MS);
    await Promise.all([bridge.ready(), api.ready()]);
    const form = new URLSearchParams({
      Action: 'SendMessage',
      QueueUrl: `http://127.0.0.1:${sqsPort}/123456789012/orders`,
      MessageBody: JSON.stringify(anOrder({})),
    });
    await fetch(`http://127.0.0.1:${sqsPort}`, { method: 'POST', body: form });
    for (const { url } of [bridge, api])
      await until(async () => (await json(`${url}/queue`)).waiting === 1, 'the order waits');
  });
  afterAll(async () => {
    await products.stop();
    await redis.stop();
  });

  it('agree how long the oldest order has waited', async () => {
    for (const { url } of [bridge, api]) {
      const { oldest_age_seconds: age } = await json(`${url}/queue`);
      expect(age).toBeGreaterThanOrEqual(0);
      expect(age).toBeLessThan(SOON_SECONDS);
      const { backlog } = (await json(`${url}/health`)) as unknown as { backlog: { oldest_since: string } };
      expect(Math.abs(Date.now() - Date.parse(backlog.oldest_since)) / 1_000).toBeLessThan(SOON_SECONDS);
    }
    await until(async () => {
      const { queue } = (await json(`${api.url}/pulse`)) as unknown as { queue: { oldest_seconds: number } };
      return queue.oldest_seconds !== null && queue.oldest_seconds < SOON_SECONDS;
    }, 'the pulse tells the same');
  });
});
