import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import calculateSlot from 'cluster-key-slot';
import { type Cluster, Redis } from 'ioredis';
import { type LocalCluster, startCluster } from '../../scripts/cluster/startCluster.ts';
import { type DurableQueues, durableQueues } from '../../src/queue/durableQueues.ts';
import { type OrderQueues, openOrderQueues } from '../../src/queue/orderQueues.ts';
import { closeRedis, connectRedis, untilReady } from '../../src/store/connections.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { until } from '../support/until.ts';

const MASTERS = 3;
const POLICY = { attempts: 1, backoffMs: 1, keepCompleted: 0, failedRetentionDays: undefined };

describe('jobs added to a Redis Cluster with DURABILITY=replicas:1', () => {
  let cluster: LocalCluster;
  let redis: Cluster;
  let queues: OrderQueues;
  const partitions = makePartitions(6);

  beforeAll(async () => {
    cluster = await startCluster(MASTERS, { replicas: true });
    redis = connectRedis({ kind: 'cluster', nodes: cluster.addresses, tls: false }, 'fail_fast', {
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

  const bulks = (name: string, of: readonly Partition[] = partitions.all) =>
    of.map((partition) => ({
      partition,
      jobs: [{ id: `${name}-${partition.index}`, data: jobData(name) }],
    }));
  /** As the bridge does it: again, until it is certain. */
  const untilSafe = (durable: DurableQueues, name: string, of?: readonly Partition[]) =>
    until(
      () =>
        durable.add(bulks(name, of)).then(
          () => true,
          () => false,
        ),
      'they are safe',
    );
  const leads = (port: number) => redis.nodes('master').some(({ options }) => options.port === port);

  /** Hands the lead of a master to its replica, in order; returns the replica's port. */
  async function handOver(master: number): Promise<number> {
    const replica = master + MASTERS;
    const { port } = cluster.addresses[replica] as { port: number };
    const redis = new Redis(port, '127.0.0.1');
    await redis.call('CLUSTER', 'FAILOVER');
    await until(
      async () => (await cluster.isMaster(replica)) && !(await cluster.isMaster(master)),
      'it leads alone',
    );
    redis.disconnect();
    return port;
  }

  async function handOverAndTell(): Promise<void> {
    const port = await handOver(0);
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
        handedOver ??= handOverAndTell();
        await handedOver;
      },
    };
    const durable = durableQueues(redis, overtaken, await chooseDurability(redis, 'replicas:1'));
    // Which of these is noticed first is up to how the connection hears of it.
    await expect(durable.add(bulks('moved'))).rejects.toThrow(
      /^other servers lead than those that got the jobs|^the Redis connection was lost before|^ERR WAIT cannot be used with replica/,
    );
    await untilSafe(durable, 'moved');
    const waiting = await Promise.all(queues.all.map((queue) => queue.getWaitingCount()));
    expect(waiting).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it('are safe soon after a hand-over of which nothing they are told speaks', async () => {
    // The master of the test before may still be on its way to its new one.
    await until(
      () =>
        chooseDurability(redis, 'replicas:1').then(
          () => true,
          () => false,
        ),
      'every master has a replica',
    );
    const durable = durableQueues(redis, queues, await chooseDurability(redis, 'replicas:1'));
    await untilSafe(durable, 'before');
    await handOver(1);
    const elsewhere = partitions.all.filter(
      ({ tag }) => Math.floor((calculateSlot(tag) * MASTERS) / 16_384) !== 1,
    );
    await untilSafe(durable, 'elsewhere', elsewhere);
  }, 30_000);
});

const jobData = (id: string) => ({
  order: {},
  message: { id, sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 },
});
