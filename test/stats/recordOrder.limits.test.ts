import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { TOTAL_ROOM } from '../../src/orders/money.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { makeRecordOrder, type RecordOrder } from '../../src/stats/record/recordOrder.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, everything, order } from './recording.ts';

const partitions = makePartitions(1);
const partition = partitions.all[0] as Partition;
const p = partition.tag;

describe('recording at the limits', () => {
  let server: TestRedis;
  let redis: Redis;
  let record: RecordOrder;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
    record = makeRecordOrder(redis, partition, { retentionDays: 35 });
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  describe.each([
    ['global:stats', 'total_revenue'],
    ['user:U1', 'total_spend'],
    ['stats:days', '2025-01-15:revenue'],
    ['stats:months', '2025-01:revenue'],
    ['stats:years', '2025:revenue'],
  ])('%s %s near the end of its room', (key, field) => {
    it('refuses what would be rounded, unchanged, and takes the last cent that is exact', async () => {
      await redis.hset(`${p}:${key}`, field, String(TOTAL_ROOM - 999));
      const before = await everything(redis);
      await expect(record(order({ minorUnits: 1_000 }))).rejects.toThrow(
        'would pass its room of 70368744177664.00',
      );
      expect(await everything(redis)).toEqual(before);
      expect(await record(order({ minorUnits: 999 }))).toEqual({ outcome: 'counted' });
      expect(await redis.hget(`${p}:${key}`, field)).toBe(String(TOTAL_ROOM));
    });
  });

  it.each([
    ['global:stats', 'total_orders'],
    ['user:U1', 'order_count'],
    ['counts:2025-01-15', 'U1'],
    ['counts:2025-01', 'U1'],
    ['stats:years', '2025:orders'],
  ])('%s %s never passes 2^53', async (key, field) => {
    await redis.hset(`${p}:${key}`, field, String(Number.MAX_SAFE_INTEGER));
    const before = await everything(redis);
    await expect(record(order())).rejects.toThrow('would pass 2^53');
    expect(await everything(redis)).toEqual(before);
  });

  it('refuses only those orders of a batch for which there is no room left', async () => {
    await redis.hset(`${p}:user:U1`, 'total_spend', String(TOTAL_ROOM - 1_000));
    const batch = [
      order({ orderId: 'A', minorUnits: 600 }),
      order({ orderId: 'B', minorUnits: 600 }),
      order({ orderId: 'C', userId: 'U2', minorUnits: 600 }),
      order({ orderId: 'D', minorUnits: 400 }),
    ];
    expect(await endings(record, batch)).toEqual([
      'counted',
      expect.stringContaining('would pass its room'),
      'counted',
      'counted',
    ]);
    expect(await redis.hget(`${p}:user:U1`, 'total_spend')).toBe(String(TOTAL_ROOM));
    expect(await redis.zscore(`${p}:spend:2025-01-15`, 'U1')).toBe('1000');
  });

  it('refuses an order past the room of a total, and goes on with everybody else', async () => {
    const huge = order({ orderId: 'HUGE', minorUnits: 999_999_999_999_999 });
    await redis.hset(`${p}:global:stats`, 'total_revenue', String(TOTAL_ROOM - 3_000));
    const batch = [huge, order({ userId: 'U2' }), order({ userId: 'U3' }), huge, order({ userId: 'U4' })];
    expect(await endings(record, batch)).toEqual([
      expect.stringContaining('a total would pass its room'),
      'counted',
      'counted',
      expect.stringContaining('a total would pass its room'),
      'counted',
    ]);
    const read = makeReadStats(redis, partitions);
    expect(await read.global()).toEqual({ orders: 3, minorUnits: TOTAL_ROOM, users: 3 });
  });

  it('adds up the largest orders to the cent', async () => {
    const largest = 999_999_999_999_999;
    const batch = Array.from({ length: 7 }, (_, index) =>
      order({ orderId: `O${index}`, minorUnits: largest }),
    );
    expect(new Set(await endings(record, batch))).toEqual(new Set(['counted']));
    const read = makeReadStats(redis, partitions);
    const total = 7 * largest;
    expect(await read.global()).toEqual({ orders: 7, minorUnits: total, users: 1 });
    expect(await read.topSpenders(1)).toEqual([{ userId: 'U1', minorUnits: total }]);
    expect(await redis.zscore(`${p}:spend:2025-01`, 'U1')).toBe(String(total));
  });

  describe('a Redis without memory left', () => {
    it('refuses the order whole, and counts it once there is room', async () => {
      await record(order({ orderId: 'before' }));
      const before = await everything(redis);
      await redis.config('SET', 'maxmemory', '1');
      try {
        await expect(record(order())).rejects.toThrow('OOM');
        expect(await endings(record, [order(), order({ orderId: 'O2' })])).toEqual([
          expect.stringContaining('OOM'),
          expect.stringContaining('OOM'),
        ]);
        expect(await everything(redis)).toEqual(before);
        expect(await record(order({ orderId: 'before' }))).toEqual({ outcome: 'duplicate' });
      } finally {
        await redis.config('SET', 'maxmemory', '0');
      }
      expect(await record(order())).toEqual({ outcome: 'counted' });
      expect(await redis.hgetall(`${p}:global:stats`)).toEqual({ total_orders: '2', total_revenue: '2000' });
    });
  });

  describe('a Redis that takes no writes for want of replicas', () => {
    it('refuses the order whole, and counts it once they are back', async () => {
      await record(order({ orderId: 'before' }));
      const before = await everything(redis);
      await redis.config('SET', 'min-replicas-to-write', '1');
      try {
        await expect(record(order())).rejects.toThrow('NOREPLICAS');
        expect(await everything(redis)).toEqual(before);
      } finally {
        await redis.config('SET', 'min-replicas-to-write', '0');
      }
      expect(await record(order())).toEqual({ outcome: 'counted' });
    });
  });

  it('counts on after the server has forgotten the script', async () => {
    await record(order());
    await redis.script('FLUSH');
    expect(await endings(record, [order(), order({ orderId: 'O2' })])).toEqual(['duplicate', 'counted']);
  });
});
