import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Order } from '../../src/orders/order.ts';
import { makeReadStats, type ReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, order, recorder } from './recording.ts';

// In UTF-16, as JavaScript sorts, the emoji would come before the last one; in bytes, as Redis sorts, after it.
const USERS = ['A', 'B', 'C', 'D', 'E', 'F', 'Ü', '😀', '\uff21'];

describe('reading the stats', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  async function recorded(count: number, orders: readonly Order[]): Promise<ReadStats> {
    const partitions = makePartitions(count);
    await endings(recorder(redis, partitions), orders);
    return makeReadStats(redis, partitions);
  }

  describe('the top users', () => {
    const tied = USERS.map((userId) => order({ userId }));
    const inBytes = USERS.toSorted((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a)));

    it.each([1, 2, 3, 4, 16])(
      'with equal totals come in one order over %d partitions, whatever the limit',
      async (count) => {
        const read = await recorded(count, tied);
        for (let limit = 1; limit <= USERS.length + 1; limit += 1) {
          const cut = inBytes.slice(0, limit);
          expect((await read.topSpenders(limit)).map(({ userId }) => userId)).toEqual(cut);
          expect((await read.topBuyers(limit)).map(({ userId }) => userId)).toEqual(cut);
        }
      },
    );

    it('are sorted by what they are asked for', async () => {
      const read = await recorded(4, [
        order({ userId: 'MANY', orderId: 'O1', minorUnits: 1 }),
        order({ userId: 'MANY', orderId: 'O2', minorUnits: 1 }),
        order({ userId: 'RICH', minorUnits: 500 }),
        order({ userId: 'FREE', minorUnits: 0 }),
      ]);
      expect(await read.topSpenders(5)).toEqual([
        { userId: 'RICH', minorUnits: 500 },
        { userId: 'MANY', minorUnits: 2 },
        { userId: 'FREE', minorUnits: 0 },
      ]);
      expect(await read.topBuyers(2)).toEqual([
        { userId: 'MANY', orders: 2 },
        { userId: 'RICH', orders: 1 },
      ]);
    });

    it('are exact when all of them are in one partition', async () => {
      const partitions = makePartitions(4);
      const home = partitions.of('U0').index;
      const there = Array.from({ length: 100 }, (_, index) => `U${index}`).filter(
        (userId) => partitions.of(userId).index === home,
      );
      const read = await recorded(4, [
        ...there.map((userId, index) => order({ userId, minorUnits: 1_000 + index })),
        order({
          userId: USERS.find((userId) => partitions.of(userId).index !== home) as string,
          minorUnits: 1,
        }),
      ]);
      const expected = there.map((userId, index) => ({ userId, minorUnits: 1_000 + index })).reverse();
      expect(await read.topSpenders(10)).toEqual(expected.slice(0, 10));
    });

    it('are compared as numbers, not as text', async () => {
      const read = await recorded(2, [
        order({ userId: 'A', minorUnits: 9 }),
        order({ userId: 'B', minorUnits: 10 }),
        order({ userId: 'C', minorUnits: 999_999_999_999_999 }),
      ]);
      expect((await read.topSpenders(3)).map(({ userId }) => userId)).toEqual(['C', 'B', 'A']);
    });
  });

  describe('before any order', () => {
    it('there are zeros and empty lists, and no user', async () => {
      const read = await recorded(4, []);
      expect(await read.global()).toEqual({ orders: 0, minorUnits: 0, users: 0 });
      expect(await read.topSpenders(5)).toEqual([]);
      expect(await read.topBuyers(5)).toEqual([]);
      expect(await read.duplicates()).toBe(0);
      expect(await read.user('U1')).toBeUndefined();
      expect(await redis.dbsize()).toBe(0);
    });
  });

  describe('a user', () => {
    it('is known by the orders counted, and unknown without one', async () => {
      const read = await recorded(4, [order(), order(), order({ orderId: 'O2', minorUnits: 5 })]);
      expect(await read.user('U1')).toEqual({ orders: 2, minorUnits: 1_005 });
      expect(await read.user('U2')).toBeUndefined();
      expect(await read.user('')).toBeUndefined();
      expect(await read.user('u1')).toBeUndefined();
    });

    it('whose orders were free is known all the same', async () => {
      const read = await recorded(1, [order({ minorUnits: 0 })]);
      expect(await read.user('U1')).toEqual({ orders: 1, minorUnits: 0 });
    });
  });

  describe('a key that holds something foreign', () => {
    it('fails the read instead of passing for zero', async () => {
      const partitions = makePartitions(2);
      const read = await recorded(2, [order()]);
      const { tag } = partitions.all[1] as Partition;
      for (const key of ['global:stats', 'users:by_spend', 'users:by_count', 'stats:years', 'ledger']) {
        await redis.set(`${tag}:${key}`, 'foreign');
      }
      await expect(read.global()).rejects.toThrow('WRONGTYPE');
      await expect(read.topSpenders(5)).rejects.toThrow('WRONGTYPE');
      await expect(read.topBuyers(5)).rejects.toThrow('WRONGTYPE');
      await expect(read.byDate('2025-01-01', '2025-12-31')).rejects.toThrow('WRONGTYPE');
      await expect(read.duplicates()).rejects.toThrow('WRONGTYPE');
    });

    it('fails it also when only the number in it is none', async () => {
      const partitions = makePartitions(1);
      const read = await recorded(1, [order()]);
      const { tag } = partitions.all[0] as Partition;
      await redis.hset(`${tag}:user:U1`, 'order_count', 'many');
      await redis.hset(`${tag}:global:stats`, 'total_revenue', 'nan');
      await expect(read.user('U1')).rejects.toThrow('"many" where a whole number belongs');
      await expect(read.global()).rejects.toThrow('"nan" where a whole number belongs');
    });

    it.each(['many', '1.5', 'nan', ''])(
      'fails a sum with %j in it, by year, by month and by day',
      async (value) => {
        const partitions = makePartitions(1);
        const read = await recorded(1, [order({ day: '2025-06-15' })]);
        const { tag } = partitions.all[0] as Partition;
        await redis.hset(`${tag}:stats:years`, '2025:revenue', value);
        await redis.hset(`${tag}:stats:months`, '2025-06:revenue', value);
        await redis.hset(`${tag}:stats:days`, '2025-06-15:orders', value);
        await expect(read.byDate('2025-01-01', '2025-12-31')).rejects.toThrow();
        await expect(read.byDate('2025-06-01', '2025-06-30')).rejects.toThrow();
        await expect(read.byDate('2025-06-10', '2025-06-20')).rejects.toThrow();
      },
    );
  });
});
