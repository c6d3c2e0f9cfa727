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
    expect((await read.usersSeries('month', MARCH)).points[0]?.newUsers).toBeUndefined();
    expect(await redis.hget(keys.newUsers, 'before')).toBe('2');
  });

  it('of days whose users were dropped are refused, of their months not', async () => {
    await count(['U1', '1', '2025-03-01'], ['U2', '1', '2025-03-02']);
    await forgetDetail(redis, partitions.all[0] as Partition, '2025-03-02');
    await expect(read.usersSeries('day', MARCH)).rejects.toEqual(new DetailGone('2025-03-02'));
    expect((await read.usersSeries('month', MARCH)).points).toEqual([
      { period: '2025-03', users: 2, newUsers: 2 },
    ]);
  });

  it('are read in one round trip', async () => {
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
