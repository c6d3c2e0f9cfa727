import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, Redis } from 'ioredis';
import { type LocalCluster, startCluster } from '../../scripts/cluster/startCluster.ts';
import { chooseDurability } from '../../src/queue/durability.ts';
import { type DurableQueues, durableQueues } from '../../src/queue/durableQueues.ts';
import { type OrderQueues, openOrderQueues } from '../../src/queue/orderQueues.ts';
import { makePartitions } from '../../src/queue/partitions.ts';
import { closeRedis, connectRedis, untilReady } from '../../src/runtime/redis.ts';
import { until } from '../support/until.ts';

const POLICY = { attempts: 1, backoffMs: 1, keepCompleted: 0, failedRetentionDays: undefined };

describe('jobs added to a Redis Cluster with DURABILITY=replicas:1', () => {
  let cluster: LocalCluster;
  let redis: Cluster;
  let queues: OrderQueues;
  const partitions = makePartitions(6);

  beforeAll(async () => {
    cluster = await startCluster(3, { replicas: true });
    const nodes = cluster.nodes.split(',').map((node) => {
      const [host = '', port] = node.split(':');
      return { host, port: Number(port) };
    });
    redis = connectRedis({ kind: 'cluster', nodes, tls: false }, 'fail_fast', {
      onError: () => {},
    }) as Cluster;
    await untilReady(redis);
    queues = await openOrderQueues(redis, partitions, POLICY, () => {});
  });
  afterAll(async () => {
    await queues?.close();
    if (redis) closeRedis(redis);
    await cluster?.stop();
  });

  const bulks = (name: string) =>
    partitions.all.map((partition) => ({
      partition,
      jobs: [{ id: `${name}-${partition.index}`, data: jobData(name) }],
    }));
  /** As the bridge does it: again, until it is certain. */
  const untilSafe = (durable: DurableQueues, name: string) =>
    until(
      () =>
        durable.add(bulks(name)).then(
          () => true,
          () => false,
        ),
      'they are safe',
    );
  const leads = (port: number) => redis.nodes('master').some(({ options }) => options.port === port);

  /** Hands the lead of the first master to its replica, in order, and has the connection hear of it. */
  async function handOver(): Promise<void> {
    const port = Number(cluster.nodes.split(',')[3]?.split(':')[1]);
    const replica = new Redis(port, '127.0.0.1');
    await replica.call('CLUSTER', 'FAILOVER');
    await until(() => cluster.isMaster(3), 'the replica leads');
    replica.disconnect();
    await until(async () => {
      await Promise.all(partitions.all.map(({ tag }) => redis.get(`${tag}:any`).catch(() => {})));
      return leads(port);
    }, 'the connection knows that it leads');
  }

  it('are safe once their replicas have them', async () => {
    const durable = durableQueues(redis, queues, await chooseDurability(redis, 'replicas:1'));
    await untilSafe(durable, 'calm');
    const waiting = await Promise.all(queues.all.map((queue) => queue.getWaitingCount()));
    expect(waiting).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('are not, when the masters changed between the add and its confirmation', async () => {
    let handedOver: Promise<void> | undefined;
    const overtaken: OrderQueues = {
      ...queues,
      async add(partition, jobs) {
        await queues.add(partition, jobs);
        handedOver ??= handOver();
        await handedOver;
      },
    };
    const durable = durableQueues(redis, overtaken, await chooseDurability(redis, 'replicas:1'));
    // Which of the two is noticed first is up to how the connection hears of it.
    await expect(durable.add(bulks('moved'))).rejects.toThrow(
      /^other servers lead than those that got the jobs|^the Redis connection was lost before/,
    );
    await untilSafe(durable, 'moved');
    const waiting = await Promise.all(queues.all.map((queue) => queue.getWaitingCount()));
    expect(waiting).toEqual([2, 2, 2, 2, 2, 2]);
  });
});

const jobData = (id: string) => ({
  order: {},
  message: { id, sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 },
});
