import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { firstDayOf, forgetDetail } from '../../src/stats/forgetDetail.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, everything, order, recorder } from './recording.ts';

const partitions = makePartitions(1);
const partition = partitions.all[0] as Partition;
const keys = statsKeys(partition);

const ORDERS = ['2025-01-31', '2025-02-01', '2025-02-02'].map((day, index) =>
  order({ orderId: `O${index}`, day, minorUnits: 100 * (index + 1) }),
);

describe('per-user detail by day', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  it('goes for the days before one, and stays by month', async () => {
    await endings(recorder(redis, partitions), ORDERS);
    const before = await everything(redis);
    expect(await forgetDetail(redis, partition, '2025-02-02')).toBe(4);
    const gone = ['2025-01-31', '2025-02-01'].flatMap((day) => [keys.spend(day), keys.counts(day)]);
    for (const key of gone) delete before[key];
    expect(await redis.hgetall(keys.detail)).toEqual({ from: '2025-02-02' });
    await redis.del(keys.detail);
    expect(await everything(redis)).toEqual(before);
  });

  it('of a day that was dropped does not begin again, while everything else counts', async () => {
    const record = recorder(redis, partitions);
    await forgetDetail(redis, partition, '2025-02-02');
    expect(await endings(record, ORDERS)).toEqual(['counted', 'counted', 'counted']);
    expect(await redis.exists(keys.spend('2025-02-01'), keys.counts('2025-02-01'))).toBe(0);
    expect(await redis.exists(keys.spend('2025-02-02'), keys.counts('2025-02-02'))).toBe(2);
    expect(await redis.hget(keys.days, '2025-02-01:revenue')).toBe('200');
    expect(await redis.zscore(keys.spend('2025-02'), 'U1')).toBe('500');
    expect(await redis.hget(keys.counts('2025-02'), 'U1')).toBe('2');
  });

  it('begins no earlier again when a clock is behind', async () => {
    await forgetDetail(redis, partition, '2025-02-02');
    expect(await forgetDetail(redis, partition, '2025-02-01')).toBe(0);
    expect(await redis.hget(keys.detail, 'from')).toBe('2025-02-02');
  });

  it('is dropped by the next run when one ended half-way', async () => {
    await endings(recorder(redis, partitions), ORDERS);
    await redis.hset(keys.detail, 'from', '2025-02-02');
    expect(await forgetDetail(redis, partition, '2025-02-02')).toBe(4);
  });

  it('is kept for so many days, today included', () => {
    const now = Date.UTC(2025, 2, 1, 23, 59);
    expect([1, 2, 400].map((days) => firstDayOf(days, now))).toEqual([
      '2025-03-01',
      '2025-02-28',
      '2024-01-27',
    ]);
  });
});
