import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from 'ioredis';
import { type LocalCluster, startCluster } from '../scripts/cluster/startCluster.ts';
import { expectMessage, expectNothing, refusedCount } from '../src/cli/send/expected.ts';
import { generate } from '../src/cli/send/generate.ts';
import { invited, peopleOf } from './people/visitor.ts';
import { boardOf } from './support/board.ts';
import { startPipeline, type TestPipeline } from './support/pipeline.ts';
import { until } from './support/until.ts';

function sample(count: number, seed: number) {
  const messages = [
    ...generate({ count, invalid: 0.05, duplicates: 0.1, users: 40, seed, until: '2026-01-01' }),
  ];
  const expected = expectNothing();
  for (const message of messages) expectMessage(expected, message);
  return { bodies: messages.map(({ body }) => body), expected };
}

describe('on a Redis Cluster of three masters with a replica each', () => {
  let cluster: LocalCluster;
  let connection: Cluster;
  let pipeline: TestPipeline;
  let sent = expectNothing();

  beforeAll(async () => {
    cluster = await startCluster(3, { replicas: true });
    connection = new Cluster(cluster.nodes.split(','), { redisOptions: { maxRetriesPerRequest: null } });
    connection.on('error', () => {});
    pipeline = await startPipeline(
      {
        REDIS_URL: '',
        REDIS_CLUSTER_NODES: cluster.nodes,
        PARTITIONS: '6',
        DURABILITY: 'replicas:1',
        JOB_LOCK_MS: '3000',
        JOB_ATTEMPTS: '50',
        SQS_WAIT_SECONDS: '1',
      },
      { connection },
    );
  });
  afterAll(async () => {
    await pipeline?.stop();
    connection?.disconnect();
    await cluster?.stop();
  });

  async function totalsAreExact(): Promise<void> {
    await pipeline.settled();
    expect(await pipeline.json('/stats/global')).toMatchObject({
      total_orders: sent.counted.orders,
      total_revenue: sent.counted.cents / 100,
    });
    expect(await pipeline.failed()).toHaveLength(refusedCount(sent));
    const top = await pipeline.json<{ user_id: string; total_spend: number }[]>(
      '/stats/top-spenders?limit=1000',
    );
    const users = new Map(top.map(({ user_id, total_spend }) => [user_id, Math.round(total_spend * 100)]));
    expect(users).toEqual(new Map([...sent.users].map(([userId, { cents }]) => [userId, cents])));
  }

  it('counts every order once, over partitions on all masters', async () => {
    const { bodies, expected } = sample(300, 1);
    sent = expected;
    await pipeline.send(...bodies);
    await totalsAreExact();
    const counts = await Promise.all(pipeline.queues.map((queue) => queue.getCompletedCount()));
    expect(counts.every((count) => count > 0)).toBe(true);
  });

  it('counts a refused order that is repaired and retried in Bull Board, and nothing else', async () => {
    const board = boardOf(pipeline);
    const failed = await Promise.all(
      (await board.queueNames()).map(async (queue) =>
        (await board.failed(queue)).map((job) => ({ queue, job })),
      ),
    );
    const refused = failed.flat();
    expect(refused).toHaveLength(refusedCount(sent));
    const found = refused.find(({ job }) => job.failedReason?.startsWith('order_value_mismatch'));
    if (!found) throw new Error('no order was refused for its value');
    const order = found.job.data.order as { user_id: string };
    const items = [{ product_id: 'P1', quantity: 2, price_per_unit: 6.17 }];
    const repaired = { ...found.job.data, order: { ...order, items, order_value: 12.34 } };
    expect(await board.edit(found.queue, found.job.id, repaired)).toBe(200);
    expect(await board.retry(found.queue, found.job.id)).toBe(204);
    const one = { orders: 1, cents: 1_234 };
    sent = merge(sent, {
      ...expectNothing(),
      counted: one,
      users: new Map([[order.user_id.trim().toUpperCase(), one]]),
      refused: { ...expectNothing().refused, order_value_mismatch: -1 },
    });
    await totalsAreExact();
    expect(await board.state(found.queue, found.job.id)).toBe('completed');
  });

  it('loses and doubles nothing when a master dies under load and its replica takes over', async () => {
    const { bodies, expected } = sample(600, 2);
    await pipeline.send(...bodies.slice(0, 300));
    await cluster.kill(0);
    const sending = pipeline.send(...bodies.slice(300));
    await until(() => cluster.isMaster(3), 'its replica has taken over');
    // Until it is back there is a master without a replica, and nothing sent to it may be deleted from SQS.
    await cluster.restart(0);
    await sending;
    await until(() => cluster.isWhole(), 'the cluster has all its replicas again');
    sent = merge(sent, expected);
    await totalsAreExact();
  }, 90_000);

  it('people sign in, and out everywhere', async () => {
    const env = { REDIS_URL: '', REDIS_CLUSTER_NODES: cluster.nodes, PARTITIONS: '6' };
    const anna = await invited(pipeline, 'anna', 'admin', env);
    expect(await anna.session()).toMatchObject({ person: { name: 'anna', role: 'admin' } });
    expect(await anna.post('/sign-out', { everywhere: true })).toBe(204);
    expect(await anna.session()).toMatchObject({ person: null });
    expect((await peopleOf(pipeline, env)('remove', 'anna')).code).toBe(0);
  });
});

function merge(one: ReturnType<typeof expectNothing>, other: ReturnType<typeof expectNothing>) {
  const users = new Map(one.users);
  for (const [userId, { orders, cents }] of other.users) {
    const known = users.get(userId) ?? { orders: 0, cents: 0 };
    users.set(userId, { orders: known.orders + orders, cents: known.cents + cents });
  }
  const refused = { ...one.refused };
  for (const reason of Object.keys(refused) as (keyof typeof refused)[])
    refused[reason] += other.refused[reason];
  return {
    ...one,
    users,
    refused,
    counted: {
      orders: one.counted.orders + other.counted.orders,
      cents: one.counted.cents + other.counted.cents,
    },
  };
}
