import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { makePartitions, type Partition } from '../../src/queue/partitions.ts';
import { makeRecordOrder, type RecordOrder } from '../../src/stats/recordOrder.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, everything, order } from './recording.ts';

const partition = makePartitions(1).all[0] as Partition;
const p = partition.tag;

describe('an order that cannot be recorded', () => {
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

  /** Of another user, another day and another month: needs nothing of its own that `order` needs. */
  const elsewhere = (orderId: string) => order({ orderId, userId: 'U2', day: '2025-02-20' });

  /** Puts something foreign at a key, as a stray command would; returns how to put it back. */
  async function occupy(key: string): Promise<() => Promise<void>> {
    const kept = await redis.dumpBuffer(key);
    await redis.set(key, 'foreign');
    return async () => {
      await redis.del(key);
      if (kept) await redis.restore(key, 0, kept);
    };
  }

  const SHARED = [
    'ledger',
    'ledger:1:0',
    'global:stats',
    'users:by_spend',
    'users:by_count',
    'stats:days',
    'stats:months',
    'stats:years',
    'stats:detail',
  ];
  const OWN = ['user:U1', 'spend:2025-01-15', 'spend:2025-01', 'counts:2025-01-15', 'counts:2025-01'];

  describe.each([...SHARED, ...OWN])('a foreign value at %s', (name) => {
    it('has the order refused whole, in a Redis that is empty besides', async () => {
      await redis.set(`${p}:${name}`, 'foreign');
      const before = await everything(redis);
      expect(await endings(record, [order(), order()])).toEqual([
        expect.stringMatching(/^rejected: /),
        expect.stringMatching(/^rejected: /),
      ]);
      expect(await everything(redis)).toEqual(before);
    });

    it('has nothing half written, and the order counts once it is gone', async () => {
      await record(order({ orderId: 'before' }));
      const restore = await occupy(`${p}:${name}`);
      const before = await everything(redis);
      await expect(record(order())).rejects.toThrow();
      expect(await everything(redis)).toEqual(before);
      await restore();
      expect(await record(order())).toEqual({ outcome: 'counted' });
      expect(await redis.hgetall(`${p}:global:stats`)).toEqual({ total_orders: '2', total_revenue: '2000' });
      expect(await redis.hgetall(`${p}:user:U1`)).toEqual({ order_count: '2', total_spend: '2000' });
    });
  });

  describe.each(OWN)('a foreign value at %s', (name) => {
    it('leaves the other orders of the batch to be counted', async () => {
      const batch = [elsewhere('O1'), order(), elsewhere('O2'), order({ orderId: 'O9' }), elsewhere('O1')];
      const restore = await occupy(`${p}:${name}`);
      expect(await endings(record, batch)).toEqual([
        'counted',
        expect.stringContaining('WRONGTYPE'),
        'counted',
        expect.stringContaining('WRONGTYPE'),
        'duplicate',
      ]);
      expect(await redis.hgetall(`${p}:global:stats`)).toEqual({ total_orders: '2', total_revenue: '2000' });
      await restore();
      expect(await endings(record, batch)).toEqual([
        'duplicate',
        'counted',
        'duplicate',
        'counted',
        'duplicate',
      ]);
      expect(await redis.hgetall(`${p}:global:stats`)).toEqual({ total_orders: '4', total_revenue: '4000' });
    });
  });

  describe('a foreign value at one of many ledger buckets', () => {
    it('refuses the orders that need it and counts the others', async () => {
      const known = Array.from({ length: 400 }, (_, index) => order({ orderId: `K${index}` }));
      await endings(record, known);
      const restore = await occupy(`${p}:ledger:1:3`);
      const batch = Array.from({ length: 60 }, (_, index) => order({ orderId: `N${index}` }));
      const first = await endings(record, batch);
      const counted = first.filter((ending) => ending === 'counted').length;
      const rejected = first.filter((ending) => ending.includes('WRONGTYPE')).length;
      expect(counted + rejected).toBe(60);
      expect(Math.min(counted, rejected)).toBeGreaterThan(0);
      expect(await redis.hget(`${p}:global:stats`, 'total_orders')).toBe(String(400 + counted));
      await restore();
      expect(await endings(record, batch)).toEqual(
        first.map((ending) => (ending === 'counted' ? 'duplicate' : 'counted')),
      );
      expect(new Set(await endings(record, known))).toEqual(new Set(['duplicate']));
    });

    it('that a split would fill leaves the entries where they are, known as before', async () => {
      await redis.set(`${p}:ledger:1:1`, 'foreign');
      const batch = Array.from({ length: 100 }, (_, index) => order({ orderId: `N${index}` }));
      expect(new Set(await endings(record, batch))).toEqual(new Set(['counted']));
      expect(new Set(await endings(record, batch))).toEqual(new Set(['duplicate']));
      expect(await redis.get(`${p}:ledger:1:1`)).toBe('foreign');
      await redis.del(`${p}:ledger:1:1`);
      expect(await record(order({ orderId: 'N100' }))).toEqual({ outcome: 'counted' });
      expect(Number(await redis.hget(`${p}:ledger`, 'buckets'))).toBeGreaterThan(1);
      expect(new Set(await endings(record, batch))).toEqual(new Set(['duplicate']));
    });
  });

  describe.each([
    ['global:stats', 'total_orders'],
    ['global:stats', 'total_revenue'],
    ['user:U1', 'order_count'],
    ['user:U1', 'total_spend'],
    ['stats:days', '2025-01-15:orders'],
    ['stats:days', '2025-01-15:revenue'],
    ['stats:months', '2025-01:orders'],
    ['stats:months', '2025-01:revenue'],
    ['stats:years', '2025:orders'],
    ['stats:years', '2025:revenue'],
    ['ledger', 'generation'],
    ['ledger', 'since'],
    ['ledger', 'buckets'],
    ['ledger', 'size'],
    ['ledger', 'previous_buckets'],
    ['ledger', 'stale_buckets'],
  ])('a field that is no number: %s %s', (key, field) => {
    it.each(['many', '', 'nan', '-nan'])('refuses the order and stays %j', async (value) => {
      await record(order({ orderId: 'before' }));
      await redis.hset(`${p}:${key}`, field, value);
      const before = await everything(redis);
      await expect(record(order())).rejects.toThrow();
      expect(await everything(redis)).toEqual(before);
    });
  });

  it.each([
    ['stats:days', '2025-01-15'],
    ['stats:months', '2025-01'],
    ['stats:years', '2025'],
  ])('in %s, of %s alone, leaves the orders of other times to be counted', async (key, period) => {
    await redis.hset(`${p}:${key}`, `${period}:revenue`, 'much');
    const other = order({ orderId: 'O2', day: '2024-12-31' });
    expect(await endings(record, [other, order(), other])).toEqual([
      'counted',
      expect.stringContaining(`error not a number in ${p}:${key}`),
      'duplicate',
    ]);
  });

  it('names what is in the way, and the order it kept out', async () => {
    await redis.hset(`${p}:user:U1`, 'total_spend', 'many');
    await expect(record(order())).rejects.toThrow(
      `order O1 of user U1 was not recorded: error not a number in ${p}:user:U1`,
    );
  });
});
