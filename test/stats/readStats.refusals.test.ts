import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { forgetDetail } from '../../src/stats/forgetDetail.ts';
import { DetailGone, RangeTooLarge } from '../../src/stats/read/errors.ts';
import { MAX_ENTRIES } from '../../src/stats/read/rangeMerge.ts';
import { makeReadStats, type ReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, order, recorder } from './recording.ts';

const EVER = { startDay: '0001-01-01', endDay: '9999-12-31' };
const JANUARY = { startDay: '2025-01-01', endDay: '2025-01-31' };
const EDGES = { startDay: '2025-01-02', endDay: '2025-02-27' };

describe('reading ranges of the stats', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  describe('before any order', () => {
    it.each([1, 4])('gives zeros and empty lists, and no user, over %d partitions', async (count) => {
      const read = makeReadStats(redis, makePartitions(count));
      for (const range of [EVER, JANUARY, EDGES]) {
        expect(await read.topSpenders(5, range)).toEqual([]);
        expect(await read.topBuyers(5, range)).toEqual([]);
        expect(await read.usersInRange(range, 5)).toEqual({ users: [] });
        expect(await read.usersInRange(range, 5, { minorUnits: 10, userId: 'U1' })).toEqual({ users: [] });
        expect(await read.userInRange('U1', range)).toBeUndefined();
      }
      expect(await read.rank('U1')).toBeUndefined();
      const months = [
        { period: '2025-01', orders: 0, minorUnits: 0 },
        { period: '2025-02', orders: 0, minorUnits: 0 },
      ];
      expect(await read.series('month', EDGES)).toEqual(months);
      expect(await read.series('month', EDGES, 'U1')).toEqual(months);
      expect(await redis.dbsize()).toBe(0);
    });
  });

  describe('days that are no longer kept by user', () => {
    const partitions = makePartitions(3);
    let read: ReadStats;

    beforeEach(async () => {
      const users = Array.from({ length: 12 }, (_, index) => `U${index}`);
      await endings(
        recorder(redis, partitions),
        ['2025-01-15', '2025-01-31', '2025-02-01', '2025-02-15'].flatMap((day) =>
          users.map((userId) => order({ userId, day, orderId: day })),
        ),
      );
      for (const partition of partitions.all) await forgetDetail(redis, partition, '2025-02-01');
      read = makeReadStats(redis, partitions);
    });

    it('are refused, with the first day that can be asked for', async () => {
      const gone = {
        from: '2025-02-01',
        message:
          'what each user did by day is kept from 2025-02-01 on; whole months can be asked for any time',
      };
      for (const ask of [
        () => read.topSpenders(5, EDGES),
        () => read.topBuyers(5, EDGES),
        () => read.usersInRange(EDGES, 5),
        () => read.userInRange('U1', EDGES),
        () => read.series('month', EDGES, 'U1'),
        () => read.series('day', JANUARY, 'U1'),
      ]) {
        const error = await ask().catch((thrown) => thrown);
        expect(error).toBeInstanceOf(DetailGone);
        expect(error).toMatchObject(gone);
      }
    });

    it('do not matter to whole months, to later days, and to what is asked of all users together', async () => {
      const later = { startDay: '2025-02-01', endDay: '2025-02-15' };
      expect(await read.topSpenders(1, JANUARY)).toEqual([{ userId: 'U9', minorUnits: 2_000 }]);
      expect(await read.userInRange('U1', JANUARY)).toEqual({ orders: 2, minorUnits: 2_000 });
      expect(await read.userInRange('U1', { ...later, startDay: '2025-01-01' })).toEqual({
        orders: 4,
        minorUnits: 4_000,
      });
      expect((await read.usersInRange(later, 100)).users).toHaveLength(12);
      expect(await read.series('month', EVER_SHORT, 'U1')).toContainEqual({
        period: '2025-01',
        orders: 2,
        minorUnits: 2_000,
      });
      expect(await read.byDate('2025-01-15', '2025-01-31')).toEqual({ orders: 24, minorUnits: 24_000 });
      expect(await read.series('day', { startDay: '2025-01-15', endDay: '2025-01-15' })).toEqual([
        { period: '2025-01-15', orders: 12, minorUnits: 12_000 },
      ]);
    });

    it('are not missed where nothing was ordered on them', async () => {
      const quiet = { startDay: '2025-01-16', endDay: '2025-01-30' };
      expect(await read.topSpenders(5, quiet)).toEqual([]);
      expect(await read.userInRange('U1', quiet)).toEqual({ orders: 0, minorUnits: 0 });
      const sinceNoon = { startDay: '1999-12-15', endDay: '2025-02-15' };
      expect(await read.userInRange('U1', sinceNoon)).toEqual({ orders: 4, minorUnits: 4_000 });
    });
  });

  describe('more than an answer may cost', () => {
    const { tag } = makePartitions(1).all[0] as Partition;

    /** As many users in each of these months, put there without their orders. */
    async function fill(users: number, ...months: string[]) {
      for (const month of months) {
        await redis.hset(`${tag}:stats:months`, `${month}:orders`, users, `${month}:revenue`, users);
        await redis.eval(
          `for i = 1, ${users} do
             redis.call('ZADD', KEYS[1], 1, 'U' .. i)
             redis.call('HSET', KEYS[2], 'U' .. i, 1)
           end`,
          2,
          `${tag}:spend:${month}`,
          `${tag}:counts:${month}`,
        );
      }
    }
    const months = { startDay: '2025-01-01', endDay: '2025-02-28' };

    it('is refused before it is read, when there are more users in all months than it may add up', async () => {
      await fill(MAX_ENTRIES / 2 + 1, '2025-01', '2025-02');
      const read = makeReadStats(redis, makePartitions(1));
      for (const ask of [
        () => read.topSpenders(5, months),
        () => read.topBuyers(5, months),
        () => read.usersInRange(months, 5),
        () => read.usersSeries('quarter', months),
        () => read.usersSeries('year', months),
      ]) {
        const error = await ask().catch((thrown) => thrown);
        expect(error).toBeInstanceOf(RangeTooLarge);
        expect(error).toMatchObject({ size: MAX_ENTRIES + 2, limit: MAX_ENTRIES });
      }
      // One month needs no adding up.
      const june = { startDay: '2025-06-01', endDay: '2025-06-30' };
      await fill(MAX_ENTRIES + 1, '2025-06');
      expect((await read.usersSeries('quarter', june)).points).toMatchObject([{ users: MAX_ENTRIES + 1 }]);
      expect(await read.topSpenders(1, JANUARY)).toEqual([{ userId: 'U9999', minorUnits: 1 }]);
      const { users, next } = await read.usersInRange(JANUARY, 2, { minorUnits: 1, userId: 'U9998' });
      expect(users.map(({ userId }) => userId)).toEqual(['U9997', 'U9996']);
      expect(next).toEqual({ minorUnits: 1, userId: 'U9996' });
    });

    it('begins past MAX_ENTRIES users', async () => {
      await fill(MAX_ENTRIES / 2, '2025-01', '2025-02');
      const read = makeReadStats(redis, makePartitions(1));
      expect(await read.topSpenders(2, months)).toEqual([
        { userId: 'U9999', minorUnits: 2 },
        { userId: 'U9998', minorUnits: 2 },
      ]);
      expect((await read.usersSeries('year', months)).points).toMatchObject([{ users: MAX_ENTRIES / 2 }]);
    });

    it('is refused past 5,000 points of a series', async () => {
      const read = makeReadStats(redis, makePartitions(1));
      const days = { startDay: '2001-01-01', endDay: '2014-09-09' };
      expect(await read.series('day', days)).toHaveLength(5_000);
      expect(await read.series('day', days, 'U1')).toHaveLength(5_000);
      const longer = { ...days, endDay: '2014-09-10' };
      const error = await read.series('day', longer).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(RangeTooLarge);
      expect(error).toMatchObject({ what: 'days', size: 5_001, limit: 5_000 });
      await expect(read.series('year', EVER)).rejects.toMatchObject({ what: 'years', size: 9_999 });
      const millennia = await read.series('year', { startDay: '0001-01-01', endDay: '4999-12-31' });
      expect(millennia.map(({ period }) => period).slice(0, 2)).toEqual(['0001', '0002']);
    });
  });

  describe('keys that hold something foreign', () => {
    const partitions = makePartitions(2);
    const home = partitions.of('U1').tag;
    const asks = (read: ReadStats): Record<string, () => Promise<unknown>> => ({
      topSpenders: () => read.topSpenders(5, EDGES),
      topBuyers: () => read.topBuyers(5, EDGES),
      topSpendersOfMonth: () => read.topSpenders(5, JANUARY),
      usersInRange: () => read.usersInRange(EDGES, 5),
      usersOfMonth: () => read.usersInRange(JANUARY, 5),
      userInRange: () => read.userInRange('U1', EDGES),
      userSeries: () => read.series('month', EDGES, 'U1'),
      series: () => read.series('month', EDGES),
      rank: () => read.rank('U1'),
    });
    const EDGE_READS = ['topSpenders', 'topBuyers', 'usersInRange', 'userInRange', 'userSeries'];

    it.each<[key: string, value: string | { field: string; text: string }, reads: string[]]>([
      ['stats:months', 'foreign', ['topSpendersOfMonth', 'usersOfMonth']],
      ['stats:days', 'foreign', EDGE_READS],
      ['stats:detail', 'foreign', EDGE_READS],
      ['stats:detail', { field: 'from', text: 'yesterday' }, EDGE_READS],
      ['spend:2025-01', 'foreign', ['topSpendersOfMonth', 'usersOfMonth']],
      ['spend:2025-01-31', 'foreign', EDGE_READS.filter((name) => name !== 'topBuyers')],
      ['counts:2025-01-31', 'foreign', EDGE_READS.filter((name) => name !== 'topSpenders')],
      [
        'counts:2025-01-31',
        { field: 'U1', text: '1.5' },
        EDGE_READS.filter((name) => name !== 'topSpenders'),
      ],
      ['stats:days', { field: '2025-01-31:revenue', text: 'much' }, ['series']],
      ['users:by_spend', 'foreign', ['rank']],
      ['users:by_count', 'foreign', ['rank']],
    ])('fail the reads that need them instead of passing for zero: %s %j', async (key, value, reads) => {
      await endings(recorder(redis, partitions), [
        order({ day: '2025-01-15', orderId: 'O1' }),
        order({ day: '2025-01-31', orderId: 'O2' }),
        order({ day: '2025-02-15', orderId: 'O3' }),
      ]);
      const read = makeReadStats(redis, partitions);
      for (const name of reads) await asks(read)[name]?.();
      if (typeof value === 'string') await redis.set(`${home}:${key}`, value);
      else await redis.hset(`${home}:${key}`, value.field, value.text);
      for (const name of reads) {
        await expect(asks(read)[name]?.()).rejects.toThrow(/WRONGTYPE|where a (whole number|day) belongs/);
      }
    });

    it('fail when a user has a spend without an order, or an order without a spend', async () => {
      await endings(recorder(redis, partitions), [order({ day: '2025-01-15' })]);
      const read = makeReadStats(redis, partitions);
      await redis.hdel(`${home}:counts:2025-01`, 'U1');
      await expect(read.userInRange('U1', JANUARY)).rejects.toThrow('but not both');
      await expect(read.usersInRange(JANUARY, 5)).rejects.toThrow('without an order');
    });
  });
});

const EVER_SHORT = { startDay: '2025-01-01', endDay: '2025-02-28' };
