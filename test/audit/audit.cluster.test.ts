import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster } from 'ioredis';
import { type LocalCluster, startCluster } from '../../scripts/cluster/startCluster.ts';
import { makeAuditLog } from '../../src/audit/auditLog.ts';
import { openOrderQueues } from '../../src/queue/orderQueues.ts';
import { repairShelf } from '../../src/queue/repairs.ts';
import { closeRedis, connectRedis, untilReady } from '../../src/store/connections.ts';
import { repairKeys } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { auditTrail } from '../support/auditTrail.ts';
import { editFailed } from '../support/editing.ts';
import { silentLogger } from '../support/pipeline.ts';

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

  it('one audit log holds what is changed in every partition', async () => {
    const partitions = makePartitions(6);
    const log = makeAuditLog(redis, { retentionDays: 400, logger: silentLogger() });
    for (const { index } of partitions.all) {
      await log.change({ kind: 'open' }, { action: 'pause', partition: index }, async () => ({
        result: 'done',
      }));
    }
    expect((await auditTrail(redis)).map(({ partition }) => partition)).toEqual(
      partitions.all.flatMap(({ index }) => [index, index]),
    );
  });

  it('edits and repairs stay with the jobs of their partition', async () => {
    const partitions = makePartitions(6);
    const policy = { attempts: 1, backoffMs: 1, keepCompleted: 0, failedRetentionDays: undefined };
    const queues = await openOrderQueues(redis, partitions, policy, () => {});
    for (const partition of partitions.all) {
      const message = { id: 'J', sentAt: '2025-01-01T00:00:00Z', receiveCount: 1 };
      await queues.add(partition, [{ id: 'J', data: { order: { order_id: 1 }, message } }]);
      await redis.zadd(`${partition.tag}:orders:failed`, 1, 'J');
      await editFailed(redis, partition, 'J', { order: { order_id: 2 }, message });
      const shelf = repairShelf(redis, partition, { retentionDays: 400 });
      await shelf.keep('J', { at: '2025-01-01T00:00:00.000Z', outcome: 'counted' });
      const kept = (await redis.hget(repairKeys(partition).repairs, 'J')) as string;
      expect(JSON.parse(kept)).toMatchObject({
        original: { order: { order_id: 1 }, message },
        edits: [{ data: { order: { order_id: 2 } } }],
        outcome: { outcome: 'counted' },
      });
    }
    await queues.close();
  });
});
