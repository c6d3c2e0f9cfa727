import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster } from 'ioredis';
import { type LocalCluster, startCluster } from '../../scripts/cluster/startCluster.ts';
import { closeRedis, connectRedis, untilReady } from '../../src/store/connections.ts';
import { until } from '../support/until.ts';

describe('a connection for workers to a Redis Cluster', () => {
  let cluster: LocalCluster;
  let redis: Cluster;

  beforeAll(async () => {
    cluster = await startCluster(3);
    redis = connectRedis({ kind: 'cluster', nodes: cluster.addresses, tls: false }, 'patient', {
      onError: () => {},
    }) as Cluster;
    await untilReady(redis);
  });
  afterAll(async () => {
    if (redis) closeRedis(redis);
    await cluster?.stop();
  });

  it('that is made anew while the cluster is down comes about, as BullMQ waits for it', async () => {
    await cluster.kill(0);
    await until(async () => !(await cluster.isWhole()), 'the cluster is down');
    await until(async () => /cluster_state:fail/.test(await stateOf(redis)), 'its servers say so');
    const anew = redis.duplicate([], { lazyConnect: true });
    anew.on('error', () => {});
    try {
      await anew.connect();
      expect(anew.status).toBe('ready');
    } finally {
      anew.disconnect();
    }
  });
});

const stateOf = async (redis: Cluster): Promise<string> => {
  const states = redis.nodes('all').map((node) => node.call('CLUSTER', 'INFO').catch(() => ''));
  return (await Promise.all(states)).join('\n');
};
