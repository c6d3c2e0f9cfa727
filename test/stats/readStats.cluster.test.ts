import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from 'ioredis';
import { type LocalCluster, startCluster } from '../../scripts/cluster/startCluster.ts';
import type { Position, UserTotals } from '../../src/stats/figures.ts';
import { makeReadStats, type ReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { rangeModel } from './rangeModel.ts';
import { endings, order, recorder } from './recording.ts';

const ORDERS = ['2024-01-31', '2024-02-10', '2024-02-29', '2024-03-01'].flatMap((day, at) =>
  Array.from({ length: 60 }, (_, index) =>
    order({ userId: `U${index}`, orderId: `${day}`, day, minorUnits: ((index * 7) % 20) + at }),
  ),
);

describe('the stats of a range, over the masters of a Redis Cluster', () => {
  const model = rangeModel(ORDERS);
  let cluster: LocalCluster;
  let redis: Cluster;
  let read: ReadStats;

  beforeAll(async () => {
    cluster = await startCluster(3);
    redis = new Cluster(cluster.addresses);
    const partitions = makePartitions(6);
    expect(new Set(await endings(recorder(redis, partitions), ORDERS))).toEqual(new Set(['counted']));
    read = makeReadStats(redis, partitions);
  });
  afterAll(async () => {
    redis.disconnect();
    await cluster.stop();
  });

  it.each([
    ['a day', { startDay: '2024-02-10', endDay: '2024-02-10' }],
    ['a month', { startDay: '2024-02-01', endDay: '2024-02-29' }],
    ['months and edges', { startDay: '2024-01-31', endDay: '2024-03-01' }],
  ])('are those of a plain list for %s', async (_, range) => {
    const bySpend = model.bySpend(range);
    expect(await read.byDate(range.startDay, range.endDay)).toEqual(model.between(range));
    expect(await read.topSpenders(7, range)).toEqual(
      bySpend.slice(0, 7).map(({ userId, minorUnits }) => ({ userId, minorUnits })),
    );
    expect(await read.topBuyers(7, range)).toEqual(
      model
        .byOrders(range)
        .slice(0, 7)
        .map(({ userId, orders }) => ({ userId, orders })),
    );
    const users: UserTotals[] = [];
    let after: Position | undefined;
    do {
      const page = await read.usersInRange(range, 13, after);
      users.push(...page.users);
      after = page.next;
    } while (after);
    expect(users).toEqual(bySpend);
    expect(await read.userInRange('U7', range)).toEqual(model.between(range, 'U7'));
    expect(await read.series('day', range, 'U7')).toEqual(model.series('day', range, 'U7'));
    expect(await read.series('month', range)).toEqual(model.series('month', range));
    expect(await read.rank('U7')).toEqual(model.rank('U7'));
  });
});
