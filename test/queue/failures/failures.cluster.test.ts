import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster } from 'ioredis';
import { type LocalCluster, startCluster } from '../../../scripts/cluster/startCluster.ts';
import { readFailurePage, readFailures } from '../../../src/queue/failures/readFailures.ts';
import { reconcileFailures } from '../../../src/queue/failures/reconcile.ts';
import { openOrderQueues } from '../../../src/queue/orderQueues.ts';
import { retryFailed } from '../../../src/queue/retryFailed.ts';
import { closeRedis, connectRedis, untilReady } from '../../../src/store/connections.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { anOrder } from '../../support/orders.ts';

const POLICY = { attempts: 1, backoffMs: 1, keepCompleted: 0, failedRetentionDays: undefined };

describe('on a Redis Cluster', () => {
  let cluster: LocalCluster;
  let redis: Cluster;

  beforeAll(async () => {
    cluster = await startCluster(3);
    redis = connectRedis({ kind: 'cluster', nodes: cluster.addresses, tls: false }, 'fail_fast', {
      onError: () => {},
    }) as Cluster;
    await untilReady(redis);
  });
  afterAll(async () => {
    if (redis) closeRedis(redis);
    await cluster?.stop();
  });

  it('the index of each partition lies beside its failed set, and is read and paged over all', async () => {
    const { all } = makePartitions(6);
    const queues = await openOrderQueues(redis, makePartitions(6), POLICY, () => {});
    for (const partition of all) {
      const id = `J${partition.index}`;
      const message = { id, sentAt: '2025-01-01T00:00:00Z', receiveCount: 1 };
      await queues.add(partition, [{ id, data: { order: anOrder({ order_value: 1.5 }), message } }]);
      await redis.lrem(`${partition.tag}:orders:wait`, 1, id);
      await redis.zadd(`${partition.tag}:orders:failed`, 1_000 - partition.index, id);
      expect(await reconcileFailures(redis, partition)).toBe(true);
    }
    await queues.close();
    expect(await readFailures(redis, all)).toMatchObject({ orders: 6, minorUnits: 900, unknown: 0 });
    const first = await readFailurePage(redis, all, { count: 4 });
    const rest = await readFailurePage(redis, all, { after: first.at(-1), count: 4 });
    expect([...first, ...rest].map(({ job }) => job)).toEqual(['J5', 'J4', 'J3', 'J2', 'J1', 'J0']);
    expect(await retryFailed(redis, all)).toMatchObject({ retried: 6 });
    expect(await readFailures(redis, all)).toMatchObject({ orders: 0, minorUnits: 0, since: null });
  });
});
