import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, type Redis } from 'ioredis';
import { type LocalCluster, startCluster } from '../../scripts/cluster/startCluster.ts';
import { run as repartitionCommand } from '../../src/cli/repartition/run.ts';
import { run as verify } from '../../src/cli/verify/run.ts';
import { connectRedis } from '../../src/store/connections.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { endings, recorder } from '../stats/recording.ts';
import { fillStats, queuesOf, someOrders, visible } from './repartitionData.ts';
import { runCommand } from './verifyCommand.ts';

const ORDERS = someOrders(800, 9);

describe('on a Redis Cluster', () => {
  let cluster: LocalCluster;
  let redis: Cluster;
  beforeAll(async () => {
    cluster = await startCluster(3);
    redis = new Cluster(cluster.nodes.split(','));
  });
  afterAll(async () => {
    redis?.disconnect();
    await cluster?.stop();
  });

  const env = () => ({ REDIS_CLUSTER_NODES: cluster.nodes });

  it('both commands work as on a single Redis, with partitions on every master', async () => {
    await fillStats(redis, 2, ORDERS);
    const queues = await queuesOf(redis, 2);
    for (const [index, partition] of makePartitions(2).all.entries()) {
      const message = { id: `J${index}`, sentAt: '2025-01-01T00:00:00Z', receiveCount: 1 };
      await queues.add(partition, [{ id: `J${index}`, data: { order: { user_id: `U${index}` }, message } }]);
    }
    await queues.close();
    const before = await visible(redis, 2, ORDERS);
    expect(await runCommand(verify, '', env())).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/in 2 part/),
    });

    const product = connectRedis({ kind: 'cluster', nodes: cluster.addresses, tls: false }, 'patient', {
      onError: () => {},
    });
    await product.get('x');
    const refused = await runCommand(repartitionCommand, '--to 12', env());
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/of the product are open/) });
    product.disconnect();

    expect(await runCommand(repartitionCommand, '--to 12', env())).toMatchObject({ code: 0 });
    expect(await visible(redis, 12, ORDERS)).toEqual(before);
    const again = await endings(recorder(redis as unknown as Redis, makePartitions(12)), ORDERS);
    expect(new Set(again)).toEqual(new Set(['duplicate']));
    const left = await Promise.all(redis.nodes('master').map((node) => node.keys('{orders-2.*')));
    expect(left.flat()).toEqual([]);

    const { userId } = ORDERS[0] as (typeof ORDERS)[0];
    await redis.hincrby(statsKeys(makePartitions(12).of(userId)).user(userId), 'total_spend', 1);
    expect(await runCommand(verify, '', env())).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`\n${userId} `),
    });
  });
});
