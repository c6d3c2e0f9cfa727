import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { forgetDetail } from '../../src/stats/forgetDetail.ts';
import { DetailGone } from '../../src/stats/read/errors.ts';
import { makeReadStats, type ReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, everything, order, recorder } from './recording.ts';
import { startTrips } from './trips.ts';

const MARCH = { startDay: '2025-03-01', endDay: '2025-03-03' };

describe('new users', () => {
  const partitions = makePartitions(1);
  const keys = statsKeys(partitions.all[0] as Partition);
  let server: TestRedis;
  let redis: Redis;
  let read: ReadStats;
  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
    read = makeReadStats(redis, partitions);
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  const count = (...orders: [userId: string, orderId: string, day: string][]) =>
    endings(
      recorder(redis, partitions),
      orders.map(([userId, orderId, day]) => order({ userId, orderId, day })),
    );

  it('are new where their first counted order lies, and an older one that comes later moves nothing', async () => {
    await count(['U1', '1', '2025-03-02'], ['U1', '2', '2025-03-02'], ['U2', '1', '2025-03-02']);
    await count(['U1', '3', '2025-03-01'], ['U3', '1', '2025-03-03'], ['U2', '2', '2025-03-03']);
    expect((await read.usersSeries('day', MARCH)).points).toEqual([
      { period: '2025-03-01', users: 1, newUsers: 0 },
      { period: '2025-03-02', users: 2, newUsers: 2 },
      { period: '2025-03-03', users: 2, newUsers: 1 },
    ]);
    expect((await read.usersSeries('month', MARCH)).points).toEqual([
      { period: '2025-03', users: 3, newUsers: 3 },
    ]);
  });

  it('are counted once however often their order comes, in one call or in many', async () => {
    await count(['U1', '1', '2025-03-02'], ['U1', '1', '2025-03-02']);
    const before = await redis.hgetall(keys.newUsers);
    expect(await count(['U1', '1', '2025-03-02'])).toEqual(['duplicate']);
    expect(await redis.hgetall(keys.newUsers)).toEqual(before);
    expect(before).toMatchObject({ '2025-03-02': '1', '2025-03': '1', '2025': '1', before: '0' });
  });

  it('are not counted with an order that is refused', async () => {
    await count(['U1', '1', '2025-03-02']);
    await redis.hset(keys.years, '2025:revenue', 'much');
    const before = await everything(redis);
    expect(await count(['U2', '1', '2025-03-02'])).toEqual([expect.stringContaining('error ')]);
    expect(await everything(redis)).toEqual(before);
  });

  it('are told from the day after the last one that was counted without them', async () => {
    await count(['U1', '1', '2025-03-01'], ['U2', '1', '2025-03-02']);
    // As a version left it that did not keep them.
    await redis.del(keys.newUsers);
    expect(await read.usersSeries('day', MARCH)).toMatchObject({
      knownFrom: undefined,
      points: [{ users: 1, newUsers: undefined }, { users: 1 }, { users: 0, newUsers: undefined }],
    });
    await count(['U1', '2', '2025-03-03'], ['U3', '1', '2025-03-03'], ['U4', '1', '2025-03-02']);
    expect(await read.usersSeries('day', MARCH)).toEqual({
      knownFrom: '2025-03-03',
      points: [
        { period: '2025-03-01', users: 1, newUsers: undefined },
        { period: '2025-03-02', users: 2, newUsers: undefined },
        { period: '2025-03-03', users: 2, newUsers: 1 },
      ],
    });
    for (const granularity of ['month', 'quarter', 'year', 'week'] as const) {
      const { knownFrom, points } = await read.usersSeries(granularity, MARCH);
      // 2025-03-03 is a Monday, so its week is the first that lacks nobody.
      expect([knownFrom, points[0]?.newUsers]).toEqual(['2025-03-03', undefined]);
      expect(points[1]).toEqual(
        granularity === 'week' ? { period: '2025-W10', users: 2, newUsers: 1 } : undefined,
      );
    }
    expect(await redis.hget(keys.newUsers, 'before')).toBe('2');
  });

  it('of days whose users were dropped are refused, of their months not', async () => {
    await count(['U1', '1', '2025-03-01'], ['U2', '1', '2025-03-02']);
    await forgetDetail(redis, partitions.all[0] as Partition, '2025-03-02');
    await expect(read.usersSeries('day', MARCH)).rejects.toEqual(new DetailGone('2025-03-02'));
    // A whole week is asked for, whatever part of it the range has.
    const sunday = { startDay: '2025-03-02', endDay: '2025-03-02' };
    await expect(read.usersSeries('week', sunday)).rejects.toEqual(new DetailGone('2025-03-02'));
    expect((await read.usersSeries('quarter', MARCH)).points).toEqual([
      { period: '2025-Q1', users: 2, newUsers: 2 },
    ]);
    expect((await read.usersSeries('month', MARCH)).points).toEqual([
      { period: '2025-03', users: 2, newUsers: 2 },
    ]);
  });

  it('of weeks, quarters and years are counted once, on however many days and in however many months', async () => {
    await count(['U1', '1', '2024-12-30'], ['U1', '2', '2025-01-05'], ['U2', '1', '2025-01-05']);
    await count(['U1', '3', '2025-02-01'], ['U2', '2', '2025-03-31'], ['U3', '1', '2025-03-31']);
    await count(['U3', '2', '2025-04-01'], ['U3', '3', '2025-12-31']);
    const range = { startDay: '2025-01-01', endDay: '2025-04-02' };
    const busy = async (granularity: 'week' | 'quarter' | 'year') =>
      (await read.usersSeries(granularity, range)).points.filter(({ users }) => users > 0);
    expect(await busy('week')).toEqual([
      { period: '2025-W01', users: 2, newUsers: 2 },
      { period: '2025-W05', users: 1, newUsers: 0 },
      { period: '2025-W14', users: 2, newUsers: 1 },
    ]);
    expect(await busy('quarter')).toEqual([
      { period: '2025-Q1', users: 3, newUsers: 2 },
      { period: '2025-Q2', users: 1, newUsers: 0 },
    ]);
    expect(await busy('year')).toEqual([{ period: '2025', users: 3, newUsers: 2 }]);
  });

  it('at either end of the calendar are read like others', async () => {
    await count(['U1', '1', '0001-01-01'], ['U2', '1', '9999-12-31']);
    for (const [day, week] of [
      ['0001-01-01', '0001-W01'],
      ['9999-12-31', '9999-W52'],
    ] as const) {
      const range = { startDay: day, endDay: day };
      expect((await read.usersSeries('week', range)).points).toEqual([
        { period: week, users: 1, newUsers: 1 },
      ]);
      expect((await read.usersSeries('year', range)).points).toMatchObject([{ users: 1, newUsers: 1 }]);
    }
  });

  it('who come while they are counted are never more than the users', async () => {
    await count(['U1', '1', '2025-01-01'], ['U1', '2', '2025-02-01']);
    const trips = await startTrips(server.port);
    try {
      const slow = makeReadStats(trips.redis, partitions);
      for (let trip = 1; trip <= 6; trip += 1) {
        trips.before(trip, async () => {
          await count([`NEW${trip}`, '1', '2025-02-01'], [`NEW${trip}`, '2', '2025-03-01']);
        });
      }
      const { points } = await slow.usersSeries('quarter', { startDay: '2025-01-01', endDay: '2025-03-31' });
      expect(points[0]?.users).toBeGreaterThanOrEqual(points[0]?.newUsers ?? Number.NaN);
      expect(points[0]?.newUsers).toBeGreaterThanOrEqual(1);
      // The periods, the new users, the sizes, and the pages of two or three months.
      expect(trips.taken()).toBeGreaterThanOrEqual(4);
    } finally {
      await trips.stop();
    }
  });

  it('of days and months are read in one round trip', async () => {
    await count(['U1', '1', '2025-03-01']);
    const trips = await startTrips(server.port);
    try {
      await makeReadStats(trips.redis, partitions).usersSeries('day', { ...MARCH, startDay: '2024-03-01' });
      expect(trips.taken()).toBe(1);
    } finally {
      await trips.stop();
    }
  });
});
