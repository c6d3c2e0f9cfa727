import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anOrder } from '../support/orders.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Product } from './product.ts';

const PASSWORD = 'n0body-may-see-this';

const json = async (url: string): Promise<Record<string, unknown>> =>
  (await (await fetch(url)).json()) as Record<string, unknown>;

describe('one role to a process', () => {
  const products = makeProducts();
  let redis: TestRedis;
  let sqsEndpoint: string;
  let env: Record<string, string>;
  let bridge: Product;
  let worker: Product;
  let api: Product;

  beforeAll(async () => {
    redis = await startTestRedis();
    const sqsPort = String(await freePort());
    sqsEndpoint = `http://127.0.0.1:${sqsPort}`;
    env = {
      // A Redis that asks for no password takes any.
      REDIS_URL: redis.url.replace('redis://', `redis://default:${PASSWORD}@`),
      EMBEDDED_SQS_PORT: sqsPort,
    };
    bridge = await products.start(['bridge'], env);
    worker = await products.start(['worker'], env);
    api = await products.start(['api'], env);
    await Promise.all([bridge.ready(), worker.ready(), api.ready()]);
  });
  afterAll(async () => {
    await products.stop();
    await redis.stop();
  });

  async function send(count: number, user: string): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const form = new URLSearchParams({
          Action: 'SendMessage',
          QueueUrl: `${sqsEndpoint}/123456789012/orders`,
          MessageBody: JSON.stringify(anOrder({ order_id: `O${index}`, user_id: user })),
        });
        expect((await fetch(sqsEndpoint, { method: 'POST', body: form })).status).toBe(200);
      }),
    );
  }

  it('makes a pipeline: sent to the bridge, counted by the worker, told by the api', async () => {
    await send(3, 'U1');
    await until(
      async () => (await json(`${api.url}/stats/global`)).total_orders === 3,
      'the api tells three orders',
    );
    expect(await json(`${api.url}/users/U1/stats`)).toEqual({
      user_id: 'U1',
      order_count: 3,
      total_spend: 6000,
    });
  });

  it('answers /health in every role, naming it', async () => {
    for (const [role, product] of Object.entries({ bridge, worker, api })) {
      const response = await fetch(`${product.url}/health`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ status: 'healthy', redis: 'connected', role });
    }
  });

  it.each(['/stats/global', '/metrics', '/users/U1/stats', '/admin/queues'])(
    'has no %s in the roles that are not the api',
    async (path) => {
      for (const product of [bridge, worker]) {
        const response = await fetch(`${product.url}${path}`);
        expect(response.status).toBe(404);
        expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        await response.arrayBuffer();
      }
    },
  );

  it('says which Redis and SQS it uses, and why, but no password', () => {
    expect(bridge.output()).toContain('because="REDIS_URL is set"');
    expect(bridge.output()).toMatch(/SQS inbox=\S+\/orders because="no SQS_ENDPOINT/);
    for (const product of [bridge, worker, api]) expect(product.output()).not.toContain(PASSWORD);
  });

  it('runs as several workers and several apis at once, and counts each order once', async () => {
    const [secondWorker, secondApi] = [
      await products.start(['worker'], { ...env, PORT: '0' }),
      await products.start(['api'], env),
    ];
    await Promise.all([secondWorker.ready(), secondApi.ready()]);
    await send(200, 'U2');
    const expected = { user_id: 'U2', order_count: 200, total_spend: 400_000 };
    await until(
      async () => (await json(`${secondApi.url}/users/U2/stats`)).order_count === 200,
      'the second api tells 200 orders',
    );
    expect(await json(`${api.url}/users/U2/stats`)).toEqual(expected);
    expect(await json(`${secondApi.url}/stats/global`)).toEqual(await json(`${api.url}/stats/global`));
    expect(secondWorker.output()).not.toContain(' HTTP ');
  });
});
