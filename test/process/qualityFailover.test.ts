import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster, Redis } from 'ioredis';
import { readConfig } from '../../src/config/config.ts';
import { openBaselines, type SharedBaselines } from '../../src/quality/baselines/openBaselines.ts';
import { closeRedis, connectRedis } from '../../src/store/connections.ts';
import { baselineKeys } from '../../src/store/keys.ts';
import type { RedisTarget } from '../../src/store/redisTarget.ts';
import { masterOf } from '../../src/store/sentinelConnector.ts';
import { orderOf, reviewing } from '../quality/baselines/orders.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { MASTER_NAME, startSentinels, type TestSentinels } from '../support/sentinels.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Product, type Products } from './product.ts';

const PRODUCTS = 20;
const CENTS = 1_500;

/** In the order that a shop sends them: each of a user of its own way, so that products become known. */
const someOrders = (name: string, count: number) =>
  Array.from({ length: count }, (_, at) =>
    anOrder({
      order_id: `${name}-${100_000 + at}`,
      user_id: `U${100 + (at % 40)}`,
      order_value: CENTS / 100,
      items: [{ product_id: `P${100 + (at % PRODUCTS)}`, quantity: 6, price_per_unit: 2.5 }],
      shipping_address: `${at} High Street, Leeds, West Yorkshire`,
      payment_method: 'PAYPAL',
    }),
  );

describe('a worker that is killed and a Redis that fails over in one minute', () => {
  let sentinels: TestSentinels;
  let connection: Cluster | Redis;
  let pipeline: TestPipeline;
  let products: Products;
  let env: Record<string, string>;
  const opened: SharedBaselines[] = [];
  const connections: (Cluster | Redis)[] = [];

  beforeAll(async () => {
    sentinels = await startSentinels();
    products = makeProducts();
    env = {
      REDIS_URL: '',
      REDIS_SENTINELS: sentinels.list,
      REDIS_SENTINEL_NAME: MASTER_NAME,
      QUALITY: 'rules,learned',
      JOB_LOCK_MS: '3000',
      JOB_ATTEMPTS: '50',
    };
    connection = connect('patient');
    pipeline = await startPipeline(
      { ...env, SQS_WAIT_SECONDS: '1', COMPLETED_KEEP: '100000' },
      { connection, redis: sentinels.servers[0] as never },
    );
  });
  afterAll(async () => {
    await Promise.all(opened.map((each) => each.close()));
    await products?.stop();
    await pipeline?.stop();
    for (const each of connections) closeRedis(each);
    await sentinels?.stop();
  });

  function connect(profile: 'patient' | 'fail_fast'): Cluster | Redis {
    const redis = connectRedis(readConfig(env).redis as RedisTarget, profile, { onError: () => {} });
    connections.push(redis);
    return redis;
  }
  /** What a worker knows, at the pace of the product. */
  async function knowing() {
    const shared = await openBaselines({ redis: connect('fail_fast'), onError: () => {} });
    opened.push(shared);
    const { judge } = reviewing(shared.checks);
    return () =>
      Array.from({ length: PRODUCTS }, (_, at) =>
        judge(orderOf({ order: 'A-100000', lines: [{ product: `P${100 + at}`, price: 250 }] })),
      );
  }
  async function startWorker(): Promise<Product> {
    const { REDIS_URL: _, ...rest } = env;
    const worker = await products.start(['worker'], { ...rest, PORT: '0' });
    await worker.ready();
    return worker;
  }
  const knowsAll = (findings: ReturnType<Awaited<ReturnType<typeof knowing>>>) =>
    findings.every((each) => each.some(({ rule }) => rule === 'price_unlike_product'));

  it('leave totals that are right, and workers that know the same again within a minute', async () => {
    const [one, two, worker] = [await knowing(), await knowing(), await startWorker()];
    await pipeline.send(...someOrders('A', 400));
    await pipeline.settled();
    await until(() => knowsAll(one()) && knowsAll(two()), 'both know the products');

    const master = await sentinels.master();
    await pipeline.send(...someOrders('B', 200));
    worker.signal('SIGKILL');
    await worker.exited;
    await sentinels.kill(master);
    const sending = pipeline.send(...someOrders('C', 400));
    await until(async () => (await sentinels.master()) !== master, 'a replica has taken over');
    // What a replica had not got when the master died: the last that both have read, and a snapshot with it.
    const leading = (await sentinels.master()).client();
    await until(async () => /role:master/.test(await leading.info('replication')), 'it takes writes');
    const last = await leading.xrevrange(baselineKeys.log, '+', '-', 'COUNT', 2);
    expect(last).toHaveLength(2);
    await leading.xdel(baselineKeys.log, ...last.map(([id]) => id));
    await startWorker();
    const three = await knowing();
    await sending;
    await pipeline.send(...someOrders('D', 400));
    await pipeline.settled();

    await until(
      async () =>
        masterOf(connection as Redis)?.port === (await sentinels.master()).port &&
        (await pipeline.json('/stats/global')).total_orders === 1_400,
      'every order has ended on the server that leads',
    );
    expect(await pipeline.json('/stats/global')).toMatchObject({
      total_orders: 1_400,
      total_revenue: (1_400 * CENTS) / 100,
    });
    expect(await pipeline.failed()).toEqual([]);
    await until(() => {
      const [said, ...others] = [one(), two(), three()].map((each) => JSON.stringify(each));
      return knowsAll(one()) && others.every((each) => each === said);
    }, 'all know the same');
    // Two paces of reading, a failover and what SQS waits, on a machine that may be busy.
  }, 300_000);
});
