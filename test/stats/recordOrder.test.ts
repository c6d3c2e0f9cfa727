import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { VALUE_UNKNOWN } from '../../src/orders/identity.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { makeRecordOrder, type RecordOrder } from '../../src/stats/record/recordOrder.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, everything, order } from './recording.ts';

const partitions = makePartitions(1);
const partition = partitions.all[0] as Partition;
const p = partition.tag;

describe('recording orders', () => {
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

  const globalStats = () => redis.hgetall(`${p}:global:stats`);

  describe('an order', () => {
    it('is counted once and a duplicate from then on', async () => {
      expect(await record(order())).toEqual({ outcome: 'counted' });
      expect(await record(order())).toEqual({ outcome: 'duplicate' });
      expect(await record(order())).toEqual({ outcome: 'duplicate' });
      expect(await globalStats()).toEqual({ total_orders: '1', total_revenue: '1000' });
    });

    it('is counted for another user with the same order id too', async () => {
      expect(await endings(record, [order(), order({ userId: 'U2' })])).toEqual(['counted', 'counted']);
    });

    it('is a duplicate when it comes later without a timestamp of its own', async () => {
      const undated = order({ timestamp: undefined });
      await record(undated);
      expect(await record({ ...undated, placedAt: '2025-02-01T00:00:00.000Z', day: '2025-02-01' })).toEqual({
        outcome: 'duplicate',
      });
      expect(await redis.hkeys(`${p}:stats:days`)).toEqual(['2025-01-15:orders', '2025-01-15:revenue']);
    });

    it('writes every aggregate together', async () => {
      await record(order());
      await record(order({ orderId: 'O2', minorUnits: 250, day: '2025-01-16' }));
      await record(order({ userId: 'U2', minorUnits: 5, day: '2025-02-01' }));
      expect(await globalStats()).toEqual({ total_orders: '3', total_revenue: '1255' });
      expect(await redis.hgetall(`${p}:user:U1`)).toEqual({ order_count: '2', total_spend: '1250' });
      expect(await redis.hgetall(`${p}:user:U2`)).toEqual({ order_count: '1', total_spend: '5' });
      expect(await redis.zrange(`${p}:users:by_spend`, '0', '-1', 'WITHSCORES')).toEqual([
        'U2',
        '5',
        'U1',
        '1250',
      ]);
      expect(await redis.zrange(`${p}:users:by_count`, '0', '-1', 'WITHSCORES')).toEqual([
        'U2',
        '1',
        'U1',
        '2',
      ]);
      expect(await redis.hgetall(`${p}:stats:days`)).toEqual({
        '2025-01-15:orders': '1',
        '2025-01-15:revenue': '1000',
        '2025-01-16:orders': '1',
        '2025-01-16:revenue': '250',
        '2025-02-01:orders': '1',
        '2025-02-01:revenue': '5',
      });
      expect(await redis.hgetall(`${p}:stats:months`)).toEqual({
        '2025-01:orders': '2',
        '2025-01:revenue': '1250',
        '2025-02:orders': '1',
        '2025-02:revenue': '5',
      });
      expect(await redis.hgetall(`${p}:stats:years`)).toEqual({ '2025:orders': '3', '2025:revenue': '1255' });
      const spends = ['2025-01-15', '2025-01-16', '2025-01', '2025-02-01', '2025-02'].map((period) =>
        redis.zrange(`${p}:spend:${period}`, '0', '-1', 'WITHSCORES'),
      );
      expect(await Promise.all(spends)).toEqual([
        ['U1', '1000'],
        ['U1', '250'],
        ['U1', '1250'],
        ['U2', '5'],
        ['U2', '5'],
      ]);
    });

    it('writes no key outside its partition', async () => {
      await record(order());
      expect((await redis.keys('*')).filter((key) => !key.startsWith(`${p}:`))).toEqual([]);
    });

    it('free of charge counts as an order', async () => {
      await record(order({ minorUnits: 0 }));
      expect(await globalStats()).toEqual({ total_orders: '1', total_revenue: '0' });
      expect(await redis.zscore(`${p}:users:by_spend`, 'U1')).toBe('0');
    });

    it('of a user whose id looks like our own keys disturbs nobody', async () => {
      const odd = ['GLOBAL:STATS', '2025-01-15:ORDERS', '}{', '*', 'Ü 😀', '__PROTO__'];
      await Promise.all(odd.map((userId) => record(order({ userId }))));
      const read = makeReadStats(redis, partitions);
      const users = await Promise.all(odd.map((userId) => read.user(userId)));
      expect(users).toEqual(odd.map(() => ({ orders: 1, minorUnits: 1_000 })));
      expect(await read.global()).toEqual({ orders: 6, minorUnits: 6_000, users: 6 });
    });
  });

  describe('an order that comes back changed', () => {
    it('is a conflict with the value counted before, and changes nothing', async () => {
      await record(order({ minorUnits: 200_000 }));
      const before = await everything(redis);
      expect(await record(order({ minorUnits: 210_000 }))).toEqual({
        outcome: 'conflict',
        recordedMinorUnits: 200_000,
      });
      const other = [{ productId: 'P2', quantity: 1, pricePerUnit: '2000' }];
      expect(await record(order({ minorUnits: 200_000, items: other }))).toEqual({
        outcome: 'conflict',
        recordedMinorUnits: 200_000,
      });
      expect(await everything(redis)).toEqual(before);
    });

    it('is a duplicate when only what nobody counts has changed', async () => {
      await record(order());
      const more = { paymentMethod: 'CASH', shippingAddress: 'here', notes: ['currency counts as missing'] };
      expect(await record(order(more))).toEqual({ outcome: 'duplicate' });
    });

    it('stays a conflict, and the first stays a duplicate', async () => {
      const batch = [order(), order({ minorUnits: 7 }), order(), order({ minorUnits: 7 })];
      expect(await endings(record, batch)).toEqual(['counted', 'conflict', 'duplicate', 'conflict']);
      expect(await endings(record, batch)).toEqual(['duplicate', 'conflict', 'duplicate', 'conflict']);
    });

    it('says that the value counted before was too large for the ledger to keep', async () => {
      await record(order({ minorUnits: 999_999_999_999_999 }));
      expect(await record(order())).toEqual({ outcome: 'conflict', recordedMinorUnits: VALUE_UNKNOWN });
    });

    it('names a value of zero', async () => {
      await record(order({ minorUnits: 0 }));
      expect(await record(order())).toEqual({ outcome: 'conflict', recordedMinorUnits: 0 });
    });
  });

  describe('orders handed over together', () => {
    it('are counted once each, however often each is among them', async () => {
      const batch = Array.from({ length: 250 }, (_, index) => order({ orderId: `O${index % 50}` }));
      const outcomes = await endings(record, batch);
      expect(outcomes.slice(0, 50)).toEqual(Array(50).fill('counted'));
      expect(outcomes.slice(50)).toEqual(Array(200).fill('duplicate'));
      expect(await globalStats()).toEqual({ total_orders: '50', total_revenue: '50000' });
      expect(await redis.zscore(`${p}:spend:2025-01`, 'U1')).toBe('50000');
    });

    it('get each its own outcome when there are more than one call takes', async () => {
      const batch = Array.from({ length: 1_001 }, (_, index) =>
        order({ orderId: `O${index}`, minorUnits: index }),
      );
      expect(new Set(await endings(record, batch))).toEqual(new Set(['counted']));
      expect(await globalStats()).toEqual({
        total_orders: '1001',
        total_revenue: String((1_000 * 1_001) / 2),
      });
    });

    it('are counted once each when two processes have the same ones at the same time', async () => {
      const other = makeRecordOrder(server.client(), partition, { retentionDays: 35 });
      const batch = Array.from({ length: 100 }, (_, index) => order({ orderId: `O${index}` }));
      const [mine, theirs] = await Promise.all([endings(record, batch), endings(other, batch)]);
      batch.forEach((_, index) => {
        expect([mine[index], theirs[index]].sort()).toEqual(['counted', 'duplicate']);
      });
      expect(await globalStats()).toEqual({ total_orders: '100', total_revenue: '100000' });
    });
  });

  describe('the number of duplicates', () => {
    it('grows with every order that arrived again, not with conflicts', async () => {
      await endings(record, [order(), order(), order(), order({ minorUnits: 1 })]);
      await record(order());
      expect(await makeReadStats(redis, partitions).duplicates()).toBe(3);
    });
  });
});
