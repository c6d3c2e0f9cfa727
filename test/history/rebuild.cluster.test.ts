import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, type Redis } from 'ioredis';
import { type LocalCluster, startCluster } from '../../scripts/cluster/startCluster.ts';
import { run as rebuild } from '../../src/cli/rebuild/run.ts';
import { run as verify } from '../../src/cli/verify/run.ts';
import { historyReads } from '../../src/history/read/historyPool.ts';
import { usersByOrders } from '../../src/history/read/questions.ts';
import type { HistoryTarget } from '../../src/history/target.ts';
import type { Order } from '../../src/orders/order.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { endings, order } from '../stats/recording.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { type Archiving, archiving, archivingRecorder, untilArchived } from './rig.ts';

describe('a history of a Redis Cluster', () => {
  let cluster: LocalCluster;
  let redis: Cluster;
  let single: TestRedis;
  let postgres: TestPostgres;
  let target: HistoryTarget;
  let running: Archiving | undefined;
  beforeAll(async () => {
    [cluster, single, postgres] = await Promise.all([startCluster(3), startTestRedis(), startTestPostgres()]);
    redis = new Cluster(cluster.nodes.split(','));
    target = await postgres.database();
  });
  afterAll(async () => {
    await running?.stop();
    redis?.disconnect();
    await Promise.all([cluster?.stop(), single?.stop(), postgres?.stop()]);
  });

  const many = (count: number, from = 0): Order[] =>
    Array.from({ length: count }, (_, at) =>
      order({ orderId: `O${from + at}`, userId: `U${(from + at) % 41}`, minorUnits: 100 + from + at }),
    );

  it('is rebuilt into three partitions over its masters, archived from there, and asked', async () => {
    running = await archiving(single.client(), target);
    await endings(archivingRecorder(single.client()), many(400));
    await untilArchived(single.client(), postgres, target);
    await running.stop();

    const env = { REDIS_CLUSTER_NODES: cluster.nodes, DATABASE_URL: postgres.url(target) };
    expect(await runCommand(rebuild, '--from-history', { ...env, PARTITIONS: '3' })).toMatchObject({
      code: 0,
    });
    const [one, three] = [makePartitions(1), makePartitions(3)];
    const asOne = redis as unknown as Redis;
    const stats = makeReadStats(redis, three);
    const before = makeReadStats(single.client(), one);
    expect(await stats.global()).toEqual(await before.global());
    expect(await stats.topSpenders(20)).toEqual(await before.topSpenders(20));

    running = await archiving(asOne, target, three);
    for (const of of three.all) {
      const theirs = many(500).filter(({ userId }) => three.of(userId) === of);
      const ended = await endings(archivingRecorder(asOne, { of }), theirs);
      expect(ended.filter((each) => each === 'counted')).toHaveLength(
        theirs.filter(({ orderId }) => Number(orderId.slice(1)) >= 400).length,
      );
    }
    await untilArchived(asOne, postgres, target, three);
    expect(await runCommand(verify, '--history', env)).toMatchObject({ code: 0 });
    const reads = historyReads(target, () => {});
    const users = await reads.ask(usersByOrders(undefined));
    await reads.stop();
    expect(users.reduce((sum, each) => sum + Number(each.users), 0)).toBe(41);
  });
});
