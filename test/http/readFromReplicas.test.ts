import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { type LocalCluster, startCluster } from '../../scripts/cluster/startCluster.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

describe('reads of a Redis Cluster', () => {
  let cluster: LocalCluster;
  let connection: Cluster;
  let servers: Redis[];
  let pipelines: Record<'primary' | 'replica', TestPipeline>;

  beforeAll(async () => {
    cluster = await startCluster(1, { replicas: true });
    servers = cluster.addresses.map(({ host, port }) => new Redis(port, host));
    connection = new Cluster(cluster.nodes.split(','), { redisOptions: { maxRetriesPerRequest: null } });
    const { global } = statsKeys((makePartitions(1).all as never)[0]);
    await connection.hset(global, 'total_orders', 7, 'total_revenue', 700);
    // The cluster names a replica once it has received something.
    await until(async () => {
      const slots = (await servers[0]?.call('CLUSTER', 'SLOTS')) as unknown[][];
      return slots.every((each) => each.length === 4);
    }, 'the replica is named');
    const start = (READ_FROM: string) =>
      startPipeline(
        { REDIS_URL: '', REDIS_CLUSTER_NODES: cluster.nodes, READ_FROM },
        { role: 'api', connection },
      );
    pipelines = { primary: await start('primary'), replica: await start('replica') };
    await until(async () => {
      const answer = await pipelines.replica.json('/stats/global');
      return answer.total_orders === 7;
    }, 'the replica has it');
  });
  afterAll(async () => {
    for (const pipeline of Object.values(pipelines)) await pipeline.stop();
    for (const server of servers) server.disconnect();
    connection.disconnect();
    await cluster.stop();
  });

  it.each([
    ['primary', 0],
    ['replica', 5],
  ] as const)('are answered by the %s when READ_FROM says so', async (from, byReplica) => {
    for (const server of servers) await server.config('RESETSTAT');
    for (let i = 0; i < 5; i += 1) {
      expect(await pipelines[from].json('/stats/global')).toMatchObject({ total_orders: 7 });
    }
    const replica = String(await servers[1]?.info('commandstats'));
    // The primary is asked by the pulse as well.
    expect(Number(/cmdstat_hmget:calls=(\d+)/.exec(replica)?.[1] ?? 0)).toBe(byReplica);
  });

  it('are sums too: the script that adds up days may run on a replica', async () => {
    for (const server of servers) await server.config('RESETSTAT');
    const path = '/stats/by-date?start_date=2020-01-01&end_date=2025-12-31';
    expect(await pipelines.replica.json(path)).toMatchObject({ total_orders: 0, total_revenue: 0 });
    const replica = await servers[1]?.info('commandstats');
    expect(replica).toMatch(/cmdstat_eval(sha)?:calls=/);
    expect(replica).toMatch(/cmdstat_hgetall/);
  });
});
